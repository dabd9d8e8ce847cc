//! Random numbers from a seed: SplitMix64 (Steele, Lea, Flood 2014), the same on every machine for good.

/// A sequence of numbers.
#[derive(Clone, Debug)]
pub struct SplitMix64(u64);

impl SplitMix64 {
    /// The sequence of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A whole number from 0 to `bound` exclusive; 0 if the bound is not positive. The bias of the remainder
    /// is below one in a billion for every bound that traffic uses.
    pub fn below(&mut self, bound: i64) -> i64 {
        let Some(bound) = u64::try_from(bound).ok().filter(|bound| *bound > 0) else { return 0 };
        i64::try_from(self.next() % bound).expect("a remainder of an i64 fits an i64")
    }

    /// An index from 0 to `length` exclusive.
    pub fn index(&mut self, length: usize) -> usize {
        let bound = i64::try_from(length).expect("no list is longer than an i64");
        usize::try_from(self.below(bound)).expect("it is below a usize")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_that_of_the_paper() {
        let mut random = SplitMix64::new(1_234_567);
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_stay_below_their_bound() {
        let mut random = SplitMix64::new(1);
        for bound in [-3, 0, 1, 2, 7, i64::MAX] {
            for _ in 0..100 {
                let number = random.below(bound);
                assert!(number == 0 || (0..bound).contains(&number), "{number} {bound}");
            }
        }
    }
}
