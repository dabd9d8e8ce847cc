//! Sums as they were at the end of a past minute.
//!
//! Each row holds what was added in its stretch, so a sum up to a moment is put together of whole stretches: those asked for which
//! were over by then, and of the one in which the moment lies the hours that were over, and the minutes of the last. Minutes are
//! the finest that there is, so the moment has to be the last millisecond of one.

use crate::failure::{Failure, ViewError};
use crate::freshness::Freshness;
use schemas::{Epoch, Problem, Span, rfc3339};
use sqlx::PgConnection;

/// The first minute in which anything was counted but how long commands waited. Whatever is counted is an operation or an account.
pub(crate) const COUNTED: &str = "select least((select min(start_at) from volume where span = 'minute'),
                                             (select min(start_at) from position where span = 'minute'))";

/// Which rows are added up, and in which stretch they are shown: a column a field, as a statement is given them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Pieces {
    pub(crate) span: Vec<&'static str>,
    pub(crate) from: Vec<i64>,
    /// Exclusive.
    pub(crate) to: Vec<i64>,
    /// Where it is not the row's own.
    pub(crate) start: Vec<Option<i64>>,
}

impl Pieces {
    /// Stretches that begin from `from` to before `to`, as they stand, or stood `at` the end of a minute.
    pub(crate) fn of(by: Span, from: Epoch, to: Epoch, at: Option<Epoch>) -> Result<Self, ViewError> {
        let mut pieces = Self::default();
        let Some(at) = at else {
            pieces.add(by.as_str(), from, to, None)?;
            return Ok(pieces);
        };
        let last = by.start(at);
        pieces.add(by.as_str(), from, to.min(last), None)?;
        if from <= last && last < to {
            pieces.within(last, by, at)?;
        }
        Ok(pieces)
    }

    /// Everything that was added up to the end of a minute, as one.
    pub(crate) fn ever(at: Epoch) -> Result<Self, ViewError> {
        let mut pieces = Self::default();
        let day = Span::Day.start(at);
        pieces.add(Span::Day.as_str(), 0, day, Some(0))?;
        pieces.rest(day, &[Span::Hour, Span::Minute], at, 0)?;
        Ok(pieces)
    }

    /// What of the stretch that begins at `start` was over at the end of a minute; it is told as that stretch's.
    pub(crate) fn within(&mut self, start: Epoch, by: Span, at: Epoch) -> Result<(), ViewError> {
        let finer: &[Span] = match by {
            Span::Minute | Span::Hour => &[Span::Minute],
            Span::Day => &[Span::Hour, Span::Minute],
        };
        self.rest(start, finer, at, start)
    }

    /// The whole stretches from a moment to the end of the minute, the longest first.
    pub(crate) fn rest(&mut self, from: Epoch, spans: &[Span], at: Epoch, start: Epoch) -> Result<(), ViewError> {
        let (end, mut from) = (at + 1, from);
        for span in spans {
            let to = span.start(end);
            self.add(span.as_str(), from, to, Some(start))?;
            from = to;
        }
        Ok(())
    }

    pub(crate) fn add(&mut self, span: &'static str, from: Epoch, to: Epoch, start: Option<Epoch>) -> Result<(), ViewError> {
        if from < to {
            self.span.push(span);
            self.from.push(i64::try_from(from)?);
            self.to.push(i64::try_from(to)?);
            self.start.push(start.map(i64::try_from).transpose()?);
        }
        Ok(())
    }
}

/// Refuses a moment that is not the end of a minute.
pub(crate) fn check(freshness: Freshness) -> Result<(), Problem> {
    freshness.at.map_or(Ok(()), ends_a_minute)
}

fn ends_a_minute(at: Epoch) -> Result<(), Problem> {
    let before = Span::Minute.start(at);
    if at - before == Span::Minute.width_ms() - 1 {
        return Ok(());
    }
    let (earlier, later) = (before.saturating_sub(1), before.saturating_add(Span::Minute.width_ms() - 1));
    let detail =
        format!("expected the last millisecond of a minute, since sums are kept by the minute: the nearest are {earlier} and {later}");
    Err(Problem::field("at", detail))
}

