//! Cold segments, on a shelf that is bytes in memory, against the same in memory.

use super::super::{HORIZON_MS, Pins, Shelf, Stored, WARM_SEGMENTS};
use super::*;
use proptest::prelude::*;
use schemas::{Bearer, Channel, Fingerprint, PaymentKind};
use std::collections::BTreeMap;
use std::sync::Mutex;

/// Parts by name.
#[derive(Clone, Debug, Default)]
struct Parts(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl Shelf for Parts {
    fn read(&self, part: &str, ranges: &[Range<u32>]) -> Result<Vec<u8>, Damaged> {
        let parts = self.0.lock().unwrap();
        let bytes = parts.get(part).ok_or_else(|| Damaged::new("there is no such part"))?;
        let pieces: Option<Vec<&[u8]>> = ranges.iter().map(|range| bytes.get(usizes(range))).collect();
        Ok(pieces.ok_or_else(|| Damaged::new("it ends early"))?.concat())
    }
}

impl Parts {
    fn put(&self, part: &str, bytes: Vec<u8>) {
        self.0.lock().unwrap().insert(part.to_owned(), bytes);
    }
}

fn command(number: u32) -> CommandId {
    CommandId::derive("awa", "transfer", &number.to_string())
}

fn moved(number: u32) -> Moved {
    let (kind, channel, bearer) = (PaymentKind::Transfer, Channel::Qr, Bearer::Payee);
    Moved { pin: 0, number, kind, channel, bearer, payer: number, payee: 7, amount_minor: i64::from(number), fee_minor: 2 }
}

fn promised(number: u32) -> Promised {
    let (kind, channel) = (PaymentKind::BillPayment, Channel::Card);
    Promised { pin: 0, kind, channel, payer: number, payee: 1, amount_minor: 5, fee_minor: 0, expires_at: u64::from(number) }
}

/// What a decision of this number did, and why not: of every kind some.
fn decided(number: u32) -> (Option<Refusal>, Effect) {
    let items = |count: u32| (0..count).map(|item| Effect::Moved(moved(number * 5_000 + item)));
    match number % 7 {
        0 => (None, Effect::Promised(promised(number))),
        1 => (Some(Refusal::ALL[usize::try_from(number).unwrap() % Refusal::ALL.len()]), Effect::None),
        2 if number.is_multiple_of(5) => {
            let refused = vec![(3, Refusal::InsufficientFunds), (9, Refusal::NotAuthorized)];
            let effects = items(if number.is_multiple_of(3) { 3_000 } else { 4 }).chain([Effect::Promised(promised(number))]);
            (None, Effect::Batch(effects.collect(), Batched { pin: 0, refused }))
        }
        _ => (None, Effect::Moved(moved(number * 5_000))),
    }
}

fn pin(number: u32, epoch: Epoch) -> (Pin, Effect) {
    let (refusal, effect) = decided(number);
    (Pin { fingerprint: Fingerprint([u8::try_from(number % 251).unwrap(); 16]), epoch, number, refusal }, effect)
}

/// Three decisions an epoch.
fn segment(pins: u32) -> Segment {
    let mut segment = Segment::default();
    for number in 0..pins {
        let (pin, effect) = pin(number, 100 + u64::from(number / 3));
        segment.push(command(number), pin, effect);
    }
    segment
}

fn cold(segment: &Segment, parts: &Parts) -> Cold {
    let bytes = segment.write();
    parts.put("part", bytes.clone());
    Cold::of(&bytes, "part", &Pages::on(parts.clone())).unwrap()
}

#[test]
fn a_cold_segment_says_of_every_pin_what_the_warm_one_says() {
    for pins in [1, 255, 256, 257, 700] {
        let warm = segment(pins);
        let cold = cold(&warm, &Parts::default());
        assert_eq!((cold.len(), cold.first_epoch(), cold.last_epoch()), (warm.len(), warm.first_epoch(), warm.last_epoch()));
        for place in (0..pins).map(|place| u16::try_from(place).unwrap()).rev() {
            assert_eq!(cold.at(place.into()), warm.pins[usize::from(place)]);
            assert_eq!(cold.effect(place), warm.effect(place), "{place}");
        }
        for moved in &warm.moved {
            let (epoch, number) = warm.key(moved);
            assert_eq!(cold.moved_at(epoch, number), Some(*moved));
            for (epoch, number) in [(epoch, number + 1), (epoch - 1, number), (epoch + 1, number), (epoch, 0)] {
                assert_eq!(cold.moved_at(epoch, number), warm.moved_at(epoch, number), "{epoch} {number}");
            }
        }
        assert_eq!(cold.whole(), warm);
    }
    let sizes = cold(&segment(700), &Parts::default()).pages.windows(2).map(|pages| pages[1].first - pages[0].first).collect::<Vec<_>>();
    assert!(sizes.len() > 4 && sizes.iter().all(|size| *size <= 256), "what batches did ends pages too: {sizes:?}");
}

#[test]
fn a_byte_that_is_another_is_found_when_its_page_is_read() {
    let parts = Parts::default();
    let cold = cold(&segment(40), &parts);
    let whole = parts.0.lock().unwrap()["part"].clone();
    let in_pages: Vec<usize> = (0..cold.count()).flat_map(|page| cold.ranges(page)).flat_map(|range| usizes(&range)).collect();
    assert!(in_pages.len() > 4_000 && in_pages.len() < whole.len());
    for place in in_pages {
        for bit in [1, 128] {
            let mut bytes = whole.clone();
            bytes[place] ^= bit;
            parts.put("part", bytes);
            assert!((0..cold.count()).any(|page| cold.read(page).is_err()), "byte {place}");
        }
    }
    for length in [0, 100, whole.len() - 1] {
        parts.put("part", whole[..length].to_vec());
        assert!((0..cold.count()).any(|page| cold.read(page).is_err()), "cut at {length}");
    }
    parts.put("part", whole);
    assert!((0..cold.count()).all(|page| cold.read(page).is_ok()));
}

#[test]
#[should_panic(expected = "page 0 of part can't be read back, and nothing is decided without it: there is no such part")]
fn nothing_is_decided_without_a_page() {
    let parts = Parts::default();
    let cold = cold(&segment(40), &parts);
    parts.0.lock().unwrap().clear();
    cold.at(0);
}

#[test]
fn a_page_is_read_once_as_long_as_it_is_asked_for() {
    let parts = Parts::default();
    let cold = cold(&segment(40), &parts);
    let first = cold.at(3);
    parts.0.lock().unwrap().clear();
    assert_eq!(cold.at(3), first);
}

/// A step in the life of pins.
#[derive(Clone, Debug)]
enum Step {
    /// So many decisions in an epoch that is so much later.
    Decide(u32, u64),
    /// Those full segments that these bits say go to the shelf.
    Shelve(u8),
    /// Out of a snapshot, with those in memory that these bits say.
    Thaw(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let later = prop_oneof![5 => 1..1_000u64, 1 => Just(HORIZON_MS / 2), 1 => Just(HORIZON_MS * 2)];
    let step = prop_oneof![
        6 => (0..12u32, later).prop_map(|(count, later)| Step::Decide(count, later)),
        3 => any::<u8>().prop_map(Step::Shelve),
        1 => any::<u8>().prop_map(Step::Thaw),
    ];
    prop::collection::vec(step, 1..40)
}

/// The cold segments of those of which the bits say so.
fn on_shelf(pins: &Pins, parts: &Parts, shelf: &Arc<Pages>, bits: u8) -> Vec<(u64, Arc<Cold>)> {
    let frozen = pins.freeze();
    let numbers = (0..).map(|place| pins.segments_from() + place * u64::from(super::super::SEGMENT_PINS));
    let chosen = numbers.zip(&frozen.full).zip((0..8).cycle()).filter(|(_, bit)| bits & (1 << bit) != 0);
    let shelve = |((number, full), _): ((u64, &super::super::Full), _)| {
        let (name, bytes) = (number.to_string(), full.whole().write());
        parts.put(&name, bytes.clone());
        (number, Arc::new(Cold::of(&bytes, &name, shelf).unwrap()))
    };
    chosen.map(shelve).collect()
}

fn thawed(pins: &Pins, parts: &Parts, shelf: &Arc<Pages>, bits: u8) -> Pins {
    let cold: BTreeMap<u64, Arc<Cold>> = on_shelf(pins, parts, shelf, 255).into_iter().collect();
    let frozen = pins.freeze();
    let stored = frozen.full.iter().zip(&cold).zip((0..8).cycle()).map(|((full, (number, _)), bit)| {
        if bits & (1 << bit) == 0 {
            return Stored::from(Segment::clone(&full.whole()));
        }
        Stored::shelved(&full.whole().write(), &number.to_string(), shelf).unwrap()
    });
    Pins::thaw(frozen.first, stored.collect(), frozen.open).unwrap()
}

proptest! {
    #[test]
    fn pins_say_the_same_wherever_they_lie(steps in steps(), size in 1..9usize) {
        let (parts, mut warm, mut pins) = (Parts::default(), Pins::default(), Pins::default());
        let shelf = Pages::on(parts.clone());
        let (mut epoch, mut next) = (1_000, 0u32);
        for step in steps {
            [&mut warm, &mut pins].into_iter().for_each(|pins| pins.fill_segments_with(size));
            match step {
                Step::Decide(count, later) => {
                    epoch += later;
                    for pins in [&mut warm, &mut pins] {
                        pins.forget(epoch);
                        for number in next..next + count {
                            let (pin, effect) = pin(number, epoch);
                            pins.keep(pins.hashed(command(number)), command(number), pin, effect);
                        }
                    }
                    next += count;
                }
                Step::Shelve(bits) => pins.shelve(on_shelf(&pins, &parts, &shelf, bits)),
                Step::Thaw(bits) => pins = thawed(&pins, &parts, &shelf, bits),
            }
            prop_assert_eq!((pins.len(), pins.segments_from()), (warm.len(), warm.segments_from()));
            for number in 0..next {
                let command = command(number);
                let found = pins.get(pins.hashed(command), command);
                prop_assert_eq!(found, warm.get(warm.hashed(command), command));
                prop_assert_eq!(pins.effect(command), warm.effect(command));
                let Some(pin) = found else { continue };
                for item in [0, 1, 3, 2_999] {
                    let transaction = (pin.epoch, number * 5_000 + item);
                    prop_assert_eq!(pins.transaction(transaction.0, transaction.1), warm.transaction(transaction.0, transaction.1));
                }
            }
            let frozen = pins.freeze();
            prop_assert_eq!(&frozen, &warm.freeze());
            let cold = frozen.full.iter().enumerate().filter(|(_, full)| full.is_cold()).map(|(place, _)| pins.kept_of(place));
            prop_assert_eq!(pins.cold(), cold.sum::<usize>());
        }
        // Whatever is shelved, the newest stay.
        pins = thawed(&pins, &parts, &shelf, 0);
        pins.shelve(on_shelf(&pins, &parts, &shelf, 255));
        let full = pins.freeze().full;
        prop_assert_eq!(full.iter().filter(|full| !full.is_cold()).count(), full.len().min(WARM_SEGMENTS));
    }
}
