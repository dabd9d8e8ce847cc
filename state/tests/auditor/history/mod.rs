//! Random histories of a bank: what is asked, by whom, and when.
//!
//! A step says what is asked in terms of what there is when it is asked; [`Seen`] makes a command of it.

pub(crate) mod dated;
pub(crate) mod diligence;
pub(crate) mod gated;
pub(crate) mod listed;
pub(crate) mod living;
pub(crate) mod policies;
mod recorded;
mod scenes;
mod seen;
#[path = "../../shown/mod.rs"]
mod shown;

pub(crate) use dated::{Date, Proven};
#[allow(unused_imports, reason = "some tests live histories, others replay them")]
pub(crate) use recorded::{cause, live, recorded, replay, thawed};
pub(crate) use seen::Seen;

use gated::Named;
use policies::Set;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use schemas::{
    AccountType, AmlSetting, BatchMode, Channel, Context, Currency, Epoch, PartyChange, PaymentKind, ReviewDecision, Role, StatusChange,
};
use state::CODE_VERSION;

pub(crate) const FIRST: Epoch = 1_764_000_000_000;
pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// How many steps of a scene may have time in between.
const SCENE_MAX: usize = 16;

/// When the next months begin, from December 2025 on.
const MONTHS: [Epoch; 5] = [1_764_547_200_000, 1_767_225_600_000, 1_769_904_000_000, 1_772_323_200_000, 1_775_001_600_000];

/// A command as the history draws it: who and what are chosen among those that exist when it is asked.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Ask {
        who: Who,
        key: u8,
        what: What,
    },
    /// An earlier command, exactly as it was.
    Again(Index),
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Who {
    Staff,
    Teller,
    /// Whoever holds the account that pays, that is to open, or that gives back.
    Holder,
    Customer(u8),
    /// A customer whose token is an operator's.
    Trusted(u8),
    Nobody,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Enrol {
        name: u8,
    },
    Open {
        customer: Option<u8>,
        account_type: AccountType,
        role: Role,
        currency: Currency,
    },
    Activate {
        version: u32,
    },
    Change {
        account: Side,
        change: StatusChange,
    },
    Pay(Paid),
    Reserve {
        paid: Paid,
        expires_in_ms: u64,
    },
    Capture {
        hold: Which,
        part: Part,
        currency: Option<Currency>,
        last: bool,
    },
    Release {
        hold: Which,
    },
    Refund {
        payment: Which,
        part: Part,
        currency: Option<Currency>,
        proof: Proven,
    },
    Reverse {
        payment: Which,
        proof: Proven,
    },
    Set(Set),
    SetAml(AmlSetting),
    Freeze {
        party: Named,
        frozen: bool,
    },
    Signal {
        party: Named,
        device: Option<String>,
        signal: PartyChange,
    },
    Decide {
        hold: Which,
        decision: ReviewDecision,
    },
    List(listed::Listed),
    Diligence(diligence::Wish),
    Batch {
        mode: BatchMode,
        dry_run: bool,
        items: Vec<Self>,
    },
    Order {
        paid: Paid,
        date: Date,
    },
    Cancel {
        order: Which,
    },
    /// The same, but by a teller in a scene of staff.
    Second(Box<Self>),
    /// So much later than the step before, in whatever history it stands.
    Later {
        ms: u64,
        what: Box<Self>,
    },
}

/// Without a currency, the payer's; the house takes the payee's.
#[derive(Clone, Debug)]
pub(crate) struct Paid {
    pub(crate) kind: PaymentKind,
    pub(crate) debit: Side,
    pub(crate) credit: Side,
    pub(crate) amount_minor: i64,
    pub(crate) currency: Option<Currency>,
    pub(crate) channel: Channel,
    pub(crate) context: Option<Context>,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Unnamed,
    Cash(Currency),
    Fees(Currency),
    Account(u8),
    /// The account opened last.
    Newest,
    Unknown,
}

/// A hold or a payment: so many before the last of those of which something is left, or of all.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Left(u8),
    Any(u8),
    /// One that is still to come in this epoch, so many numbers ahead.
    Coming(u8),
    Unknown,
}

