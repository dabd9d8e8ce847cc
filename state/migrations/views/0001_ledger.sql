-- What the bank looks like, for the query API and for whoever reads with SQL.
--
-- Everything here is derived from settlement's events and can be rebuilt from them. Rows are appended, never
-- updated, except for the one that says how far the views have come. Each carries the epoch in which it became
-- true, so that a reader can ask for any past epoch, and for all tables at the same one.
-- Amounts are in minor units of the currency.

-- One row a sink. `epoch` is an exclusive upper bound: rows of every earlier epoch are here, and none of it or
-- later. A writer whose generation is older than the row's has been replaced and may write no more.
create table sink_progress (
    sink           text     primary key,
    generation     bigint   not null,
    epoch          bigint   not null,
    -- exclusive upper offset of each partition of the commands log whose decisions are here
    commands_upper bigint[] not null
);
insert into sink_progress (sink, generation, epoch, commands_upper) values ('views', 0, 0, '{}');

create table customer (
    id         uuid   primary key,
    full_name  text   not null,
    msisdn     text,
    country    text,
    kyc_status text   not null,
    command_id uuid   not null,
    epoch      bigint not null
);
create index customer_by_command on customer (command_id);

create table account (
    id          uuid   primary key,
    -- none for the house's own
    customer_id uuid,
    type        text   not null,
    role        text   not null,
    currency    text   not null,
    status      text   not null,
    command_id  uuid   not null,
    epoch       bigint not null
);
create index account_by_customer on account (customer_id);
create index account_by_command on account (command_id);

create table transaction (
    id             uuid   primary key,
    operation      text   not null,
    status         text   not null,
    account_debit  uuid   not null,
    account_credit uuid   not null,
    amount_minor   bigint not null,
    fee_minor      bigint not null,
    currency       text   not null,
    channel        text   not null,
    -- why it failed; none if it settled
    reason         text,
    trace_id       text   not null,
    command_id     uuid   not null,
    event_id       uuid   not null,
    epoch          bigint not null
);
create index transaction_by_command on transaction (command_id);

-- The legs of settled transactions. The newest of an account carries its balance.
create table posting (
    account_id     uuid    not null,
    epoch          bigint  not null,
    -- place among the legs of the epoch
    number         integer not null,
    transaction_id uuid    not null,
    amount_minor   bigint  not null,
    balance_minor  bigint  not null,
    primary key (account_id, epoch, number)
);

-- Refused commands other than payments.
create table refusal (
    event_id   uuid   primary key,
    command_id uuid   not null,
    operation  text   not null,
    reason     text   not null,
    epoch      bigint not null
);
create index refusal_by_command on refusal (command_id);
