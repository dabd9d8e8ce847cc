//! How much may be on its way through a cell: a weight that is entered and left.

use std::sync::{Condvar, Mutex};

/// Room for a weight. What is heavier than all of it may enter alone.
#[derive(Debug)]
pub(in crate::cell) struct Room {
    max: usize,
    taken: Mutex<usize>,
    freed: Condvar,
}

impl Room {
    pub(in crate::cell) fn new(max: usize) -> Self {
        Self { max, taken: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits until there is room, and takes it.
    pub(in crate::cell) fn enter(&self, weight: usize) {
        let taken = self.taken.lock().expect("nothing panics while it holds the room");
        let full = |taken: &mut usize| *taken > 0 && *taken + weight > self.max;
        *self.freed.wait_while(taken, full).expect("nothing panics while it holds the room") += weight;
    }

    /// How much is taken.
    pub(in crate::cell) fn taken(&self) -> usize {
        *self.taken.lock().expect("nothing panics while it holds the room")
    }

    /// Gives room back.
    pub(in crate::cell) fn leave(&self, weight: usize) {
        *self.taken.lock().expect("nothing panics while it holds the room") -= weight;
        self.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::mpsc::channel;

    #[test]
    fn who_does_not_fit_waits_until_somebody_leaves() {
        let room = Arc::new(Room::new(10));
        room.enter(25);
        let (entered, seen) = channel();
        let other = Arc::clone(&room);
        let waits = std::thread::spawn(move || {
            for weight in [6, 4, 1] {
                other.enter(weight);
                entered.send(weight).unwrap();
            }
        });
        assert!(seen.try_recv().is_err());
        room.leave(25);
        assert_eq!((seen.recv().unwrap(), seen.recv().unwrap()), (6, 4));
        assert!(seen.try_recv().is_err(), "10 of 10 are taken");
        room.leave(4);
        assert_eq!(seen.recv().unwrap(), 1);
        waits.join().unwrap();
        assert_eq!(room.taken(), 7);
    }
}
