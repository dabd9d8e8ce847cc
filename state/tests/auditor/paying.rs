//! Payments: who may pay whom, what it moves, and what is remembered of it.

use super::counting::Direction;
use super::gating::Verdict;
use super::pricing::Fee;
use super::{Books, SEVEN_DAYS_MS, first, stranger};
use schemas::{
    Account, AccountId, AccountStatus, AccountType, Bearer, Cause, Channel, Currency, Epoch, Fact, Link, Money, Payment, PaymentKind,
    Policy, Principal, Proof, Refusal, Role, Transaction, TransactionId,
};

/// A payment that settled.
#[derive(Clone)]
pub(super) struct Original {
    pub(super) transaction: Transaction,
    pub(super) epoch: Epoch,
    /// Who bore the fee, and how much it was.
    pub(super) fee: Fee,
}

impl Books {
    pub(super) fn pay(&mut self, cause: &Cause, principal: &Principal, payment: &Payment, may_wait: bool) -> Fact {
        let verdict = self.assess(principal, payment, false);
        if let Some(held) = verdict.as_ref().and_then(|verdict| self.held_for_review(cause, principal, payment, verdict, may_wait)) {
            return held;
        }
        // What is reviewed and can't be held is refused for what the payer lacks.
        let allowed = self.gated(principal, payment, verdict.as_ref());
        let (transaction, fee) = self.decided_payment(payment, allowed);
        self.settled(cause, transaction, fee, verdict, payment)
    }

    /// A payment as it is decided: with its fee where it may settle.
    pub(super) fn decided_payment(&self, payment: &Payment, allowed: Result<Fee, Refusal>) -> (Transaction, Option<Fee>) {
        let (account_debit, account_credit) = sides(payment);
        let transaction = Transaction {
            id: TransactionId(self.minted_with_transactions(1)),
            kind: payment.kind,
            account_debit,
            account_credit,
            amount: Money { minor: payment.amount_minor, currency: payment.currency },
            fee_minor: 0,
            channel: payment.channel,
            refusal: allowed.err(),
            link: None,
            postings: Vec::new(),
        };
        (transaction, allowed.ok())
    }

    /// What became of a payment.
    pub(super) fn settled(
        &mut self,
        cause: &Cause,
        mut transaction: Transaction,
        fee: Option<Fee>,
        verdict: Option<Verdict>,
        payment: &Payment,
    ) -> Fact {
        let id = transaction.id;
        if let Some(told) = verdict.and_then(|verdict| Self::told(verdict, payment, (Some(id), None))) {
            self.say(cause, told);
        }
        if let Some(fee) = fee {
            self.count_payment(&transaction);
            self.settle(cause, &mut transaction, fee);
        }
        Fact::Transaction(transaction)
    }

    /// Moves the money of a payment, and its fee.
    pub(super) fn settle(&mut self, cause: &Cause, transaction: &mut Transaction, fee: Fee) {
        let legs = legs(transaction.account_debit, transaction.account_credit, transaction.amount, fee);
        self.open_house_accounts(cause, &legs, transaction.amount.currency);
        self.post_settled(transaction, &legs, fee);
    }

    fn post_settled(&mut self, transaction: &mut Transaction, legs: &[(AccountId, i128)], fee: Fee) {
        transaction.fee_minor = i64::try_from(fee.minor).expect("a fee is an amount");
        transaction.postings = self.post(legs);
        if self.rules[0] >= 4 {
            self.originals.push(Original { transaction: transaction.clone(), epoch: self.epoch, fee });
        }
    }

    /// Opens those of the house's accounts that are used for the first time, cash before fees.
    pub(super) fn open_house_accounts(&mut self, cause: &Cause, legs: &[(AccountId, i128)], currency: Currency) {
        for account in [house("cash", currency), house("fees", currency)] {
            if legs.iter().any(|(id, _)| *id == account.id) && self.account(account.id).is_none() {
                self.accounts.push((account.clone(), self.rules[0]));
                self.say(cause, Fact::AccountOpened(account));
            }
        }
    }

    /// The fee of a payment, or the first reason against it, in the order of `Refusal`. One that is only promised
    /// does not reach its payee yet.
    pub(super) fn allowed(&self, principal: &Principal, payment: &Payment, promised: bool) -> Result<Fee, Refusal> {
        let (payer, payee) = self.may_take_part(principal, payment, promised, false)?;
        self.affordable(payment, &payer, &payee, promised)
    }

