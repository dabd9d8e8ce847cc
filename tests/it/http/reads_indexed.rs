//! No list reads a table from end to end: Postgres itself counts how it was read. Needs `DATABASE_URL`.

use super::bank::{Bank, TRACE, bank};
use super::server::{CUSTOMER, STAFF};
use super::written::url;
use anyhow::ensure;
use schemas::account::HOUSE_FEES;
use schemas::{AccountId, Currency, TransactionId};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::BTreeMap;
use std::time::Duration;

/// From one epoch of the payments to the next: all of them lie in four or five months.
const STEP_MS: u64 = 100_000;
/// How many epochs have payments, two each.
const EPOCHS: u64 = 100_000;

/// Two hundred thousand payments between two hundred accounts and the bank's own two, in the months before everything else: of fifty
/// one fails, of twenty one counts from the day before, of a hundred one is a refund, and of twenty one a capture.
const FILL: &str = "
    create function minted(epoch bigint, kind text, number bigint) returns uuid language sql immutable as $$
        select (lpad(to_hex(epoch), 12, '0') || '7' || kind || '8' || lpad(to_hex(number), 15, '0'))::uuid $$;
    create table drawn as
        select n, epoch, minted(epoch, '001', n % 2) as id, minted(epoch, '000', n % 2) as event_id, gen_random_uuid() as command_id,
               case when n % 5 = 0 then 'FIRST'::uuid else minted(7, '002', n * 7919 % 200) end as payer,
               case when n % 7 = 0 then 'SECOND'::uuid else minted(7, '002', n * 104729 % 200) end as payee
        from (select n, BEGUN + n / 2 * STEP as epoch from generate_series(0::bigint, 199999) n) numbers;
    select make_months(epoch) from drawn where n % 20000 = 0;
    insert into transaction (id, operation, status, account_debit, account_credit, amount_minor, fee_minor, currency, channel, reason,
                             trace_id, command_id, event_id, hold_id, original_transaction_id, epoch)
        select id, case n % 100 when 3 then 'refund' else 'transfer' end, case n % 50 when 7 then 'failed' else 'settled' end, payer, payee,
               n % 1000, 0, 'XOF', case n when 77 then 'qr' else 'wallet' end, case n % 50 when 7 then 'insufficient_funds' end, md5(n::text),
               command_id, event_id, case n % 20 when 6 then minted(epoch, '004', 0) end,
               case n % 100 when 3 then minted(epoch - 1, '001', 0) end, epoch
        from drawn;
    insert into posting
        select side.account_id, epoch, n % 2 * 2 + side.number, id, side.sign * (n % 1000), 0
        from drawn cross join lateral (values (payer, -1, 0), (payee, 1, 1)) as side (account_id, sign, number)
        where n % 50 <> 7;
    insert into order_change
        select event_id, command_id, minted(epoch, '005', 0), 'executed', 'transfer', 'wallet', payer, payee, n % 1000, 'XOF', null,
               epoch - 86400000, id, epoch
        from drawn where n % 20 = 1;
    insert into hold_change
        select minted(epoch, '000', 2), command_id, minted(epoch, '004', 0), 'captured', 'transfer', 'wallet', payer, payee, n % 1000, 0,
               'XOF', 0, false, epoch + 1000, epoch
        from drawn where n % 20 = 6;
    insert into account_status
        select gen_random_uuid(), gen_random_uuid(), minted(7, '002', n % 200), 'suspend_account', 'suspended', epoch
        from drawn where n % 50 = 9;
    drop table drawn";

const TABLES: &[&str] = &["transaction", "posting", "order_change", "hold_change", "account_status"];

/// How many rows of each table, or of each month of one, were read from end to end so far, by sessions that have ended. A month may be
/// where that is less than to go by its index: of payments, where it has hardly more than a part of a list looks through.
async fn read_through(connection: &mut PgConnection) -> anyhow::Result<BTreeMap<String, i64>> {
    let query = "select s.relname::text, seq_tup_read
                 from pg_stat_user_tables s join pg_class c on c.oid = s.relid left join pg_inherits i on i.inhrelid = s.relid
                 where (s.relname = any($1) or i.inhparent = any($1::regclass[]))
                   and c.reltuples > case when s.relname like 'transaction%' then 40000 else 1000 end";
    Ok(sqlx::query_as::<_, (String, i64)>(query).bind(TABLES).fetch_all(connection).await?.into_iter().collect())
}

