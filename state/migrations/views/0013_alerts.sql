-- What the risk cell has found, and of that what is over. Both are appended, never changed: an alert that is cleared stays as it was
-- raised. Their progress is their own, since risk may be behind the views, or ahead of them; and it is a table of its own, since whoever
-- reads that of the views, older code too, expects one row there.
create table risk_progress (
    sink           text     primary key,
    generation     bigint   not null,
    epoch          bigint   not null,
    commands_upper bigint[] not null
);
insert into risk_progress (sink, generation, epoch, commands_upper) values ('risk', 0, 0, '{}');

create table alert (
    id           uuid    primary key,
    rule         text    not null,
    code         text    not null,
    lane         text    not null,
    version      integer not null,
    weight       integer not null,
    subject_kind text    not null,
    subject_id   text    not null,
    epoch        bigint  not null,
    -- its place among all that was said in the epoch
    number       integer not null,
    is_late      boolean not null,
    -- name and value of each parameter of the rule, as they were
    parameters   jsonb   not null,
    -- name, value and threshold of what was measured
    measured     jsonb   not null,
    -- window, transactions, counterparties, amounts
    evidence     jsonb   not null,
    text_en      text    not null,
    text_fr      text    not null,
    trace_id     text    not null
);
create unique index alert_by_epoch on alert (epoch, number);
create index alert_by_subject on alert (subject_id, epoch);
create index alert_by_rule on alert (rule, epoch);

create table alert_cleared (
    alert_id uuid    primary key references alert (id),
    epoch    bigint  not null,
    number   integer not null
);
create unique index alert_cleared_by_epoch on alert_cleared (epoch, number);

-- Where a cell can be asked what only it knows; the newest generation stands.
create table cell_address (
    cell       text   primary key,
    url        text   not null,
    generation bigint not null
);
