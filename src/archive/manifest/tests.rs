//! Tests of the manifest: its chain, and every way to break it.

use super::*;

/// A folder of its own, gone at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("orion-manifest-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn entry(from: i64) -> Entry {
    let (sha256, previous) = (String::new(), String::new());
    Entry {
        file: format!("t-0-{from}.avro"),
        topic: "t".to_owned(),
        partition: 0,
        from,
        last: from,
        next: from + 1,
        records: 1,
        bytes: 0,
        sha256,
        previous,
    }
}

fn three(folder: &Path) -> Manifest {
    let mut manifest = Manifest::read(folder).unwrap();
    for from in 0..3 {
        manifest.add(&[0, 1, 2], entry(from)).unwrap();
    }
    manifest
}

#[test]
fn what_was_added_is_read_back_with_the_same_head() {
    let folder = Folder::new();
    let written = three(&folder.0);
    let read = Manifest::read(&folder.0).unwrap();
    assert_eq!((read.entries(), read.head()), (written.entries(), written.head()));
    assert_eq!(read.partition("t", 0).next_back().unwrap().next, 3);
    assert!(Manifest::read(&folder.0.join("elsewhere")).unwrap().entries().is_empty());
}

#[test]
fn a_manifest_that_was_changed_or_cut_is_found_and_says_where() {
    let folder = Folder::new();
    three(&folder.0);
    let path = folder.0.join(FILE);
    let whole = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let without =
        |gone: usize| lines.iter().enumerate().filter(|(at, _)| *at != gone).flat_map(|(_, line)| [*line, "\n"]).collect::<String>();
    for (text, line, what) in [
        (String::new(), 0, "cut short"),
        (whole[..whole.len() - 1].to_owned(), 4, "cut short"),
        (whole[..whole.len() - 5].to_owned(), 4, "cut short"),
        (without(3), 3, "cut short"),
        (without(2), 3, "3 segments, and 2"),
        (without(1), 2, "does not follow"),
        (whole.replacen("\"records\":1", "\"records\":2", 1), 2, "does not follow"),
    ] {
        std::fs::write(&path, text).unwrap();
        let error = Manifest::read(&folder.0).unwrap_err();
        let ArchiveError::Manifest { line: found, what: said } = error else { panic!("{error}") };
        assert!(found == line && said.contains(what), "line {found}: {said}; expected line {line}: {what}");
    }
}
