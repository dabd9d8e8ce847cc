"""What never reaches the bank: each bad call with its status, its reason and its fields. Nothing answers behind this server."""

import os

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from reflected import Orion, Refused

orion = Orion(os.environ["GRPC"])
staff, customer = os.environ["STAFF"], os.environ["CUSTOMER"]
A = "019ab6f5-1c7b-7002-8000-000000000000"
KEY = ("idempotency-key", "k1")
TRANSFER = {"account_debit": A, "account_credit": "019ab6f5-1c7b-7002-8000-000000000001", "amount": "12500", "currency": "XOF"}
transfer = "orion.v1.Bank/Transfer"


def sent(*metadata, method=transfer, timeout=30, orion=orion, **fields):
    return orion.raw(method, orion.message(method, fields), *metadata, timeout=timeout)


bearer = ("authorization", f"Bearer {staff}")

# Who asks.
orion.refused("UNAUTHENTICATED", "token_missing", sent, **TRANSFER)
for token in ("garbage", os.environ["EXPIRED"]):
    orion.refused("UNAUTHENTICATED", "invalid_token", sent, ("authorization", f"Bearer {token}"), **TRANSFER)
lacking = orion.refused("PERMISSION_DENIED", "insufficient_scope", sent, ("authorization", f"Bearer {customer}"), method="orion.v1.Bank/SetTariff")
assert lacking.retry is None

# What is asked.
missing = orion.refused("INVALID_ARGUMENT", "idempotency_key_missing", sent, bearer, **TRANSFER)
assert list(missing.fields) == ["Idempotency-Key"], missing.fields
for fields, expected in (
    ({}, ["account_debit", "account_credit", "amount", "currency"]),
    (dict(TRANSFER, amount="-1"), ["amount"]),
    (dict(TRANSFER, amount=""), ["amount"]),
    (dict(TRANSFER, currency="XYZ", account_debit="awa"), ["account_debit", "currency"]),
    (dict(TRANSFER, execute_at="tomorrow"), ["execute_at"]),
):
    wrong = orion.refused("INVALID_ARGUMENT", "invalid_request", sent, bearer, KEY, **fields)
    assert sorted(wrong.fields) == sorted(expected), (wrong.fields, expected)
unknown_word = orion.refused("INVALID_ARGUMENT", "invalid_request", sent, bearer, KEY, **dict(TRANSFER, channel=99))
assert unknown_word.fields == {"channel": "expected wallet, card, qr"}, unknown_word.fields
nested = orion.refused("INVALID_ARGUMENT", "invalid_request", sent, bearer, KEY, method="orion.v1.Bank/SetAccountTerms", id=A, currency="XOF", limits={"debit": {"day": "x"}})
assert list(nested.fields) == ["limits.debit.day"], nested.fields
no_id = orion.refused("INVALID_ARGUMENT", "invalid_request", sent, bearer, KEY, method="orion.v1.Bank/SuspendAccount")
assert no_id.fields == {"id": "is missing"}, no_id.fields
climbing = orion.refused("INVALID_ARGUMENT", "invalid_request", sent, bearer, KEY, method="orion.v1.Bank/SuspendAccount", id="../../livez?")
assert climbing.fields == {"id": "expected a UUID"}, climbing.fields

# A field that this server does not know could be what says not to pay yet.
newer = orion.message(transfer, TRANSFER).SerializeToString() + b"\xa0\x06\x01"
unknown = orion.refused("INVALID_ARGUMENT", "invalid_request", orion.raw, transfer, newer, bearer, KEY)
assert "field 100" in unknown.fields[""], unknown.fields
for broken in (b"\x0a\xff", b"\x0a\x02\xff\xfe"):
    try:
        orion.raw(transfer, broken, bearer, KEY)
        raise AssertionError("no message was taken for one")
    except Refused as refused:
        assert (refused.code, refused.reason) == ("INVALID_ARGUMENT", "invalid_request"), refused

# How much is asked.
items = [dict(operation="ITEM_OPERATION_TRANSFER", **TRANSFER)] * 8001
orion.refused("INVALID_ARGUMENT", "invalid_request", sent, bearer, KEY, method="orion.v1.Bank/DecideBatch", items=items)
orion.refused("RESOURCE_EXHAUSTED", "body_too_large", sent, bearer, method="orion.v1.Bank/EnrolCustomer", full_name="x" * 70_000)
orion.refused("RESOURCE_EXHAUSTED", "body_too_large", sent, bearer, method="orion.v1.Views/GetTariff", code="x" * 70_000)
orion.refused("RESOURCE_EXHAUSTED", "body_too_large", sent, bearer, method="orion.v1.Bank/EnrolCustomer", full_name="x" * (5 << 20))

# Nothing answers behind it: a command may have been taken, a read may be asked again.
down = orion.refused("UNAVAILABLE", "log_unavailable", sent, bearer, KEY, **TRANSFER)
assert down.retry == 1 and down.info.metadata["trace_id"], down.info
blind = orion.refused("UNAVAILABLE", "view_unavailable", sent, bearer, method="orion.v1.Views/GetRules")
assert blind.retry == 1

# A caller's trace goes on.
trace = "4bf92f3577b34da6a3ce929d0e0e4736"
traced = orion.refused("UNAUTHENTICATED", "token_missing", sent, ("traceparent", f"00-{trace}-00f067aa0ba902b7-01"), **TRANSFER)
assert traced.info.metadata["trace_id"] == trace and trace in traced.metadata["traceparent"], traced.metadata

# A deadline is kept by the server too, here by one that waits long for the log; the client's own would hide it, so it is not told.
patient, its_bearer = Orion(os.environ["PATIENT"]), ("authorization", f"Bearer {os.environ['PATIENT_STAFF']}")
late = patient.refused("DEADLINE_EXCEEDED", "deadline_exceeded", sent, its_bearer, KEY, ("grpc-timeout", "1m"), timeout=None, orion=patient, **TRANSFER)
assert late.info.metadata["trace_id"]

# What is no method, and whether it is well.
try:
    orion.channel.unary_unary("/orion.v1.Bank/Rob", lambda sent: sent, lambda read: read)(b"", timeout=5)
    raise AssertionError("there is such a method")
except grpc.RpcError as error:
    assert error.code() is grpc.StatusCode.UNIMPLEMENTED, error
health = health_pb2_grpc.HealthStub(orion.channel)
assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.NOT_SERVING
assert next(iter(health.Watch(health_pb2.HealthCheckRequest(service="orion.v1.Views")))).status == health_pb2.HealthCheckResponse.NOT_SERVING
assert next(iter(health.Watch(health_pb2.HealthCheckRequest(service="x")))).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
try:
    health.Check(health_pb2.HealthCheckRequest(service="x"))
    raise AssertionError("there is such a service")
except grpc.RpcError as error:
    assert error.code() is grpc.StatusCode.NOT_FOUND, error
print("all of it was refused")
