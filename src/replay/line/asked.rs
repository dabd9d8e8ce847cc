//! A command of a line, flat: the operation's name says which fields it may have.

use super::diligence::{Diligence, OPERATIONS};
use super::fields::fields;
use super::gate::Gate;
use super::list::Listed;
use super::policy::{Limits, Tariff, minor};
use super::proof::Shown;
use schemas::money::Unreadable;
use schemas::{
    AccountTerms, AccountType, ActivateRules, AmlSetting, Authority, Batch, BatchMode, CancelOrder, Capture, ChangeStatus, Channel,
    Command, Context, CreateCustomer, Currency, CustomerLevel, Dated, Epoch, KycLevel, LevelLimits, Money, OpenAccount, Operation, Order,
    Party, Payment, PaymentKind, Policy, Principal, Proof, Refund, Release, Reserve, Reverse, Role, StatusChange, TariffEnd,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use std::sync::Arc;

/// A command, flat.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Asked {
    /// Such as `create_customer`, `open_account`, `deposit`, `close_account`, `activate_rules`, `reserve` or `set_tariff`.
    pub operation: String,
    /// Who asks; `operator` without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// What the subject may act for; an operator without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authority: Option<Authority>,
    /// The caller's key; `line-7` on line 7 without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idempotency_key: Option<String>,
    /// When the door took it; 0 without it. Decides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_ms: Option<u64>,
    /// Of a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full_name: Option<String>,
    /// Of a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub msisdn: Option<String>,
    /// Of a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Of an account or a level.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<String>,
    /// Of an account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub r#type: Option<AccountType>,
    /// Of an account; a customer's without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Of a status or terms.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Who pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_debit: Option<String>,
    /// Who is paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_credit: Option<String>,
    /// How much, as a decimal of the currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Of an account, of an amount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Of a payment; a wallet without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Of the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
    /// Of a reserve or an order: what the payment is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<PaymentKind>,
    /// Of a reserve; a day without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_in_ms: Option<u64>,
    /// What is captured or released.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    /// Of a capture; not without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<bool>,
    /// What is given back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Of a refund or a reverse: that the payment was made, where that is long ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<Shown>,
    /// Of an order, to make the payment then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execute_at: Option<Epoch>,
    /// Of an order, to let the payment count from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_at: Option<Epoch>,
    /// What is cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// Of a batch; all or nothing without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<BatchMode>,
    /// Of a batch: commands without those who ask and their keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Vec<Self>>,
    /// Of a customer, of limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<KycLevel>,
    /// Of terms, as a decimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub floor: Option<String>,
    /// Of terms or a level; none without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// A whole tariff.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tariff: Option<Tariff>,
    /// Of a tariff that ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Of what is set, but for a tariff, which says it itself; at once without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effective_from: Option<Epoch>,
    /// Of a payment: where it comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// What sets rules against fraud, and what they are told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gate: Option<Gate>,
    /// What is asked about watchlists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub list: Option<Listed>,
    /// Of identities and cases.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diligence: Option<Diligence>,
}

/// How long money is reserved where a line does not say it.
const RESERVED_MS: u64 = 24 * 60 * 60 * 1000;

impl Asked {
    /// The command of line `line`; `id` gives the id that a name stands for.
    pub fn command(self, line: usize, id: impl Fn(&str) -> Result<String, String>) -> Result<Command, String> {
        let operation = self.operation(&id)?;
        let subject = self.subject.unwrap_or_else(|| "operator".to_owned());
        let command = Command {
            principal: Principal {
                subject: if subject.starts_with('@') { id(&subject)? } else { subject },
                authority: self.authority.unwrap_or(Authority::Operator),
            },
            idempotency_key: self.idempotency_key.unwrap_or_else(|| format!("line-{line}")),
            received_ms: self.received_ms.unwrap_or(0),
            operation,
        };
        read(command.check())?;
        Ok(command)
    }

