-- The same, fifty at a time. pgbench knows no arrays, so the server draws them.
select transfers(
    array_agg(gen_random_uuid()),
    array_agg(payer),
    array_agg(1 + (payer + step) % 10000),
    array_agg(case when chance < 0.05 then 1000000000000000 else amount end)
)
from (
    select
        1 + floor(random() * 10000)::integer payer,
        floor(random() * 9999)::integer step,
        1 + floor(random() * 50000)::bigint amount,
        random() chance
    from generate_series(1, 50)
) drawn;
