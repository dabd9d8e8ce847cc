-- Rules against fraud as staff has set them, and who is frozen.
--
-- Old code runs beside it: the new tables are nobody's but the new code's. It would stop at an event that it does not know, so activate
-- version 6 of the rules last. Changes of holds have new words: reviewed, review_refused and review_expired.

-- What was set: of a rule and a lane, of the policy, or of a list, the newest row counts.
create table aml_setting (
    event_id   uuid   primary key,
    command_id uuid   not null,
    -- rule, policy or countries
    kind       text   not null,
    -- the rule, the list, or policy
    name       text   not null,
    -- live or shadow, of a rule
    lane       text,
    -- as the API shows it
    setting    jsonb  not null,
    version    bigint not null,
    epoch      bigint not null
);
create index aml_setting_by_command on aml_setting (command_id);
create index aml_setting_by_subject on aml_setting (kind, name, lane, event_id);

-- What became of a party, or was noticed about it. Whether one is frozen, the newest of its rows with frozen or unfrozen says.
create table party_change (
    event_id    uuid   primary key,
    command_id  uuid   not null,
    customer_id uuid   not null,
    -- none where it is about the customer with all their accounts
    account_id  uuid,
    -- frozen, unfrozen, pin_failed, threeds_failed, sim_swapped or pin_reset
    change      text   not null,
    device      text,
    reason      text,
    epoch       bigint not null
);
create index party_change_by_command on party_change (command_id);
create index party_change_by_party on party_change (customer_id, account_id, event_id) where change in ('frozen', 'unfrozen');

-- Whether an account, or its holder, was frozen by the end of an epoch. Without an account: whether the customer was.
create function frozen_by(customer uuid, account uuid, by bigint) returns boolean
    language sql stable parallel safe
    return coalesce((select p.change = 'frozen' from party_change p
                     where p.customer_id = customer and p.account_id is null and p.change in ('frozen', 'unfrozen') and p.epoch <= by
                     order by p.event_id desc limit 1), false)
        or coalesce((select p.change = 'frozen' from party_change p
                     where p.customer_id = customer and p.account_id = account and p.change in ('frozen', 'unfrozen') and p.epoch <= by
                     order by p.event_id desc limit 1), false);
