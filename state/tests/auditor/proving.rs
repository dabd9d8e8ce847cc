//! Proofs: what was paid long ago is shown by all that was paid in its minute.

use super::Books;
use super::paying::Original;
use schemas::{Bearer, Epoch, Paid, Proof};

const MINUTE_MS: u64 = 60_000;

impl Books {
    /// What is paid is recorded for good from the first epoch of a bank that knows orders; in an older bank from the first whole minute
    /// on in which it does.
    pub(super) fn begin_recording(&mut self, epoch: Epoch, rules: u32) {
        if self.recorded_from.is_none() && rules >= 5 {
            let minute = epoch / MINUTE_MS + u64::from(self.epoch > 0);
            self.recorded_from = Some(minute);
        }
    }

    /// Whether the proof is the one that there is for this payment.
    pub(super) fn proven(&self, original: &Original, proof: &Proof) -> bool {
        let minute = original.epoch / MINUTE_MS;
        let mut paid: Vec<&Original> = self.originals.iter().filter(|paid| paid.epoch / MINUTE_MS == minute).collect();
        paid.sort_by_key(|paid| paid.transaction.id);
        let rows: Vec<Paid> = paid.into_iter().map(row).collect();
        let recorded = self.recorded_from.is_some_and(|from| minute >= from);
        recorded && Proof::of(original.transaction.id, &rows).as_ref() == Some(proof)
    }
}

fn row(original: &Original) -> Paid {
    let paid = &original.transaction;
    Paid {
        id: paid.id,
        kind: paid.kind,
        channel: paid.channel,
        // Where there is no fee nobody can see who would have borne it.
        bearer: if paid.fee_minor == 0 { Bearer::Payer } else { original.fee.bearer },
        payer: paid.account_debit,
        payee: paid.account_credit,
        currency: paid.amount.currency,
        amount_minor: paid.amount.minor,
        fee_minor: paid.fee_minor,
    }
}
