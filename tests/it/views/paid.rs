//! What Postgres says of a minute is what the ledger recorded of it: a proof out of one is good for the other.

use super::sink::on_a_database;
use egress::postgres::{Views, Written};
use schemas::proof::{TREE_MS, minute};
use schemas::{
    AccountId, AccountType, Aggregates, Asked, Authority, Batch, BatchMode, Bearer, Binding, Capture, Cause, Channel, Command,
    CreateCustomer, Currency, CustomerId, Dated, Epoch, EpochEvents, Event, Fact, HoldId, Money, OpenAccount, Operation, Order, Paid,
    Payment, PaymentKind, Policy, Position, Principal, Proof, Refund, Refusal, Reserve, Role, Tariff, Tier, TransactionId,
};
use sqlx::postgres::PgPoolOptions;
use state::{CODE_VERSION, Ledger};
use std::sync::Arc;

const XOF: Currency = Currency::XOF;
/// Almost at the end of a minute.
const FIRST: Epoch = 1_764_000_000_000 + TREE_MS - 300;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A ledger, what it has said, and how many commands it was asked.
pub(crate) struct Bank {
    ledger: Ledger,
    asked: i64,
    pub(crate) epochs: Vec<EpochEvents>,
}

impl Bank {
    pub(super) fn new() -> Self {
        Self { ledger: Ledger::default(), asked: 0, epochs: Vec::new() }
    }

    pub(super) fn begin(&mut self, epoch: Epoch) {
        let mut events = Vec::new();
        // The newest, unless others were activated.
        let rules = Some(self.ledger.next_rules()).filter(|rules| *rules > 0).unwrap_or(CODE_VERSION);
        self.ledger.begin(epoch, rules, &mut events);
        let binding = Binding { epoch, generation: 1, code_version: rules, inputs: Vec::new() };
        self.epochs.push(EpochEvents { binding, events, waited: Vec::new(), leaves: Vec::new() });
    }

    pub(super) fn ask(&mut self, operation: Operation) -> &Fact {
        self.asked += 1;
        let principal = Principal { subject: "staff".to_owned(), authority: Authority::Operator };
        let command = Command { principal, idempotency_key: self.asked.to_string(), received_ms: 0, operation };
        let position = Position { partition: 0, offset: self.asked };
        let cause = Cause { command_id: command.id(), position, traceparent: String::new() };
        let events = &mut self.epochs.last_mut().expect("an epoch has begun").events;
        self.ledger.apply(cause, &Asked::of(command), events);
        &events.last().expect("a command is answered").fact
    }

    fn events(&self) -> impl Iterator<Item = &Event> {
        self.epochs.iter().flat_map(|epoch| &epoch.events)
    }
}

pub(super) fn payment(
    kind: PaymentKind,
    account_debit: Option<AccountId>,
    account_credit: Option<AccountId>,
    amount_minor: i64,
) -> Payment {
    Payment { kind, account_debit, account_credit, amount_minor, currency: XOF, channel: Channel::Qr, context: None }
}

fn tariff(operation: PaymentKind, bearer: Bearer, rate_ppm: u32) -> Operation {
    Operation::SetPolicy(Policy::Tariff(Tariff {
        code: operation.to_string(),
        currency: XOF,
        operation: Some(operation),
        channel: None,
        account_type: None,
        level: None,
        bearer,
        tiers: vec![Tier { up_to_minor: None, fixed_minor: 0, rate_ppm }],
        min_minor: None,
        max_minor: None,
        free_per_month: 0,
        effective_from: None,
        effective_to: None,
    }))
}

/// Payments of every kind, over the end of a minute: with fees of either side, fees that come to nothing, out of holds, in batches,
/// by orders, and some that fail or only give back.
pub(super) fn history() -> Bank {
    let mut bank = Bank::new();
    bank.begin(FIRST);
    bank.ask(Operation::CreateCustomer(CreateCustomer { full_name: "Awa Diop".to_owned(), msisdn: None, country: None }));
    let mut open = |role| {
        let customer_id = CustomerId::mint(FIRST, 0);
        match bank.ask(Operation::OpenAccount(OpenAccount { customer_id, account_type: AccountType::Wallet, role, currency: XOF })) {
            Fact::AccountOpened(account) => Some(account.id),
            other => panic!("{other:?}"),
        }
    };
    let (awa, ibou, shop) = (open(Role::Customer), open(Role::Customer), open(Role::Merchant));
    bank.ask(tariff(PaymentKind::Transfer, Bearer::Payer, 10_000));
    bank.ask(tariff(PaymentKind::MerchantPayment, Bearer::Payee, 10_000));
    for account in [awa, ibou, shop] {
        bank.ask(Operation::Pay(payment(PaymentKind::Deposit, None, account, 1_000_000)));
    }
    for after in 1..60 {
        let epoch = FIRST + after * 10;
        bank.begin(epoch);
        let minor = i64::try_from(after * 7).expect("a small number");
        bank.ask(Operation::Pay(payment(PaymentKind::Transfer, awa, ibou, minor)));
        bank.ask(Operation::Pay(payment(PaymentKind::MerchantPayment, ibou, shop, minor)));
        bank.ask(Operation::Pay(payment(PaymentKind::BillPayment, ibou, shop, minor)));
        bank.ask(Operation::Pay(payment(PaymentKind::Withdrawal, ibou, None, minor)));
        bank.ask(Operation::Pay(payment(PaymentKind::Transfer, awa, ibou, i64::MAX)));
        let reserve = Reserve { payment: payment(PaymentKind::MerchantPayment, awa, shop, 150), expires_in_ms: 60_000 };
        let hold_id = match bank.ask(Operation::Reserve(reserve)) {
            Fact::HoldChanged(held) => held.id,
            other => panic!("{other:?}"),
        };
        for (amount, last) in [(1, false), (149, true)] {
            bank.ask(Operation::Capture(Capture { hold_id, amount: Money { minor: amount, currency: XOF }, last }));
        }
        let items = (1..=40).map(|minor| Operation::Pay(payment(PaymentKind::Transfer, awa, ibou, minor * 5))).collect();
        bank.ask(Operation::Batch(Batch { mode: BatchMode::AllOrNothing, dry_run: after % 5 == 0, items }));
        let refused = Operation::Release(schemas::Release { hold_id: HoldId::mint(1, 0) });
        let items = vec![Operation::Pay(payment(PaymentKind::Transfer, awa, ibou, 9)), refused];
        let mode = if after % 2 == 0 { BatchMode::AllOrNothing } else { BatchMode::Independent };
        bank.ask(Operation::Batch(Batch { mode, dry_run: false, items }));
        let order = |dated| Operation::Order(Order { payment: payment(PaymentKind::Transfer, awa, ibou, 300), dated });
        bank.ask(order(Dated::ExecuteAt(epoch + 25)));
        bank.ask(order(Dated::EffectiveAt(epoch - DAY_MS)));
        bank.ask(Operation::Refund(Refund {
            transaction_id: TransactionId::mint(epoch, 0),
            amount: Money { minor: 2, currency: XOF },
            proof: None,
        }));
    }
    bank
}