    /// Payer and payee, if they may be that now; `of_staff` is what only staff may ask.
    pub(super) fn may_take_part(
        &self,
        principal: &Principal,
        payment: &Payment,
        promised: bool,
        of_staff: bool,
    ) -> Result<(Account, Account), Refusal> {
        let (account_debit, account_credit) = sides(payment);
        let currency = payment.currency;
        let cash = house("cash", currency);
        let find = |id: AccountId| self.account(id).or((id == cash.id).then_some(&cash)).cloned();
        let owner = find(account_debit).and_then(|account| account.customer_id);
        let stranger = stranger(principal, owner.filter(|_| !of_staff));
        first([(payment.amount_minor <= 0, Refusal::AmountNotPositive), (stranger && self.rules[0] > 1, Refusal::NotAuthorized)])?;
        let payer = find(account_debit).ok_or(Refusal::DebitAccountNotFound)?;
        let payee = find(account_credit).ok_or(Refusal::CreditAccountNotFound)?;
        let of_house = payer.role == Role::House || payee.role == Role::House;
        let permitted = takes_part(payment.kind, payer.role, payee.role) && !(promised && of_house);
        first([
            (stranger, Refusal::NotAuthorized),
            (payer.id == payee.id, Refusal::AccountsMustDiffer),
            (!permitted, Refusal::RoleNotPermitted),
            (payer.currency != currency || payee.currency != currency, Refusal::CurrencyMismatch),
        ])?;
        self.both_active(payer.id, payee.id)?;
        self.neither_frozen(payer.id, payee.id)?;
        Ok((payer, payee))
    }

    /// The fee, if limits and funds allow the payment.
    pub(super) fn affordable(&self, payment: &Payment, payer: &Account, payee: &Account, promised: bool) -> Result<Fee, Refusal> {
        let (currency, amount) = (payment.currency, i128::from(payment.amount_minor));
        let fee = self.price(payment, payer, payee);
        let legs = legs(payer.id, payee.id, Money { minor: payment.amount_minor, currency }, fee);
        self.payer_within_limits(payer, amount)?;
        first([
            (!promised && self.payee_beyond_limits(payee, amount, legs[1].1), Refusal::PayeeLimitExceeded),
            (self.too_little(payer, -legs[0].1), Refusal::InsufficientFunds),
            (!promised && !self.in_range(&legs), Refusal::BalanceOverflow),
            // What is held is an amount too.
            (promised && !fits(self.held(payer.id) - legs[0].1), Refusal::BalanceOverflow),
            (!self.can_count(payer, Direction::Debit, amount), Refusal::BalanceOverflow),
            (!promised && !self.can_count(payee, Direction::Credit, amount), Refusal::BalanceOverflow),
        ])?;
        Ok(fee)
    }

    /// Neither side is closed or suspended, in rules that mind.
    pub(super) fn both_active(&self, payer: AccountId, payee: AccountId) -> Result<(), Refusal> {
        let is = |account: AccountId, status: AccountStatus| self.rules[0] >= 3 && self.status(account) == status;
        first([
            (is(payer, AccountStatus::Closed), Refusal::DebitAccountClosed),
            (is(payer, AccountStatus::Suspended), Refusal::DebitAccountSuspended),
            (is(payee, AccountStatus::Closed), Refusal::CreditAccountClosed),
            (is(payee, AccountStatus::Suspended), Refusal::CreditAccountSuspended),
        ])
    }

    /// Whether less is available above the floor than is to be taken. The house is never short.
    pub(super) fn too_little(&self, account: &Account, debit: i128) -> bool {
        if account.role == Role::House || debit <= 0 {
            return false;
        }
        // Older rules mind no terms, but what is held stays held.
        let terms = self.terms(account.id).filter(|_| self.rules[0] >= 4);
        let floor = terms.and_then(|terms| terms.floor_minor).map_or(0, i128::from);
        let left = self.balance(account.id) - self.held(account.id) - debit;
        left < floor || !fits(left)
    }

