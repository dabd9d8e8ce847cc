-- What a client of pgbench asks for: one transfer between any two accounts. One in twenty asks for more than anybody has.
\set payer random(1, 10000)
\set payee 1 + (:payer + random(0, 9998)) % 10000
\set amount random(1, 50000)
\if random(1, 20) = 20
\set amount 1000000000000000
\endif
select transfer(gen_random_uuid(), :payer, :payee, :amount);
