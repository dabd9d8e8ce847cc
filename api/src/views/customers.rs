//! Which customers are there, and how far is each known?

/// Those that are chosen, as they are.
pub(super) const ROWS: &str = "
    select c.id::text as key, greatest(c.epoch, l.epoch, k.epoch, u.epoch) as epoch, array[c.id] as owners, array[]::uuid[] as accounts,
           json_strip_nulls(json_build_object(
               'id', c.id, 'full_name', coalesce(u.full_name, c.full_name), 'msisdn', coalesce(u.msisdn, c.msisdn),
               'country', coalesce(u.country, c.country), 'kyc_status', coalesce(k.status, c.kyc_status),
               'level', coalesce(l.level, 'unidentified'), 'enrolled_at', moment_of(c.epoch)))::text as value
    from (CHOSEN) chosen
    join customer c on c.id = chosen.id
    left join lateral (select level, epoch from customer_level
                       where customer_id = c.id and epoch <= AS_OF
                       order by event_id desc
                       limit 1) l on true
    left join lateral (select status, epoch from kyc_change
                       where customer_id = c.id and epoch <= AS_OF
                       order by event_id desc
                       limit 1) k on true
    left join lateral (select max(epoch) as epoch,
                              (array_agg(full_name order by event_id desc) filter (where full_name is not null))[1] as full_name,
                              (array_agg(msisdn order by event_id desc) filter (where msisdn is not null))[1] as msisdn,
                              (array_agg(country order by event_id desc) filter (where country is not null))[1] as country
                       from customer_change
                       where customer_id = c.id and epoch <= AS_OF) u on true
    order by c.id";

/// All of them.
pub(super) const ALL: &str = "select id from customer where id > AFTER_ID and epoch <= AS_OF OF_OWNER order by id limit PART";

/// Those that something happened to.
pub(super) const CHANGED: &str = "
    select id from (
        select id from customer where id >= FIRST_ID and id < END_ID
        union select customer_id from customer_level where event_id >= FIRST_ID and event_id < END_ID
        union select customer_id from kyc_change where event_id >= FIRST_ID and event_id < END_ID
        union select customer_id from customer_change where event_id >= FIRST_ID and event_id < END_ID) touched
    where id > AFTER_ID
    order by id
    limit PART";