    fn operation(&self, id: &impl Fn(&str) -> Result<String, String>) -> Result<Operation, String> {
        let named = self.operation.as_str();
        let may = fields(named).ok_or_else(|| format!("{named:?} is no operation"))?;
        if let Some(field) = self.present().find(|field| !may.contains(field)) {
            return Err(format!("a {named} has no {field}"));
        }
        Ok(match named {
            "create_customer" => Operation::CreateCustomer(CreateCustomer {
                full_name: self.some("full_name", self.full_name.clone())?,
                msisdn: self.msisdn.clone(),
                country: self.country.clone(),
            }),
            "open_account" => Operation::OpenAccount(OpenAccount {
                customer_id: self.id("customer_id", self.customer_id.as_ref(), id)?,
                account_type: self.some("type", self.r#type)?,
                role: self.role.unwrap_or(Role::Customer),
                currency: self.some("currency", self.currency)?,
            }),
            "activate_rules" => Operation::ActivateRules(ActivateRules { version: self.some("version", self.version)? }),
            "reserve" => Operation::Reserve(Reserve {
                payment: self.payment(self.some("kind", self.kind)?, id)?,
                expires_in_ms: self.expires_in_ms.unwrap_or(RESERVED_MS),
            }),
            "capture" => Operation::Capture(Capture {
                hold_id: self.id("hold", self.hold.as_ref(), id)?,
                amount: self.amount()?,
                last: self.last.unwrap_or(false),
            }),
            "release" => Operation::Release(Release { hold_id: self.id("hold", self.hold.as_ref(), id)? }),
            "refund" => Operation::Refund(Refund {
                transaction_id: self.id("transaction", self.transaction.as_ref(), id)?,
                amount: self.amount()?,
                proof: self.proof()?,
            }),
            "reverse" => {
                Operation::Reverse(Reverse { transaction_id: self.id("transaction", self.transaction.as_ref(), id)?, proof: self.proof()? })
            }
            "batch" | "batch_dry_run" => Operation::Batch(Batch {
                mode: self.mode.unwrap_or(BatchMode::AllOrNothing),
                dry_run: named == "batch_dry_run",
                items: self.some("items", self.items.as_ref())?.iter().map(|item| item.item(id)).collect::<Result<_, _>>()?,
            }),
            "order" => Operation::Order(Order { payment: self.payment(self.some("kind", self.kind)?, id)?, dated: self.dated()? }),
            "cancel_order" => Operation::CancelOrder(CancelOrder { order_id: self.id("order", self.order.as_ref(), id)? }),
            "set_customer_level" => Operation::SetPolicy(Policy::Level(CustomerLevel {
                customer_id: self.id("customer_id", self.customer_id.as_ref(), id)?,
                level: self.some("level", self.level)?,
            })),
            "set_account_terms" => {
                let currency = self.some("currency", self.currency)?;
                Operation::SetPolicy(Policy::Terms(AccountTerms {
                    account_id: self.id("account", self.account.as_ref(), id)?,
                    currency,
                    floor_minor: minor(self.floor.as_deref(), currency)?,
                    limits: self.limits(currency)?,
                    effective_from: self.effective_from,
                }))
            }
            "set_level_limits" => {
                let currency = self.some("currency", self.currency)?;
                Operation::SetPolicy(Policy::Limits(LevelLimits {
                    level: self.some("level", self.level)?,
                    currency,
                    limits: self.limits(currency)?,
                    effective_from: self.effective_from,
                }))
            }
            "set_tariff" => Operation::SetPolicy(Policy::Tariff(self.some("tariff", self.tariff.clone())?.tariff()?)),
            "withdraw_tariff" => {
                let code = self.some("code", self.code.clone())?;
                Operation::SetPolicy(Policy::TariffEnd(TariffEnd { code, effective_from: self.effective_from }))
            }
            "set_aml_rule" | "set_gate_policy" | "set_country_list" => Operation::SetAml(self.gate()?.setting(named)?),
            "freeze_customer" | "unfreeze_customer" | "freeze_account" | "unfreeze_account" => {
                Operation::Freeze(self.gate()?.freeze(self.party(id)?, named.starts_with("freeze"))?)
            }
            "report_signal" => Operation::ReportSignal(self.gate()?.signal(self.party(id)?)?),
            "load_list_part" => Operation::List(self.list()?.part()?),
            "activate_list" => Operation::List(self.list()?.activate()?),
            "clear_match" => Operation::List(self.list()?.clear(self.id("customer_id", self.customer_id.as_ref(), id)?)?),
            "decide_review" => Operation::DecideReview(self.gate()?.review(self.id("hold", self.hold.as_ref(), id)?)?),
            "set_case_policy" => Operation::SetAml(AmlSetting::Cases(self.diligence()?.policy())),
            named if OPERATIONS.contains(&named) => Operation::Diligence(Box::new(self.diligence()?.asked(named, id)?)),
            named => match StatusChange::from_str(named) {
                Ok(change) => Operation::ChangeStatus(ChangeStatus { account_id: self.id("account", self.account.as_ref(), id)?, change }),
                Err(_) => Operation::Pay(self.payment(read(named.parse())?, id)?),
            },
        })
    }

    /// An item of a batch, which has no line, so nobody who asks and no key.
    fn item(&self, id: &impl Fn(&str) -> Result<String, String>) -> Result<Operation, String> {
        let own = [self.subject.is_some(), self.authority.is_some(), self.idempotency_key.is_some(), self.received_ms.is_some()];
        if own.contains(&true) {
            return Err("who asks, the key and the time are the batch's, not an item's".to_owned());
        }
        // A batch in a batch is none; it is refused before anything else is made of it.
        if self.items.is_some() {
            return Err("an item has no items".to_owned());
        }
        self.operation(id)
    }

    fn dated(&self) -> Result<Dated, String> {
        match (self.execute_at, self.effective_at) {
            (Some(epoch), None) => Ok(Dated::ExecuteAt(epoch)),
            (None, Some(epoch)) => Ok(Dated::EffectiveAt(epoch)),
            (Some(_), Some(_)) | (None, None) => Err("an order has execute_at or effective_at, and one of them".to_owned()),
        }
    }

    fn proof(&self) -> Result<Option<Arc<Proof>>, String> {
        self.proof.as_ref().map(|shown| shown.proof().map(Arc::new)).transpose()
    }

    fn payment(&self, kind: PaymentKind, id: &impl Fn(&str) -> Result<String, String>) -> Result<Payment, String> {
        let Money { minor: amount_minor, currency } = self.amount()?;
        Ok(Payment {
            kind,
            account_debit: self.account_debit.as_deref().map(|text| read(id(text)?.parse())).transpose()?,
            account_credit: self.account_credit.as_deref().map(|text| read(id(text)?.parse())).transpose()?,
            amount_minor,
            currency,
            channel: self.channel.unwrap_or(Channel::Wallet),
            context: self.context.clone().map(Arc::new),
        })
    }

    fn list(&self) -> Result<&Listed, String> {
        self.some("list", self.list.as_ref())
    }

    fn diligence(&self) -> Result<&Diligence, String> {
        self.some("diligence", self.diligence.as_ref())
    }

    fn gate(&self) -> Result<&Gate, String> {
        self.some("gate", self.gate.as_ref())
    }

    fn party(&self, id: &impl Fn(&str) -> Result<String, String>) -> Result<Party, String> {
        if self.account.is_some() {
            return self.id("account", self.account.as_ref(), id).map(Party::Account);
        }
        self.id("customer_id", self.customer_id.as_ref(), id).map(Party::Customer)
    }

    fn amount(&self) -> Result<Money, String> {
        let currency = self.some("currency", self.currency)?;
        read(Money::parse(&self.some("amount", self.amount.clone())?, currency))
    }

    fn limits(&self, currency: Currency) -> Result<schemas::Limits, String> {
        self.limits.as_ref().map_or_else(|| Ok(schemas::Limits::default()), |limits| limits.limits(currency))
    }

    fn some<T>(&self, field: &str, value: Option<T>) -> Result<T, String> {
        value.ok_or_else(|| format!("a {} needs {field}", self.operation))
    }

    fn id<T: FromStr<Err = Unreadable>>(
        &self,
        field: &str,
        text: Option<&String>,
        id: &impl Fn(&str) -> Result<String, String>,
    ) -> Result<T, String> {
        read(id(self.some(field, text)?)?.parse())
    }

    /// The names that it uses, and its items.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let items = self.items.iter().flatten().flat_map(Self::texts);
        self.texts().chain(items).filter_map(|text| text.strip_prefix('@'))
    }

    /// Where a name may stand.
    fn texts(&self) -> impl Iterator<Item = &String> {
        let accounts = [&self.account, &self.account_debit, &self.account_credit];
        let others = [&self.subject, &self.customer_id, &self.hold, &self.transaction, &self.order];
        accounts.into_iter().chain(others).flatten().chain(self.diligence.iter().flat_map(Diligence::texts))
    }
}

pub(super) fn read<T>(result: Result<T, Unreadable>) -> Result<T, String> {
    result.map_err(|error| error.to_string())
}
