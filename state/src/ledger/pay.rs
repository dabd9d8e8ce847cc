//! Payments: the checks in their order, then the legs.

use super::gate::Became;
use super::house::unopened;
use super::{Asking, Decision, Ledger, next};
use crate::accounts::Holding;
use crate::ahead::Places;
use crate::limits::{self, Both};
use crate::moved::Moved;
use crate::permitted::permitted;
use crate::pins::Effect;
use crate::rules;
use crate::status;
use crate::usage::{Side, Usage};
use schemas::account::{HOUSE_CASH, HOUSE_FEES};
use schemas::gate::GateAnswer;
use schemas::policy::Borne;
use schemas::{
    AccountId, Bearer, Cause, Channel, Currency, Event, Fact, KycLevel, Money, Payment, PaymentKind, Posting, Priced, Refusal, Role,
    Transaction, TransactionId,
};

/// A fee: how much, and who bears it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fee {
    pub(super) minor: i64,
    pub(super) bearer: Bearer,
}

impl Fee {
    pub(super) const NONE: Self = Self::of(0, Bearer::Payer);

    /// So much, borne by one of the two.
    pub(super) const fn of(minor: i64, bearer: Bearer) -> Self {
        Self { minor, bearer }
    }

    /// What the payer pays on top of the amount.
    pub(super) const fn of_payer(self) -> i64 {
        match self.bearer {
            Bearer::Payer => self.minor,
            Bearer::Payee => 0,
        }
    }

    /// What the payee gets less than the amount.
    pub(super) const fn of_payee(self) -> i64 {
        self.minor - self.of_payer()
    }
}

/// A payment between two accounts whose words, sides and status allow it.
pub(super) struct Sides<'a> {
    pub(super) payer: &'a Holding,
    pub(super) payee: &'a Holding,
    /// Where they lie; nowhere yet what opens with the payment.
    places: Places,
    /// The levels of their holders, where anything goes by them; none of the house.
    levels: [Option<KycLevel>; 2],
}

/// The legs of a transaction that may be made, and what else changes with them.
pub(super) struct Legs {
    postings: Vec<Posting>,
    /// Where the account of each leg lies; nowhere yet what opens with the transaction.
    places: [Option<u32>; 3],
    /// What the first two have then paid and been paid, where that is counted.
    usage: [Option<Usage>; 2],
}

/// What one account gets by a transaction; negative where it pays.
pub(super) struct Leg<'a> {
    pub(super) account: &'a Holding,
    pub(super) place: Option<u32>,
    pub(super) amount_minor: i128,
    /// The lowest available balance to which it may lead, if it pays.
    pub(super) floor_minor: Option<i64>,
}

impl Ledger {
    pub(super) fn pay(&mut self, asking: Asking<'_>, payment: &Payment, events: &mut Vec<Event>) -> Decision {
        let number = next(&mut self.numbers.transactions);
        let id = TransactionId::mint(self.epoch, number);
        let (account_debit, account_credit) = self.sides(payment);
        let sides = [account_debit, account_credit];
        let mut answer = if self.is_assessed(payment) { self.assess(asking, payment, sides, permitted) } else { None };
        let mut refusal = answer.as_ref().and_then(|answer| answer.refuses().err());
        if refusal.is_none()
            && let Some(held) = answer.take_if(|answer| answer.answer == GateAnswer::Review)
        {
            match self.hold_for_review(asking, payment, sides, number, held, events) {
                Ok(decision) => return decision,
                Err((why_not, held)) => (refusal, answer) = (Some(why_not), Some(held)),
            }
        }
        let blank = transaction(id, payment, account_debit, account_credit);
        let checked = refusal.map_or_else(|| self.check_payment(asking, payment, account_debit, account_credit), Err);
        let (legs, fee) = match checked {
            Ok(legs) => legs,
            Err(refusal) => {
                if let Some(answer) = answer {
                    self.say(asking, payment, sides, answer, Became::Transaction(id), events);
                }
                let fact = Fact::Transaction(Transaction { refusal: Some(refusal), ..blank });
                return Decision { fact, number, refusal: Some(refusal), effect: Effect::None };
            }
        };

        // From here the command must succeed.
        if let Some(answer) = answer {
            self.say(asking, payment, sides, answer, Became::Transaction(id), events);
        }
        if legs.places[..2].contains(&None) {
            self.open_house(asking.cause, HOUSE_CASH, payment.currency, events);
        }
        let (postings, places) = self.post(asking.cause, payment.currency, legs, events);
        let transaction = Transaction { fee_minor: fee.minor, postings, ..blank };
        let effect = self.moved(&transaction, number, fee, places);
        let fact = Fact::Transaction(transaction);
        Decision { fact, number, refusal: None, effect }
    }

