//! Pins, kept and forgotten.

use super::*;
use crate::moved::Promised;

fn pin(epoch: Epoch) -> Pin {
    Pin { fingerprint: Fingerprint([7; 16]), epoch, number: 3, refusal: None }
}

fn command(number: u32) -> CommandId {
    CommandId::derive("alice", "transfer", &number.to_string())
}

fn keep(pins: &mut Pins, command: CommandId, pin: Pin) {
    pins.keep(pins.hashed(command), command, pin, Effect::None);
}

fn get(pins: &Pins, command: CommandId) -> Option<Pin> {
    pins.get(pins.hashed(command), command)
}

fn thaw(frozen: FrozenPins) -> Result<Pins, Damaged> {
    let FrozenPins { first, full, open } = frozen;
    Pins::thaw(first, full.iter().map(|segment| Stored::from(Segment::clone(&segment.whole()))).collect(), open)
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
    assert_eq!(get(&pins, command(0)), Some(pin(1_001 + HORIZON_MS)));
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
        for pins in [pins.clone(), thaw(pins.freeze()).unwrap()] {
            assert_eq!(pins.len(), usize::try_from(count - gone).unwrap());
            for number in [0, gone - 1, gone, SEGMENT_PINS * 2 - 1, SEGMENT_PINS * 2, count - 1] {
                assert_eq!(get(&pins, command(number)).map(|pin| pin.number), (number >= gone).then_some(number), "{number}");
            }
        }
    }
    assert_eq!(pins.freeze().full.len(), 1);
    let mut thawed = thaw(pins.freeze()).unwrap();
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
    assert!(thaw(open.clone()).is_err(), "more are forgotten than there are");
    let twice = Segment { pins: vec![(command(1), pin(8)), (command(1), pin(9))], ..Segment::default() };
    assert!(thaw(FrozenPins { first: 0, open: twice, ..open }).is_err());
}

/// A batch that moved so much, refused so many items, and promised something, with numbers that tell it from others.
fn batch(number: u32, moved: u32, refused: u16) -> Effect {
    let (kind, channel) = (schemas::PaymentKind::Transfer, schemas::Channel::Wallet);
    let one = |place| {
        let bearer = schemas::Bearer::Payer;
        Effect::Moved(Moved {
            pin: 0,
            number: number * 10_000 + place,
            kind,
            channel,
            bearer,
            payer: 1,
            payee: 2,
            amount_minor: 3,
            fee_minor: 0,
        })
    };
    let promised = Promised { pin: 0, kind, channel, payer: 1, payee: 2, amount_minor: 3, fee_minor: 0, expires_at: u64::from(number) };
    let refused = (0..refused).map(|item| (item, Refusal::InsufficientFunds)).collect();
    Effect::Batch((0..moved).map(one).chain([Effect::Promised(promised)]).collect(), Batched { pin: 0, refused })
}

#[test]
fn what_batches_did_fills_segments_too_and_numbers_that_are_left_are_nobodys() {
    let mut pins = Pins::default();
    let sizes = |number: u32| if number.is_multiple_of(3) { (7_000, 1_000) } else { (10, 7_900) };
    let keep = |pins: &mut Pins, number: u32| {
        let (moved, refused) = sizes(number);
        let pin = Pin { number, ..pin(u64::from(number)) };
        // As it is told again, each thing is of the pin that its batch has there.
        pins.keep(pins.hashed(command(number)), command(number), pin, batch(number, moved, refused));
    };
    (0..40).for_each(|number| keep(&mut pins, number));
    let segments = pins.freeze().full.len();
    assert!(segments > 3, "{segments} segments are full");
    let bytes: Vec<_> = pins.freeze().full.iter().map(|segment| segment.whole().write()).collect();
    assert!(bytes.iter().all(|bytes| bytes.len() < 8 << 20), "a segment has a bound");
    for (segment, bytes) in pins.freeze().full.iter().zip(&bytes) {
        assert_eq!(Segment::read(bytes).unwrap(), *segment.whole());
    }
    for gone in [0, 1, 7, 8, 9, 10, 25, 39] {
        pins.forget(HORIZON_MS + u64::from(gone));
        let mut thawed = thaw(pins.freeze()).unwrap();
        for pins in [&pins, &thawed] {
            assert_eq!(pins.len(), usize::try_from(40 - gone).unwrap());
            for number in 0..40 {
                let kept = number >= gone;
                assert_eq!(get(pins, command(number)).map(|pin| pin.number), kept.then_some(number), "{number} of {gone}");
                let moved = pins.transaction(u64::from(number), number * 10_000 + 9).map(|moved| moved.number);
                assert_eq!(moved, kept.then_some(number * 10_000 + 9));
                if kept && let Effect::Batch(effects, batched) = pins.effect(command(number)) {
                    let (moved, refused) = sizes(number);
                    assert_eq!((effects.len(), batched.refused.len()), (usize::try_from(moved).unwrap() + 1, usize::from(refused)));
                } else {
                    assert!(!kept, "a batch is told again as one");
                }
            }
        }
        keep(&mut thawed, 99);
        assert_eq!(get(&thawed, command(99)).map(|pin| pin.number), Some(99));
    }
    pins.forget(HORIZON_MS + 40);
    assert!(pins.is_empty());
    keep(&mut pins, 50);
    assert_eq!(thaw(pins.freeze()).unwrap().freeze(), pins.freeze());

    (51..90).for_each(|number| keep(&mut pins, number));
    let frozen = pins.freeze();
    let oldest = u64::try_from(frozen.full[0].len()).unwrap();
    let nothing_left = FrozenPins { first: segment_start(frozen.first) + oldest, ..frozen };
    assert!(thaw(nothing_left).is_err(), "of a segment that is kept, something is");
}
