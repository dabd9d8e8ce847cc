"""A walk through a whole bank over gRPC: everything that REST can do, and that both doors are one bank."""

import json
import os
import urllib.error
import urllib.request
import uuid
from datetime import datetime, timedelta, timezone

from grpc_health.v1 import health_pb2, health_pb2_grpc
from reflected import WAIT, Orion

orion = Orion(os.environ["GRPC"])
rest = os.environ["REST"]
staff = os.environ["STAFF"]


def over_rest(token, path, body, key=None):
    """The status, the headers and the resource or problem of a request over REST."""
    headers = {"authorization": f"Bearer {token}", "prefer": "wait=20"}
    if body is not None:
        headers |= {"content-type": "application/json", "idempotency-key": key or str(uuid.uuid4())}
    sent = urllib.request.Request(rest + path, None if body is None else json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(sent, timeout=30) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.load(error)


def described():
    """Reflection lists the services, and health follows /readyz."""
    assert orion.services() == ["grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection", "orion.v1.Bank", "orion.v1.Views"], orion.services()
    health = health_pb2_grpc.HealthStub(orion.channel)
    for service in ("", "orion.v1.Bank", "orion.v1.Views"):
        assert health.Check(health_pb2.HealthCheckRequest(service=service)).status == health_pb2.HealthCheckResponse.SERVING
    watched = health.Watch(health_pb2.HealthCheckRequest())
    assert next(iter(watched)).status == health_pb2.HealthCheckResponse.SERVING
    watched.cancel()


def people():
    """Two customers with a wallet each and a merchant with a till: their tokens come from whoever started this."""
    accounts = []
    for name, role in (("Awa Diop", "ROLE_CUSTOMER"), ("Moussa Ba", "ROLE_CUSTOMER"), ("Chez Fatou", "ROLE_MERCHANT")):
        customer = orion.do(staff, "EnrolCustomer", full_name=name, country="SN")
        assert customer.full_name == name and not customer.HasField("msisdn") and not customer.HasField("as_of"), customer
        account = orion.do(staff, "OpenAccount", customer_id=customer.id, type="ACCOUNT_TYPE_WALLET", currency="XOF", role=role)
        assert (account.customer_id, account.balance_available) == (customer.id, "0"), account
        seen = orion.see(staff, "GetCustomer", id=customer.id)
        assert seen.epoch == customer.epoch and seen.as_of >= customer.epoch, seen
        accounts.append(account)
    return accounts


def payments(awa, moussa, till):
    """Money comes in, moves, is refused and is read back, the same over both doors."""
    deposit = orion.do(staff, "Deposit", account_credit=awa.id, amount="100000", currency="XOF")
    assert deposit.DESCRIPTOR.name == "Transaction" and deposit.status == 2, deposit
    transfer = orion.do(staff, "Transfer", account_debit=awa.id, account_credit=moussa.id, amount="2500", currency="XOF", channel="CHANNEL_QR")
    orion.do(staff, "PayMerchant", account_debit=moussa.id, account_credit=till.id, amount="500", currency="XOF")
    orion.do(staff, "PayBill", account_debit=moussa.id, account_credit=till.id, amount="100", currency="XOF")
    orion.do(staff, "Withdraw", account_debit=moussa.id, amount="400", currency="XOF")
    balance = orion.see(staff, "GetBalance", id=moussa.id, at_least=str(transfer.epoch))
    _, _, shown = over_rest(staff, f"/v1/transactions/{transfer.id}", None)
    read = orion.see(staff, "GetTransaction", id=transfer.id)
    for field, value in shown.items():
        said = getattr(read, {"errorCategory": "error_category", "errorCode": "error_code"}.get(field, field))
        if read.DESCRIPTOR.fields_by_name[field].enum_type:
            said = read.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[said].name.lower()
            assert said.endswith(value), (field, said, value)
        elif field != "as_of":
            assert said == value, (field, said, value)
    assert balance.currency == "XOF"

    refused = orion.refused("FAILED_PRECONDITION", "insufficient_funds", orion.do, staff, "Transfer", account_debit=awa.id, account_credit=moussa.id, amount="9999999", currency="XOF")
    failed = orion.see(staff, "GetTransaction", id=refused.info.metadata["transaction_id"])
    assert (failed.reason, refused.info.metadata["errorCode"]) == ("insufficient_funds", "insufficientFunds"), refused.info
    assert refused.info.metadata["transaction_status"] == "failed" and refused.metadata["orion-epoch"] == str(failed.epoch)

    # What is not there is not found, and who is not the payer may not pay.
    unknown = "019ab6f5-1c7b-7001-8000-000000000000"
    orion.refused("NOT_FOUND", "transaction_not_found", orion.see, staff, "GetTransaction", id=unknown)
    own = os.environ["CUSTOMER"]
    orion.refused("NOT_FOUND", "account_not_found", orion.see, own, "GetAccount", id=awa.id)
    orion.refused("FAILED_PRECONDITION", "not_authorized", orion.do, own, "Transfer", account_debit=awa.id, account_credit=moussa.id, amount="1", currency="XOF")
    return transfer


def one_bank(awa, moussa):
    """A key names the same command at both doors."""
    key = str(uuid.uuid4())
    fields = {"account_debit": awa.id, "account_credit": moussa.id, "amount": "700", "currency": "XOF"}
    first = orion.do(staff, "Transfer", key=key, **fields)
    status, headers, again = over_rest(staff, "/v1/transactions/transfer", fields, key)
    assert (status, headers["Idempotency-Replayed"], again["id"], again["epoch"]) == (201, "true", first.id, first.epoch), (status, again)
    other = dict(fields, amount="701")
    status, _, problem = over_rest(staff, "/v1/transactions/transfer", other, key)
    assert (status, problem["code"]) == (422, "idempotency_key_reused"), problem
    orion.refused("ALREADY_EXISTS", "idempotency_key_reused", orion.do, staff, "Transfer", key=key, **other)

    # The other way round, quoted as REST may have it.
    key = str(uuid.uuid4())
    status, _, first = over_rest(staff, "/v1/transactions/transfer", fields, f'"{key}"')
    assert status == 201, first
    metadata = (("idempotency-key", key), WAIT)
    answer, said = orion.ask(staff, "orion.v1.Bank/Transfer", *metadata, **fields)
    assert (answer.transaction.id, said["idempotency-replayed"], said["preference-applied"]) == (first["id"], "true", "wait=30"), said
    assert len(said["traceparent"]) == 55, said

    # The wait is cut to the deadline, and what is not decided in time is an operation that says later what became of it.
    for _ in range(20):
        key = str(uuid.uuid4())
        answer, _ = orion.ask(staff, "orion.v1.Bank/Transfer", ("idempotency-key", key), ("prefer", "respond-async"), **fields)
        # A door that was held up for a moment may know the decision already.
        if answer.WhichOneof("answer") == "pending":
            break
    assert answer.WhichOneof("answer") == "pending" and answer.pending.status == 1, answer
    decided = orion.see(staff, "GetOperation", id=answer.pending.id, at_least=answer.pending.command)
    assert decided.status == 2 and decided.transaction_id, decided


def holds(awa, till):
    hold = orion.do(staff, "Reserve", operation="PAYMENT_KIND_MERCHANT_PAYMENT", account_debit=awa.id, account_credit=till.id, amount="5000", currency="XOF", expires_in_seconds=3600)
    assert orion.see(staff, "GetHold", id=hold.id).status == 1
    captured = orion.do(staff, "Capture", id=hold.id, amount="3000", currency="XOF")
    assert captured.hold_id == hold.id, captured
    released = orion.do(staff, "Release", id=hold.id)
    assert released.DESCRIPTOR.name == "Hold" and released.status in (2, 3), released
    refunded = orion.do(staff, "Refund", id=captured.id, amount="1000", currency="XOF")
    assert refunded.original_transaction_id == captured.id, refunded
    reversed_ = orion.do(staff, "Reverse", id=captured.id)
    assert reversed_.amount == "2000", reversed_
    timeline = orion.see(staff, "GetTimeline", id=captured.id, at_least=str(reversed_.epoch))
    assert [happened.amount for happened in timeline.events][-1] == "2000", timeline
    over = orion.refused("FAILED_PRECONDITION", "hold_not_open", orion.do, staff, "Capture", id=hold.id, amount="1", currency="XOF")
    assert over.info.metadata["operation_id"], over.info


def many(awa, moussa, till):
    """Batches, dry runs and orders."""
    pay = {"operation": "ITEM_OPERATION_TRANSFER", "account_debit": awa.id, "account_credit": moussa.id, "amount": "10", "currency": "XOF"}
    hold = {"operation": "ITEM_OPERATION_RESERVE", "payment": "PAYMENT_KIND_TRANSFER", "account_debit": awa.id, "account_credit": moussa.id, "amount": "5", "currency": "XOF", "expires_in_seconds": 3600}
    batch = orion.do(staff, "DecideBatch", mode="BATCH_MODE_INDEPENDENT", items=[pay, dict(pay, amount="99999999"), hold])
    assert (batch.counts.settled, batch.counts.failed, batch.counts.reserved) == (1, 1, 1), batch
    assert batch.outcomes[1].reason == "insufficient_funds" and batch.outcomes[1].error_code == "insufficientFunds", batch
    assert not batch.outcomes[0].HasField("reason") and batch.outcomes[0].HasField("fee"), batch
    assert orion.see(staff, "GetBatch", id=batch.batch_id, at_least=str(batch.epoch)).counts == batch.counts
    undone = orion.refused("FAILED_PRECONDITION", "insufficient_funds", orion.do, staff, "DecideBatch", items=[pay, dict(pay, amount="99999999")])
    assert undone.info.metadata["item"] == "1", undone.info
    tried = orion.do(staff, "DecideBatch", mode="BATCH_MODE_INDEPENDENT", dry_run=True, items=[pay])
    assert tried.dry_run and tried.outcomes[0].status == 1, tried
    wrong = orion.refused("INVALID_ARGUMENT", "invalid_request", orion.do, staff, "DecideBatch", items=[pay, dict(pay, amount="-1")])
    assert list(wrong.fields) == ["items[1].amount"], wrong.fields

    fields = {"account_debit": awa.id, "account_credit": moussa.id, "amount": "10", "currency": "XOF"}
    tried = orion.do(staff, "Transfer", dry_run=True, **fields)
    assert (tried.DESCRIPTOR.name, tried.status, tried.fee.amount) == ("DryRun", 1, "0"), tried
    day = (datetime.now(timezone.utc) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    order = orion.do(staff, "Transfer", execute_at=day, **fields)
    assert order.DESCRIPTOR.name == "Order" and order.status == 1, order
    assert orion.see(staff, "GetOrder", id=order.id).execute_at[:19] == day[:19]
    cancelled = orion.do(staff, "CancelOrder", id=order.id)
    orders = orion.see(staff, "ListOrders", id=awa.id, status="ORDER_CHANGE_CANCELLED", at_least=str(cancelled.epoch))
    assert order.id in [order.id for order in orders.orders], orders
    earlier = (datetime.now(timezone.utc) - timedelta(days=2)).strftime("%Y-%m-%dT00:00:00Z")
    back = orion.do(staff, "Transfer", effective_at=earlier, **fields)
    assert back.effective_at[:10] == earlier[:10] and back.order_id, back


def policies(awa):
    level = orion.do(staff, "SetCustomerLevel", id=awa.customer_id, level="KYC_LEVEL_STANDARD")
    assert level.level == 3, level
    terms = orion.do(staff, "SetAccountTerms", id=awa.id, currency="XOF", floor="-500", limits={"debit": {"day_count": 100000}})
    assert terms.limits.debit.day_count == 100000 and not terms.limits.debit.HasField("month_count"), terms
    standing = orion.see(staff, "GetAccountTerms", id=awa.id, at_least=str(terms.epoch))
    assert standing.in_force.floor == "-500", standing
    limits = orion.do(staff, "SetLevelLimits", level="KYC_LEVEL_ENHANCED", currency="EUR", limits={"balance": "1000.50"})
    assert orion.see(staff, "GetLevelLimits", level="KYC_LEVEL_ENHANCED", currency="EUR", at_least=str(limits.epoch)).in_force.limits.balance == "1000.50"
    code = f"grpc-{uuid.uuid4().hex[:12]}"
    tariff = orion.do(staff, "SetTariff", code=code, currency="EUR", operation="PAYMENT_KIND_TRANSFER", bearer="BEARER_PAYER", tiers=[{"up_to": "100", "fixed": "1"}, {"rate": "0.5"}])
    assert [tier.fixed for tier in tariff.tiers] == ["1.00", "0.00"] or len(tariff.tiers) == 2, tariff
    assert orion.see(staff, "GetTariff", code=code, at_least=str(tariff.epoch)).in_force[0].code == code
    assert code in [tariff.code for tariff in orion.see(staff, "ListTariffs").in_force]
    quote = orion.see(staff, "QuoteFee", operation="PAYMENT_KIND_TRANSFER", amount="50", currency="XOF", account_debit=awa.id)
    assert quote.total_debited == "50", quote
    orion.do(staff, "WithdrawTariff", code=code)
    rules = orion.see(staff, "GetRules")
    orion.refused("FAILED_PRECONDITION", "rules_in_force", orion.do, staff, "ActivateRules", version=int(os.environ["RULES"]))
    assert rules.as_of > 0


def identities(awa):
    """Who a customer is, where they live, and what they present."""
    customer = {"id": awa.customer_id}
    changed = orion.do(staff, "UpdateCustomer", date_of_birth="1990-04-17", **customer)
    assert changed.date_of_birth == "1990-04-17" and not changed.HasField("full_name"), changed
    orion.refused("INVALID_ARGUMENT", "invalid_request", orion.do, staff, "UpdateCustomer", **customer)

    moved = orion.do(staff, "SetAddress", street_name="Rue Carnot", town_name="Dakar", country="SN", address_lines=["Villa 4"], **customer)
    shown = orion.see(staff, "GetCustomer", at_least=str(moved.epoch), **customer)
    assert shown.address == moved.address and list(shown.address.address_lines) == ["Villa 4"], shown
    nowhere = orion.refused("INVALID_ARGUMENT", "invalid_request", orion.do, staff, "SetAddress", town_name="Dakar", **customer)
    assert list(nowhere.fields) == ["country"], nowhere.fields
    gone = orion.do(staff, "RemoveAddress", **customer)
    shown = orion.see(staff, "GetCustomer", at_least=str(gone.epoch), **customer)
    assert not gone.HasField("address") and not shown.HasField("address"), (gone, shown)

    card = {"type": "DOCUMENT_TYPE_NATIONAL_ID", "number": "1234199056789", "country": "SN", "surname": "Diop", "given_names": "Awa", "sex": "SEX_FEMALE"}
    presented = orion.do(staff, "PresentDocument", date_of_birth="1990-04-17", **card, **customer)
    assert (presented.document.number, presented.document.mrz_checked, presented.status) == ("...6789", False, 1), presented
    kyc = orion.see(staff, "GetKyc", at_least=str(presented.epoch), **customer)
    assert [(document.number, document.submitted_at) for document in kyc.documents] == [("...6789", presented.epoch)], kyc
    assert kyc.HasField("open_case") and kyc.level == 3, kyc
    unborn = orion.refused("INVALID_ARGUMENT", "invalid_request", orion.do, staff, "PresentDocument", date_of_birth="2990-04-17", **card, **customer)
    assert list(unborn.fields) == ["date_of_birth"], unborn.fields


def lists(awa, transfer):
    """Parts of a list, of one epoch, until nothing follows."""
    seen, cursor = [], {}
    while True:
        part = orion.see(staff, "ListTransactions", account=awa.id, limit=3, **cursor)
        seen += [transaction.id for transaction in part.transactions]
        if not part.HasField("next_cursor"):
            break
        cursor = {"cursor": part.next_cursor}
    assert len(seen) == len(set(seen)) > 3 and transfer.id in seen and seen == sorted(seen, reverse=True), seen
    statement = orion.see(staff, "ListEntries", id=awa.id, order="asc", limit=2)
    assert (statement.opening_balance, len(statement.entries)) == ("0", 2) and statement.next_cursor, statement
    failed = orion.see(staff, "ListTransactions", account=awa.id, status="TRANSACTION_STATUS_FAILED", reason="insufficient_funds")
    assert failed.transactions and {transaction.status for transaction in failed.transactions} == {3}, failed
    accounts = orion.see(staff, "ListAccounts", customer_id=awa.customer_id)
    assert [account.id for account in accounts.accounts] == [awa.id] and accounts.accounts[0].balance_held, accounts
    wrong = orion.refused("INVALID_ARGUMENT", "invalid_request", orion.see, staff, "ListTransactions", limit=0, cursor="x")
    assert set(wrong.fields) == {"limit", "cursor"}, wrong.fields
    now = statement.as_of
    volume = orion.see(staff, "ReportVolume", **{"from": now - 7_200_000, "to": now, "by": "SPAN_HOUR"})
    assert any(line.operation == "transfer" and line.count > 0 for line in volume.volume), volume
    assert orion.see(staff, "ReportMerchants", day=now, currency="XOF").role == 2


def status(awa):
    for method, expected in (("SuspendAccount", 2), ("ReactivateAccount", 1)):
        changed = orion.do(staff, method, id=awa.id)
        assert changed.DESCRIPTOR.name == "AccountUpdate" and changed.status == expected, changed
        assert orion.see(staff, "GetAccount", id=awa.id, at_least=str(changed.epoch)).status == expected
    orion.refused("FAILED_PRECONDITION", "balance_not_zero", orion.do, staff, "CloseAccount", id=awa.id)


described()
awa, moussa, till = people()
transfer = payments(awa, moussa, till)
one_bank(awa, moussa)
holds(awa, till)
many(awa, moussa, till)
policies(awa)
identities(awa)
lists(awa, transfer)
status(awa)
print("every method was asked")
