-- What became of the status of an account since it was opened.
--
-- Old code runs beside it: the new table is nobody's but the new code's.

-- The account has the status from this epoch on, until the next row; without one, that of its own row.
create table account_status (
    event_id   uuid   primary key,
    command_id uuid   not null,
    account_id uuid   not null,
    -- suspend_account, reactivate_account or close_account
    operation  text   not null,
    status     text   not null,
    epoch      bigint not null
);
create index account_status_by_command on account_status (command_id);
create index account_status_by_account on account_status (account_id, event_id);

comment on column account.status is 'as opened; account_status has what came later, the newest row counts';
