//! Tariffs and the payments under them.
//!
//! Never: a panic, a fee beyond its bounds or below nothing, one that falls while the amount of its tier grows, or money that is made.

use super::drawn::{self, minor, word};
use super::ledger::Bank;
use super::policies;
use super::random::Random;
use arbitrary::{Result, Unstructured};
use schemas::{
    AccountId, Bearer, Capture, Channel, Event, Fact, HoldId, Money, Operation, Payment, PaymentKind, Policy, Reserve, Role, Tariff,
    epoch::LAST_EPOCH,
};
use state::CODE_VERSION;
use std::sync::LazyLock;

/// Draws a tariff and what is paid under it.
pub fn run(bytes: &[u8]) {
    // Bytes that end in the middle have said enough.
    draw(&mut Unstructured::new(bytes)).ok();
}

/// Bytes for a tariff and a few payments.
pub fn seed(random: &mut Random) -> Vec<u8> {
    random.some_bytes(512)
}

/// A bank of the newest rules, without tariffs.
static BANK: LazyLock<Bank> = LazyLock::new(|| Bank::founded(CODE_VERSION));

fn draw(u: &mut Unstructured<'_>) -> Result<()> {
    let mut bank = BANK.clone();
    let tariff = policies::tariff(u, &bank.known)?;
    if Policy::Tariff(tariff.clone()).check().is_err() {
        return Ok(());
    }
    prices(u, &tariff)?;
    payments(u, &mut bank, &tariff)
}

fn prices(u: &mut Unstructured<'_>, tariff: &Tariff) -> Result<()> {
    let bounds = tariff.tiers.iter().filter_map(|tier| tier.up_to_minor);
    let mut amounts: Vec<i64> = bounds.flat_map(|bound| [bound, bound.saturating_add(1), bound.saturating_sub(1)]).collect();
    amounts.extend([1, 2, i64::MAX - 1, i64::MAX]);
    for _ in 0..4 {
        amounts.push(minor(u)?);
    }
    amounts.retain(|amount| *amount > 0);
    amounts.sort_unstable();
    let tier = |amount: i64| tariff.tiers.partition_point(|tier| tier.up_to_minor.is_some_and(|bound| bound < amount));
    for amount in &amounts {
        assert_eq!(i128::from(tariff.fee_minor(*amount)), price(tariff, tier(*amount), *amount), "{amount} under {tariff:?}");
    }
    for pair in amounts.windows(2).filter(|pair| tier(pair[0]) == tier(pair[1])) {
        assert!(tariff.fee_minor(pair[0]) <= tariff.fee_minor(pair[1]), "{pair:?} under {tariff:?}");
    }
    Ok(())
}

/// The price once more, in halves of a millionth.
fn price(tariff: &Tariff, tier: usize, amount: i64) -> i128 {
    let tier = &tariff.tiers[tier];
    let rate = (2 * i128::from(amount) * i128::from(tier.rate_ppm) + 1_000_000).div_euclid(2_000_000);
    let (least, most) = (tariff.min_minor.unwrap_or(0), tariff.max_minor.unwrap_or(i64::MAX));
    (rate + i128::from(tier.fixed_minor)).clamp(least.into(), most.into())
}

fn payments(u: &mut Unstructured<'_>, bank: &mut Bank, tariff: &Tariff) -> Result<()> {
    bank.ask_staff(Operation::SetPolicy(Policy::Tariff(tariff.clone())));
    let begins = tariff.effective_from.unwrap_or(0).max(bank.known.epoch + 1);
    if begins > LAST_EPOCH - 1000 {
        return Ok(());
    }
    bank.begin(begins, CODE_VERSION);
    for number in 1..=8 {
        let payment = payment(u, bank, tariff)?;
        if u.arbitrary()? {
            paid(bank.ask_staff(Operation::Pay(payment.clone())), tariff, &payment);
        } else {
            captured(u, bank, tariff, payment)?;
        }
        bank.begin(begins + number, CODE_VERSION);
    }
    bank.end();
    Ok(())
}

fn payment(u: &mut Unstructured<'_>, bank: &Bank, tariff: &Tariff) -> Result<Payment> {
    let named = if drawn::likely(u)? { tariff.operation } else { None };
    let kind = named.map_or_else(|| word(u, PaymentKind::ASKED), Ok)?;
    let ours = |role: Role| move |account: &&schemas::Account| account.role == role && account.currency == schemas::Currency::XOF;
    let accounts = |role: Role| -> Vec<AccountId> { bank.known.accounts.iter().filter(ours(role)).map(|account| account.id).collect() };
    let customers = accounts(Role::Customer);
    let (debit, credit) = match kind {
        PaymentKind::Deposit => (None, Some(customers[0])),
        PaymentKind::Withdrawal => (Some(customers[0]), None),
        PaymentKind::MerchantPayment | PaymentKind::BillPayment => (Some(customers[0]), accounts(Role::Merchant).first().copied()),
        PaymentKind::Transfer | PaymentKind::Refund | PaymentKind::Reversal => (Some(customers[0]), Some(customers[1])),
    };
    let channel = tariff.channel.map_or_else(|| word(u, Channel::ALL), Ok)?;
    let currency = schemas::Currency::XOF;
    Ok(Payment { kind, account_debit: debit, account_credit: credit, amount_minor: minor(u)?, currency, channel, context: None })
}

/// A payment costs what its tariff says, or nothing: where the tariff does not apply, is over, or is waived.
fn paid(said: &[Event], tariff: &Tariff, payment: &Payment) {
    let Some(Fact::Transaction(transaction)) = said.last().map(|event| &event.fact) else { panic!("{said:?}") };
    if transaction.refusal.is_none() {
        assert!([0, fee(tariff, payment)].contains(&transaction.fee_minor), "{transaction:?} under {tariff:?}");
    }
}

/// A hold that is captured in parts costs the same as the payment at once.
fn captured(u: &mut Unstructured<'_>, bank: &mut Bank, tariff: &Tariff, payment: Payment) -> Result<()> {
    let (mut left_minor, currency) = (payment.amount_minor, payment.currency);
    let expected = fee(tariff, &payment);
    let said = bank.ask_staff(Operation::Reserve(Reserve { payment, expires_in_ms: 60_000 }));
    let Some(Fact::HoldChanged(held)) = said.last().map(|event| &event.fact) else { return Ok(()) };
    let (hold_id, held_fee): (HoldId, i64) = (held.id, held.fee_minor);
    let mut fees_minor = 0;
    while left_minor > 0 {
        let part_minor = if u.is_empty() { left_minor } else { u.int_in_range(1..=left_minor)? };
        let amount = Money { minor: part_minor, currency };
        let said = bank.ask_staff(Operation::Capture(Capture { hold_id, amount, last: false }));
        // Only a payee's balance that would leave its range, for the payee of all this money is the same.
        let Some(Fact::Transaction(transaction)) = said.last().map(|event| &event.fact) else { return Ok(()) };
        fees_minor += transaction.fee_minor;
        left_minor -= part_minor;
    }
    assert!([0, expected].contains(&fees_minor), "{fees_minor} under {tariff:?}");
    if tariff.bearer == Bearer::Payer {
        assert_eq!(fees_minor, held_fee, "what was held for the fee is what it was");
    }
    Ok(())
}

fn fee(tariff: &Tariff, payment: &Payment) -> i64 {
    if payment.amount_minor <= 0 {
        return 0;
    }
    let fee_minor = tariff.fee_minor(payment.amount_minor);
    match tariff.bearer {
        Bearer::Payer => fee_minor,
        Bearer::Payee => fee_minor.min(payment.amount_minor),
    }
}
