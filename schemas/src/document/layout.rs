//! Where the fields stand in a zone: Doc 9303, part 5 (TD1), part 6 (TD2) and part 4 (TD3). Lines and places count from 0.

use super::mrz::Format;

/// From which place to before which, in which line.
pub(super) type Slot = (usize, usize, usize);

/// Where everything stands.
pub(super) struct Layout {
    pub(super) lines: usize,
    pub(super) width: usize,
    pub(super) code: Slot,
    pub(super) issuer: Slot,
    pub(super) names: Slot,
    pub(super) number: Slot,
    pub(super) number_digit: Slot,
    pub(super) nationality: Slot,
    pub(super) birth: Slot,
    pub(super) birth_digit: Slot,
    pub(super) sex: Slot,
    pub(super) expiry: Slot,
    pub(super) expiry_digit: Slot,
    /// What the issuer puts there: of a TD3 the personal number; of the others a long document number goes on here.
    pub(super) optional: Slot,
    /// A TD3 has one for its personal number.
    pub(super) optional_digit: Option<Slot>,
    /// A TD1 has room for more.
    pub(super) optional_more: Option<Slot>,
    pub(super) composite: Slot,
    /// What the last digit is of, in this order.
    pub(super) composite_of: &'static [Slot],
    /// Which first letters documents of this size have.
    pub(super) codes: &'static [u8],
}

static TD1: Layout = Layout {
    lines: 3,
    width: 30,
    code: (0, 0, 2),
    issuer: (0, 2, 5),
    number: (0, 5, 14),
    number_digit: (0, 14, 15),
    optional: (0, 15, 30),
    optional_digit: None,
    birth: (1, 0, 6),
    birth_digit: (1, 6, 7),
    sex: (1, 7, 8),
    expiry: (1, 8, 14),
    expiry_digit: (1, 14, 15),
    nationality: (1, 15, 18),
    optional_more: Some((1, 18, 29)),
    composite: (1, 29, 30),
    composite_of: &[(0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)],
    names: (2, 0, 30),
    codes: b"ACI",
};

static TD2: Layout = Layout {
    lines: 2,
    width: 36,
    code: (0, 0, 2),
    issuer: (0, 2, 5),
    names: (0, 5, 36),
    number: (1, 0, 9),
    number_digit: (1, 9, 10),
    nationality: (1, 10, 13),
    birth: (1, 13, 19),
    birth_digit: (1, 19, 20),
    sex: (1, 20, 21),
    expiry: (1, 21, 27),
    expiry_digit: (1, 27, 28),
    optional: (1, 28, 35),
    optional_digit: None,
    optional_more: None,
    composite: (1, 35, 36),
    composite_of: &[(1, 0, 10), (1, 13, 20), (1, 21, 35)],
    codes: b"ACI",
};

static TD3: Layout = Layout {
    lines: 2,
    width: 44,
    code: (0, 0, 2),
    issuer: (0, 2, 5),
    names: (0, 5, 44),
    number: (1, 0, 9),
    number_digit: (1, 9, 10),
    nationality: (1, 10, 13),
    birth: (1, 13, 19),
    birth_digit: (1, 19, 20),
    sex: (1, 20, 21),
    expiry: (1, 21, 27),
    expiry_digit: (1, 27, 28),
    optional: (1, 28, 42),
    optional_digit: Some((1, 42, 43)),
    optional_more: None,
    composite: (1, 43, 44),
    composite_of: &[(1, 0, 10), (1, 13, 20), (1, 21, 43)],
    codes: b"P",
};

/// Of a size of documents.
pub(super) fn of(format: Format) -> &'static Layout {
    match format {
        Format::Td1 => &TD1,
        Format::Td2 => &TD2,
        Format::Td3 => &TD3,
    }
}

/// How much fits.
pub(super) fn room((_, from, to): Slot) -> usize {
    to - from
}
