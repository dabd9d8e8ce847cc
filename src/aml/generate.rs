//! `orion aml generate`: payments with labels, from a seed.
//!
//! In: a seed, how many accounts and days. Out: a folder with four files in the columns of AMLSim and a few more, the same bytes for the
//! same arguments on every machine. Never: a payment of a pattern that the labels do not name.
//!
//! 1. A town of customers, merchants and agents lives its days ([`town`]).
//! 2. Some launder money, in the eight patterns of AMLworld (Altman and others, 2023); others pay and are paid in ways that look alike
//!    and are none ([`schemes`]).
//! 3. All of it is written in the order of time.

mod schemes;
mod town;

use crate::exit::{BAD_INPUT, Exit};
use crate::load::random::SplitMix64;
use flate2::Compression;
use flate2::write::GzEncoder;
use schemas::{Epoch, PaymentKind, Role, rfc3339};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// `orion aml generate`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Writes transactions.csv.gz, alert_transactions.csv.gz, alert_accounts.csv.gz and accounts.csv.gz, which `orion aml evaluate` reads.\n\nExample:\n  orion aml generate --seed 7 --accounts 10000 --days 90 --out town\n\nExit codes: 0 done; 64 a number is out of range; 65 the folder can't be written."
)]
pub struct Args {
    /// The same seed makes the same files.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many accounts there are.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(200..=10_000_000))]
    accounts: u32,
    /// How many days there are.
    #[arg(long, default_value_t = 90, value_parser = clap::value_parser!(u32).range(30..=3_650))]
    days: u32,
    /// Where to.
    #[arg(long)]
    out: PathBuf,
}

/// 2026-01-01T00:00:00Z.
const FIRST: Epoch = 1_767_225_600_000;
const HOUR_MS: u64 = 60 * 60 * 1_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// A payment; accounts are by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Paid {
    time: Epoch,
    payer: usize,
    payee: usize,
    amount: i64,
    kind: PaymentKind,
    /// Of which pattern.
    pattern: Option<usize>,
}

/// What is labelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pattern {
    typology: &'static str,
    is_sar: bool,
}

/// All that there is.
#[derive(Debug, Default, PartialEq, Eq)]
struct World {
    roles: Vec<Role>,
    paid: Vec<Paid>,
    patterns: Vec<Pattern>,
}

/// Does it.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let accounts = usize::try_from(args.accounts).expect("a u32 fits a usize");
    let world = world(args.seed, accounts, args.days.into());
    let unwritable = |error: std::io::Error| Exit { code: BAD_INPUT, sentence: format!("can't write to {}: {error}", args.out.display()) };
    write(&world, &args.out).map_err(unwritable)?;
    let of = |is_sar| world.patterns.iter().filter(|pattern| pattern.is_sar == is_sar).count();
    let (paid, accounts) = (world.paid.len(), world.roles.len());
    println!("{paid} payments between {accounts} accounts; {} patterns of money laundering, {} that look alike", of(true), of(false));
    Ok(ExitCode::SUCCESS)
}

/// What a seed makes.
fn world(seed: u64, accounts: usize, days: u64) -> World {
    let mut random = SplitMix64::new(seed);
    let mut world = World { roles: town::roles(accounts), ..World::default() };
    town::live(&mut world, days, &mut random);
    schemes::add(&mut world, days, &mut random);
    world.paid.sort_by_key(|paid| (paid.time, paid.payer, paid.payee, paid.amount));
    world
}

fn write(world: &World, folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    let truth = |is: bool| if is { "True" } else { "False" };
    let mut accounts =
        table(folder, "accounts", "acct_id,type,acct_stat,prior_sar_count,open_dt,initial_deposit,bank_id,country,role,msisdn")?;
    let sar = |paid: &&Paid| paid.pattern.is_some_and(|pattern| world.patterns[pattern].is_sar);
    let suspects: BTreeSet<usize> = world.paid.iter().filter(sar).flat_map(|paid| [paid.payer, paid.payee]).collect();
    for (number, role) in world.roles.iter().enumerate() {
        let kind = if *role == Role::Merchant { 'O' } else { 'I' };
        let is_suspect = truth(suspects.contains(&number)).to_lowercase();
        writeln!(accounts, "{number},{kind},A,{is_suspect},0,0,bank,SN,{role},+22177{number:07}")?;
    }
    accounts.finish()?;
    let mut payments = table(
        folder,
        "transactions",
        "tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp,is_sar,alert_id,channel,currency,device",
    )?;
    let mut edges =
        table(folder, "alert_transactions", "alert_id,alert_type,is_sar,tran_id,orig_acct,bene_acct,tx_type,base_amt,tran_timestamp")?;
    let mut parts: BTreeSet<(usize, usize)> = BTreeSet::new();
    for (id, paid) in (1u64..).zip(&world.paid) {
        let Paid { payer, payee, amount, pattern, .. } = paid;
        let (time, kind) = (rfc3339(paid.time), paid.kind.as_str().to_uppercase());
        let (is_sar, alert) = (truth(sar(&paid)), pattern.map_or_else(|| "-1".to_owned(), |pattern| pattern.to_string()));
        let channel = if paid.kind == PaymentKind::MerchantPayment { "qr" } else { "wallet" };
        writeln!(payments, "{id},{payer},{payee},{kind},{amount},{time},{is_sar},{alert},{channel},XOF,device-{payer}")?;
        if let Some(number) = *pattern {
            writeln!(edges, "{number},{},{is_sar},{id},{payer},{payee},{kind},{amount},{time}", world.patterns[number].typology)?;
            parts.extend([(number, *payer), (number, *payee)]);
        }
    }
    payments.finish()?;
    edges.finish()?;
    let mut members =
        table(folder, "alert_accounts", "alert_id,alert_type,acct_id,acct_name,is_sar,model_id,start,end,schedule_id,bank_id")?;
    for (number, account) in parts {
        let Pattern { typology, is_sar } = world.patterns[number];
        writeln!(members, "{number},{typology},{account},{account},{},0,0,0,0,bank", truth(is_sar))?;
    }
    members.finish()?;
    Ok(())
}

fn table(folder: &Path, name: &str, columns: &str) -> std::io::Result<GzEncoder<File>> {
    let mut table = GzEncoder::new(File::create(folder.join(format!("{name}.csv.gz")))?, Compression::default());
    writeln!(table, "{columns}")?;
    Ok(table)
}

#[cfg(test)]
mod tests;
