//! Decided epochs as a log file: each command where it stood, then the binding with what it wrote.

use super::bound::BoundEpochs;
use super::line::{Asked, Bound as BoundLine, BoundInput, BoundOutput, Junk, Line};
use crate::exit::{self, Exit};
use schemas::{Binding, Bound, Output};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// A log file being written; it gets its name when it is whole.
pub struct LogFile {
    path: PathBuf,
    temporary: PathBuf,
    file: BufWriter<File>,
    /// Commands written.
    pub commands: u64,
    /// Bindings written.
    pub bindings: u64,
}

impl LogFile {
    /// Begins a file.
    pub fn create(path: &Path) -> anyhow::Result<Self> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(".tmp");
        let temporary = PathBuf::from(temporary);
        let file = BufWriter::new(File::create(&temporary).map_err(|error| unusable(path, &error))?);
        Ok(Self { path: path.to_owned(), temporary, file, commands: 0, bindings: 0 })
    }

    /// Writes an epoch.
    pub fn epoch(&mut self, commands: &[Bound], binding: &Binding, outputs: &[Output]) -> anyhow::Result<()> {
        commands.iter().try_for_each(|bound| self.command(bound))?;
        self.bindings += 1;
        let binding = BoundLine {
            epoch: binding.epoch,
            generation: Some(binding.generation),
            code_version: Some(binding.code_version),
            inputs: Some(binding.inputs.iter().map(BoundInput::of).collect()),
            outputs: Some(outputs.iter().map(BoundOutput::of).collect()),
        };
        self.line(&Line { binding: Some(binding), ..Line::default() })
    }

    /// Writes a command or junk.
    pub fn command(&mut self, bound: &Bound) -> anyhow::Result<()> {
        self.commands += 1;
        let (command, junk) = match &bound.command {
            Ok(asked) => (Some(Asked::of(asked.command())), None),
            Err(record) => (None, Some(Junk::of(record))),
        };
        self.line(&Line {
            command,
            junk,
            partition: Some(bound.position.partition),
            offset: Some(bound.position.offset),
            traceparent: Some(bound.traceparent.clone()).filter(|traceparent| !traceparent.is_empty()),
            ..Line::default()
        })
    }

    fn line(&mut self, line: &Line) -> anyhow::Result<()> {
        serde_json::to_writer(&mut self.file, line)?;
        Ok(self.file.write_all(b"\n")?)
    }

    /// Ends the file.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        Ok(std::fs::rename(self.temporary, &self.path).map_err(|error| unusable(&self.path, &error))?)
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> Exit {
    Exit { code: exit::USAGE, sentence: format!("can't write {}: {error}", path.display()) }
}

/// Writes everything that was bound, and what is not bound yet.
pub(super) fn export(mut bound: BoundEpochs, path: &Path, mut each: impl FnMut()) -> anyhow::Result<String> {
    let mut log = LogFile::create(path)?;
    while let Some(epoch) = bound.next_epoch()? {
        log.epoch(&epoch.commands, &epoch.binding, &epoch.committed.unwrap_or_default())?;
        each();
    }
    let decided = log.commands;
    while let Some(command) = bound.next_unbound()? {
        log.command(&command)?;
    }
    let said = format!("{decided} commands in {} epochs, and {} commands that are not bound yet", log.bindings, log.commands - decided);
    log.finish()?;
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_a_folder_that_is_not_there_is_a_wrong_command_line() {
        let path = std::env::temp_dir().join(format!("orion-nowhere-{}/log.jsonl", std::process::id()));
        let error = LogFile::create(&path).err().unwrap();
        assert!(error.downcast_ref::<Exit>().is_some_and(|exit| exit.code == exit::USAGE), "{error}");
        assert!(error.to_string().starts_with(&format!("can't write {}: ", path.display())), "{error}");
    }
}
