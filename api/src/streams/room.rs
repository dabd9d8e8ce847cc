//! How many streams there may be: in all, and of one subject.

use meters::STREAMS_OPEN;
use schemas::Problem;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places.
#[derive(Debug)]
pub(crate) struct Room {
    most: usize,
    most_of_subject: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_subject: HashMap<String, usize>,
}

/// A place, which is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    room: Arc<Room>,
    subject: String,
    stream: &'static str,
}

impl Room {
    pub(crate) fn new(most: usize, most_of_subject: usize) -> Self {
        Self { most, most_of_subject, taken: Mutex::default() }
    }

    /// Takes a place for a subject.
    #[allow(clippy::result_large_err, reason = "a problem is made once a request, and ends it")]
    pub(crate) fn take(self: &Arc<Self>, subject: &str, stream: &'static str) -> Result<Place, Problem> {
        let mut taken = self.lock();
        let own = taken.by_subject.get(subject).copied().unwrap_or_default();
        let full = if taken.all >= self.most {
            Some("This server has as many streams open as it may; try again when another has ended.")
        } else if own >= self.most_of_subject {
            Some("You have as many streams open as you may; end one of them.")
        } else {
            None
        };
        if let Some(detail) = full {
            return Err(Problem::new(429, "too_many_streams", detail));
        }
        taken.all += 1;
        taken.by_subject.insert(subject.to_owned(), own + 1);
        drop(taken);
        STREAMS_OPEN.with_label_values(&[stream]).inc();
        Ok(Place { room: Arc::clone(self), subject: subject.to_owned(), stream })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // Nothing between lock and release can panic half way.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        STREAMS_OPEN.with_label_values(&[self.stream]).dec();
        let mut taken = self.room.lock();
        taken.all -= 1;
        match taken.by_subject.get_mut(&self.subject) {
            Some(own) if *own > 1 => *own -= 1,
            _ => drop(taken.by_subject.remove(&self.subject)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_few_and_come_back() {
        let room = Arc::new(Room::new(3, 2));
        let take = |subject: &str| room.take(subject, "test").map_err(|problem| problem.code);
        let full = Some("too_many_streams".to_owned());
        let (first, second) = (take("awa").unwrap(), take("awa").unwrap());
        assert_eq!(take("awa").err(), full);
        let third = take("moussa").unwrap();
        assert_eq!(take("eve").err(), full);
        drop(first);
        assert!(take("awa").is_ok() && take("eve").is_ok());
        drop((second, third));
        let taken = room.lock();
        assert_eq!((taken.all, taken.by_subject.len()), (0, 0));
    }
}
