//! Records of the commands log: bytes that may be a command, and commands that may be bytes.
//!
//! Never: a panic, or a command that is read back as another one.

use super::drawn::{self, Known};
use super::random::Random;
use super::wire::{DECODER, ENCODER, framed};
use arbitrary::Unstructured;
use schemas::command::Fingerprint;
use schemas::{Command, Topic};

/// The first byte says how the rest is taken: as a record, as the datum of one, or as what a command is drawn from.
pub fn run(bytes: &[u8]) {
    let Some((how, rest)) = bytes.split_first() else { return };
    match how % 3 {
        0 => read(rest),
        1 => read(&framed(Topic::Commands, rest)),
        _ => {
            if let Ok(command) = drawn::command(&mut Unstructured::new(rest), &Known::default()) {
                write(&command);
            }
        }
    }
}

/// What a command is drawn from, or a command as a datum.
pub fn seed(random: &mut Random) -> Vec<u8> {
    if random.below(2) == 0 {
        return [&[2], random.bytes(512).as_slice()].concat();
    }
    loop {
        let bytes = random.bytes(512);
        let command = drawn::command(&mut Unstructured::new(&bytes), &Known::default()).expect("nothing is drawn in vain");
        if let Ok(record) = ENCODER.command(&command) {
            return [&[1], &record[5..]].concat();
        }
    }
}

fn read(record: &[u8]) {
    drop(DECODER.json(record));
    if let Ok(command) = DECODER.command(record) {
        assert_eq!(command.check(), Ok(()), "what is no command is not read as one");
        write(&command);
    }
}

fn write(command: &Command) {
    match ENCODER.command(command) {
        Ok(record) => {
            let read = DECODER.command(&record);
            assert_eq!(read.as_ref().ok(), Some(command), "{read:?}");
            assert_eq!(read.map(|read| (read.id(), Fingerprint::of(&read.operation))).ok(), Some(told(command)));
        }
        Err(error) => assert!(command.check().is_err(), "{error}: {command:?}"),
    }
}

fn told(command: &Command) -> (schemas::CommandId, Fingerprint) {
    (command.id(), Fingerprint::of(&command.operation))
}
