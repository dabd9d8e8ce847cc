//! Watchlists: every part, activation and clearing is kept, and what is in force or loaded is found by going through all of it.

use super::{Books, first};
use schemas::list::ListEntry;
use schemas::{ActivateList, Authority, Customer, Fact, ListChanged, ListCommand, ListPart, Principal, Refusal};
use std::collections::BTreeSet;

impl Books {
    pub(super) fn list(&mut self, principal: &Principal, command: &ListCommand) -> Result<Fact, Refusal> {
        first([(principal.authority == Authority::Customer, Refusal::NotAuthorized)])?;
        match command {
            ListCommand::Part(part) => self.part(part)?,
            ListCommand::Activate(activate) => self.activation(activate)?,
            ListCommand::Clear(clear) => {
                let is_own = principal.subject == clear.customer_id.to_string();
                let is_there = |customer: &Customer| customer.id == clear.customer_id;
                first([
                    (is_own, Refusal::NotAuthorized),
                    (!self.customers.iter().any(is_there), Refusal::CustomerNotFound),
                    (!self.lists().contains(&clear.list), Refusal::ListNotFound),
                ])?;
            }
        }
        self.listed.push(command.clone());
        Ok(Fact::ListChanged(Box::new(ListChanged { change: command.clone(), by: principal.subject.clone() })))
    }

    fn part(&self, part: &ListPart) -> Result<(), Refusal> {
        let (lists, in_force) = (self.lists(), self.list_in_force(&part.list));
        let loaded = self.loaded(&part.list);
        let entries: Vec<&ListEntry> = loaded.iter().flat_map(|part| &part.entries).collect();
        let goes_on = loaded.first().is_some_and(|first| first.version == part.version)
            && loaded.len() == usize::try_from(part.number).expect("few parts");
        let follows = entries.last().is_some_and(|last| last.id < part.entries[0].id);
        first([
            (!lists.contains(&part.list) && lists.len() >= 16, Refusal::ListsFull),
            (in_force.is_some_and(|in_force| in_force.version >= part.version), Refusal::ListVersionNotNewer),
            (part.number > 0 && !(goes_on && follows), Refusal::ListPartOutOfOrder),
        ])
    }

    fn activation(&self, activate: &ActivateList) -> Result<(), Refusal> {
        let (in_force, loaded) = (self.list_in_force(&activate.list), self.loaded(&activate.list));
        let mut digest = [0; 32];
        loaded.iter().for_each(|part| digest = schemas::list::digest(&digest, &part.entries));
        let count: usize = loaded.iter().map(|part| part.entries.len()).sum();
        let is_loaded = loaded.first().is_some_and(|part| part.version == activate.version)
            && loaded.len() == usize::try_from(activate.parts).expect("few parts")
            && count == usize::try_from(activate.count).expect("few entries")
            && digest == activate.digest;
        let is_end = activate.parts == 0 && activate.digest == [0; 32];
        let before = in_force.map_or(0, |before| before.count);
        let shrinks = activate.count == 0 || activate.count < before && (before - activate.count) * 10 > before;
        first([
            (!self.lists().contains(&activate.list), Refusal::ListNotFound),
            (in_force.is_some_and(|in_force| in_force.version >= activate.version), Refusal::ListVersionNotNewer),
            (!is_loaded && !is_end, Refusal::ListNotAsLoaded),
            (shrinks && !activate.force, Refusal::ListShrinks),
        ])
    }

    /// What was done to a list since it began or last ended.
    fn life(&self, list: &str) -> Vec<&ListCommand> {
        let done: Vec<&ListCommand> = self.listed.iter().filter(|done| done.list() == list).collect();
        let end = done.iter().rposition(|done| matches!(done, ListCommand::Activate(activate) if activate.count == 0));
        done[end.map_or(0, |end| end + 1)..].to_vec()
    }

    /// The names of the lists that are there.
    fn lists(&self) -> BTreeSet<String> {
        let names: BTreeSet<&str> = self.listed.iter().map(ListCommand::list).collect();
        let is_there = |list: &&str| self.life(list).iter().any(|done| !matches!(done, ListCommand::Clear(_)));
        names.into_iter().filter(is_there).map(str::to_owned).collect()
    }

    fn list_in_force(&self, list: &str) -> Option<&ActivateList> {
        self.life(list).into_iter().rev().find_map(|done| if let ListCommand::Activate(activate) = done { Some(activate) } else { None })
    }

    /// The parts since the last that began anew, unless a version came into force since.
    fn loaded(&self, list: &str) -> Vec<&ListPart> {
        let life = self.life(list);
        let since = life.iter().rposition(|done| matches!(done, ListCommand::Activate(_)));
        let parts = life[since.map_or(0, |since| since + 1)..].iter().filter_map(|done| match done {
            ListCommand::Part(part) => Some(part),
            ListCommand::Activate(_) | ListCommand::Clear(_) => None,
        });
        let parts: Vec<&ListPart> = parts.collect();
        let begins = parts.iter().rposition(|part| part.number == 0).unwrap_or(0);
        parts[begins..].to_vec()
    }
}
