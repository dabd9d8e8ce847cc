//! Seeds: the bytes that a target's corpus begins with, the same every time.

use super::TARGETS;
use super::random::Random;
use std::path::PathBuf;

/// Seeds of a target.
const SEEDS: u64 = 256;

/// Writes the seeds of a target into the folder that `ORION_FUZZ_SEEDS` names, if it does.
///
/// Each binary of a target does so before it reads its corpus: one for the seeds alone would be built without what the others need.
pub fn write(target: &str) {
    let Some(folder) = std::env::var_os("ORION_FUZZ_SEEDS").map(PathBuf::from) else { return };
    let target = TARGETS.iter().find(|known| known.name == target).expect("every target is listed");
    for number in 0..SEEDS {
        let bytes = (target.seed)(&mut Random::new(number));
        std::fs::write(folder.join(format!("seed-{number:03}")), bytes).expect("the folder is there and can be written to");
    }
}
