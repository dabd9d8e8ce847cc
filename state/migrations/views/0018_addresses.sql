-- Where customers live. The newest row counts; null is not known any more.
--
-- Old code runs beside it: the new table is nobody's but the new code's. It would stop at an event that it does not know, so activate
-- version 7 of the rules last.
create table customer_address (
    event_id    uuid   primary key,
    command_id  uuid   not null,
    customer_id uuid   not null,
    -- as the API shows it
    address     jsonb,
    updated_by  text   not null,
    epoch       bigint not null
);
create index customer_address_by_command on customer_address (command_id);
create index customer_address_by_customer on customer_address (customer_id, event_id);
