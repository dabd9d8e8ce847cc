//! Which customers are there, and how far is each known?

/// Those that are chosen, as they are.
pub(super) const ROWS: &str = "
    select c.id::text as key, greatest(c.epoch, l.epoch) as epoch, array[c.id] as owners, array[]::uuid[] as accounts,
           json_strip_nulls(json_build_object(
               'id', c.id, 'full_name', c.full_name, 'msisdn', c.msisdn, 'country', c.country, 'kyc_status', c.kyc_status,
               'level', coalesce(l.level, 'unidentified'), 'enrolled_at', moment_of(c.epoch)))::text as value
    from (CHOSEN) chosen
    join customer c on c.id = chosen.id
    left join lateral (select level, epoch from customer_level
                       where customer_id = c.id and epoch <= AS_OF
                       order by event_id desc
                       limit 1) l on true
    order by c.id";

/// All of them.
pub(super) const ALL: &str = "select id from customer where id > AFTER_ID and epoch <= AS_OF OF_OWNER order by id limit PART";

/// Those that something happened to.
pub(super) const CHANGED: &str = "
    select id from (
        select id from customer where id >= FIRST_ID and id < END_ID
        union select customer_id from customer_level where event_id >= FIRST_ID and event_id < END_ID) touched
    where id > AFTER_ID
    order by id
    limit PART";
