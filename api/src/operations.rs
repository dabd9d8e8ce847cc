//! What became of this command?
//!
//! The log knows first, the views know for good. In this order:
//! 1. A decision that the log remembers is the answer.
//! 2. Otherwise the newest one that the views hold.
//! 3. Otherwise the operation is pending, if the log holds its command; or there is none.
//!
//! A command that is pending but whose id has a decision in the views is a retry: the decision stands.

use crate::View;
use crate::asker::is_asker;
use crate::batches::Items;
use crate::failure::{Failure, ViewError, not_found};
use crate::freshness::{Freshness, Parameters, Past};
use crate::progress::Mark;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::{Extension, Json};
use schemas::resource::{Operation, OperationStatus, location};
use schemas::{
    AccountId, Authority, Caller, CaseId, CommandId, CustomerId, Epoch, Event, Fact, HoldChange, HoldId, OrderId, Policy, Position,
    Problem, Refusal, Scope, Told, TransactionId,
};
use std::sync::Arc;
use uuid::Uuid;

/// What the log knows of an operation.
#[derive(Clone, Debug)]
pub enum Known {
    /// Its command is there, its decision is not.
    Pending(Position),
    /// Its decision is there.
    Decided(Arc<Event>),
}

#[derive(sqlx::FromRow)]
struct Row {
    kind: String,
    id: Uuid,
    /// What an id does not say: the code of a tariff, or level and currency; what has become of a review, and the transaction if it was paid.
    subject: Option<String>,
    operation: String,
    reason: Option<String>,
    epoch: i64,
    owners: Vec<Option<Uuid>>,
    as_of: Option<i64>,
}

/// Nothing says when a command was decided, so all months are looked at.
///
/// The house opens its own accounts as a side effect of a payment, and a capture lessens its hold as one: those are no
/// operations of their own. A hold that expires names the command that made it, which had its answer then. How an order ends, its
/// transaction says.
const SELECT: &str = "
    select found.*, (select greatest(epoch - 1, 0) from sink_progress where sink = 'views') as as_of
    from (
        select 'transaction' as kind, t.id,
               case when t.hold_id is not null then 'capture' when t.operation = 'reversal' then 'reverse' else t.operation end
                   as operation, null::text as subject, t.reason, t.epoch,
               array(select a.customer_id from account a where a.id in (t.account_debit, t.account_credit)) as owners
        from transaction t where t.command_id = $1
        union all
        select 'account', a.id, 'open_account', null, null, a.epoch, array[a.customer_id]
        from account a where a.command_id = $1 and a.customer_id is not null
        union all
        select 'customer', c.id, 'create_customer', null, null, c.epoch, array[c.id]
        from customer c where c.command_id = $1
        union all
        select 'rules', n.event_id, 'activate_rules', null, null, n.epoch, '{}'::uuid[]
        from rules_activation n where n.command_id = $1
        union all
        select 'account', s.account_id, s.operation, null, null, s.epoch,
               array(select a.customer_id from account a where a.id = s.account_id)
        from account_status s where s.command_id = $1
        union all
        select 'hold', h.hold_id, case h.change when 'reserved' then 'reserve' else 'release' end, null, null, h.epoch,
               array(select a.customer_id from account a where a.id in (h.account_debit, h.account_credit))
        from hold_change h where h.command_id = $1 and h.change in ('reserved', 'released')
        union all
        select 'review', h.hold_id, h.operation,
               concat_ws(' ', (select last.change from hold_change last where last.hold_id = h.hold_id order by last.event_id desc limit 1),
                         (select t.id from transaction t where t.hold_id = h.hold_id limit 1)),
               null, h.epoch,
               array(select a.customer_id from account a where a.id in (h.account_debit, h.account_credit))
        from hold_change h where h.command_id = $1 and h.change = 'reviewed'
        union all
        select 'hold', h.hold_id, 'decide_review', null, null, h.epoch,
               array(select a.customer_id from account a where a.id in (h.account_debit, h.account_credit))
        from hold_change h where h.command_id = $1 and h.change = 'review_refused'
        union all
        select case s.kind when 'cases' then 'case_policy' else 'aml' end, s.event_id, case s.kind when 'rule' then 'set_aml_rule' when 'policy' then 'set_gate_policy' when 'cases' then 'set_case_policy'
                           else 'set_country_list' end,
               case s.kind when 'rule' then s.name end, null, s.epoch, '{}'::uuid[]
        from aml_setting s where s.command_id = $1
        union all
        select case when p.account_id is null then 'customer' else 'account' end, coalesce(p.account_id, p.customer_id),
               case when p.change not in ('frozen', 'unfrozen') then 'report_signal'
                    else concat(case p.change when 'frozen' then 'freeze' else 'unfreeze' end,
                                case when p.account_id is null then '_customer' else '_account' end) end,
               null, null, p.epoch, '{}'::uuid[]
        from party_change p where p.command_id = $1
        union all
        select 'list', p.event_id, 'load_list_part', null, null, p.epoch, '{}'::uuid[] from list_part p where p.command_id = $1
        union all
        select 'list', v.event_id, 'activate_list', null, null, v.epoch, '{}'::uuid[] from list_version v where v.command_id = $1
        union all
        select 'customer', c.customer_id, 'clear_match', null, null, c.epoch, '{}'::uuid[] from match_clearing c where c.command_id = $1
        union all
        select 'customer', l.customer_id, 'set_customer_level', null, null, l.epoch, array[l.customer_id]
        from customer_level l
        where l.command_id = $1 and not exists (select 1 from kyc_change k where k.command_id = $1)
        union all
        select 'customer', u.customer_id, 'update_customer', null, null, u.epoch, array[u.customer_id]
        from customer_change u where u.command_id = $1
        union all
        select 'customer', d.customer_id, 'set_address', null, null, d.epoch, array[d.customer_id]
        from customer_address d where d.command_id = $1
        union all
        select 'kyc', k.customer_id, 'submit_document', null, null, k.epoch, array[k.customer_id]
        from kyc_change k where k.command_id = $1 and k.change = 'document_submitted'
        union all
        select 'case', k.case_id, k.operation, null, null, k.epoch, '{}'::uuid[]
        from case_change k where k.command_id = $1 and k.operation <> 'beside'
        union all
        select 'terms', m.account_id, 'set_account_terms', null, null, m.epoch,
               array(select a.customer_id from account a where a.id = m.account_id)
        from account_terms m where m.command_id = $1
        union all
        select 'limits', i.event_id, 'set_level_limits', concat_ws(' ', i.level, i.currency), null, i.epoch, '{}'::uuid[]
        from level_limits i where i.command_id = $1
        union all
        select 'tariff', f.event_id, case when f.withdrawn then 'withdraw_tariff' else 'set_tariff' end, f.code, null, f.epoch,
               '{}'::uuid[]
        from tariff f where f.command_id = $1
        union all
        select 'batch', b.id, 'batch', null, b.reason, b.epoch, '{}'::uuid[]
        from batch b where b.id = $1
        union all
        select 'order', o.order_id, case o.change when 'scheduled' then 'order' else 'cancel_order' end, null, null, o.epoch,
               array(select a.customer_id from account a where a.id = o.account_debit)
        from order_change o where o.command_id = $1 and o.change in ('scheduled', 'cancelled')
        union all
        select 'refusal', r.event_id, r.operation, null, r.reason, r.epoch, '{}'::uuid[]
        from refusal r where r.command_id = $1
    ) found
    order by epoch desc
    limit 1";

