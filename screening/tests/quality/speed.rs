//! Screenings a second, printed and never asserted: a test that is timed fails on a busy machine.

use crate::{data, world};
use screening::index::Index;
use screening::list::List;
use screening::qualify::Facts;
use screening::rarity::Rarity;
use std::time::Instant;

#[test]
fn screenings_a_second() {
    let Some(list) = data::both() else { return };
    speed(list.clone());
    // And against as many names as the usual measure has.
    let mut names = 0;
    let few = list.entries().iter().take_while(|entry| {
        names += entry.names.len();
        names <= 10_000
    });
    speed(List::new(few.cloned().collect()).unwrap());
}

fn speed(list: List) {
    let names: usize = list.entries().iter().map(|entry| entry.names.len()).sum();
    let began = Instant::now();
    let rarity = Rarity::of(&list);
    let index = Index::new(list, rarity);
    println!("index of {names} names: {} ms", began.elapsed().as_millis());
    let queries = world::names(&world::REGIONS, 7, 10_000);
    let (began, worked) = (Instant::now(), worked_micros());
    let hits: usize = queries.iter().map(|name| index.screen(name, &Facts::default(), screening::THRESHOLD).len()).sum();
    let a_second = |micros: u128| 10_000 * 1_000_000 / micros.max(1);
    println!(
        "{} screenings against {names} names: {hits} hits, {} a second, {} a second of a core",
        queries.len(),
        a_second(began.elapsed().as_micros()),
        a_second(worked_micros() - worked)
    );
}

/// How long this thread has had a core; others may have the machine meanwhile.
fn worked_micros() -> u128 {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    times.split(' ').next().unwrap().parse::<u128>().unwrap() / 1_000
}
