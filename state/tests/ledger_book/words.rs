//! The words of a line of a table, one after the other.

use schemas::epoch::LAST_EPOCH;
use schemas::{
    AccountId, AccountTerms, Bearer, Currency, Epoch, LevelLimits, Limits, Money, Operation, Order, Quota, Reserve, Tariff, TariffEnd,
    Tier, rfc3339,
};
use std::fmt::Debug;
use std::iter::Peekable;
use std::str::{FromStr, SplitWhitespace};

/// What is left of a line.
pub(crate) struct Words<'a>(Peekable<SplitWhitespace<'a>>);

impl<'a> Words<'a> {
    pub(crate) fn of(line: &'a str) -> Self {
        Self(line.split_whitespace().peekable())
    }

    pub(crate) fn next(&mut self) -> &'a str {
        self.0.next().expect("the line goes on")
    }

    pub(crate) fn read<T: FromStr<Err: Debug>>(&mut self) -> T {
        self.next().parse().expect("a word of the bank")
    }

    /// Whether `name` comes next, which is then behind us.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        self.0.next_if_eq(&name).is_some()
    }

    /// The next word, if it is one of these.
    pub(crate) fn next_if(&mut self, is: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.0.next_if(|word| is(word))
    }

    /// The word after `name`, if that comes next.
    pub(crate) fn after(&mut self, name: &str) -> Option<&'a str> {
        self.flag(name).then(|| self.next())
    }

    /// All that is left.
    pub(crate) fn rest(self) -> Vec<&'a str> {
        self.0.collect()
    }

    /// `[via CHANNEL]`, for what comes through one.
    pub(crate) fn channel(&mut self, operation: &mut Operation) {
        let Some(channel) = self.after("via").map(|channel| channel.parse().expect("a channel")) else { return };
        match operation {
            Operation::Pay(payment) | Operation::Reserve(Reserve { payment, .. }) | Operation::Order(Order { payment, .. }) => {
                payment.channel = channel;
            }
            other => panic!("{} comes through no channel", other.name()),
        }
    }

    pub(crate) fn money(&mut self) -> Money {
        let (amount, currency) = (self.next(), self.read());
        Money::parse(amount, currency).expect("an amount")
    }

    /// `ACCOUNT CURRENCY [floor AMOUNT] [LIMITS] [from MOMENT]`, behind the account.
    pub(crate) fn terms(&mut self, account_id: AccountId) -> AccountTerms {
        let currency = self.read();
        let floor_minor = self.after("floor").map(|amount| minor(amount, currency));
        let limits = self.limits(currency);
        AccountTerms { account_id, currency, floor_minor, limits, effective_from: self.after("from").map(moment) }
    }

    /// `LEVEL CURRENCY [LIMITS] [from MOMENT]`
    pub(crate) fn level_limits(&mut self) -> LevelLimits {
        let (level, currency) = (self.read(), self.read());
        let limits = self.limits(currency);
        LevelLimits { level, currency, limits, effective_from: self.after("from").map(moment) }
    }

    /// `[balance AMOUNT] [debit QUOTA] [credit QUOTA]`, a quota being `[operation AMOUNT] [day NUMBERx] [day AMOUNT] [month …]`.
    fn limits(&mut self, currency: Currency) -> Limits {
        let balance_minor = self.after("balance").map(|amount| minor(amount, currency));
        let mut side = |name| if self.flag(name) { self.quota(currency) } else { Quota::default() };
        Limits { balance_minor, debit: side("debit"), credit: side("credit") }
    }

    fn quota(&mut self, currency: Currency) -> Quota {
        let mut quota = Quota::default();
        while let Some(bound) = self.0.next_if(|word| ["operation", "day", "month"].contains(word)) {
            let value = self.next();
            let count = value.strip_suffix('x').map(|count| count.parse::<u32>().expect("a number of operations"));
            let amount_minor = || Some(minor(value, currency));
            match (bound, count) {
                ("operation", None) => quota.operation_minor = amount_minor(),
                ("day", Some(count)) => quota.day_count = Some(count),
                ("day", None) => quota.day_minor = amount_minor(),
                ("month", Some(count)) => quota.month_count = Some(count),
                ("month", None) => quota.month_minor = amount_minor(),
                (bound, _) => panic!("{bound} {value} bounds nothing"),
            }
        }
        quota
    }

    /// `CODE CURRENCY [for KIND] [via CHANNEL] [type TYPE] [level LEVEL] BEARER TIER… [min AMOUNT] [max AMOUNT] [free NUMBER] [from MOMENT]
    /// [to MOMENT]`
    pub(crate) fn tariff(&mut self) -> Tariff {
        let (code, currency) = (self.next().to_owned(), self.read());
        let operation = self.after("for").map(|word| word.parse().expect("an operation"));
        let channel = self.after("via").map(|word| word.parse().expect("a channel"));
        let account_type = self.after("type").map(|word| word.parse().expect("a type"));
        let level = self.after("level").map(|word| word.parse().expect("a level"));
        let bearer: Bearer = self.read();
        let mut tiers = Vec::new();
        while let Some(word) = self.0.next_if(|word| word.starts_with(|first: char| first.is_ascii_digit())) {
            tiers.push(tier(word, currency));
        }
        Tariff {
            code,
            currency,
            operation,
            channel,
            account_type,
            level,
            bearer,
            tiers,
            min_minor: self.after("min").map(|amount| minor(amount, currency)),
            max_minor: self.after("max").map(|amount| minor(amount, currency)),
            free_per_month: self.after("free").map_or(0, |count| count.parse().expect("a number of operations")),
            effective_from: self.after("from").map(moment),
            effective_to: self.after("to").map(moment),
        }
    }

    /// `CODE [from MOMENT]`
    pub(crate) fn tariff_end(&mut self) -> TariffEnd {
        TariffEnd { code: self.next().to_owned(), effective_from: self.after("from").map(moment) }
    }
}

