//! A bank that is open: settlement, views and door run, with customers who may ask for themselves.

use crate::backlog::{self, Party, Transfer};
use crate::bank::{Bank, Process};
use crate::decided::Decided;
use crate::services::Services;
use anyhow::ensure;
use orion::load::random::SplitMix64;
use schemas::Topic;

pub(crate) struct OpenBank<'a> {
    pub(crate) bank: Bank<'a>,
    pub(crate) parties: Vec<Party>,
    /// Of each party, for an hour.
    tokens: Vec<String>,
    name: String,
    decided: Decided,
    /// Settled before it opened.
    before: u64,
    processes: [Process; 3],
}

impl<'a> OpenBank<'a> {
    /// One with nothing in its history but first deposits.
    pub(crate) fn fresh(services: &'a Services, folder: &str, name: String) -> anyhow::Result<Self> {
        let bank = Bank::fresh(services, folder)?;
        let mut decided = Decided::by(&bank)?;
        let parties = backlog::parties(&bank, &name, &mut decided)?;
        let tokens = parties.iter().map(|party| bank.token(&party.owner.to_string(), "transactions:write")).collect::<Result<_, _>>()?;
        let before = decided.payments();
        let processes = [bank.settlement()?, bank.views()?, bank.door()?];
        Ok(Self { bank, parties, tokens, name, decided, before, processes })
    }

    /// A transfer between parties chosen by chance that will settle: the payer's token, and the body.
    pub(crate) fn transfer(&self, random: &mut SplitMix64) -> (&str, String) {
        let transfer = Transfer::of(random, &self.parties, 0);
        (&self.tokens[transfer.payer], format!("{{{}}}", transfer.json(&self.parties)))
    }

    /// Closes it. So many were answered as settled, so many as failed: the journal and the topics say the same.
    pub(crate) fn close(mut self, settled: u64, failed: u64) -> anyhow::Result<()> {
        self.processes.iter_mut().try_for_each(Process::check)?;
        let mut processes: Vec<_> = self.processes.iter_mut().collect();
        self.decided.wait(&self.name, Decided::payments, self.before + settled + failed, &mut processes)?;
        drop(self.processes);
        let shown = backlog::records(&self.bank, Topic::TransactionSettled)? - self.before;
        let refused = backlog::records(&self.bank, Topic::TransactionFailed)?;
        ensure!(
            (shown, refused) == (settled, failed),
            "{settled} and {failed} were answered, but {shown} are settled and {refused} failed"
        );
        Ok(())
    }
}

/// Whether an answer says that the transfer is settled.
pub(crate) fn is_settled(status: u16, body: &[u8]) -> anyhow::Result<()> {
    let said = std::str::from_utf8(body)?;
    ensure!(status == 201 && said.contains(r#""status":"settled""#), "a transfer was answered with {status}: {said}");
    Ok(())
}
