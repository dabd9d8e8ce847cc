//! `batch` in the tables: items below a line, each with what becomes of it.

use super::{Bank, Words, told};
use schemas::{Batch, Command, CommandId, Epoch, Event, Fact, HoldId, Operation, TransactionId};

impl Bank {
    /// `MODE [dry_run] by WHO [key KEY] ANSWER`, and an item a line below it.
    pub(super) fn batch(&mut self, place: &str, mut words: Words<'_>, below: &str) {
        let (mode, dry_run) = (words.read(), words.flag("dry_run"));
        let (principal, idempotency_key) = self.asks(&mut words);
        // Of what is named here others can be, before it has been made.
        let mut number = self.books.next_number(self.epoch);
        let (mut items, mut expected) = (Vec::new(), Vec::new());
        for line in below.lines() {
            let mut words = Words::of(line);
            let word = words.next();
            let mut item = self.operation(word, &mut words);
            words.channel(&mut item);
            if let Some(name) = words.after("as") {
                self.name(name, self.epoch, number, &item);
            }
            let answer = words.rest().join(" ");
            let numbered = matches!(item, Operation::Pay(_)) || !answer.starts_with("refused") && !matches!(item, Operation::Release(_));
            number += u32::from(numbered);
            items.push(item);
            expected.push(answer);
        }
        let operation = Operation::Batch(Batch { mode, dry_run, items: items.clone() });
        let (command_id, events) = self.tell(place, Command { principal, idempotency_key, received_ms: 0, operation });
        let answer = events.last().expect("every command is answered");
        assert_eq!(told::answer(&answer.fact, answer.epoch), words.rest().join(" "), "{place}");
        assert_eq!(self.items_told(command_id, &items, &events), expected, "{place}");
        // What only asks what would be is asked anew each time.
        if !dry_run {
            self.remember("", command_id, &events);
        }
        self.books.agree(&self.ledger);
    }

    fn name(&mut self, name: &str, epoch: Epoch, number: u32, item: &Operation) {
        match item {
            Operation::Reserve(_) => drop(self.holds.insert(name.to_owned(), HoldId::mint(epoch, number))),
            _ => drop(self.transactions.insert(name.to_owned(), TransactionId::mint(epoch, number))),
        }
    }

    /// What was told of each item: by its own events where there are any, else by the batch.
    fn items_told(&self, batch: CommandId, items: &[Operation], events: &[Event]) -> Vec<String> {
        let decided = match &events.last().expect("every command is answered").fact {
            Fact::BatchDecided(decided) => decided,
            Fact::Repeated(repeat) => match &repeat.first {
                Some(Fact::BatchDecided(decided)) => decided,
                _ => return vec![String::new(); items.len()],
            },
            _ => return vec![String::new(); items.len()],
        };
        let told = |(number, item): (u16, &Operation)| {
            let own: Vec<Event> = events.iter().filter(|event| event.cause.command_id == batch.item(number)).cloned().collect();
            if own.is_empty() { told::item(item, &decided.outcomes[usize::from(number)]) } else { self.told(&own) }
        };
        (0..).zip(items).map(told).collect()
    }
}
