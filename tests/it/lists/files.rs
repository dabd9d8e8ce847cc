//! Files that are no list: each has its sentence, and the bank is not asked.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Exit code, and what was said.
fn load(files: &[&Path], more: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    let url = ["--url", "http://127.0.0.1:9"];
    let done = Command::new(env!("CARGO_BIN_EXE_orion")).args(["lists", "load"]).args(files).args(more).args(url).output()?;
    Ok((done.status.code(), String::from_utf8(done.stderr)?))
}

#[test]
fn what_is_no_list_is_refused_as_a_whole() -> anyhow::Result<()> {
    let folder = std::env::temp_dir().join(format!("orion-lists-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir_all(&folder)?;
    let file = |name: &str, bytes: &[u8]| -> anyhow::Result<PathBuf> {
        let path = folder.join(name);
        std::fs::write(&path, bytes)?;
        Ok(path)
    };
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(b"id,name\n1,Joseph Konyema\n")?;
    let packed = packer.finish()?;
    let good = file("good.csv", b"id,name\n1,Joseph Konyema\n")?;
    let long = format!("id,name\n1,{}\n", "x".repeat(1_001));
    let many = format!("id,name\n1,{}\n", (0..20_000).map(|number| format!("Konyema {number}")).collect::<Vec<_>>().join(";"));
    let odd = "id,name,dob,country\n1,Мохаммед Али,1971-03-25,ML\n2,Κόνγεμα,,\n3,شيخ احمد,,\n4,Kоnyеma,,\n";
    for (what, path, more, says) in [
        ("cut", file("cut.xml", b"<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>1")?, vec![], "byte"),
        ("cut while packed", file("cut.csv.gz", &packed[..packed.len() - 6])?, vec![], "can't be read"),
        ("empty", file("empty.csv", b"")?, vec![], "no entries"),
        ("only a header", file("header.csv", b"id,name\n")?, vec![], "no entries"),
        ("no format", file("text.txt", b"hello\n")?, vec![], "format is not known"),
        ("another format", good.clone(), vec!["--format", "un"], "not of the format"),
        ("no name", file("nameless.csv", b"id,name\n1,\n")?, vec![], "name is empty"),
        ("one id twice", file("twice.csv", b"id,name\n1,A\n1,B\n")?, vec![], "two entries have the id 1"),
        ("not UTF-8", file("latin.csv", b"id,name\n1,Kony\xe9ma\n")?, vec![], "UTF-8"),
        ("a name without end", file("long.csv", long.as_bytes())?, vec![], "1 to 1000 bytes"),
        ("names without end", file("many.csv", many.as_bytes())?, vec![], "65536 bytes"),
        ("nowhere", folder.join("nowhere.csv"), vec![], "can't be read"),
    ] {
        let (code, said) = load(&[&path], &[&["--list", "un"], &more[..]].concat())?;
        assert_eq!(code, Some(65), "{what}: {said}");
        assert!(said.contains(says), "{what}: {said}");
    }
    for (what, more) in [("no name of a list", vec!["--list", "UN"]), ("no list", vec![]), ("no kind", vec!["--list", "un", "--kind", "x"])]
    {
        assert_eq!(load(&[&good], &more)?.0, Some(2), "{what}");
    }
    // Names in any script are read; there, nobody answers.
    let odd = file("odd.csv", odd.as_bytes())?;
    let (code, said) = load(&[&odd], &["--list", "un"])?;
    assert!(code == Some(69) || said.contains("key"), "{code:?} {said}");
    let help = Command::new(env!("CARGO_BIN_EXE_orion")).args(["lists", "load", "--help"]).output()?;
    assert!(String::from_utf8(help.stdout)?.contains("Examples:"));
    std::fs::remove_dir_all(folder)?;
    Ok(())
}