async fn filled() -> anyhow::Result<Option<Bank>> {
    let Some(bank) = bank().await? else { return Ok(None) };
    let [first, second] = [bank.account(0), bank.account(1)].map(|id| id.to_string());
    let fill = FILL.replace("FIRST", &first).replace("SECOND", &second).replace("BEGUN", &begun(&bank).to_string());
    let fill = fill.replace("STEP", &STEP_MS.to_string());
    let mut connection = PgConnection::connect(&url(&bank)?).await?;
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut connection).await?;
    sqlx::raw_sql("vacuum analyze").execute(&mut connection).await?;
    connection.close().await?;
    Ok(Some(bank))
}

/// The epoch of the first payments.
fn begun(bank: &Bank) -> u64 {
    bank.t0 - EPOCHS * STEP_MS
}

#[tokio::test]
async fn no_list_reads_a_table_from_end_to_end() -> anyhow::Result<()> {
    let Some(bank) = filled().await? else { return Ok(()) };
    let mut connection = PgConnection::connect(&url(&bank)?).await?;
    let before = read_through(&mut connection).await?;
    for table in TABLES {
        let months = before.keys().filter(|name| name.starts_with(&format!("{table}_2"))).count();
        ensure!(months >= 2 || *table == "account_status", "{table} lies in {months} months");
    }

    let (t0, first, customer) = (bank.t0, bank.account(0), bank.customer(0));
    let fees = AccountId::house(HOUSE_FEES, Currency::XOF);
    let [capture, original, back] =
        [6, 200, 101].map(|number| TransactionId::mint(begun(&bank) + number / 2 * STEP_MS, u32::try_from(number % 2).unwrap_or(0)));
    let mut paths = vec![
        format!("/v1/accounts?customer_id={customer}&status=active"),
        format!("/v1/transactions/{capture}/timeline"),
        format!("/v1/transactions/{original}/timeline"),
        format!("/v1/transactions/{back}/timeline"),
    ];
    for query in [
        String::new(),
        "operation=refund".to_owned(),
        "operation=transfer&status=failed".to_owned(),
        "reason=insufficient_funds&channel=wallet".to_owned(),
        "channel=qr".to_owned(),
        "currency=XOF&amount_min=999".to_owned(),
        format!("trace_id={TRACE}"),
        "trace_id=28dd2c7955ce926456240b2ff0100bde".to_owned(),
        format!("from={}&to={}", t0 - 30_000 * STEP_MS, t0 - 20_000 * STEP_MS),
        format!("account={first}"),
        format!("account={first}&channel=qr&currency=XOF&amount_max=5"),
        format!("account={first}&reason=insufficient_funds&to={}", t0 - 10_000 * STEP_MS),
        format!("account={first}&trace_id={TRACE}"),
    ] {
        paths.push(format!("/v1/transactions?{query}&limit=10"));
    }
    for account in [first, bank.account(1)] {
        for (by, order) in [("recorded", "asc"), ("recorded", "desc"), ("effective", "asc"), ("effective", "desc")] {
            paths.push(format!("/v1/accounts/{account}/entries?by={by}&order={order}&limit=10&from={}", t0 - 40_000 * STEP_MS));
        }
    }
    let (staff, own) = (bank.server.token("teller", STAFF)?, bank.server.token(&customer.to_string(), CUSTOMER)?);
    for path in &paths {
        // More often than it takes the planner to settle on a plan; and a part further down, too.
        for _ in 0..7 {
            let part = bank.server.get(&staff, path).await?.json()?;
            let Some(cursor) = part["next_cursor"].as_str() else { continue };
            let list = path.split('?').next().unwrap_or_default();
            ensure!(bank.server.get(&staff, &format!("{list}?limit=10&cursor={cursor}")).await?.status == 200, "{path}");
        }
    }
    for path in ["/v1/transactions", "/v1/transactions?status=failed", "/v1/accounts"] {
        ensure!(bank.server.get(&own, path).await?.status == 200, "{path}");
    }
    assert_eq!(bank.server.get(&staff, &format!("/v1/accounts/{fees}/entries")).await?.status, 404, "nobody took a fee yet");

    // What a session has read is counted when it ends at the latest.
    bank.pool.close().await;
    let others = "select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend'";
    while sqlx::query_scalar::<_, i64>(others).fetch_one(&mut connection).await? > 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let after = read_through(&mut connection).await?;
    assert_eq!(after, before);
    connection.close().await?;
    bank.close().await
}
