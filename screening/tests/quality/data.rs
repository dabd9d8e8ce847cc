//! The real lists, where they are.

use screening::list::{List, Parts};
use std::io::Read as _;

/// The list of the United Nations.
pub(crate) fn un() -> Option<List> {
    read(&["UN_consolidated.xml.gz"])
}

/// One of OFAC.
pub(crate) fn ofac() -> Option<List> {
    read(&["sdn.csv.gz", "alt.csv.gz", "add.csv.gz"])
}

/// Both.
pub(crate) fn both() -> Option<List> {
    read(&["UN_consolidated.xml.gz", "sdn.csv.gz", "alt.csv.gz", "add.csv.gz"])
}

fn read(files: &[&str]) -> Option<List> {
    let mut parts = Parts::default();
    for file in files {
        let folder = std::env::var_os("SCREENING_LISTS")
            .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/sanctions"), std::path::PathBuf::from);
        let path = folder.join(file);
        let Ok(packed) = std::fs::File::open(&path) else {
            println!("skipped: {file} is not there");
            return None;
        };
        let mut bytes = Vec::new();
        flate2::read::GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        parts.add(&bytes).unwrap();
    }
    Some(parts.list().unwrap())
}
