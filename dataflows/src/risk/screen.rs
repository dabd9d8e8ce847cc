//! Screening: whose name is on a list that is in force?
//!
//! ```sql
//! select customer, counterparty, list, entry, score
//! from (select id as customer, null as counterparty, name from customer
//!       union all
//!       select distinct customer, digest, counterparty_name from payment where epoch > now - 30 days) named
//! join entry on similar(named.name, entry.name) >= 0.7
//! where list is in force and not exists (select from cleared where both sides are as they were when it was cleared)
//! ```
//!
//! In: epochs with customers, payments that name a counterparty, lists and clearings. Out: candidates of R19 and R20 that come and go, each
//! with what it rests on. Never: a name screened that nothing touches.
//!
//! 1. What happened is taken, in its order: names, parts, versions that come into force, matches that are cleared. A new version touches
//!    whoever shares a key with an entry that came, went, changed or is weighed otherwise; whoever is enrolled, or is paid or pays for the
//!    first time, is touched by all lists. A counterparty that is forgotten stands no more ([`counterparties`]).
//! 2. Whoever is touched is screened against that list, and compared with what stood.
//! 3. A rule that is watched in another shape takes its candidates along; the thresholds that are set decide what holds.
//! 4. What comes, or stands by a threshold that is set, says what it rests on.

use crate::risk::evidence::Witness;
use crate::risk::features::Said;
use crate::risk::graph::Graph;
use crate::risk::holds::{Candidate, Clause};
use crate::risk::measured::may_hold;
use crate::risk::settings::{Settings, Watch};
use counterparties::{Counterparties, Counterparty, Known};
use lists::Lists;
use names::{Named, Names};
use schemas::alert::{Evidence, Match, Matched, MatchedParty, MatchedWords, Subject};
use schemas::aml::RuleId;
use schemas::diligence::UpdateCustomer;
use schemas::list::pair_digest;
use schemas::{Assessed, CounterpartyDigest, Customer, CustomerId, Epoch, Event, Fact, ListCommand, ListKind, Role, Told};
use screening::index::Hit;
use screening::list::Born;
use screening::qualify::Facts;
use screening::score::How;
use std::collections::{BTreeMap, BTreeSet};

/// Who pays or is paid outside of the bank.
pub(crate) mod counterparties;
/// Lists in force, and what is being loaded.
pub(crate) mod lists;
/// Customers by name.
pub(crate) mod names;

/// Whose name it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Whose {
    /// That of a customer, by place.
    Customer(u32),
    /// That of a counterparty.
    Counterparty(Counterparty),
}

/// A name, a list and an entry.
pub(crate) type Pair = (Whose, String, String);

/// How many were touched and screened, and by how many lists in an epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Screened {
    /// Versions that came into force.
    pub versions: usize,
    /// Names that were screened against a list because of them, of all that there are.
    pub touched: usize,
    /// Names of customers that were screened because they are new.
    pub enrolled: usize,
    /// Names of counterparties that were screened because they are new.
    pub paid: usize,
    /// All names.
    pub names: usize,
}

/// The memory.
#[derive(Debug, Default)]
pub(crate) struct Screen {
    pub(crate) names: Names,
    pub(crate) counterparties: Counterparties,
    pub(crate) lists: Lists,
    /// What both sides were when a pair was cleared.
    pub(crate) cleared: BTreeMap<Pair, [u8; 16]>,
    /// Who stands, and with which score; no pair that is quiet.
    pub(crate) standing: BTreeMap<Pair, (ListKind, u32)>,
}

/// Whose name is to be screened against which list, by which event, if by one.
type Touched = BTreeMap<(Whose, String), Option<usize>>;

/// What is found of a name on a list: by entry.
type Hits = BTreeMap<String, Matched>;

