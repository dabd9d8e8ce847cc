"""A command that nobody decides while its caller waits, and what becomes of it later."""

import os
import time
import uuid

from reflected import WAIT, Orion, Refused

orion = Orion(os.environ["GRPC"])
staff, operation = os.environ["STAFF"], os.environ["DECIDED"]

if operation == "no":
    method, answer = "orion.v1.Bank/EnrolCustomer", None
    message = orion.message(method, {"full_name": "Late"})
    for _ in range(20):
        started = time.monotonic()
        metadata = (("authorization", f"Bearer {staff}"), ("idempotency-key", str(uuid.uuid4())), WAIT)
        try:
            answer, _ = orion.raw(method, message, *metadata, timeout=2)
            break
        except Refused as refused:
            # A server that was held up for as long as it keeps of the deadline: the client's own came first.
            assert refused.code == "DEADLINE_EXCEEDED", refused
    assert answer.WhichOneof("answer") == "pending" and 1 < time.monotonic() - started, answer
    print(answer.pending.id)
else:
    deadline = time.monotonic() + 60
    while (decided := orion.see(staff, "GetOperation", id=operation)).status == 1:
        assert time.monotonic() < deadline, "it is not decided after a minute"
        time.sleep(0.1)
    assert decided.status == 3 and decided.operation == "create_customer" and decided.resource.startswith("/v1/customers/"), decided
    print("decided")
