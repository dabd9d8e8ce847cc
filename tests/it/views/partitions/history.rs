//! A bank whose epochs lie in many months: one in 1970, five days each from September 2025 on, and two around the end of 2099.

use super::super::paid::{Bank, payment};
use schemas::{
    AccountId, AccountType, Batch, BatchMode, Capture, CreateCustomer, Currency, CustomerId, Dated, Epoch, Event, Fact, HoldId, Money,
    OpenAccount, Operation, Order, PaymentKind, Refund, Reserve, Role, TransactionId,
};

const DAY_MS: u64 = 86_400_000;
/// 1970-01-01T00:00:01Z.
const OPENED: Epoch = 1_000;
/// 2025-09-03T12:00:00Z.
const FIRST: Epoch = 1_756_900_800_000;
/// 2100-01-01T00:00:00Z.
const LAST: Epoch = 4_102_444_800_000;

/// The months of which there are payments.
pub(super) const MONTHS: &[&str] = &["1970_01", "2025_09", "2025_10", "2025_11", "2025_12", "2099_12", "2100_01"];

/// What happened. Holds are captured days later, some of them in the next month; so are orders executed, and payments given back.
pub(super) fn history() -> Bank {
    let mut bank = Bank::new();
    bank.begin(OPENED);
    bank.ask(Operation::CreateCustomer(CreateCustomer { full_name: "Awa Diop".to_owned(), msisdn: None, country: None }));
    let mut open = |role| {
        let customer_id = CustomerId::mint(OPENED, 0);
        let open = OpenAccount { customer_id, account_type: AccountType::Wallet, role, currency: Currency::XOF };
        match bank.ask(Operation::OpenAccount(open)) {
            Fact::AccountOpened(account) => Some(account.id),
            other => panic!("{other:?}"),
        }
    };
    let (awa, ibou, shop) = (open(Role::Customer), open(Role::Customer), open(Role::Merchant));
    for account in [awa, ibou] {
        bank.ask(Operation::Pay(payment(PaymentKind::Deposit, None, account, 1_000_000)));
    }
    let mut held: Option<HoldId> = None;
    let steps = (0..24).map(|step| FIRST + step * 5 * DAY_MS);
    for (step, epoch) in (1..).zip(steps.chain([LAST - 1, LAST])) {
        bank.begin(epoch);
        bank.ask(Operation::Pay(payment(PaymentKind::Transfer, awa, ibou, step * 7)));
        bank.ask(Operation::Pay(payment(PaymentKind::Transfer, awa, ibou, i64::MAX)));
        if let Some(hold_id) = held.take() {
            bank.ask(Operation::Capture(Capture { hold_id, amount: Money { minor: 100, currency: Currency::XOF }, last: step % 2 == 0 }));
        }
        let reserve = Reserve { payment: payment(PaymentKind::MerchantPayment, awa, shop, 150), expires_in_ms: 6 * DAY_MS };
        if let Fact::HoldChanged(reserved) = bank.ask(Operation::Reserve(reserve)) {
            held = Some(reserved.id);
        }
        let unknown = Operation::Release(schemas::Release { hold_id: HoldId::mint(1, 0) });
        let items = vec![Operation::Pay(payment(PaymentKind::Transfer, ibou, awa, step)), unknown];
        bank.ask(Operation::Batch(Batch { mode: BatchMode::Independent, dry_run: false, items }));
        let order = |dated| Operation::Order(Order { payment: payment(PaymentKind::Transfer, awa, ibou, 30), dated });
        bank.ask(order(Dated::ExecuteAt(epoch + 4 * DAY_MS)));
        bank.ask(order(Dated::EffectiveAt(epoch - 40 * DAY_MS)));
        let amount = Money { minor: 2, currency: Currency::XOF };
        bank.ask(Operation::Refund(Refund { transaction_id: TransactionId::mint(epoch - 5 * DAY_MS, 0), amount, proof: None }));
    }
    bank
}

/// All that it said, in its order.
pub(super) fn events(bank: &Bank) -> impl Iterator<Item = &Event> {
    bank.epochs.iter().flat_map(|epoch| &epoch.events)
}

/// A leg as a statement tells it: of which transaction, how much, and the balance after it; and its epoch.
pub(super) type Leg = (String, String, String, Epoch);

/// The legs of an account, the first first.
pub(super) fn legs(bank: &Bank, account: AccountId) -> Vec<Leg> {
    let mut legs = Vec::new();
    for event in events(bank) {
        if let Fact::Transaction(transaction) = &event.fact {
            let own = transaction.postings.iter().filter(|posting| posting.account == account);
            let leg = own.map(|leg| (transaction.id.to_string(), leg.amount_minor.to_string(), leg.balance_minor.to_string(), event.epoch));
            legs.extend(leg);
        }
    }
    legs
}