fn minor(amount: &str, currency: Currency) -> i64 {
    Money::parse(amount, currency).expect("an amount").minor
}

/// `[BOUND:]PRICE`, a price being `10`, `1%` or `10+1%`.
fn tier(word: &str, currency: Currency) -> Tier {
    let (up_to, price) = word.split_once(':').map_or((None, word), |(up_to, price)| (Some(up_to), price));
    let (fixed, rate) = match (price.split_once('+'), price.ends_with('%')) {
        (Some(parts), _) => parts,
        (None, true) => ("0", price),
        (None, false) => (price, "0%"),
    };
    let rate_ppm = rate.strip_suffix('%').map(rate_ppm).expect("a rate in percent");
    Tier { up_to_minor: up_to.map(|bound| minor(bound, currency)), fixed_minor: minor(fixed, currency), rate_ppm }
}

/// A percent is ten thousand millionths.
fn rate_ppm(percent: &str) -> u32 {
    let (whole, part) = percent.split_once('.').unwrap_or((percent, ""));
    format!("{whole}{part:0<4}").parse().expect("a rate with at most four decimals")
}

/// `7d`, `8h`, `1s` or `999ms`.
pub(crate) fn duration_ms(text: &str) -> u64 {
    let units = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 60 * 60 * 1000), ("d", 24 * 60 * 60 * 1000)];
    let read = |(unit, unit_ms): &(&str, u64)| text.strip_suffix(unit)?.parse::<u64>().ok().map(|count| count * unit_ms);
    units.iter().find_map(read).expect("a duration in d, h, m, s or ms")
}

/// `2025-12-01` or `2025-11-30T23:59:59.999`, in UTC.
pub(crate) fn moment(text: &str) -> Epoch {
    let wanted = if text.contains('T') { format!("{text}Z") } else { format!("{text}T00:00:00.000Z") };
    // Such texts sort as their moments do.
    let (mut from, mut to) = (0, LAST_EPOCH);
    while from < to {
        let middle = from.midpoint(to);
        (from, to) = if rfc3339(middle) < wanted { (middle + 1, to) } else { (from, middle) };
    }
    assert_eq!(rfc3339(from), wanted, "{text} is no moment");
    from
}