    /// Who pays and who is paid; where a side is not named it is the house's cash.
    pub(super) fn sides(&self, payment: &Payment) -> (AccountId, AccountId) {
        let cash = || self.accounts.house_cash(payment.currency).0;
        (payment.account_debit.unwrap_or_else(cash), payment.account_credit.unwrap_or_else(cash))
    }

    /// The legs of a payment and its fee, or the first check that fails.
    fn check_payment(&self, asking: Asking<'_>, payment: &Payment, debit: AccountId, credit: AccountId) -> Result<(Legs, Fee), Refusal> {
        let places = self.places([debit, credit], asking.near);
        let cash = self.unopened_cash(payment.currency, places);
        let sides = self.check_sides(asking, payment, [debit, credit], places, cash.as_ref(), permitted)?;
        let fee = self.fee(&sides, payment);
        let legs = self.check_money(&sides, payment.amount_minor, fee, Side::Debit)?;
        Ok((legs, fee))
    }

    /// Where the two sides lie, if they are open.
    pub(super) fn places(&self, [debit, credit]: [AccountId; 2], near: Places) -> Places {
        [self.accounts.find_place_near(debit, near[0]), self.accounts.find_place_near(credit, near[1])]
    }

    /// The house's cash in a currency, if it is not open yet and one of the places is of what is not open.
    pub(super) fn unopened_cash(&self, currency: Currency, places: Places) -> Option<Holding> {
        if !places.contains(&None) {
            return None;
        }
        let (_, opened) = self.accounts.house_cash(currency);
        (!opened).then(|| unopened(HOUSE_CASH, currency))
    }

    /// A payment of which nothing comes.
    pub(super) fn unpaid(&mut self, payment: &Payment, refusal: Refusal) -> Decision {
        let number = next(&mut self.numbers.transactions);
        let (account_debit, account_credit) = self.sides(payment);
        let mut transaction = transaction(TransactionId::mint(self.epoch, number), payment, account_debit, account_credit);
        transaction.refusal = Some(refusal);
        Decision { fact: Fact::Transaction(transaction), number, refusal: Some(refusal), effect: Effect::None }
    }

