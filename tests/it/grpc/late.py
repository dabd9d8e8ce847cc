"""A command that nobody decides while its caller waits, and what becomes of it later."""

import os
import time
import uuid

from reflected import Orion

orion = Orion(os.environ["GRPC"])
staff, operation = os.environ["STAFF"], os.environ["DECIDED"]

if operation == "no":
    started = time.monotonic()
    metadata = (("idempotency-key", str(uuid.uuid4())), ("prefer", "wait=20"))
    answer, _ = orion.ask(staff, "orion.v1.Bank/EnrolCustomer", *metadata, timeout=2, full_name="Late")
    assert answer.WhichOneof("answer") == "pending" and 1 < time.monotonic() - started < 2, answer
    print(answer.pending.id)
else:
    deadline = time.monotonic() + 60
    while (decided := orion.see(staff, "GetOperation", id=operation)).status == 1:
        assert time.monotonic() < deadline, "it is not decided after a minute"
        time.sleep(0.1)
    assert decided.status == 3 and decided.operation == "create_customer" and decided.resource.startswith("/v1/customers/"), decided
    print("decided")
