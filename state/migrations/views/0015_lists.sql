-- Watchlists as they were loaded and put in force, matches that staff has cleared, and what alerts ask of settlement.
--
-- Old code runs beside it: the new tables are nobody's but the new code's, and it does not name the new column. It would stop at an event
-- that it does not know, so activate version 6 of the rules last.

-- Every part of every version: what a list said at any moment is asked for later. Of a version the parts count that came after its
-- newest part 0, up to its activation.
create table list_part (
    event_id   uuid   primary key,
    command_id uuid   not null,
    list       text   not null,
    version    bigint not null,
    number     bigint not null,
    -- id, kind, names, born, countries, reference of each, in the order of the ids
    entries    jsonb  not null,
    epoch      bigint not null
);
create index list_part_by_command on list_part (command_id);
create index list_part_by_list on list_part (list, version, event_id);

-- Of each list the newest is in force; one without entries has ended.
create table list_version (
    event_id   uuid   primary key,
    command_id uuid   not null,
    list       text   not null,
    version    bigint not null,
    count      bigint not null,
    -- as the API shows it
    shown      jsonb  not null,
    epoch      bigint not null
);
create index list_version_by_command on list_version (command_id);
create index list_version_by_list on list_version (list, event_id);

create table match_clearing (
    event_id    uuid   primary key,
    command_id  uuid   not null,
    customer_id uuid   not null,
    -- the digest of a counterparty, where it is about one; it says the same for good
    counterparty text,
    list        text   not null,
    entry       text   not null,
    reason      text   not null,
    cleared_by  text   not null,
    epoch       bigint not null
);
create index match_clearing_by_command on match_clearing (command_id);
create index match_clearing_by_customer on match_clearing (customer_id, event_id);

-- What an alert asks of settlement, such as freeze; none of most.
alter table alert add column wish text;
create index alert_by_wish on alert (epoch) where wish is not null;
create index alert_by_match on alert (split_part(subject_id, '/', 1), epoch) where subject_kind in ('match', 'counterparty');

-- What an entry said in a version of a list, by the event that put the version in force.
create function entry_of(of_list text, of_version bigint, at uuid, of_entry text) returns jsonb
    language sql stable parallel safe
    return (select said.value from list_part p, jsonb_array_elements(p.entries) said
            where p.list = of_list and p.version = of_version and p.event_id < at
              and p.event_id >= (select first.event_id from list_part first
                                 where first.list = of_list and first.version = of_version and first.number = 0 and first.event_id < at
                                 order by first.event_id desc limit 1)
              and said.value ->> 'id' = of_entry);