impl Screen {
    /// What an epoch changes; `before` was watched until it began, `changed` are the watches whose thresholds are others now.
    pub(crate) fn take(
        &mut self,
        (now, events): (Epoch, &[Event]),
        graph: &Graph,
        before: &BTreeSet<Watch>,
        settings: &Settings,
        changed: &BTreeMap<Watch, Option<usize>>,
        said: &mut Said,
    ) {
        // 1.
        let (touched, mut screened) = self.touched((now, events), graph);
        // 2.
        let mut found: BTreeMap<(Whose, String), Hits> = BTreeMap::new();
        let mut to_tell: BTreeMap<Pair, Option<usize>> = BTreeMap::new();
        for ((whose, list), event) in touched {
            let hits = self.screen(whose, &list);
            let came = self.stand(whose, &list, &hits, before, said);
            to_tell.extend(came.into_iter().map(|entry| ((whose, list.clone(), entry), event)));
            found.insert((whose, list), hits);
        }
        // 3.
        for (watch, event) in changed {
            for (pair, _) in self.of(watch.rule) {
                to_tell.entry(pair.clone()).or_insert(*event);
            }
        }
        let after = settings.watches();
        for (watch, diff) in before.difference(&after).map(|watch| (watch, -1)).chain(after.difference(before).map(|watch| (watch, 1))) {
            for (pair, (_, score)) in self.of(watch.rule) {
                said.candidates.push((self.row(*watch, pair, *score), diff));
                if diff > 0 {
                    to_tell.entry(pair.clone()).or_default();
                }
            }
        }
        // 4.
        for (pair, event) in to_tell {
            let Some((kind, score)) = self.standing.get(&pair).copied() else { continue };
            let (whose, list, entry) = &pair;
            let hits = found.entry((*whose, list.clone())).or_insert_with(|| self.screen(*whose, list));
            let matched = hits.get(entry).expect("who stands is found again");
            for watch in after.iter().filter(|watch| watch.rule == rule(kind)) {
                let row = self.row(*watch, &pair, score);
                if may_hold(settings, &row) {
                    let evidence = self.evidence(*whose, matched, now);
                    let traceparent = event.map(|event| events[event].cause.traceparent.clone()).unwrap_or_default();
                    said.witnesses.insert(row, Witness { evidence, is_late: false, traceparent });
                }
            }
        }
        screened.names = self.names.len() + self.counterparties.len();
        said.screened = screened;
    }

    /// All candidates that stand, as a dataflow that begins with them has them.
    pub(crate) fn all(&self, watches: &BTreeSet<Watch>) -> Vec<(Clause, Candidate)> {
        let rows = watches.iter().flat_map(|watch| self.of(watch.rule).map(|(pair, (_, score))| self.row(*watch, pair, *score)));
        rows.collect()
    }

    /// Takes what happened, in its order.
    fn touched(&mut self, (now, events): (Epoch, &[Event]), graph: &Graph) -> (Touched, Screened) {
        let (mut touched, mut screened) = (Touched::new(), Screened::default());
        for (event, Event { fact, .. }) in events.iter().enumerate() {
            let by = Some(event);
            match fact {
                Fact::CustomerCreated(customer) => {
                    let Customer { id, full_name, country, .. } = customer;
                    let named = Named { id: *id, name: full_name.clone(), country: country.clone(), born: None };
                    self.name(named, by, &mut touched, &mut screened);
                }
                Fact::Assessed(assessed) => self.pay(assessed, now, graph, (by, &mut touched, &mut screened)),
                Fact::Diligence(told) => {
                    let Told::Customer(updated) = &**told else { continue };
                    let UpdateCustomer { customer_id, full_name, country, date_of_birth, .. } = &updated.update;
                    let Some(place) = self.names.place(*customer_id) else { continue };
                    let known = self.names.named(place).clone();
                    let named = Named {
                        id: known.id,
                        name: full_name.clone().unwrap_or(known.name),
                        country: country.clone().or(known.country),
                        born: date_of_birth.map(|day| day.to_string()).or(known.born),
                    };
                    self.name(named, by, &mut touched, &mut screened);
                }
                Fact::ListChanged(changed) => match &changed.change {
                    ListCommand::Part(part) => self.lists.load(part),
                    ListCommand::Activate(activate) => {
                        let list = &activate.list;
                        let before = self.lists.in_force.get(list).map(|listed| listed.kind);
                        let keys = self.lists.activate(activate);
                        let customers = self.names.touched(&keys).into_iter().map(Whose::Customer);
                        let counterparties = self.counterparties.touched(&keys).into_iter().map(Whose::Counterparty);
                        let mut who: BTreeSet<Whose> = customers.chain(counterparties).collect();
                        // Another kind of list is another rule.
                        if before.is_some_and(|before| before != activate.kind) {
                            let standing = self.standing.keys().filter(|(_, of, _)| of == list);
                            who.extend(standing.map(|(whose, ..)| *whose));
                        }
                        (screened.versions, screened.touched) = (screened.versions + 1, screened.touched + who.len());
                        touched.extend(who.into_iter().map(|whose| ((whose, list.clone()), by)));
                    }
                    ListCommand::Clear(clear) => {
                        let whose = match clear.counterparty {
                            Some(digest) => Some(Whose::Counterparty((clear.customer_id, digest))),
                            None => self.names.place(clear.customer_id).map(Whose::Customer),
                        };
                        let Some(whose) = whose else { continue };
                        let (list, entry) = (clear.list.clone(), clear.entry.clone());
                        if let Some(digest) = self.digest(whose, &list, &entry) {
                            self.cleared.insert((whose, list.clone(), entry), digest);
                            touched.insert((whose, list), by);
                        }
                    }
                },
                _ => {}
            }
        }
        for of in self.counterparties.forget(now) {
            let stood = self.standing.keys().filter(|(whose, ..)| *whose == Whose::Counterparty(of));
            touched.extend(stood.map(|(whose, list, _)| ((*whose, list.clone()), None)));
        }
        (touched, screened)
    }