/// What the ledger has settled and not given back, by its events.
fn settled(bank: &Bank) -> Vec<TransactionId> {
    let settled = bank.events().filter_map(|event| match &event.fact {
        Fact::Transaction(transaction) if transaction.refusal.is_none() && PaymentKind::ASKED.contains(&transaction.kind) => {
            Some(transaction.id)
        }
        _ => None,
    });
    settled.collect()
}

#[test]
fn what_postgres_says_of_a_minute_proves_its_payments() -> anyhow::Result<()> {
    on_a_database(async |database| {
        let mut bank = history();
        let mut views = Views::claim(&database.url, 1).await?;
        let written =
            |events: &EpochEvents| Written { events: Arc::new(events.clone()), imbalances: Vec::new(), aggregates: Aggregates::default() };
        let pool = PgPoolOptions::new().max_connections(2).connect(&database.url).await?;
        let (head, last) = bank.epochs.split_at(bank.epochs.len() - 1);
        views.write(&head.iter().map(written).collect::<Vec<_>>(), 0, &[]).await?;
        let second = minute(FIRST) + 1;
        assert_eq!(api::paid(&pool, second).await.map_err(|problem| problem.code), Err("view_behind".to_owned()), "more is to come");
        views.write(&last.iter().map(written).collect::<Vec<_>>(), 0, &[]).await?;

        let settled = settled(&bank);
        bank.begin(FIRST + 8 * DAY_MS);
        views.write(&[written(&bank.epochs[bank.epochs.len() - 1])], 0, &[]).await?;
        let mut told = Vec::new();
        for minute in [second - 1, second] {
            let paid = api::paid(&pool, minute).await.map_err(|problem| anyhow::anyhow!(problem.detail))?;
            told.extend(paid.iter().map(|paid| paid.id));
            prove(&mut bank, &paid);
            // The same where old code has written: the legs say who bore a fee.
            sqlx::query("update transaction set fee_bearer = null").execute(&pool).await?;
            assert_eq!(api::paid(&pool, minute).await.ok(), Some(paid));
        }
        assert_eq!(told, settled, "all of them, in their order");
        assert_eq!(api::paid(&pool, second + 1).await.ok(), Some(Vec::new()), "a quiet minute");
        pool.close().await;
        Ok(())
    })
}

/// Each payment can be given back with the proof, and only with it.
fn prove(bank: &mut Bank, paid: &[Paid]) {
    assert!(paid.len() > 500, "{} payments", paid.len());
    for kind in [PaymentKind::Transfer, PaymentKind::MerchantPayment] {
        assert!(paid.iter().any(|paid| paid.kind == kind && paid.fee_minor > 0), "a {kind} with a fee");
        assert!(paid.iter().any(|paid| paid.kind == kind && paid.fee_minor == 0), "a {kind} without one");
    }
    for row in paid {
        let refund = |proof| {
            let amount = Money { minor: 1, currency: XOF };
            Operation::Refund(Refund { transaction_id: row.id, amount, proof })
        };
        let known = matches!(bank.ask(refund(None)), Fact::Transaction(_));
        if known {
            // Something of it was given back before, so it never left the ledger.
            continue;
        }
        let refused = Fact::Refused { operation: "refund".to_owned(), refusal: Refusal::OriginalNotFound };
        assert_eq!(bank.ask(refund(None)), &refused, "{row:?}");
        let proof = Proof::of(row.id, paid).map(Arc::new);
        let given_back = bank.ask(refund(proof));
        assert!(matches!(given_back, Fact::Transaction(refund) if refund.refusal.is_none()), "{row:?}: {given_back:?}");
    }
}
