-- The ledger that one would write into PostgreSQL: tables, and a function that locks, checks and writes in one transaction.
-- No index that the function or a statement does not need; no foreign keys, since nothing is ever deleted.

create table account (
    id integer primary key,
    balance bigint not null
)
-- Room for new balances beside the old ones, so that no index changes with them.
with (fillfactor = 50);

create table transfer (
    key uuid primary key,
    number bigint not null generated always as identity,
    payer integer not null,
    payee integer not null,
    amount bigint not null,
    settled boolean not null,
    recorded_at timestamptz not null default now()
);

create table posting (
    account integer not null,
    transfer bigint not null,
    amount bigint not null,
    balance bigint not null,
    -- A statement reads an account's postings in their order.
    primary key (account, transfer)
);

insert into account select id, 1000000000000 from generate_series(1, 10000) id;

-- Whether a transfer is settled. Whoever calls this has both accounts locked.
create function decide(asked uuid, payer integer, payee integer, wanted bigint) returns boolean language plpgsql as $$
declare
    known boolean;
    nth bigint;
    payer_balance bigint;
    payee_balance bigint;
begin
    -- The same key again gets the first decision.
    select settled into known from transfer where key = asked;
    if found then
        return known;
    end if;
    update account set balance = balance - wanted where id = payer and balance >= wanted returning balance into payer_balance;
    known := found;
    insert into transfer (key, payer, payee, amount, settled) values (asked, payer, payee, wanted, known) returning number into nth;
    if known then
        update account set balance = balance + wanted where id = payee returning balance into payee_balance;
        insert into posting values (payer, nth, -wanted, payer_balance), (payee, nth, wanted, payee_balance);
    end if;
    return known;
end
$$;

-- One transfer. Accounts are locked in the order of their ids, so that no two wait for each other.
create function transfer(asked uuid, payer integer, payee integer, wanted bigint) returns boolean language plpgsql as $$
begin
    perform from account where id in (payer, payee) order by id for update;
    return decide(asked, payer, payee, wanted);
end
$$;

-- Many transfers, one after the other, as one transaction; how many are settled.
create function transfers(asked uuid[], payers integer[], payees integer[], wanted bigint[]) returns integer language plpgsql as $$
declare
    settled integer := 0;
begin
    perform from account where id = any (payers || payees) order by id for update;
    for nth in 1 .. cardinality(asked) loop
        settled := settled + decide(asked[nth], payers[nth], payees[nth], wanted[nth])::integer;
    end loop;
    return settled;
end
$$;
