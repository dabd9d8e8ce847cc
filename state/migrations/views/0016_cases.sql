-- Identities and cases: what was changed of customers, what they presented, where they stand, and what people have to look at.
--
-- Old code runs beside it: the new tables are nobody's but the new code's. It would stop at an event that it does not know, so activate
-- version 6 of the rules last.

-- What was changed of a customer; what is null stayed as it was. The newest row that says something counts.
create table customer_change (
    event_id      uuid   primary key,
    command_id    uuid   not null,
    customer_id   uuid   not null,
    full_name     text,
    msisdn        text,
    country       text,
    date_of_birth text,
    updated_by    text   not null,
    epoch         bigint not null
);
create index customer_change_by_command on customer_change (command_id);
create index customer_change_by_customer on customer_change (customer_id, event_id);

-- Where a customer stands: the newest row counts. Documents are described without their numbers.
create table kyc_change (
    event_id     uuid   primary key,
    command_id   uuid   not null,
    customer_id  uuid   not null,
    -- document_submitted, approved, rejected, information_asked or expired
    change       text   not null,
    status       text   not null,
    sub_status   text,
    level        text,
    -- as the API shows it, where one was presented
    document     jsonb,
    digest       text,
    duplicate_of uuid,
    updated_by   text   not null,
    reason       text,
    epoch        bigint not null
);
create index kyc_change_by_command on kyc_change (command_id);
create index kyc_change_by_customer on kyc_change (customer_id, event_id);
create index kyc_change_by_digest on kyc_change (digest) where digest is not null;

-- Everything that ever happened to a case.
create table case_change (
    event_id    uuid   primary key,
    command_id  uuid   not null,
    case_id     uuid   not null,
    change      text   not null,
    status      text   not null,
    -- from here to escalation: where it was opened
    kind        text,
    customer_id uuid,
    account_id  uuid,
    alert_id    uuid,
    hold_id     uuid,
    due_at      bigint,
    escalation  integer,
    previous    text,
    value       text,
    outcome     text,
    level       text,
    updated_by  text   not null,
    reason      text,
    operation   text   not null,
    epoch       bigint not null
);
create index case_change_by_command on case_change (command_id);
create index case_change_by_case on case_change (case_id, event_id);

-- Cases as they stand. It follows from the rows above, one after the other; nothing else writes it.
create table case_file (
    id            uuid    primary key,
    kind          text    not null,
    status        text    not null,
    customer_id   uuid,
    account_id    uuid,
    alert_id      uuid,
    hold_id       uuid,
    assignee      text,
    escalation    integer not null,
    opened_at     bigint  not null,
    due_at        bigint  not null,
    snoozed_until bigint,
    maker         text,
    outcome       text,
    level         text,
    closed_at     bigint
);
create index case_file_open on case_file (due_at, id) where closed_at is null;
create index case_file_by_customer on case_file (customer_id, id);
create index case_file_by_account on case_file (account_id, id) where account_id is not null;
create index case_file_by_alert on case_file (alert_id) where alert_id is not null;

create function case_follows() returns trigger language plpgsql as $$
begin
    if new.change = 'opened' then
        insert into case_file (id, kind, status, customer_id, account_id, alert_id, hold_id, escalation, opened_at, due_at)
        values (new.case_id, new.kind, new.status, new.customer_id, new.account_id, new.alert_id, new.hold_id, new.escalation, new.epoch,
                new.due_at);
        return null;
    end if;
    update case_file
    set status = new.status,
        assignee = case new.change when 'assigned' then new.value when 'unassigned' then null else assignee end,
        escalation = case new.change when 'escalated' then new.value::integer else escalation end,
        snoozed_until = case when new.status <> 'snoozed' then null when new.change = 'snoozed' then new.value::bigint else snoozed_until end,
        maker = case when new.change = 'confirmation_asked' then new.updated_by when new.status = 'awaiting_confirmation' then maker end,
        outcome = case when new.change in ('confirmation_asked', 'closed') then new.outcome
                       when new.status = 'awaiting_confirmation' then outcome end,
        level = case when new.change in ('confirmation_asked', 'closed') then new.level
                     when new.status = 'awaiting_confirmation' then level end,
        closed_at = case new.status when 'closed' then new.epoch end
    where id = new.case_id;
    return null;
end $$;

create trigger case_follows after insert on case_change for each row execute function case_follows();
