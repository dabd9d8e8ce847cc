//! What clients ask for: the body of a command, as small as a history needs it, and the operation that it means.

use schemas::{
    AccountId, AccountTerms, AccountType, ActivateRules, Batch, BatchMode, Bearer, CancelOrder, Capture, ChangeStatus, Channel,
    CreateCustomer, Currency, CustomerId, CustomerLevel, Dated, Epoch, HoldId, KycLevel, LevelLimits, Limits, Money, OpenAccount,
    Operation, Order, OrderId, Payment, PaymentKind, Policy, Quota, Refund, Release, Reserve, Reverse, Role, StatusChange, Tariff,
    TariffEnd, Tier, TransactionId,
};
use serde::{Deserialize, Serialize};

/// The body of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Asked {
    Customer {
        full_name: String,
    },
    Account {
        customer: CustomerId,
        role: Role,
        currency: String,
    },
    Status {
        account: AccountId,
        change: StatusChange,
    },
    Rules {
        version: u32,
    },
    Pay {
        kind: PaymentKind,
        debit: Option<AccountId>,
        credit: Option<AccountId>,
        minor: i64,
        currency: String,
    },
    Reserve {
        kind: PaymentKind,
        debit: AccountId,
        credit: AccountId,
        minor: i64,
        currency: String,
        seconds: u64,
    },
    Capture {
        hold: HoldId,
        minor: i64,
        currency: String,
        last: bool,
    },
    Release {
        hold: HoldId,
    },
    Refund {
        transaction: TransactionId,
        minor: i64,
        currency: String,
    },
    Reverse {
        transaction: TransactionId,
    },
    Set(Setting),
    Batch {
        mode: BatchMode,
        dry_run: bool,
        items: Vec<Self>,
    },
    /// A payment on a day to come.
    Order {
        kind: PaymentKind,
        debit: AccountId,
        credit: AccountId,
        minor: i64,
        currency: String,
        at: Epoch,
    },
    /// A payment that counts from a day that has been.
    Back {
        kind: PaymentKind,
        debit: Option<AccountId>,
        credit: Option<AccountId>,
        minor: i64,
        currency: String,
        at: Epoch,
    },
    Cancel {
        order: OrderId,
    },
}

/// What staff sets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Setting {
    Level { customer: CustomerId, level: KycLevel },
    Terms { account: AccountId, currency: String, floor: Option<i64>, from: Option<Epoch> },
    Limits { level: KycLevel, currency: String, operation: i64, day_count: u32 },
    Tariff { code: String, currency: String, bearer: Bearer, fixed: i64, rate_ppm: u32, free: u32, from: Option<Epoch> },
    TariffEnd { code: String },
}

impl Asked {
    /// The operation that it means.
    pub(crate) fn operation(&self) -> Operation {
        match self {
            Self::Customer { full_name } => {
                Operation::CreateCustomer(CreateCustomer { full_name: full_name.clone(), msisdn: None, country: None })
            }
            Self::Account { customer, role, currency: code } => Operation::OpenAccount(OpenAccount {
                customer_id: *customer,
                account_type: AccountType::Wallet,
                role: *role,
                currency: currency(code),
            }),
            Self::Status { account, change } => Operation::ChangeStatus(ChangeStatus { account_id: *account, change: *change }),
            Self::Rules { version } => Operation::ActivateRules(ActivateRules { version: *version }),
            Self::Pay { kind, debit, credit, minor, currency } => Operation::Pay(payment(*kind, *debit, *credit, *minor, currency)),
            Self::Reserve { kind, debit, credit, minor, currency, seconds } => Operation::Reserve(Reserve {
                payment: payment(*kind, Some(*debit), Some(*credit), *minor, currency),
                expires_in_ms: seconds * 1000,
            }),
            Self::Capture { hold, minor, currency, last } => {
                Operation::Capture(Capture { hold_id: *hold, amount: money(*minor, currency), last: *last })
            }
            Self::Release { hold } => Operation::Release(Release { hold_id: *hold }),
            Self::Refund { transaction, minor, currency } => {
                Operation::Refund(Refund { transaction_id: *transaction, amount: money(*minor, currency), proof: None })
            }
            Self::Reverse { transaction } => Operation::Reverse(Reverse { transaction_id: *transaction, proof: None }),
            Self::Set(setting) => Operation::SetPolicy(setting.policy()),
            Self::Batch { mode, dry_run, items } => {
                Operation::Batch(Batch { mode: *mode, dry_run: *dry_run, items: items.iter().map(Self::operation).collect() })
            }
            Self::Order { kind, debit, credit, minor, currency, at } => Operation::Order(Order {
                payment: payment(*kind, Some(*debit), Some(*credit), *minor, currency),
                dated: Dated::ExecuteAt(*at),
            }),
            Self::Back { kind, debit, credit, minor, currency, at } => {
                Operation::Order(Order { payment: payment(*kind, *debit, *credit, *minor, currency), dated: Dated::EffectiveAt(*at) })
            }
            Self::Cancel { order } => Operation::CancelOrder(CancelOrder { order_id: *order }),
        }
    }

    /// Whether nothing is to come of it: it is decided anew each time that it is asked, and no view shows it.
    pub(crate) const fn is_dry(&self) -> bool {
        matches!(self, Self::Batch { dry_run: true, .. })
    }
}

impl Setting {
    fn policy(&self) -> Policy {
        match self {
            Self::Level { customer, level } => Policy::Level(CustomerLevel { customer_id: *customer, level: *level }),
            Self::Terms { account, currency: code, floor, from } => Policy::Terms(AccountTerms {
                account_id: *account,
                currency: currency(code),
                floor_minor: *floor,
                limits: Limits::default(),
                effective_from: *from,
            }),
            Self::Limits { level, currency: code, operation, day_count } => {
                let debit = Quota { operation_minor: Some(*operation), day_count: Some(*day_count), ..Quota::default() };
                let limits = Limits { debit, ..Limits::default() };
                Policy::Limits(LevelLimits { level: *level, currency: currency(code), limits, effective_from: None })
            }
            Self::Tariff { code, currency: of, bearer, fixed, rate_ppm, free, from } => Policy::Tariff(Tariff {
                code: code.clone(),
                currency: currency(of),
                operation: None,
                channel: None,
                account_type: None,
                level: None,
                bearer: *bearer,
                tiers: vec![Tier { up_to_minor: None, fixed_minor: *fixed, rate_ppm: *rate_ppm }],
                min_minor: None,
                max_minor: None,
                free_per_month: *free,
                effective_from: *from,
                effective_to: None,
            }),
            Self::TariffEnd { code } => Policy::TariffEnd(TariffEnd { code: code.clone(), effective_from: None }),
        }
    }
}

fn payment(kind: PaymentKind, account_debit: Option<AccountId>, account_credit: Option<AccountId>, minor: i64, code: &str) -> Payment {
    Payment { kind, account_debit, account_credit, amount_minor: minor, currency: currency(code), channel: Channel::Wallet, context: None }
}

fn money(minor: i64, code: &str) -> Money {
    Money { minor, currency: currency(code) }
}

fn currency(code: &str) -> Currency {
    code.parse().expect("clients know the codes")
}