    /// What an account's available balance can never be below: zero, or the lowest floor that its terms ever said.
    pub(crate) fn lowest(&self, account: &Account) -> Option<i128> {
        let floors = self.policies.iter().filter_map(|(_, policy)| match policy {
            Policy::Terms(terms) if terms.account_id == account.id => terms.floor_minor,
            _ => None,
        });
        (account.role != Role::House).then(|| floors.map(i128::from).fold(0, i128::min))
    }

    /// Whether every leg and every balance after it is an amount.
    pub(super) fn in_range(&self, legs: &[(AccountId, i128)]) -> bool {
        (1..=legs.len()).all(|posted| {
            let account = legs[posted - 1].0;
            let gained: i128 = legs[..posted].iter().filter(|(id, _)| *id == account).map(|(_, amount)| amount).sum();
            fits(legs[posted - 1].1) && fits(self.balance(account) + gained)
        })
    }

    /// A payment that can be given back: of the last seven days, one of which some was given back already, or one that is proven.
    pub(super) fn original(&self, id: TransactionId, proof: Option<&Proof>) -> Option<&Original> {
        let original = self.originals.iter().find(|original| original.transaction.id == id)?;
        let known = self.epoch - original.epoch <= SEVEN_DAYS_MS || self.given_back(id).next().is_some();
        (known || proof.is_some_and(|proof| self.proven(original, proof))).then_some(original)
    }

    /// What was given back of a payment: refunds, and the reversal.
    pub(super) fn given_back(&self, id: TransactionId) -> impl Iterator<Item = &Transaction> {
        self.said.iter().filter_map(move |event| match &event.fact {
            Fact::Transaction(transaction) if transaction.link == Some(Link::Original(id)) => Some(transaction),
            _ => None,
        })
    }
}

/// The legs of a payment: payer, payee, and the house's income if there is a fee.
pub(super) fn legs(payer: AccountId, payee: AccountId, amount: Money, fee: Fee) -> Vec<(AccountId, i128)> {
    let minor = i128::from(amount.minor);
    let income = (AccountId::house("fees", amount.currency), fee.minor);
    match fee.bearer {
        _ if fee.minor == 0 => vec![(payer, -minor), (payee, minor)],
        Bearer::Payer => vec![(payer, -minor - fee.minor), (payee, minor), income],
        Bearer::Payee => vec![(payer, -minor), (payee, minor - fee.minor), income],
    }
}

/// Who pays and who is paid: where nobody is named, it is the house's cash.
pub(super) fn sides(payment: &Payment) -> (AccountId, AccountId) {
    let cash = AccountId::house("cash", payment.currency);
    (payment.account_debit.unwrap_or(cash), payment.account_credit.unwrap_or(cash))
}

/// An account of the house, as it opens.
fn house(purpose: &str, currency: Currency) -> Account {
    Account {
        id: AccountId::house(purpose, currency),
        customer_id: None,
        account_type: AccountType::Current,
        role: Role::House,
        currency,
        status: AccountStatus::Active,
    }
}

pub(super) fn fits(amount: i128) -> bool {
    (-(1 << 63)..1 << 63).contains(&amount)
}

/// The table of who takes part in what: operation, payers, payees.
fn takes_part(kind: PaymentKind, payer: Role, payee: Role) -> bool {
    use Role::{Agent, Customer, House, Merchant};
    let table: [(PaymentKind, &[Role], &[Role]); 5] = [
        (PaymentKind::Deposit, &[Agent, House], &[Customer, Merchant, Agent]),
        (PaymentKind::Withdrawal, &[Customer, Merchant, Agent], &[Agent, House]),
        (PaymentKind::Transfer, &[Customer, Merchant, Agent], &[Customer, Agent]),
        (PaymentKind::MerchantPayment, &[Customer, Agent], &[Merchant]),
        (PaymentKind::BillPayment, &[Customer, Agent], &[Merchant]),
    ];
    table.iter().any(|(row, payers, payees)| *row == kind && payers.contains(&payer) && payees.contains(&payee))
}

/// A transaction that comes of an earlier one.
pub(super) fn linked(
    id: TransactionId,
    kind: PaymentKind,
    sides: [AccountId; 2],
    amount: Money,
    channel: Channel,
    link: Link,
) -> Transaction {
    Transaction {
        id,
        kind,
        account_debit: sides[0],
        account_credit: sides[1],
        amount,
        fee_minor: 0,
        channel,
        refusal: None,
        link: Some(link),
        postings: Vec::new(),
    }
}
