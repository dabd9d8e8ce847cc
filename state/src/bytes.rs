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

    /// A text behind its length.
    pub fn text(&mut self) -> Result<&'a str, Damaged> {
        let length = usize::try_from(self.u32()?).expect("a u32 fits a usize");
        let (text, rest) = self.0.split_at_checked(length).ok_or_else(|| Damaged::new("a text is cut off"))?;
        self.0 = rest;
        std::str::from_utf8(text).map_err(|_| Damaged::new("a text is no UTF-8"))
    }
}

/// Writes a text behind its length.
pub fn put_text(bytes: &mut Vec<u8>, text: &str) {
    let length = u32::try_from(text.len()).expect("texts in a snapshot are short");
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
}
