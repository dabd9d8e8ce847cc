//! Random bytes of a seed, the same on every machine.

/// Numbers that look random (SplitMix64).
pub struct Random(u64);

impl Random {
    /// Those of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below a bound, which is not zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a length fits a u64");
        usize::try_from(self.next() % bound).expect("it is below a usize")
    }

    /// A byte.
    pub const fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    /// So many bytes.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.byte()).collect()
    }

    /// Bytes of some length up to a bound.
    pub fn some_bytes(&mut self, most: usize) -> Vec<u8> {
        let length = self.below(most + 1);
        self.bytes(length)
    }

    /// The same bytes but for a few: changed, cut out, or there twice.
    pub fn spoil(&mut self, bytes: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            if bytes.is_empty() {
                return;
            }
            let place = self.below(bytes.len());
            let end = place + self.below((bytes.len() - place).min(64)) + 1;
            match self.below(6) {
                0 => bytes[place] ^= 1 << self.below(8),
                1 => bytes[place] = self.byte(),
                2 => bytes[place..end].fill([0, 0xff][self.below(2)]),
                3 => drop(bytes.drain(place..end)),
                4 => bytes.truncate(place),
                _ => {
                    let twice = bytes[place..end].to_vec();
                    bytes.splice(place..place, twice);
                }
            }
        }
    }
}