/// How much of what is left.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Part {
    Quarters(u8),
    TooMuch,
    Minor(i64),
}

/// How much later a step comes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Gap {
    /// In the epoch of the step before.
    Same,
    After(u64),
    /// Around the next midnight, or the next end of a month: a millisecond before, or some after.
    Midnight(u64),
    Month(u64),
}

impl Gap {
    /// The epoch of the step, if it is a new one.
    pub(crate) fn next(self, epoch: Epoch) -> Option<Epoch> {
        match self {
            Self::Same => None,
            Self::After(ms) => Some(epoch + ms),
            Self::Midnight(ms) => Some((epoch / DAY_MS + 1) * DAY_MS + ms - 1),
            Self::Month(ms) => MONTHS.iter().map(|month| month + ms - 1).find(|moment| *moment > epoch),
        }
        .filter(|next| *next > epoch)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct History {
    /// The rules that the bank begins with.
    pub(crate) rules: u32,
    pub(crate) steps: Vec<(Gap, Step)>,
}

pub(crate) fn currency() -> impl Strategy<Value = Currency> {
    // Most of one, so that accounts meet.
    select(["XOF", "XOF", "XOF", "XOF", "XOF", "XOF", "EUR", "TND"].map(|code| code.parse::<Currency>().expect("a currency")).to_vec())
}

/// Amounts as people pay them.
pub(crate) fn small() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![4 => 1..100i64, 1 => 100..1_000i64]
}

/// Those, and any others.
fn amount() -> impl Strategy<Value = i64> + Clone {
    prop_oneof![
        20 => small(),
        4 => 100..1_000_000i64,
        1 => (i64::MAX - 3)..=i64::MAX,
        1 => -2..=0i64,
        1 => select(vec![i64::MIN, i64::MIN + 1, i64::MAX / 2, i64::MAX / 2 + 1]),
    ]
}

fn side() -> impl Strategy<Value = Side> {
    prop_oneof![
        4 => Just(Side::Unnamed),
        2 => currency().prop_map(Side::Cash),
        1 => currency().prop_map(Side::Fees),
        20 => any::<u8>().prop_map(Side::Account),
        1 => Just(Side::Newest),
        1 => Just(Side::Unknown),
    ]
}

/// Payments that may well settle, and any others.
fn parties() -> impl Strategy<Value = (PaymentKind, Side, Side)> {
    let account = || any::<u8>().prop_map(Side::Account);
    prop_oneof![
        2 => account().prop_map(|payee| (PaymentKind::Deposit, Side::Unnamed, payee)),
        1 => account().prop_map(|payer| (PaymentKind::Withdrawal, payer, Side::Unnamed)),
        6 => (select(PaymentKind::ASKED), account(), account()),
        1 => (select(PaymentKind::ASKED), side(), side()),
    ]
}

fn paid(amount: impl Strategy<Value = i64> + 'static) -> BoxedStrategy<Paid> {
    (parties(), amount, prop::option::weighted(0.08, currency()), select(Channel::ALL), gated::context())
        .prop_map(|((kind, debit, credit), amount_minor, currency, channel, context)| Paid {
            kind,
            debit,
            credit,
            amount_minor,
            currency,
            channel,
            context,
        })
        .boxed()
}

/// A payment between accounts that founded banks have, whose roles may.
pub(crate) fn likely(amount: impl Strategy<Value = i64> + 'static) -> BoxedStrategy<Paid> {
    let parties = select(vec![
        (PaymentKind::Transfer, 0, 1),
        (PaymentKind::Transfer, 1, 0),
        (PaymentKind::MerchantPayment, 0, 2),
        (PaymentKind::BillPayment, 1, 2),
        (PaymentKind::Deposit, 3, 0),
        (PaymentKind::Withdrawal, 1, 3),
    ]);
    (parties, amount, select(Channel::ALL), gated::context())
        .prop_map(|((kind, debit, credit), amount_minor, channel, context)| {
            let (debit, credit) = (Side::Account(debit), Side::Account(credit));
            Paid { kind, debit, credit, amount_minor, currency: None, channel, context }
        })
        .boxed()
}

fn which() -> impl Strategy<Value = Which> {
    prop_oneof![12 => (0..3u8).prop_map(Which::Left), 5 => any::<u8>().prop_map(Which::Any), 1 => Just(Which::Unknown)]
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![8 => (1..=4u8).prop_map(Part::Quarters), 1 => Just(Part::TooMuch), 1 => amount().prop_map(Part::Minor)]
}

fn lasting() -> impl Strategy<Value = u64> {
    prop_oneof![2 => 1_000..3_000u64, 2 => select(vec![1_000, 2_000]), 1 => Just(DAY_MS / 24), 1 => select(vec![DAY_MS, 7 * DAY_MS, 30 * DAY_MS])]
}

/// What moves money, or promises it.
pub(crate) fn moving(amount: impl Strategy<Value = i64> + Clone + 'static) -> BoxedStrategy<What> {
    let any_or_likely = || prop_oneof![1 => paid(amount.clone()), 2 => likely(amount.clone())];
    let other = || prop::option::weighted(0.05, currency());
    prop_oneof![
        30 => any_or_likely().prop_map(What::Pay),
        12 => (any_or_likely(), lasting()).prop_map(|(paid, expires_in_ms)| What::Reserve { paid, expires_in_ms }),
        12 => (which(), part(), other(), any::<bool>()).prop_map(|(hold, part, currency, last)| What::Capture { hold, part, currency, last }),
        4 => which().prop_map(|hold| What::Release { hold }),
        8 => (which(), part(), other(), dated::proven()).prop_map(|(payment, part, currency, proof)| What::Refund { payment, part, currency, proof }),
        4 => (which(), dated::proven()).prop_map(|(payment, proof)| What::Reverse { payment, proof }),
    ]
    .boxed()
}

fn what() -> BoxedStrategy<What> {
    let role = prop_oneof![4 => Just(Role::Customer), 2 => Just(Role::Merchant), 2 => Just(Role::Agent), 1 => Just(Role::House)];
    let open = (prop::option::weighted(0.95, any::<u8>()), select(AccountType::ALL), role, currency());
    // Never the one after the newest, which the newest would let follow.
    let version = select(vec![0, 1, 2, 3, 4, 5, CODE_VERSION, CODE_VERSION, CODE_VERSION, CODE_VERSION + 2]);
    prop_oneof![
        2 => version.prop_map(|version| What::Activate { version }),
        6 => (0..4u8).prop_map(|name| What::Enrol { name }),
        12 => open.prop_map(|(customer, account_type, role, currency)| What::Open { customer, account_type, role, currency }),
        8 => (side(), select(StatusChange::ALL)).prop_map(|(account, change)| What::Change { account, change }),
        100 => moving(amount()),
        16 => policies::set().prop_map(What::Set),
        16 => dated::batch(moving(amount())),
        16 => dated::order(prop_oneof![1 => paid(amount()), 2 => likely(small())].boxed()),
        6 => which().prop_map(|order| What::Cancel { order }),
        24 => gated::asked(),
        5 => listed::asked(),
        12 => diligence::asked(),
    ]
    .boxed()
}

pub(crate) fn step(what: impl Strategy<Value = What> + 'static) -> BoxedStrategy<Step> {
    let who = prop_oneof![
        18 => Just(Who::Staff),
        2 => Just(Who::Teller),
        8 => Just(Who::Holder),
        2 => any::<u8>().prop_map(Who::Customer),
        1 => any::<u8>().prop_map(Who::Trusted),
        1 => Just(Who::Nobody),
    ];
    // Few keys, so that they meet again: with the same body, and with others.
    let key = prop_oneof![1 => 0..4u8, 2 => any::<u8>()];
    prop_oneof![
        7 => (who, key, what).prop_map(|(who, key, what)| Step::Ask { who, key, what }),
        1 => any::<Index>().prop_map(Step::Again),
    ]
    .boxed()
}

/// Staff, or the teller where the step says so.
fn clerk(key: u8, what: What) -> Step {
    match what {
        What::Second(what) => Step::Ask { who: Who::Teller, key, what: *what },
        what => staff(key, what),
    }
}

fn staff(key: u8, what: What) -> Step {
    Step::Ask { who: Who::Staff, key, what }
}

/// A bank that has a few customers with money, so that much of what follows settles.
pub(crate) fn founded() -> Vec<(Gap, Step)> {
    let enrol = |name: u8| staff(100 + name, What::Enrol { name });
    let open =
        |customer: u8, role| What::Open { customer: Some(customer), account_type: AccountType::Wallet, role, currency: Currency::XOF };
    let deposit = |account| {
        let (debit, credit) = (Side::Unnamed, Side::Account(account));
        What::Pay(Paid {
            kind: PaymentKind::Deposit,
            debit,
            credit,
            amount_minor: 1_000,
            currency: None,
            channel: Channel::Wallet,
            context: None,
        })
    };
    let roles = [Role::Customer, Role::Customer, Role::Merchant, Role::Agent];
    let opened = (0..4u8).zip(roles).map(|(customer, role)| staff(110 + customer, open(customer, role)));
    // Cash is the fifth account from the first deposit on.
    let deposited = (0..4u8).map(|account| staff(120 + account, deposit(account)));
    (0..4u8).map(enrol).chain(opened).chain(deposited).map(|step| (Gap::Same, step)).collect()
}

pub(crate) fn history(gap: impl Strategy<Value = Gap> + Clone + 'static) -> BoxedStrategy<History> {
    let one = (gap.clone(), step(what())).prop_map(|step| vec![step]);
    // Mostly at once; else with some time in between, such as that after which what was planned begins or ends.
    let between = prop_oneof![
        4 => Just(vec![Gap::Same; SCENE_MAX]),
        1 => Just(vec![Gap::After(1); SCENE_MAX]),
        2 => Just(vec![Gap::After(1_000); SCENE_MAX]),
        2 => prop::collection::vec(gap.clone(), SCENE_MAX),
    ];
    let several = (gap, between, scenes::keyed()).prop_map(|(gap, between, scene)| {
        // Rules come into force with an epoch.
        let gap_of = |gap, what: &What| match what {
            What::Activate { .. } => Gap::After(1),
            What::Later { ms, .. } => Gap::After(*ms),
            _ => gap,
        };
        let gaps = std::iter::once(gap).chain(between).chain(std::iter::repeat(Gap::Same));
        gaps.zip(scene).map(|(gap, (key, what))| (gap_of(gap, &what), clerk(key, what))).collect()
    });
    let steps = prop::collection::vec(prop_oneof![20 => one, 5 => several], 1..60);
    let rules = prop_oneof![1 => 1..CODE_VERSION, 5 => Just(CODE_VERSION)];
    (rules, prop::bool::weighted(0.85), steps)
        .prop_map(|(rules, begin_founded, steps)| {
            let mut all = if begin_founded { founded() } else { Vec::new() };
            all.extend(steps.into_iter().flatten());
            History { rules, steps: all }
        })
        .boxed()
}

pub(crate) fn gaps() -> impl Strategy<Value = Gap> + Clone {
    prop_oneof![
        20 => Just(Gap::Same),
        10 => (1..1_000u64).prop_map(Gap::After),
        1 => (1..DAY_MS / 4).prop_map(Gap::After),
        1 => (DAY_MS..5 * DAY_MS).prop_map(Gap::After),
        1 => select(vec![7 * DAY_MS - 1, 7 * DAY_MS, 7 * DAY_MS + 1]).prop_map(Gap::After),
        2 => (0..3u64).prop_map(Gap::Midnight),
        1 => (0..3u64).prop_map(Gap::Month),
    ]
}

/// All of it within seconds.
pub(crate) fn short_gaps() -> impl Strategy<Value = Gap> + Clone {
    prop_oneof![3 => Just(Gap::Same), 2 => (1..1_000u64).prop_map(Gap::After)]
}
