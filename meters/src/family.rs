//! How a metric is described, and made once from that.

use prometheus::core::Collector;
use prometheus::{GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts};

/// What Prometheus calls a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only goes up.
    Counter,
    /// It goes up and down.
    Gauge,
    /// How many observations lie below each of some bounds, their count and their sum.
    Histogram,
}

/// A metric, as dashboards and alerts may name it.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// Its type.
    pub kind: Kind,
    /// The bounds of a histogram; none of anything else.
    pub buckets: &'static [f64],
}

/// What a metric is made of; one implementor a type of Prometheus's library.
pub(crate) trait Made: Collector + Clone + 'static {
    const KIND: Kind;

    fn made(described: &Described) -> prometheus::Result<Self>;
}

impl Made for IntCounterVec {
    const KIND: Kind = Kind::Counter;

    fn made(Described { name, help, labels, .. }: &Described) -> prometheus::Result<Self> {
        Self::new(Opts::new(*name, *help), labels)
    }
}

impl Made for IntGaugeVec {
    const KIND: Kind = Kind::Gauge;

    fn made(Described { name, help, labels, .. }: &Described) -> prometheus::Result<Self> {
        Self::new(Opts::new(*name, *help), labels)
    }
}

impl Made for GaugeVec {
    const KIND: Kind = Kind::Gauge;

    fn made(Described { name, help, labels, .. }: &Described) -> prometheus::Result<Self> {
        Self::new(Opts::new(*name, *help), labels)
    }
}

impl Made for HistogramVec {
    const KIND: Kind = Kind::Histogram;

    fn made(Described { name, help, labels, buckets, .. }: &Described) -> prometheus::Result<Self> {
        Self::new(HistogramOpts::new(*name, *help).buckets(buckets.to_vec()), labels)
    }
}

/// Makes a metric and registers it. The list has each name once, so nothing here can fail in a process and not in the tests.
pub(crate) fn made<M: Made>(described: &Described) -> M {
    let metric = M::made(described).expect("the name and the labels are well-formed");
    prometheus::register(Box::new(metric.clone())).expect("it is registered once");
    metric
}

/// What was given, or nothing.
pub(crate) const fn first(given: &'static [&'static [f64]]) -> &'static [f64] {
    if let [first] = given { first } else { &[] }
}

/// The list: a static a metric, made when it is first touched, and `ALL`, which describes them.
macro_rules! meters {
    ($($(#[doc = $help:literal])+ $meter:ident: $kind:ident = $name:literal [$($label:literal),*] $(, $buckets:ident)?;)+) => {
        $(
            $(#[doc = $help])+
            pub static $meter: std::sync::LazyLock<$kind> = std::sync::LazyLock::new(|| {
                let described = ALL.iter().find(|described| described.name == $name).expect("it stands in its own list");
                crate::family::made(described)
            });
        )+

        /// Every metric that there is.
        pub const ALL: &[Described] = &[$(Described {
            name: $name,
            help: concat!($($help),+).trim_ascii(),
            labels: &[$($label),*],
            kind: <$kind as crate::family::Made>::KIND,
            buckets: crate::family::first(&[$($buckets)?]),
        }),+];
    };
}

pub(crate) use meters;