    /// Every check that does not depend on how much money there is.
    pub(super) fn check_sides<'a>(
        &'a self,
        asking: Asking<'_>,
        payment: &Payment,
        sides: [AccountId; 2],
        places: Places,
        cash: Option<&'a Holding>,
        permitted: fn(PaymentKind, Role, Role) -> bool,
    ) -> Result<Sides<'a>, Refusal> {
        let mut sides = self.check_parties(asking, payment, sides, places, cash, permitted)?;
        if rules::knows_policies(self.rules) {
            sides.levels = [self.level(sides.payer), self.level(sides.payee)];
            limits::debit(sides.payer, self.limits(sides.payer, sides.levels[0]), payment.amount_minor, self.today)?;
        }
        Ok(sides)
    }

    /// Every check of who pays, who is paid and what for.
    pub(super) fn check_parties<'a>(
        &'a self,
        asking: Asking<'_>,
        payment: &Payment,
        [debit, credit]: [AccountId; 2],
        places: Places,
        cash: Option<&'a Holding>,
        permitted: fn(PaymentKind, Role, Role) -> bool,
    ) -> Result<Sides<'a>, Refusal> {
        if payment.amount_minor <= 0 {
            return Err(Refusal::AmountNotPositive);
        }
        let find = |id: AccountId, place: Option<u32>| match place {
            Some(place) => Some(self.accounts.at(place)),
            None => cash.filter(|cash| cash.id == id),
        };
        let (payer, payee) = (find(debit, places[0]), find(credit, places[1]));
        let may_ask = payer.map_or(asking.actor.is_staff(), |payer| asking.may_act(payer));
        if !may_ask && !rules::tells_strangers_what_exists(self.rules) {
            return Err(Refusal::NotAuthorized);
        }
        let payer = payer.ok_or(Refusal::DebitAccountNotFound)?;
        let payee = payee.ok_or(Refusal::CreditAccountNotFound)?;
        if !may_ask {
            return Err(Refusal::NotAuthorized);
        }
        if payer.id == payee.id {
            return Err(Refusal::AccountsMustDiffer);
        }
        if !permitted(payment.kind, payer.role, payee.role) {
            return Err(Refusal::RoleNotPermitted);
        }
        if payer.currency != payment.currency || payee.currency != payment.currency {
            return Err(Refusal::CurrencyMismatch);
        }
        status::active(self.rules, payer, payee)?;
        self.not_frozen(payer, payee)?;
        Ok(Sides { payer, payee, places, levels: [None, None] })
    }

    /// The sides of what was reserved earlier.
    pub(super) fn reserved_sides(&self, sides: [AccountId; 2]) -> Sides<'_> {
        let [payer, payee] = sides.map(|id| self.accounts.place(id));
        let places = [Some(payer), Some(payee)];
        let (payer, payee) = (self.accounts.at(payer), self.accounts.at(payee));
        Sides { payer, payee, places, levels: [self.level(payer), self.level(payee)] }
    }

    /// The legs of a payment with its fee, or the first check of money that fails. Where the payer's side is counted already, as in a
    /// capture, only the payee's is.
    pub(super) fn check_money(&self, sides: &Sides<'_>, amount_minor: i64, fee: Fee, counts: Side) -> Result<Legs, Refusal> {
        let Sides { payer, payee, places, levels } = *sides;
        let credit_minor = i128::from(amount_minor) - i128::from(fee.of_payee());
        if rules::knows_policies(self.rules) {
            let balance_minor = i128::from(payee.balance_minor) + credit_minor;
            // What leaves the range is above every limit, and else refused for that.
            let balance_minor = i64::try_from(balance_minor).unwrap_or(i64::MAX);
            limits::credit(payee, self.limits(payee, levels[1]), amount_minor, balance_minor, self.today)?;
        }
        let floor_minor = if counts == Side::Debit { self.floor(payer) } else { None };
        let debit_minor = -i128::from(amount_minor) - i128::from(fee.of_payer());
        let debit = Leg { account: payer, place: places[0], amount_minor: debit_minor, floor_minor };
        let credit = Leg { account: payee, place: places[1], amount_minor: credit_minor, floor_minor: None };
        let mut made = self.made(debit, credit, fee.minor.into())?;
        if rules::knows_policies(self.rules) {
            let counted = |account: &Holding, side| match account.role {
                Role::House => Ok(None),
                Role::Customer | Role::Merchant | Role::Agent => account.usage.with(side, self.today, amount_minor).map(Some),
            };
            let paid = if counts == Side::Debit { counted(payer, Side::Debit)? } else { None };
            made.usage = [paid, counted(payee, Side::Credit)?];
        }
        Ok(made)
    }

    /// Makes legs that were checked, in a house whose accounts are open but for its income. The legs, and where the first two lie.
    pub(super) fn post(&mut self, cause: &Cause, currency: Currency, legs: Legs, events: &mut Vec<Event>) -> (Vec<Posting>, [u32; 2]) {
        let (Legs { postings, places, usage }, today) = (legs, self.today);
        if postings.len() == 3 && places[2].is_none() {
            self.open_house(cause, HOUSE_FEES, currency, events);
        }
        assert_eq!(postings.iter().map(|leg| i128::from(leg.amount_minor)).sum::<i128>(), 0, "the legs of a transaction sum to zero");
        let mut at = [0; 3];
        for (number, posting) in postings.iter().enumerate() {
            at[number] = places[number].unwrap_or_else(|| self.accounts.place(posting.account));
            let account = self.account_at(at[number]);
            account.balance_minor = posting.balance_minor;
            if let Some(Some(usage)) = usage.get(number) {
                (account.usage, account.paid_day) = (*usage, today.day);
            }
        }
        (postings, [at[0], at[1]])
    }

    /// The fee of a payment.
    pub(super) fn fee(&self, sides: &Sides<'_>, payment: &Payment) -> Fee {
        if !rules::knows_policies(self.rules) || !self.policies.goes_by_level() {
            return Fee::NONE;
        }
        let borne = |account: &Holding, level: Option<KycLevel>| Some(Borne { account_type: account.account_type, level: level? });
        let priced = Priced {
            operation: payment.kind,
            channel: payment.channel,
            currency: payment.currency,
            payer: borne(sides.payer, sides.levels[0]),
            payee: borne(sides.payee, sides.levels[1]),
        };
        let Some(tariff) = self.policies.tariff(&priced) else { return Fee::NONE };
        let (bearer, side, most_minor) = match tariff.bearer {
            Bearer::Payer => (sides.payer, Side::Debit, i64::MAX),
            Bearer::Payee => (sides.payee, Side::Credit, payment.amount_minor),
        };
        if bearer.usage.of(side, self.today).month_count < tariff.free_per_month {
            return Fee::NONE;
        }
        Fee { minor: tariff.fee_minor(payment.amount_minor).min(most_minor), bearer: tariff.bearer }
    }

    /// The lowest available balance of an account; none where the house is the holder.
    pub(super) fn floor(&self, account: &Holding) -> Option<i64> {
        let terms = self.terms(account).and_then(|terms| terms.floor_minor);
        terms.or(account.role.floor_minor())
    }

    fn limits(&self, account: &Holding, level: Option<KycLevel>) -> Both<'_> {
        let own = self.terms(account).map(|terms| &terms.limits);
        [own, level.and_then(|level| self.policies.limits(level, account.currency))]
    }

    fn terms(&self, account: &Holding) -> Option<&schemas::AccountTerms> {
        let known = account.has_terms && rules::knows_policies(self.rules);
        if known { self.policies.terms(account.id, self.epoch) } else { None }
    }

    /// The level of an account's holder; none where it is the house, and where nothing goes by levels.
    fn level(&self, account: &Holding) -> Option<KycLevel> {
        if !self.policies.goes_by_level() {
            return None;
        }
        account.holder.map(|holder| self.customers.at(holder).level)
    }

    /// The legs of a transaction and of what the house gets by it, if every floor and the ledger's range allow them.
    pub(super) fn made(&self, debit: Leg<'_>, credit: Leg<'_>, fee_minor: i128) -> Result<Legs, Refusal> {
        let currency = debit.account.currency;
        if fee_minor == 0 {
            return made(&[debit, credit]);
        }
        match self.accounts.house_fees(currency) {
            Some(place) => {
                let fees = Leg { account: self.accounts.at(place), place: Some(place), amount_minor: fee_minor, floor_minor: None };
                made(&[debit, credit, fees])
            }
            None => {
                let fees = unopened(HOUSE_FEES, currency);
                made(&[debit, credit, Leg { account: &fees, place: None, amount_minor: fee_minor, floor_minor: None }])
            }
        }
    }

    /// What is kept of a transaction that settled.
    pub(super) fn moved(&self, transaction: &Transaction, number: u32, fee: Fee, [payer, payee]: [u32; 2]) -> Effect {
        if !rules::knows_policies(self.rules) {
            return Effect::None;
        }
        Effect::Moved(Moved {
            pin: 0,
            number,
            kind: transaction.kind,
            channel: transaction.channel,
            bearer: fee.bearer,
            payer,
            payee,
            amount_minor: transaction.amount.minor,
            fee_minor: fee.minor,
        })
    }
}

