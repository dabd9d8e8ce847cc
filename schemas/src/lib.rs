//! The words of the bank: what comes in (commands), what is said (events), and how both look as bytes.
//!
//! Read in this order (rustfmt keeps it where a blank line stands between modules).
//! Nothing here does IO, reads a clock or draws a random number.

/// Closed sets of words: an enum whose variants are the field's own terms.
mod word;

/// Exact amounts in minor units.
pub mod money;

/// Identifiers, and how the bank mints its own.
pub mod id;

/// Epochs, the only clock.
pub mod epoch;

/// Who asks.
pub mod principal;

/// Countries by their codes.
pub mod country;

/// Days as text.
pub mod day;

/// Customers.
pub mod customer;

/// By what they say who they are.
pub mod document;

/// Who customers say they are, and what people have to look at.
pub mod diligence;

/// Accounts, the house's own among them.
pub mod account;

/// Payments and postings.
pub mod transaction;

/// Money that is promised.
pub mod hold;

/// Many operations as one.
pub mod batch;

/// Payments with a date of their own.
pub mod order;

/// Bytes as digits.
pub mod hex;

/// Merkle trees.
pub mod merkle;

/// Proofs of old payments.
pub mod proof;

/// What staff sets.
pub mod policy;

/// Rules against money laundering and fraud.
pub mod aml;

/// Where a payment comes from.
pub mod context;

/// Rules that are decided with a payment.
pub mod gate;

/// Watchlists.
pub mod list;

/// What those rules find.
pub mod alert;

/// Everything the world may ask.
pub mod command;

/// Why the bank says no.
pub mod refusal;

/// Everything the bank may say.
pub mod event;

/// What the bank did, counted.
pub mod aggregates;

/// What a cell writes about itself: claims, bindings, commit records.
pub mod journal;

/// Epochs as they travel through a cell.
pub mod sealed;

/// What was said, chained and signed.
pub mod audit;

/// Records as Kafka holds them.
pub mod stored;

/// Topics, and which record goes where.
pub mod topic;

/// Bytes and back; the only module that knows Avro.
pub mod wire;

/// Errors as HTTP clients see them (RFC 9457).
pub mod problem;

/// Problems, headers and parameters in OpenAPI.
pub mod openapi;

/// What HTTP clients are shown, by whichever door.
pub mod resource;

/// What can be read whole and followed.
pub mod view;

/// The trace that a request belongs to (W3C).
pub mod trace;

/// How long a caller waits, where the way of asking says so.
pub mod patience;
/// How long commands waited.
pub mod waited;

pub use account::{Account, AccountStatus, AccountType, Role, StatusChange, StatusChanged};
pub use aggregates::{Aggregates, Balances, Bucket, Group, Liability, Period, Side, Span, Turnover, Volume};
pub use alert::{Alert, AlertChange};
pub use aml::RuleId;
pub use batch::{Batch, BatchDecided, BatchMode, ItemStatus, Outcome};
pub use command::{
    ActivateRules, Asked, Bound, ChangeStatus, Command, CreateCustomer, Fingerprint, Malformed, OpenAccount, Operation, Refund, Reverse,
};
pub use context::Context;
pub use customer::{Customer, KycLevel, KycStatus};
pub use diligence::{CasePolicy, Diligence, Told};
pub use document::{Document, DocumentType, Mrz};
pub use epoch::{Epoch, Position, rfc3339};
pub use event::{Cause, DeadLetter, Event, Fact, Repeat, Verdict, trace_id};
pub use gate::{
    AmlChanged, AmlSetting, Assessed, DecideReview, Freeze, GatePolicy, Party, PartyChange, PartyChanged, ReviewDecision, Signal,
};
pub use hold::{Capture, HoldChange, HoldChanged, Release, Reserve};
pub use id::{AccountId, AlertId, CaseId, CommandId, CustomerId, EventId, HoldId, OrderId, TransactionId};
pub use journal::{Binding, Claim, Commit, Entry, Input, Output, SealedEpoch};
pub use list::{ActivateList, ClearMatch, CounterpartyDigest, ListChanged, ListCommand, ListEntry, ListKind, ListPart};
pub use money::{Currency, Money, Total};
pub use order::{CancelOrder, Dated, Order, OrderChange, OrderChanged};
pub use patience::Patience;
pub use policy::{AccountTerms, Bearer, Borne, CustomerLevel, LevelLimits, Limits, Policy, Priced, Quota, Tariff, TariffEnd, Tier};
pub use principal::{Actor, Authority, Caller, Principal, Scope};
pub use problem::Problem;
pub use proof::{Paid, Proof};
pub use refusal::Refusal;
pub use sealed::{EpochEvents, EpochInput, EpochOutput, Records};
pub use stored::Stored;
pub use topic::Topic;
pub use trace::TraceContext;
pub use transaction::{Channel, Link, Payment, PaymentKind, Posting, Transaction, TransactionStatus};
pub use view::ViewName;
pub use waited::Waited;
