-- Lists in parts: the accounts of a customer, the statement of an account by the days from which payments count, and payments.
--
-- Old code runs beside it: there is nothing new but indexes. While they are made, the views wait; reads and payments do not.
-- An index on every transaction costs the views a few microseconds of each, so there is one only where nothing else leads to them:
-- what an account paid and was paid, its postings say.

-- The accounts of a customer in their order.
create index account_by_holder on account (customer_id, id);
drop index account_by_customer;

-- Ids sort by the order of the decisions, so each of these gives its payments the newest first, and a range of time is one of ids.
-- What failed has no postings, and there is little of it.
create index transaction_failed_by_payer on transaction (account_debit, id) where reason is not null;
create index transaction_failed_by_payee on transaction (account_credit, id) where reason is not null;
create index transaction_failed_by_reason on transaction (reason, id) where reason is not null;
-- What gives back.
create index transaction_back_by_operation on transaction (operation, id) where original_transaction_id is not null;
-- A trace is a request or a few, whose order costs nothing to find. Half as dear as a tree of texts that sort at random.
create index transaction_by_trace on transaction using hash (trace_id);

-- The few payments that count from earlier than they were made: of either side, and of the account that takes the fees.
create index order_change_back_by_payer on order_change (account_debit, effective_at) where effective_at is not null;
create index order_change_back_by_payee on order_change (account_credit, effective_at) where effective_at is not null;
create index order_change_back_by_currency on order_change (currency, effective_at) where effective_at is not null;