/// The postings of legs, if every floor and the ledger's range allow them.
fn made(legs: &[Leg<'_>]) -> Result<Legs, Refusal> {
    for leg in legs.iter().filter(|leg| leg.amount_minor < 0) {
        leg.account.covers(-leg.amount_minor, leg.floor_minor)?;
    }
    let (mut postings, mut places) = (Vec::<Posting>::with_capacity(legs.len()), [None; 3]);
    for (place, leg) in places.iter_mut().zip(legs) {
        *place = leg.place;
        let amount_minor = i64::try_from(leg.amount_minor).map_err(|_| Refusal::BalanceOverflow)?;
        // One of the sides may be the house's income itself: each leg starts from where those before it have led.
        let before = postings.iter().rev().find(|posting| posting.account == leg.account.id);
        let balance_minor = before.map_or(leg.account.balance_minor, |posting| posting.balance_minor);
        let balance_minor = balance_minor.checked_add(amount_minor).ok_or(Refusal::BalanceOverflow)?;
        postings.push(Posting { account: leg.account.id, amount_minor, balance_minor });
    }
    Ok(Legs { postings, places, usage: [None; 2] })
}

/// A payment as asked for, before it is known what becomes of it.
pub(super) fn transaction(id: TransactionId, payment: &Payment, account_debit: AccountId, account_credit: AccountId) -> Transaction {
    blank(
        id,
        payment.kind,
        payment.channel,
        [account_debit, account_credit],
        Money { minor: payment.amount_minor, currency: payment.currency },
    )
}

/// A transaction without legs.
pub(super) fn blank(id: TransactionId, kind: PaymentKind, channel: Channel, sides: [AccountId; 2], amount: Money) -> Transaction {
    let [account_debit, account_credit] = sides;
    Transaction { id, kind, account_debit, account_credit, amount, fee_minor: 0, channel, refusal: None, link: None, postings: Vec::new() }
}
