//! Which roles take part in which operation.
//!
//! | operation | pays | is paid |
//! |---|---|---|
//! | deposit | agent, house | customer, merchant, agent |
//! | withdrawal | customer, merchant, agent | agent, house |
//! | transfer | customer, merchant, agent | customer, agent |
//! | merchant payment | customer, agent | merchant |
//! | bill payment | customer, agent | merchant |
//!
//! A refund and a reversal go back between the accounts of the payment, and are not asked for by roles.

use schemas::{PaymentKind, Role};

/// Whether an account of role `payer` may pay one of role `payee` in this operation.
pub const fn permitted(kind: PaymentKind, payer: Role, payee: Role) -> bool {
    match kind {
        PaymentKind::Deposit => {
            matches!(payer, Role::Agent | Role::House) && matches!(payee, Role::Customer | Role::Merchant | Role::Agent)
        }
        PaymentKind::Withdrawal => {
            matches!(payer, Role::Customer | Role::Merchant | Role::Agent) && matches!(payee, Role::Agent | Role::House)
        }
        PaymentKind::Transfer => {
            matches!(payer, Role::Customer | Role::Merchant | Role::Agent) && matches!(payee, Role::Customer | Role::Agent)
        }
        PaymentKind::MerchantPayment | PaymentKind::BillPayment => {
            matches!(payer, Role::Customer | Role::Agent) && matches!(payee, Role::Merchant)
        }
        PaymentKind::Refund | PaymentKind::Reversal => false,
    }
}