/// Show what became of a command
///
/// `pending` until it is decided; then `settled` for a payment, `completed` for anything else, or `failed`.
#[utoipa::path(
    get, path = "/v1/operations/{id}", tag = "Operations",
    params(
        ("id" = CommandId, Path),
        ("Idempotency-Key" = Option<String>, Header, description = "The key under which it was asked: whoever names it is shown it."),
    ),
    responses((status = 200, description = "The operation.", body = Operation)),
    security(("bearer" = ["transactions:read"])),
)]
pub(crate) async fn operation(
    State(view): State<View>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Json<Operation>, Failure> {
    caller.require(Scope::TransactionsRead)?;
    let id: CommandId = id.parse().map_err(|_| Problem::field("id", "expected a UUID"))?;
    Freshness::read(parameters, Past::Not)?.wait(&view, None).await?;

    // A payment that counts from an earlier day is shown as the payment, and was asked for as an order.
    let asked = |operation: &Operation| {
        operation.operation.as_deref().is_some_and(|operation| is_asker(&caller, &headers, id, &[operation, "order"]))
    };

    // 1. What the log remembers. What is held for a review is not over, and only the views see its end.
    let known = (view.recent)(id);
    if let Some(Known::Decided(event)) = &known
        && let Some((Fact::HoldChanged(held), epoch)) = standing(event)
        && held.change == HoldChange::Reviewed
    {
        Freshness::default().wait(&view, Some(epoch)).await?;
    } else if let Some(Known::Decided(event)) = &known
        && let Some((fact, epoch)) = standing(event)
        && let Some(operation) = Operation::decided(id, fact, epoch)
    {
        if !asked(&operation) && !sees(&view, &caller, id, fact, epoch, operation.reason).await? {
            return Err(not_found("operation"));
        }
        let as_of = Some(view.progress.shown().as_of().max(epoch));
        return Ok(Json(Operation { as_of, ..operation }));
    }

    // 2. What the views hold; of a key that was reused, the log remembers only where the first decision is.
    if let Some(Known::Decided(event)) = &known
        && let Fact::Repeated(repeat) = &event.fact
    {
        Freshness::default().wait(&view, Some(repeat.first_epoch)).await?;
    }
    let row: Option<Row> = sqlx::query_as(SELECT).bind(id.0).fetch_optional(&view.pool).await?;
    if let Some(row) = row {
        let owners: Vec<_> = row.owners.iter().map(|owner| owner.map(CustomerId)).collect();
        let (of_batch, epoch) = (row.kind == "batch", u64::try_from(row.epoch).map_err(ViewError::from)?);
        let operation = row.into_operation(id)?;
        let seen = asked(&operation)
            || is_seen_by(&caller, &owners, operation.reason)
            || of_batch && Items::read(&view, id, epoch).await?.are_seen_by(&caller);
        return if seen { Ok(Json(operation)) } else { Err(not_found("operation")) };
    }

    // 3. Pending, or none.
    match known {
        Some(Known::Pending(position)) => {
            let as_of = Some(view.progress.shown().as_of());
            Ok(Json(Operation { as_of, ..Operation::pending(id, position) }))
        }
        Some(Known::Decided(_)) => Err(not_found("operation")),
        None if (view.caught_up)() => Err(not_found("operation")),
        None => Err(Problem::new(503, "view_behind", "This server has just started and is still reading the log.").into()),
    }
}

/// The decision that stands, if the event tells it.
fn standing(event: &Event) -> Option<(&Fact, Epoch)> {
    match &event.fact {
        Fact::Repeated(repeat) => repeat.first.as_ref().map(|first| (first, repeat.first_epoch)),
        fact => Some((fact, event.epoch)),
    }
}

async fn sees(view: &View, caller: &Caller, id: CommandId, fact: &Fact, epoch: Epoch, reason: Option<Refusal>) -> Result<bool, Failure> {
    if is_seen_by(caller, &[], reason) {
        return Ok(true);
    }
    let owners = match fact {
        Fact::CustomerCreated(customer) => vec![Some(customer.id)],
        Fact::AccountOpened(account) => vec![account.customer_id],
        Fact::StatusChanged(changed) => vec![changed.customer_id],
        Fact::Transaction(transaction) => owners(view, &[transaction.account_debit, transaction.account_credit]).await?,
        Fact::HoldChanged(held) => owners(view, &[held.account_debit, held.account_credit]).await?,
        Fact::PolicyChanged(policy) => match &**policy {
            Policy::Level(set) => vec![Some(set.customer_id)],
            Policy::Terms(terms) => owners(view, &[terms.account_id]).await?,
            Policy::Limits(_) | Policy::Tariff(_) | Policy::TariffEnd(_) => Vec::new(),
        },
        Fact::OrderChanged(order) => owners(view, &[order.account_debit]).await?,
        // A customer is not told by whom they are looked at.
        Fact::AmlChanged(_) | Fact::PartyChanged(_) | Fact::Assessed(_) | Fact::ListChanged(_) => Vec::new(),
        Fact::Diligence(told) => match &**told {
            Told::Kyc(changed) => vec![Some(changed.customer_id)],
            Told::Customer(updated) => vec![Some(updated.update.customer_id)],
            Told::Address(set) => vec![Some(set.set.customer_id)],
            Told::Case(_) => Vec::new(),
        },
        Fact::BatchDecided(decided) if !decided.dry_run => {
            Freshness::reach(view, Mark::Epoch(epoch)).await?;
            return Ok(Items::read(view, id, epoch).await?.are_seen_by(caller));
        }
        Fact::BatchDecided(_) | Fact::RulesActivated { .. } | Fact::Refused { .. } | Fact::Repeated(_) => Vec::new(),
    };
    Ok(is_seen_by(caller, &owners, reason))
}

/// Whose accounts these are. One may have been opened a moment ago.
async fn owners(view: &View, accounts: &[AccountId]) -> Result<Vec<Option<CustomerId>>, Failure> {
    for account in accounts {
        Freshness::default().wait(view, account.epoch()).await?;
    }
    let accounts: Vec<Uuid> = accounts.iter().map(|account| account.0).collect();
    let owners: Vec<Option<Uuid>> =
        sqlx::query_scalar("select customer_id from account where id = any($1)").bind(&accounts).fetch_all(&view.pool).await?;
    Ok(owners.into_iter().map(|owner| owner.map(CustomerId)).collect())
}

/// Staff see everything, customers what concerns them.
///
/// Who asked is not in the event. But a refusal up to `not_authorized` was decided before the ledger knew whether
/// the caller has anything to do with the accounts, so it is shown to whoever holds the operation's id.
fn is_seen_by(caller: &Caller, owners: &[Option<CustomerId>], reason: Option<Refusal>) -> bool {
    caller.principal.authority == Authority::Operator
        || reason.is_some_and(|reason| reason <= Refusal::NotAuthorized)
        || owners.iter().any(|owner| caller.may_see(*owner))
}

impl Row {
    fn into_operation(self, id: CommandId) -> Result<Operation, ViewError> {
        let reason: Option<Refusal> = self.reason.map(|reason| reason.parse()).transpose()?;
        let (done, resource, transaction_id) = match self.kind.as_str() {
            "transaction" => {
                let transaction = TransactionId(self.id);
                (OperationStatus::Settled, Some(location::transaction(transaction)), Some(transaction))
            }
            "account" => (OperationStatus::Completed, Some(location::account(AccountId(self.id))), None),
            "customer" => (OperationStatus::Completed, Some(location::customer(CustomerId(self.id))), None),
            "hold" => (OperationStatus::Completed, Some(location::hold(HoldId(self.id))), None),
            // Whoever looks at it decides what becomes of it.
            "review" => {
                let hold = Some(location::hold(HoldId(self.id)));
                match self.subject.as_deref().unwrap_or_default().split_once(' ') {
                    Some((_, paid)) => (OperationStatus::Settled, hold, Some(paid.parse()?)),
                    None if self.subject.as_deref() == Some("reviewed") => (OperationStatus::Pending, hold, None),
                    None => (OperationStatus::Failed, hold, None),
                }
            }
            "aml" => {
                let resource =
                    self.subject.map_or_else(|| location::AML_RULES.to_owned(), |rule| format!("{}/{rule}", location::AML_RULES));
                (OperationStatus::Completed, Some(resource), None)
            }
            "list" => (OperationStatus::Completed, Some(location::LISTS.to_owned()), None),
            "kyc" => (OperationStatus::Completed, Some(location::kyc(CustomerId(self.id))), None),
            "case" => (OperationStatus::Completed, Some(location::case(CaseId(self.id))), None),
            "case_policy" => (OperationStatus::Completed, Some(location::CASE_POLICY.to_owned()), None),
            "order" => (OperationStatus::Completed, Some(location::order(OrderId(self.id))), None),
            "batch" => (OperationStatus::Completed, Some(location::batch(id)), None),
            "terms" => (OperationStatus::Completed, Some(location::terms(AccountId(self.id))), None),
            "limits" => {
                let subject = self.subject.unwrap_or_default();
                let (level, currency) = subject.split_once(' ').unwrap_or_default();
                (OperationStatus::Completed, Some(location::limits(level.parse()?, currency.parse()?)), None)
            }
            "tariff" => (OperationStatus::Completed, Some(location::tariff(&self.subject.unwrap_or_default())), None),
            "rules" => (OperationStatus::Completed, Some(location::RULES.to_owned()), None),
            _ => (OperationStatus::Failed, None, None),
        };
        Ok(Operation {
            id,
            status: if reason.is_some() { OperationStatus::Failed } else { done },
            operation: Some(self.operation),
            resource,
            transaction_id,
            reason,
            epoch: Some(u64::try_from(self.epoch)?),
            command: None,
            as_of: Some(u64::try_from(self.as_of.ok_or(ViewError::NoProgress)?)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemas::Principal;

    #[test]
    fn customers_see_what_concerns_them() {
        let (awa, other) = (CustomerId::mint(1, 0), CustomerId::mint(1, 1));
        let caller = |subject: String, authority| Caller { principal: Principal { subject, authority }, scopes: Vec::new(), expires_s: 0 };
        let (customer, staff) = (caller(awa.to_string(), Authority::Customer), caller("staff".to_owned(), Authority::Operator));
        for (owners, reason, seen) in [
            (vec![Some(awa), None], None, true),
            (vec![Some(other), Some(awa)], None, true),
            (vec![Some(other), None], None, false),
            (vec![None], Some(Refusal::InsufficientFunds), false),
            (vec![Some(awa)], Some(Refusal::InsufficientFunds), true),
            (vec![Some(other)], Some(Refusal::NotAuthorized), true),
            (vec![], Some(Refusal::DebitAccountNotFound), true),
            (vec![], Some(Refusal::RoleNotPermitted), false),
            (vec![], None, false),
        ] {
            assert_eq!(is_seen_by(&customer, &owners, reason), seen, "{owners:?} {reason:?}");
            assert!(is_seen_by(&staff, &owners, reason));
        }
    }
}