    /// Takes whom a payment names outside of the bank, whatever became of it. All lists touch whoever is new.
    fn pay(
        &mut self,
        assessed: &Assessed,
        now: Epoch,
        graph: &Graph,
        (event, touched, screened): (Option<usize>, &mut Touched, &mut Screened),
    ) {
        let Some(context) = &assessed.context else { return };
        let (Some(name), Some(customer)) = (&context.counterparty_name, ours(graph, assessed)) else { return };
        let of = (customer, CounterpartyDigest::of(name, context.country.as_deref()));
        let transaction = assessed.transaction_id;
        let known = Known { name: name.clone(), country: context.country.clone(), seen: now, transaction };
        if self.counterparties.see(of, known) {
            screened.paid += 1;
            touched.extend(self.lists.in_force.keys().map(|list| ((Whose::Counterparty(of), list.clone()), event)));
        }
    }

    /// Names a customer, whom all lists touch if that is not what is known.
    fn name(&mut self, named: Named, event: Option<usize>, touched: &mut Touched, screened: &mut Screened) {
        if let Some(place) = self.names.name(named) {
            screened.enrolled += 1;
            touched.extend(self.lists.in_force.keys().map(|list| ((Whose::Customer(place), list.clone()), event)));
        }
    }

    /// What both sides of a pair say; none where one of them is not there.
    fn digest(&self, whose: Whose, list: &str, entry: &str) -> Option<[u8; 16]> {
        let entry = self.lists.in_force.get(list)?.entry(entry)?;
        Some(match whose {
            Whose::Customer(place) => {
                let Named { name, country, born, .. } = self.names.named(place);
                pair_digest(name, [country.as_deref(), born.as_deref()], entry)
            }
            // It says the same for good, also where it is forgotten.
            Whose::Counterparty((_, digest)) => pair_digest(&digest.to_string(), [None; 2], entry),
        })
    }

    /// A name, with what else is known; none of whoever is forgotten.
    fn named(&self, whose: Whose) -> Option<(&str, [Option<&str>; 2])> {
        match whose {
            Whose::Customer(place) => {
                let Named { name, country, born, .. } = self.names.named(place);
                Some((name, [country.as_deref(), born.as_deref()]))
            }
            Whose::Counterparty(of) => {
                let Known { name, country, .. } = self.counterparties.get(&of)?;
                Some((name, [country.as_deref(), None]))
            }
        }
    }

    /// Whom on a list a name means, but for pairs that are quiet.
    fn screen(&self, whose: Whose, list: &str) -> Hits {
        let Some(listed) = self.lists.in_force.get(list) else { return Hits::new() };
        let Some((name, [country, born])) = self.named(whose) else { return Hits::new() };
        let facts = Facts { born: born.and_then(Born::read), countries: country.into_iter().map(str::to_owned).collect() };
        let is_quiet = |entry: &str| {
            let digest = self.cleared.get(&(whose, list.to_owned(), entry.to_owned()));
            digest.is_some() && digest == self.digest(whose, list, entry).as_ref()
        };
        let hits = listed.index.screen(name, &facts, screening::THRESHOLD).into_iter().filter(|hit| !is_quiet(&hit.entry.id));
        hits.map(|hit| {
            let matched = matched(&hit, (whose, name), (list, listed));
            (hit.entry.id.clone(), matched)
        })
        .collect()
    }

