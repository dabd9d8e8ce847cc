-- Versions of the rules that came into force.
--
-- Old code runs beside it: the new table is nobody's but the new code's.

-- The version decides every epoch after this one, until the next row.
create table rules_activation (
    event_id   uuid   primary key,
    command_id uuid   not null,
    version    bigint not null,
    epoch      bigint not null
);
create index rules_activation_by_command on rules_activation (command_id);
create index rules_activation_by_epoch on rules_activation (epoch);
