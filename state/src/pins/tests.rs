//! Pins, kept and forgotten.

use super::*;

fn pin(epoch: Epoch) -> Pin {
    Pin { fingerprint: Fingerprint([7; 16]), epoch, number: 3, refusal: None }
}

fn command(number: u32) -> CommandId {
    CommandId::derive("alice", "transfer", &number.to_string())
}

fn keep(pins: &mut Pins, command: CommandId, pin: Pin) {
    pins.keep(pins.hashed(command), command, pin, Effect::None);
}

fn get(pins: &Pins, command: CommandId) -> Option<&Pin> {
    pins.get(pins.hashed(command), command)
}

#[test]
fn a_decision_is_kept_for_the_horizon_and_no_longer() {
    let mut pins = Pins::default();
    keep(&mut pins, command(0), pin(1_000));
    pins.forget(1_000 + HORIZON_MS);
    assert!(get(&pins, command(0)).is_some());
    pins.forget(1_001 + HORIZON_MS);
    assert!(get(&pins, command(0)).is_none());
    keep(&mut pins, command(0), pin(1_001 + HORIZON_MS));
    assert_eq!(get(&pins, command(0)), Some(&pin(1_001 + HORIZON_MS)));
}

#[test]
fn a_jump_of_the_clock_forgets_in_bounded_steps() {
    let mut pins = Pins::default();
    (0..10_000).for_each(|number| keep(&mut pins, command(number), pin(1_000)));
    pins.forget(2 * HORIZON_MS);
    assert_eq!(pins.len(), 10_000 - FORGOTTEN_MAX);
}

#[test]
fn pins_are_found_across_segments_forgotten_from_the_front_and_thawed_as_they_were() {
    let count = SEGMENT_PINS * 2 + 10;
    let mut pins = Pins::default();
    (0..count).for_each(|number| keep(&mut pins, command(number), Pin { number, ..pin(u64::from(number)) }));
    // Half of the first segment, then all of it and a little of the second.
    for gone in [SEGMENT_PINS / 2, SEGMENT_PINS + 5] {
        (0..30).for_each(|_| pins.forget(HORIZON_MS + u64::from(gone)));
        for pins in [pins.clone(), Pins::thaw(pins.freeze()).unwrap()] {
            assert_eq!(pins.len(), usize::try_from(count - gone).unwrap());
            for number in [0, gone - 1, gone, SEGMENT_PINS * 2 - 1, SEGMENT_PINS * 2, count - 1] {
                assert_eq!(get(&pins, command(number)).map(|pin| pin.number), (number >= gone).then_some(number), "{number}");
            }
        }
    }
    assert_eq!(pins.freeze().full.len(), 1);
    let mut thawed = Pins::thaw(pins.freeze()).unwrap();
    keep(&mut thawed, command(count), pin(0));
    keep(&mut pins, command(count), pin(0));
    assert_eq!(thawed.freeze(), pins.freeze());
}

#[test]
fn a_segment_reads_back_or_says_what_is_wrong() {
    let refused = Pin { refusal: Some(Refusal::InsufficientFunds), ..pin(9) };
    let segment = Segment { pins: vec![(command(1), pin(8)), (command(2), refused)], ..Segment::default() };
    let bytes = segment.write();
    assert_eq!(Segment::read(&bytes), Ok(segment));
    assert_eq!(bytes[0], 1, "only what occurs is listed");
    assert!(Segment::read(&bytes[..bytes.len() - 1]).is_err());
    assert!(Segment::read(&[&bytes[..], b"x"].concat()).is_err());
    let open = FrozenPins { first: 3, full: Vec::new(), open: Segment::read(&bytes).unwrap() };
    assert!(Pins::thaw(open.clone()).is_err(), "more are forgotten than there are");
    let twice = Segment { pins: vec![(command(1), pin(8)), (command(1), pin(9))], ..Segment::default() };
    assert!(Pins::thaw(FrozenPins { first: 0, open: twice, ..open }).is_err());
}