    /// Compares what was found of a name on a list with what stood; gives what comes.
    fn stand(&mut self, whose: Whose, list: &str, hits: &Hits, watches: &BTreeSet<Watch>, said: &mut Said) -> Vec<String> {
        let from = (whose, list.to_owned(), String::new());
        let stood = self.standing.range(from..).take_while(|((who, of, _), _)| *who == whose && of == list);
        let stood: BTreeMap<String, (ListKind, u32)> = stood.map(|((.., entry), of)| (entry.clone(), *of)).collect();
        let now: BTreeMap<String, (ListKind, u32)> =
            hits.iter().map(|(entry, matched)| (entry.clone(), (matched.kind, matched.score))).collect();
        let gone: Vec<_> = stood.iter().filter(|(entry, of)| now.get(*entry) != Some(of)).collect();
        let came: Vec<_> = now.iter().filter(|(entry, of)| stood.get(*entry) != Some(of)).collect();
        for (changes, diff) in [(&gone, -1), (&came, 1)] {
            for (entry, (kind, score)) in changes {
                let pair = (whose, list.to_owned(), (*entry).clone());
                let of = watches.iter().filter(|watch| watch.rule == rule(*kind));
                said.candidates.extend(of.map(|watch| (self.row(*watch, &pair, *score), diff)));
            }
        }
        for (entry, _) in gone {
            self.standing.remove(&(whose, list.to_owned(), entry.clone()));
        }
        let told = came.iter().map(|(entry, _)| (*entry).clone()).collect();
        self.standing.extend(came.into_iter().map(|(entry, of)| ((whose, list.to_owned(), entry.clone()), *of)));
        told
    }

    fn of(&self, rule_of: RuleId) -> impl Iterator<Item = (&Pair, &(ListKind, u32))> {
        self.standing.iter().filter(move |(_, (kind, _))| rule(*kind) == rule_of)
    }

    /// What an alert about a name rests on: the payment that said it last, of a counterparty.
    fn evidence(&self, whose: Whose, matched: &Matched, now: Epoch) -> Evidence {
        let matched = Some(Box::new(matched.clone()));
        let evidence = Evidence { window_from: now, window_to: now, matched, ..Evidence::default() };
        let Whose::Counterparty(of) = whose else { return evidence };
        let Known { seen, transaction, .. } = self.counterparties.get(&of).expect("who stands is not forgotten");
        let transactions: Vec<_> = transaction.iter().copied().collect();
        Evidence { window_from: *seen, transactions_count: u32::from(transaction.is_some()), transactions, ..evidence }
    }

    fn row(&self, Watch { rule, shape }: Watch, (whose, list, entry): &Pair, score: u32) -> (Clause, Candidate) {
        let (customer_id, counterparty) = match whose {
            Whose::Customer(place) => (self.names.named(*place).id, None),
            Whose::Counterparty((customer, digest)) => (*customer, Some(*digest)),
        };
        let subject = Subject::Match(Match { customer_id, counterparty, list: list.clone(), entry: entry.clone() });
        (Clause { rule, shape, clause: 0 }, Candidate { subject, measures: [i64::from(score), 0, 0, 0] })
    }
}

/// Which rule a list is looked at by.
const fn rule(kind: ListKind) -> RuleId {
    match kind {
        ListKind::Sanctions => RuleId::SanctionHit,
        ListKind::Pep => RuleId::PoliticallyExposed,
    }
}

/// Whose counterparty a payment names: the customer's whose own account it is about, the payer's before the payee's, and a merchant's or an
/// agent's where there is no other. None of the house.
fn ours(graph: &Graph, assessed: &Assessed) -> Option<CustomerId> {
    let sides = [assessed.account_debit, assessed.account_credit].map(|id| graph.known(id).map(|node| graph.account(node)));
    let held: Vec<_> = sides.into_iter().flatten().filter_map(|account| Some((account.role, account.holder?))).collect();
    let own = held.iter().find(|(role, _)| *role == Role::Customer).or(held.first());
    own.map(|(_, holder)| graph.holder(*holder).id)
}

fn matched(hit: &Hit<'_>, (whose, name): (Whose, &str), (list, listed): (&str, &lists::Listed)) -> Matched {
    let words = hit.why.iter().map(|why| MatchedWords {
        query: why.query.clone(),
        listed: why.listed.clone(),
        how: how(why.how).to_owned(),
        contributed: why.contributed,
    });
    Matched {
        list: list.to_owned(),
        kind: listed.kind,
        version: listed.version,
        entry: hit.entry.id.clone(),
        party: match whose {
            Whose::Customer(_) => MatchedParty::Customer,
            Whose::Counterparty(_) => MatchedParty::Counterparty,
        },
        name: name.to_owned(),
        listed: hit.matched.to_owned(),
        score: hit.score,
        born_agrees: hit.born_agrees,
        country_agrees: hit.country_agrees,
        reference: hit.entry.reference.clone(),
        words: words.collect(),
    }
}

const fn how(how: How) -> &'static str {
    match how {
        How::Equal => "equal",
        How::Variant => "variant",
        How::Edit => "spelling",
        How::Initial => "initial",
        How::Joined => "joined",
        How::Acronym => "acronym",
    }
}

#[cfg(test)]
mod tests;
