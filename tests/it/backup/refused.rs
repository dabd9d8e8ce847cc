//! Backups that are no backup, and targets that are not empty: each is refused, with a sentence that says why.

use super::{point, tool};
use crate::house::{House, fresh};
use anyhow::{Context, ensure};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A backup that was damaged, in every way.
pub(super) fn backups(house: &House, dir: &str) -> anyhow::Result<()> {
    let folder = point(dir)?;
    let segment = |dir: &Path| first(&dir.join("archive"), ".avro");
    let dump = |dir: &Path| Ok(dir.join(&folder).join("views.dump"));
    let snapshot = |dir: &Path| first(&dir.join(&folder).join("settlement"), ".snapshot");
    let backup = |dir: &Path| Ok(dir.join("backup.json"));
    type Find<'a> = &'a dyn Fn(&Path) -> anyhow::Result<PathBuf>;
    type Damage = fn(&Path) -> anyhow::Result<()>;
    let cases: [(Find<'_>, Damage, &str); 7] = [
        (&backup, |file| Ok(std::fs::remove_file(file)?), "it has no backup.json, which a run writes last"),
        (&backup, |file| change(file, "\"format\": 2", "\"format\": 3"), "this backup is of a newer version: orion "),
        (
            &backup,
            |file| change(file, "\"segments\": ", "\"segments\": 1"),
            "backup.json is damaged: its digest is not that of what it says",
        ),
        (&dump, flip, "views.dump: its bytes are not those that were written: the digest differs"),
        (&dump, |file| Ok(std::fs::remove_file(file)?), "views.dump: it is missing"),
        (&snapshot, flip, ".snapshot: its bytes are not those that were written: the digest differs"),
        (&segment, flip, "its bytes are not those that were written: the digest differs"),
    ];
    for (find, damage, sentence) in cases {
        let copy = house.file("damaged");
        ensure!(Command::new("cp").arg("-a").arg(dir).arg(&copy).status()?.success(), "cp");
        damage(&find(&copy)?)?;
        for command in ["restore", "backup"] {
            let said = tool(house, 65, &[command, "--dir", &copy.to_string_lossy(), "--check"])?;
            ensure!(said.contains(sentence), "{command}, where {sentence:?} is due: {said}");
        }
        std::fs::remove_dir_all(&copy)?;
    }
    Ok(())
}

/// Snapshots in the way, then a database.
pub(super) fn targets(house: &House, dir: &str) -> anyhow::Result<()> {
    fresh::services()?;
    let said = tool(house, 64, &["restore", "--dir", dir])?;
    ensure!(said.contains("snapshots/settlement is not empty: name another folder"), "{said}");
    tool(house, 0, &["migrate"])?;
    let said = tool(house, 64, &["restore", "--dir", dir])?;
    ensure!(said.contains("the database orion_views is not empty: it has "), "{said}");
    Ok(())
}

fn first(folder: &Path, end: &str) -> anyhow::Result<PathBuf> {
    let files = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    files.into_iter().map(|file| file.path()).find(|path| path.to_string_lossy().ends_with(end)).context("a file")
}

fn flip(file: &Path) -> anyhow::Result<()> {
    let mut bytes = std::fs::read(file)?;
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    Ok(std::fs::write(file, bytes)?)
}

fn change(file: &Path, from: &str, to: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file)?;
    ensure!(text.contains(from), "{from}");
    Ok(std::fs::write(file, text.replacen(from, to, 1))?)
}
