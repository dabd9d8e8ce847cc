-- Alerts that are open, or were within the day before risk's progress: few, however many alerts there have been. It follows from `alert` and
-- `alert_cleared`, and is written with them.
create table alert_standing (
    alert_id uuid primary key references alert (id),
    epoch    bigint  not null,
    number   integer not null
);
create unique index alert_standing_by_epoch on alert_standing (epoch, number);
insert into alert_standing (alert_id, epoch, number)
    select id, epoch, number from alert where not exists (select from alert_cleared where alert_id = alert.id);

-- Who did or reported it: the subject of a token.
alter table party_change add column changed_by text not null default '';

create index alert_by_lane on alert (lane, epoch, number);
create index alert_by_kind on alert (subject_kind, epoch, number);
