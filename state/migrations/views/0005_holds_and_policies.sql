-- What is held, what a transaction comes of, and what staff has set: levels, terms, limits, tariffs.
--
-- Old code runs beside it: it names every column that it writes, so it leaves the new ones empty, and the new tables are
-- nobody's but the new code's. It would stop at an event that it does not know, so activate version 4 of the rules last.

-- The hold that it was captured out of.
alter table transaction add column hold_id uuid;
-- The transaction of which it gives something back.
alter table transaction add column original_transaction_id uuid;
create index transaction_by_hold on transaction (hold_id) where hold_id is not null;
create index transaction_by_original on transaction (original_transaction_id) where original_transaction_id is not null;

-- Every change of a hold. What is held of an account is the sum of `held_minor` over its rows.
create table hold_change (
    event_id       uuid    primary key,
    command_id     uuid    not null,
    hold_id        uuid    not null,
    -- reserved, captured, released, closed or expired
    change         text    not null,
    operation      text    not null,
    channel        text    not null,
    account_debit  uuid    not null,
    account_credit uuid    not null,
    -- of the payment, and the fee that is held with it: how much of each this change is about
    amount_minor   bigint  not null,
    fee_minor      bigint  not null,
    currency       text    not null,
    -- what it adds to the money held of the payer; negative unless it was reserved
    held_minor     bigint  not null,
    -- whether something is still held afterwards
    open           boolean not null,
    expires_at     bigint  not null,
    epoch          bigint  not null
);
create index hold_change_by_command on hold_change (command_id);
create index hold_change_by_hold on hold_change (hold_id, event_id);
-- A balance adds these up without a look at the rows.
create index hold_change_by_payer on hold_change (account_debit, epoch) include (held_minor);

-- How far the identity of a customer is known, from this epoch on; without a row it is unidentified.
create table customer_level (
    event_id    uuid   primary key,
    command_id  uuid   not null,
    customer_id uuid   not null,
    level       text   not null,
    epoch       bigint not null
);
create index customer_level_by_command on customer_level (command_id);
create index customer_level_by_customer on customer_level (customer_id, event_id);

-- In what follows, a row holds from `effective_from` on. It replaces the earlier rows of its subject that would hold from
-- then or later: of those that hold by an epoch, the newest row counts.

-- Terms of one account.
create table account_terms (
    event_id       uuid   primary key,
    command_id     uuid   not null,
    account_id     uuid   not null,
    currency       text   not null,
    -- the lowest available balance; without one that of the role
    floor_minor    bigint,
    -- as the API shows it
    limits         jsonb  not null,
    effective_from bigint not null,
    epoch          bigint not null
);
create index account_terms_by_command on account_terms (command_id);
create index account_terms_by_account on account_terms (account_id, event_id);

-- Limits of the accounts of every customer of a level, in a currency.
create table level_limits (
    event_id       uuid   primary key,
    command_id     uuid   not null,
    level          text   not null,
    currency       text   not null,
    -- as the API shows it
    limits         jsonb  not null,
    effective_from bigint not null,
    epoch          bigint not null
);
create index level_limits_by_command on level_limits (command_id);
create index level_limits_by_level on level_limits (level, currency, event_id);

-- Tariffs. One that is withdrawn is a row too, of which only code and moments say something.
create table tariff (
    event_id       uuid    primary key,
    command_id     uuid    not null,
    code           text    not null,
    withdrawn      boolean not null,
    currency       text,
    -- what it names, where it names something
    operation      text,
    channel        text,
    account_type   text,
    level          text,
    bearer         text,
    -- as the API shows them
    tiers          jsonb,
    min_minor      bigint,
    max_minor      bigint,
    free_per_month bigint,
    effective_from bigint  not null,
    -- exclusive; none for good
    effective_to   bigint,
    epoch          bigint  not null
);
create index tariff_by_command on tariff (command_id);
create index tariff_by_code on tariff (code, event_id);
