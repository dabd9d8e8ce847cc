//! What is sent for each part of a plan: route and body.

use super::plan::{Holder, Opening, Party, PlannedAccount, PlannedPayment};
use schemas::{AccountId, AccountType, Channel, Currency, CustomerId, Money, PaymentKind, Role};
use serde::Serialize;

pub(super) const CUSTOMERS: &str = "/v1/customers";
pub(super) const ACCOUNTS: &str = "/v1/accounts";

/// The body of `POST /v1/customers`.
#[derive(Debug, Serialize)]
pub(super) struct Enrol<'a> {
    full_name: &'a str,
    country: &'static str,
}

/// The body of `POST /v1/accounts`.
#[derive(Debug, Serialize)]
pub(super) struct Open {
    customer_id: CustomerId,
    r#type: AccountType,
    currency: Currency,
    role: Role,
}

/// The body of `POST /v1/transactions/…`.
#[derive(Debug, Serialize)]
pub(super) struct Pay {
    #[serde(skip_serializing_if = "Option::is_none")]
    account_debit: Option<AccountId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_credit: Option<AccountId>,
    amount: String,
    currency: Currency,
    channel: Channel,
}

impl<'a> Enrol<'a> {
    pub(super) fn of(holder: &'a Holder) -> Self {
        Self { full_name: &holder.full_name, country: "SN" }
    }
}

impl Open {
    pub(super) const fn of(account: PlannedAccount, customers: &[CustomerId]) -> Self {
        Self { customer_id: customers[account.holder], r#type: AccountType::Wallet, currency: Currency::XOF, role: account.role }
    }
}

impl Pay {
    pub(super) fn of(payment: &PlannedPayment, accounts: &[AccountId]) -> Self {
        let id = |party: Party| match party {
            Party::House => None,
            Party::Account(account) => Some(accounts[account]),
            Party::Stranger(id) => Some(AccountId(id)),
        };
        Self {
            account_debit: id(payment.debit),
            account_credit: id(payment.credit),
            amount: payment.amount.to_string(),
            currency: payment.amount.currency,
            channel: payment.channel(),
        }
    }

    /// Cash of the house, brought to an account by an operator.
    pub(super) fn opening(opening: Opening, accounts: &[AccountId]) -> Self {
        let amount = Money { minor: opening.amount_minor, currency: Currency::XOF };
        let account_credit = Some(accounts[opening.account]);
        Self { account_debit: None, account_credit, amount: amount.to_string(), currency: amount.currency, channel: Channel::Wallet }
    }
}

/// The route of a payment.
pub(super) fn route(kind: PaymentKind) -> &'static str {
    match kind {
        PaymentKind::Deposit => "/v1/transactions/deposit",
        PaymentKind::Withdrawal => "/v1/transactions/withdrawal",
        PaymentKind::Transfer => "/v1/transactions/transfer",
        PaymentKind::MerchantPayment => "/v1/transactions/merchant-payment",
        PaymentKind::BillPayment => "/v1/transactions/bill-payment",
        PaymentKind::Refund | PaymentKind::Reversal => unreachable!("no day is planned that gives something back"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    #[test]
    fn the_house_is_left_out_and_the_rest_is_spelt_as_the_door_reads_it() {
        let accounts = [AccountId(Uuid::from_u128(1)), AccountId(Uuid::from_u128(2))];
        let shown = |debit, credit, kind| {
            let amount = Money { minor: 1_250, currency: Currency::XOF };
            serde_json::to_value(Pay::of(&PlannedPayment { kind, caller: 0, debit, credit, amount }, &accounts)).unwrap()
        };
        let (one, two) = ("00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002");
        assert_eq!(
            shown(Party::Account(0), Party::House, PaymentKind::Withdrawal),
            json!({"account_debit": one, "amount": "1250", "currency": "XOF", "channel": "wallet"})
        );
        assert_eq!(
            shown(Party::Account(1), Party::Stranger(Uuid::from_u128(1)), PaymentKind::MerchantPayment),
            json!({"account_debit": two, "account_credit": one, "amount": "1250", "currency": "XOF", "channel": "qr"})
        );
        let opened = Open::of(PlannedAccount { holder: 0, role: Role::Agent }, &[CustomerId(Uuid::from_u128(1))]);
        let expected = json!({"customer_id": one, "type": "wallet", "currency": "XOF", "role": "agent"});
        assert_eq!(serde_json::to_value(opened).unwrap(), expected);
    }
}
