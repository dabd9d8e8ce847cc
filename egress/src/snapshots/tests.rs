//! What is written is read back, and what was changed on the disk is noticed, wherever it was changed.

use super::*;
use std::collections::BTreeSet;

/// A folder that goes away with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        Self(std::env::temp_dir().join(format!("orion-snapshots-{}", uuid::Uuid::new_v4())))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

const NAME: Name = Name { epoch: 1_764_000_000_000, generation: 7 };

fn chunks() -> Vec<Vec<u8>> {
    vec![b"first".to_vec(), Vec::new(), vec![0xff; 300]]
}

fn read(store: &Store, name: Name) -> Result<Vec<Vec<u8>>, SnapshotError> {
    let mut found = Vec::new();
    store.read(name, |chunk| {
        found.push(chunk.to_vec());
        Ok::<(), SnapshotError>(())
    })?;
    Ok(found)
}

#[test]
fn what_is_written_is_read_back_newest_first() {
    let folder = Folder::new();
    let store = Store::open(&folder.0).unwrap();
    assert_eq!(store.list().unwrap(), []);
    let names = [NAME, Name { epoch: 5, generation: 9 }, Name { generation: 8, ..NAME }];
    for name in names {
        store.write(name, chunks()).unwrap();
    }
    assert_eq!(store.list().unwrap(), [names[2], names[0], names[1]]);
    assert_eq!(read(&store, NAME).unwrap(), chunks());
    store.delete(NAME).unwrap();
    assert!(matches!(read(&store, NAME), Err(SnapshotError::Disk { doing: "read", .. })));
}

#[test]
fn no_byte_can_change_without_being_noticed() {
    let folder = Folder::new();
    let store = Store::open(&folder.0).unwrap();
    store.write(NAME, chunks()).unwrap();
    let path = folder.0.join(NAME.to_string());
    let whole = std::fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[place] ^= 0x10;
        std::fs::write(&path, &bytes).unwrap();
        assert!(matches!(read(&store, NAME), Err(SnapshotError::Damaged { .. })), "byte {place}");
        std::fs::write(&path, &whole[..place]).unwrap();
        assert!(matches!(read(&store, NAME), Err(SnapshotError::Damaged { .. })), "cut at {place}");
    }
    std::fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    assert!(matches!(read(&store, NAME), Err(SnapshotError::Damaged { .. })));
    std::fs::write(&path, &whole).unwrap();
    assert_eq!(read(&store, NAME).unwrap(), chunks());
}

#[test]
fn half_a_file_is_no_snapshot_and_goes() {
    let folder = Folder::new();
    let store = Store::open(&folder.0).unwrap();
    let dies = std::panic::catch_unwind(|| {
        store.write(NAME, std::iter::once(b"first".to_vec()).chain(std::iter::from_fn(|| panic!("the process dies here"))))
    });
    assert!(dies.is_err());
    assert_eq!(store.list().unwrap(), []);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
    assert_eq!(Store::open(&folder.0).unwrap().list().unwrap(), []);
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
}

#[test]
fn parts_are_named_by_their_bytes_and_kept_while_they_are_named() {
    let folder = Folder::new();
    let store = Store::open(&folder.0).unwrap();
    let (one, two) = (store.write_part(b"one").unwrap(), store.write_part(b"two").unwrap());
    assert_eq!(store.write_part(b"one").unwrap(), one);
    assert_eq!(store.read_part(&one).unwrap(), b"one");
    let sizes = std::fs::read_dir(&folder.0).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
    assert_eq!(store.bytes().unwrap(), sizes.sum::<u64>());
    assert!(store.bytes().unwrap() > 6);
    store.delete_parts_except(&BTreeSet::from([two.clone()])).unwrap();
    assert!(store.read_part(&one).is_err());
    // A part under another's name is whole, and still not the one that was asked for.
    std::fs::rename(folder.0.join(&two), folder.0.join(&one)).unwrap();
    assert!(matches!(store.read_part(&one), Err(SnapshotError::Damaged { .. })));
}

#[test]
fn what_can_not_be_written_leaves_nothing() {
    let folder = Folder::new();
    let store = Store::open(&folder.0).unwrap();
    // A folder stands where the file is to be.
    std::fs::create_dir_all(folder.0.join(NAME.to_string())).unwrap();
    assert!(matches!(store.write(NAME, chunks()), Err(SnapshotError::Disk { doing: "name", .. })));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
    // Nobody would read so long a chunk back.
    let later = Name { epoch: NAME.epoch + 1, ..NAME };
    let long = vec![b"short".to_vec(), vec![0; CHUNK_MAX + 1]];
    assert!(matches!(store.write(later, long), Err(SnapshotError::TooLong { bytes, .. }) if bytes == CHUNK_MAX + 1));
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 1);
    store.write(later, [vec![0; CHUNK_MAX]]).unwrap();
    store.check(later).unwrap();
}

#[test]
fn a_part_is_read_in_pieces_and_mended_by_whoever_writes_it() {
    let folder = Folder::new();
    let store = Store::open(&folder.0).unwrap();
    let bytes: Vec<u8> = (0..=255).cycle().take(1_000).collect();
    let name = store.write_part(&bytes).unwrap();
    assert_eq!(store.read_ranges(&name, &[10..20, 0..1, 999..1_000, 7..7]).unwrap(), [&bytes[10..20], &bytes[..1], &bytes[999..]].concat());
    let (path, too_long) = (folder.0.join(&name), u32::try_from(CHUNK_MAX + 1).unwrap());
    for range in [990..1_100, 0..too_long] {
        assert!(matches!(store.read_ranges(&name, &[range]), Err(SnapshotError::Damaged { .. })));
    }
    let whole = std::fs::read(&path).unwrap();
    let mut spoilt = whole.clone();
    spoilt[100] ^= 1;
    std::fs::write(&path, spoilt).unwrap();
    assert!(matches!(store.read_part(&name), Err(SnapshotError::Damaged { .. })));
    assert_eq!(store.write_part(&bytes).unwrap(), name);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(store.read_part(&name), Err(SnapshotError::Damaged { what: "it is gone", .. })));
    assert!(matches!(store.read_ranges(&name, &[0..1, 0..1]), Err(SnapshotError::Damaged { what: "it is gone", .. })));
}