/// Refuses a moment before the first minute in which anything was counted; `query` says which that is.
pub(crate) async fn begun(snapshot: &mut PgConnection, at: Option<Epoch>, query: &'static str) -> Result<(), Failure> {
    let Some(at) = at else { return Ok(()) };
    let first: Option<i64> = sqlx::query_scalar(query).fetch_one(snapshot).await?;
    let first = first.map(u64::try_from).transpose().map_err(ViewError::from)?;
    match first {
        Some(first) if at >= first => Ok(()),
        Some(first) => {
            let detail = format!("lies before the first minute in which anything was counted, which began at {}", rfc3339(first));
            Err(Problem::field("at", detail).into())
        }
        None => Err(Problem::field("at", "lies before anything was counted").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Epoch = 60_000;
    const HOUR: Epoch = 60 * MINUTE;
    const DAY: Epoch = 24 * HOUR;

    fn shown(pieces: &Pieces) -> Vec<String> {
        let bounds = pieces.from.iter().zip(&pieces.to).zip(&pieces.start);
        pieces.span.iter().zip(bounds).map(|(span, ((from, to), start))| format!("{span} {from} {to} {start:?}")).collect()
    }

    #[test]
    fn the_past_is_put_together_of_whole_stretches() {
        let at = 3 * DAY + 2 * HOUR + 5 * MINUTE - 1;
        let (day, hour) = (3 * DAY, 3 * DAY + 2 * HOUR);
        let range =
            |span: &str, from: Epoch, to: Epoch, start: Option<Epoch>| format!("{span} {from} {to} {:?}", start.map(|it| it.cast_signed()));
        let cases = [
            (Pieces::of(Span::Day, 0, 9 * DAY, None).unwrap(), vec![range("day", 0, 9 * DAY, None)]),
            (
                Pieces::of(Span::Day, 0, 9 * DAY, Some(at)).unwrap(),
                vec![range("day", 0, day, None), range("hour", day, hour, Some(day)), range("minute", hour, at + 1, Some(day))],
            ),
            (
                Pieces::of(Span::Hour, day, 4 * DAY, Some(at)).unwrap(),
                vec![range("hour", day, hour, None), range("minute", hour, at + 1, Some(hour))],
            ),
            (Pieces::of(Span::Day, 0, 2 * DAY, Some(at)).unwrap(), vec![range("day", 0, 2 * DAY, None)]),
            (Pieces::of(Span::Day, 4 * DAY, 5 * DAY, Some(at)).unwrap(), vec![]),
            (
                Pieces::ever(at).unwrap(),
                vec![range("day", 0, day, Some(0)), range("hour", day, hour, Some(0)), range("minute", hour, at + 1, Some(0))],
            ),
            // The end of a day is the end of its last hour.
            (Pieces::of(Span::Day, day, 4 * DAY, Some(4 * DAY - 1)).unwrap(), vec![range("hour", day, 4 * DAY, Some(day))]),
            (
                Pieces::of(Span::Minute, hour, 4 * DAY, Some(hour + MINUTE - 1)).unwrap(),
                vec![range("minute", hour, hour + MINUTE, Some(hour))],
            ),
        ];
        for (pieces, expected) in cases {
            assert_eq!(shown(&pieces), expected);
        }
    }

    #[test]
    fn only_the_end_of_a_minute_is_a_past_that_is_kept() {
        let check = |at| ends_a_minute(at).map_err(|problem| problem.errors[0].detail.clone());
        assert_eq!(check(119_999), Ok(()));
        for at in [60_000, 119_998, 90_000] {
            assert!(check(at).unwrap_err().ends_with("the nearest are 59999 and 119999"), "{at}");
        }
    }
}
