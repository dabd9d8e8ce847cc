//! Rows as the bytes of events, written once for all who listen.

use super::line::progress;
use crate::sse;
use crate::views::Row;
use axum::body::Bytes;
use schemas::{Epoch, ViewName};
use serde_json::json;
use uuid::Uuid;

/// Whose rows are told, of a view of customers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Only this customer's.
    pub(super) owner: Option<Uuid>,
    /// Only those about this account.
    pub(super) account: Option<Uuid>,
}

/// What has changed in a view between two epochs, or a part of it.
#[derive(Debug)]
pub(super) struct Batch {
    /// Whoever has this epoch, or a later one, comes to the other by all parts together.
    pub(super) from: Epoch,
    pub(super) to: Epoch,
    pub(super) is_first: bool,
    pub(super) is_last: bool,
    rows: Vec<Told>,
    /// All rows; and behind the last part how far it has come, which alone has an id.
    text: Bytes,
}

/// Whose a row is, what it is about, and where its bytes end.
#[derive(Debug)]
struct Told {
    owners: Vec<Uuid>,
    accounts: Vec<Uuid>,
    end: usize,
}

impl Filter {
    const fn lets_all(self) -> bool {
        self.owner.is_none() && self.account.is_none()
    }

    fn lets(self, row: &Told) -> bool {
        self.owner.is_none_or(|owner| row.owners.contains(&owner)) && self.account.is_none_or(|account| row.accounts.contains(&account))
    }
}

impl Batch {
    /// The part between two epochs that has these rows.
    pub(super) fn of(name: ViewName, rows: Vec<Row>, [from, to]: [Epoch; 2], [is_first, is_last]: [bool; 2]) -> Self {
        let (mut text, mut told) = (Vec::new(), Vec::with_capacity(rows.len()));
        for Row { key, epoch, owners, accounts, value } in rows {
            // The value is JSON already, on one line, as Postgres writes it.
            let data = format!(r#"{{"view":"{name}","key":{},"epoch":{epoch},"value":{value}}}"#, json!(key));
            sse::event(&mut text, "row", None, &data);
            told.push(Told { owners, accounts, end: text.len() });
        }
        if is_last {
            progress(&mut text, to);
        }
        Self { from, to, is_first, is_last, rows: told, text: text.into() }
    }

    /// How many rows there are for a filter, and the bytes of those and of the progress.
    pub(super) fn told(&self, filter: Filter) -> (u64, Bytes) {
        if filter.lets_all() {
            return (count(self.rows.len()), self.text.clone());
        }
        let end = self.rows.last().map_or(0, |row| row.end);
        let (mut text, mut start, mut rows) = (Vec::new(), 0, 0);
        for row in &self.rows {
            if filter.lets(row) {
                text.extend_from_slice(&self.text[start..row.end]);
                rows += 1;
            }
            start = row.end;
        }
        if rows == 0 {
            return (0, self.text.slice(end..));
        }
        text.extend_from_slice(&self.text[end..]);
        (rows, text.into())
    }
}

fn count(rows: usize) -> u64 {
    u64::try_from(rows).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_tells_what_is_ones_own_and_how_far_it_has_come() {
        let [awa, moussa, wallet, till, other] = [1, 2, 3, 4, 5].map(Uuid::from_u128);
        let row = |key: &str, owners: &[Uuid], accounts: &[Uuid]| Row {
            key: key.to_owned(),
            epoch: 7,
            owners: owners.to_vec(),
            accounts: accounts.to_vec(),
            value: "{}".to_owned(),
        };
        let rows = || vec![row("a", &[awa], &[wallet]), row("b", &[awa, moussa], &[wallet, till]), row("\"c\"", &[], &[other])];
        let line = |key: &str| format!("event: row\ndata: {{\"view\":\"accounts\",\"key\":{key},\"epoch\":7,\"value\":{{}}}}\n\n");
        let progress = "event: progress\nid: 9\ndata: {\"as_of\":9}\n\n";
        let [a, b, c] = [r#""a""#, r#""b""#, r#""\"c\"""#].map(line);
        let told = |filter, is_last| {
            let (rows, text) = Batch::of(ViewName::Accounts, rows(), [5, 9], [true, is_last]).told(filter);
            (rows, String::from_utf8(text.to_vec()).unwrap())
        };
        let filter = |owner, account| Filter { owner, account };
        assert_eq!(told(Filter::default(), true), (3, format!("{a}{b}{c}{progress}")));
        assert_eq!(told(Filter::default(), false), (3, format!("{a}{b}{c}")));
        assert_eq!(told(filter(Some(awa), None), true), (2, format!("{a}{b}{progress}")));
        assert_eq!(told(filter(Some(moussa), None), false), (1, b.clone()));
        assert_eq!(told(filter(Some(awa), Some(till)), true), (1, format!("{b}{progress}")));
        assert_eq!(told(filter(None, Some(other)), true), (1, format!("{c}{progress}")));
        assert_eq!(told(filter(Some(moussa), Some(other)), true), (0, progress.to_owned()));
        assert_eq!(told(filter(Some(Uuid::nil()), None), false), (0, String::new()));
    }
}
