//! `orion screen`: hits as CSV, whatever the format of the list, and a sentence for everything that is wrong.

use anyhow::ensure;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const SDN: &str =
    "7,\"KONYEMA, Joseph\",\"individual\",\"CAR\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"DOB 25 Mar 1971; nationality Mali.\"\r\n";
const ALT: &str = "7,1,\"aka\",\"ZARBATU, Yusuf\",-0- \r\n";
const ADD: &str = "7,1,-0- ,\"Bamako\",\"Mali\",-0- \r\n";
const FTM: &str = "{\"id\":\"Q1\",\"schema\":\"Person\",\"properties\":{\"name\":[\"Joseph Konyema\"],\"weakAlias\":[\"Le Lion\"],\"birthDate\":[\"1971-03-25\"],\"nationality\":[\"ml\"]}}\n";
const UN: &str = "<CONSOLIDATED_LIST><INDIVIDUALS><INDIVIDUAL><DATAID>11</DATAID><FIRST_NAME>JOSEPH</FIRST_NAME>\
    <SECOND_NAME>KONYEMA</SECOND_NAME></INDIVIDUAL></INDIVIDUALS></CONSOLIDATED_LIST>";
const PLAIN: &str = "id,name,dob,country\nA-1,Joseph Konyema;Yusuf Zarbatu,1971,ML\n";
const NAMES: &str = "id,name,dob,country\nc1,Konyéma Josef,,\nc2,Aminata Sow,,\nc3,Joseph Konyema,1980-01-01,SN\nc4,...,,\n";

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> anyhow::Result<Self> {
        let folder = std::env::temp_dir().join(format!("orion-screen-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    fn file(&self, name: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        let path = self.0.join(name);
        std::fs::write(&path, bytes)?;
        Ok(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Exit code, standard output, standard error.
fn orion(arguments: &[&Path]) -> anyhow::Result<(Option<i32>, String, String)> {
    let done = Command::new(env!("CARGO_BIN_EXE_orion")).arg("screen").args(arguments).output()?;
    Ok((done.status.code(), String::from_utf8(done.stdout)?, String::from_utf8(done.stderr)?))
}

fn packed(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(text.as_bytes())?;
    Ok(packer.finish()?)
}

#[test]
fn names_are_found_on_lists_of_every_format() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let names = folder.file("names.csv", NAMES.as_bytes())?;
    let (option, of_names) = (Path::new("--list"), Path::new("--names"));
    let ofac = [folder.file("sdn.csv", SDN.as_bytes())?, folder.file("alt.csv", ALT.as_bytes())?, folder.file("add.csv", ADD.as_bytes())?];
    for (id, files) in [
        ("7", ofac.to_vec()),
        ("Q1", vec![folder.file("list.json", FTM.as_bytes())?]),
        ("11", vec![folder.file("list.xml", UN.as_bytes())?]),
        ("A-1", vec![folder.file("list.csv", PLAIN.as_bytes())?]),
        ("11", vec![folder.file("list.xml.gz", &packed(UN)?)?]),
    ] {
        let mut arguments: Vec<&Path> = files.iter().flat_map(|file| [option, file.as_path()]).collect();
        arguments.extend([of_names, names.as_path()]);
        let (code, out, error) = orion(&arguments)?;
        ensure!(code == Some(0), "{id}: {code:?} {error}");
        let mut lines = out.lines();
        ensure!(lines.next() == Some("id,name,entity,matched_name,score"), "{out}");
        let first = lines.next().unwrap_or_default();
        ensure!(first.starts_with(&format!("c1,Konyéma Josef,{id},")), "{out}");
        // Another year and another country speak against the third; only the list of the UN here knows neither.
        ensure!(out.contains("\nc3,") == (id == "11"), "{id}: {out}");
        ensure!(!out.contains("\nc2,") && !out.contains("\nc4,"), "{out}");
    }
    let list = folder.file("again.csv", PLAIN.as_bytes())?;
    let (code, out, _) = orion(&[option, &list, of_names, &names, Path::new("--threshold"), Path::new("1")])?;
    ensure!(code == Some(0) && out == "id,name,entity,matched_name,score\n", "another spelling is not the same name: {out}");
    let (code, out, _) = orion(&[option, &list, of_names, &names, Path::new("--explain")])?;
    ensure!(code == Some(0) && out.starts_with("id,name,entity,matched_name,score,why\n"), "{out}");
    ensure!(out.contains("konyema = konyema; josef ~ joseph (variant)"), "{out}");
    Ok(())
}

#[test]
fn several_lists_are_one_even_where_their_ids_collide() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let names = folder.file("names.csv", b"id,name\nc1,Joseph Konyema\n")?;
    let (option, of_names) = (Path::new("--list"), Path::new("--names"));
    let un = folder.file("un.xml", UN.as_bytes())?;
    let same_id = folder.file("own.csv", b"id,name\n11,Konyema Joseph\n12,Serge Fotso\n")?;
    let (code, out, error) = orion(&[option, &un, option, &same_id, of_names, &names])?;
    ensure!(code == Some(0), "{error}");
    ensure!(out.contains("\nc1,Joseph Konyema,un:11,JOSEPH KONYEMA,1.0000\n"), "{out}");
    ensure!(out.contains("\nc1,Joseph Konyema,own:11,Konyema Joseph,0."), "{out}");
    let sdn = folder.file("sdn.csv", SDN.as_bytes())?;
    let alt = folder.file("alt.csv", ALT.as_bytes())?;
    let (code, out, error) = orion(&[option, &alt, option, &un, option, &sdn, of_names, &names])?;
    ensure!(code == Some(0), "{error}");
    ensure!(out.contains(",11,JOSEPH KONYEMA,1.0000\n") && out.contains(",7,\"KONYEMA, Joseph\",1.0000\n"), "{out}");
    Ok(())
}

#[test]
fn pairs_are_compared_and_an_empty_side_is_like_nothing() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let pairs = folder.file(
        "pairs.csv",
        "a,b\nMamadou Traoré,TRAORE Mamadou\nAwa Diop,Serge Fotso\n,Awa Diop\n\"--\",\"--\"\nAwa DIOP,Awa Diop\n".as_bytes(),
    )?;
    let (code, out, error) = orion(&[Path::new("--pairs"), &pairs])?;
    ensure!(code == Some(0), "{error}");
    let lines: Vec<_> = out.lines().collect();
    ensure!(lines.len() == 6 && lines[0] == "a,b,score", "{out}");
    ensure!(lines[1].starts_with("Mamadou Traoré,TRAORE Mamadou,0.9"), "{out}");
    ensure!(lines[5] == "Awa DIOP,Awa Diop,1.0000", "{out}");
    ensure!(lines[2] == "Awa Diop,Serge Fotso,0.0000", "{out}");
    ensure!(lines[3] == ",Awa Diop,0.0000" && lines[4] == "--,--,0.0000", "{out}");
    Ok(())
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let names = folder.file("names.csv", NAMES.as_bytes())?;
    let list = folder.file("list.csv", PLAIN.as_bytes())?;
    let twice = folder.file("twice.csv", b"id,name\n1,Joseph\n1,Yusuf\n")?;
    let cut = folder.file("cut.xml", &UN.as_bytes()[..80])?;
    let empty = folder.file("empty.csv", b"id,name\n")?;
    let nameless = folder.file("nameless.csv", b"id,name\n1,\n")?;
    let alias = folder.file("alias.csv", ALT.as_bytes())?;
    let json = folder.file("bad.json", b"{\"id\":1\n")?;
    let other = folder.file("other.txt", b"hello\n")?;
    let half = folder.file("half.csv.gz", &packed(PLAIN)?[..20])?;
    let born = folder.file("born.csv", b"id,name,dob\n1,Joseph,yesterday\n")?;
    let headless = folder.file("headless.csv", b"1,Joseph\n")?;
    let wide = folder.file("wide.csv", b"id,name\n1,Joseph,x,y\n")?;
    let missing = folder.0.join("missing.csv");
    let (of_list, of_names) = (Path::new("--list"), Path::new("--names"));
    for (list, names, says) in [
        (&twice, &names, "two entries have the id 1"),
        (&cut, &names, "cut.xml: byte"),
        (&empty, &names, "it has no entries"),
        (&nameless, &names, "line 2: the name is empty"),
        (&alias, &names, "it adds to entry 7"),
        (&json, &names, "line 1: it is no JSON"),
        (&other, &names, "its format is not known"),
        (&half, &names, "half.csv.gz can't be read"),
        (&missing, &names, "missing.csv can't be read"),
        (&list, &missing, "missing.csv can't be read"),
        (&list, &born, "born.csv, line 2: `yesterday` is no date of birth"),
        (&list, &headless, "headless.csv, line 1: the header must name the columns id and name"),
        (&list, &wide, "wide.csv, line 2: it has 4 columns where the header has 2"),
    ] {
        let (code, _, error) = orion(&[of_list, list, of_names, names])?;
        ensure!(code == Some(65), "{says}: {code:?} {error}");
        ensure!(error.contains(says) && error.lines().count() == 1, "{says}: {error}");
    }
    let over = Path::new("1.5");
    let wrong: [Vec<&Path>; 3] = [vec![], vec![of_list, &list], vec![of_list, &list, of_names, &names, Path::new("--threshold"), over]];
    for arguments in wrong {
        let (code, _, error) = orion(&arguments)?;
        ensure!(code == Some(2) || code == Some(64), "{code:?} {error}");
    }
    Ok(())
}
