//! Bytes of a snapshot, read front to back. What does not fit is said, never guessed.

use schemas::Currency;
use uuid::Uuid;

/// Bytes that are not what a snapshot says they are.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the snapshot can't be used: {0}")]
pub struct Damaged(pub String);

impl Damaged {
    /// What is wrong.
    pub fn new(what: &str) -> Self {
        Self(what.to_owned())
    }
}

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// Whether all was read.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Damaged> {
        let (first, rest) = self.0.split_first_chunk().ok_or_else(|| Damaged::new("a row is cut off"))?;
        self.0 = rest;
        Ok(*first)
    }

    /// A byte.
    pub fn u8(&mut self) -> Result<u8, Damaged> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Four bytes, the least first.
    pub fn u32(&mut self) -> Result<u32, Damaged> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes, the least first.
    pub fn u64(&mut self) -> Result<u64, Damaged> {
        self.array().map(u64::from_le_bytes)
    }

    /// Eight bytes with a sign.
    pub fn i64(&mut self) -> Result<i64, Damaged> {
        self.array().map(i64::from_le_bytes)
    }

    /// An id.
    pub fn uuid(&mut self) -> Result<Uuid, Damaged> {
        self.array().map(Uuid::from_bytes)
    }

    /// A currency, by its three letters.
    pub fn currency(&mut self) -> Result<Currency, Damaged> {
        let code: [u8; 3] = self.array()?;
        let code = std::str::from_utf8(&code).map_err(|_| Damaged::new("a currency is no text"))?;
        code.parse().map_err(|_| Damaged(format!("{code:?} is no currency")))
    }

    /// A number that may be missing.
    pub fn optional<const N: usize>(&mut self) -> Result<Option<[u8; N]>, Damaged> {
        if self.u8()? == 0 { Ok(None) } else { self.array().map(Some) }
    }

    /// One of the bank's words; `what` says of which kind.
    pub fn word<W: std::str::FromStr>(&mut self, what: &str) -> Result<W, Damaged> {
        self.word_or_none(what)?.ok_or_else(|| Damaged(format!("a {what} is missing")))
    }

    /// One of the bank's words, or none where the text is empty.
    pub fn word_or_none<W: std::str::FromStr>(&mut self, what: &str) -> Result<Option<W>, Damaged> {
        match self.text()? {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| Damaged(format!("{text:?} is no {what} that is known"))),
        }
    }

    /// A text behind its length.
    pub fn text(&mut self) -> Result<&'a str, Damaged> {
        std::str::from_utf8(self.behind_length()?.0).map_err(|_| Damaged::new("a text is no UTF-8"))
    }

    /// Bytes behind their length.
    pub fn behind_length(&mut self) -> Result<Self, Damaged> {
        let length = usize::try_from(self.u32()?).expect("a u32 fits a usize");
        let (bytes, rest) = self.0.split_at_checked(length).ok_or_else(|| Damaged::new("a row or a text is cut off"))?;
        self.0 = rest;
        Ok(Self(bytes))
    }
}

/// Writes a number that may be missing: whether it is there, then the number.
pub fn put_optional<const N: usize>(bytes: &mut Vec<u8>, number: Option<[u8; N]>) {
    bytes.push(u8::from(number.is_some()));
    bytes.extend_from_slice(number.as_ref().map_or(&[], <[u8; N]>::as_slice));
}

/// Writes a text behind its length.
pub fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).expect("texts in a snapshot are short");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}
