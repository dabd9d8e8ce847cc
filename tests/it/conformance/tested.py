"""The server against its own description: requests that OpenAPI allows, and ones that it does not, and whether the answers are described."""

import json
import os
import sys

import schemathesis
from schemathesis.cli import schemathesis as command

CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
    "allow_header_conformance",
    "ensure_resource_availability",
]

CONFIG = os.path.join(os.path.dirname(os.path.abspath(__file__)), "schemathesis.toml")

# What is asked by itself, in the end, with the reason.
LAST = {
    "POST /v1/rules": "it would lead the bank back to rules that know nothing of the other operations",
}

# What is left out, with the reason.
EXCLUDED = {
    "GET /v1/views/{name}/stream": "an answer without an end",
    "GET /v1/transactions/stream": "an answer without an end",
    "GET /admin/aml/alerts/stream": "an answer without an end",
    "GET /v1/taps/{topic}": "an answer without an end",
}


@schemathesis.serializer("application/x-ndjson")
def lines(context, value):
    """A batch as lines: whatever is generated is one item, or some."""
    items = value if isinstance(value, list) else [value]
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


@schemathesis.hook
def filter_case(context, case):
    """What is only tried needs no key, which OpenAPI can't say of a header that is required otherwise."""
    tried = (case.query or {}).get("dry_run") in ("true", True) or (isinstance(case.body, dict) and case.body.get("dry_run") is True)
    return not tried or "Idempotency-Key" in (case.headers or {})


def tested(report, seconds, *filters):
    """What a run came to."""
    bearer = f"Authorization: Bearer {os.environ['STAFF']}"
    phases = ["--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "25", "--max-time", str(seconds)]
    said = ["--report", "json", "--report-json-path", report, "--warnings", "off"]
    arguments = ["--config-file", CONFIG, "run", os.environ["REST"] + "/v1/openapi.json", "-H", bearer, "--checks", ",".join(CHECKS), "--seed", "7", *phases, *said, *filters]
    try:
        command.main(arguments, standalone_mode=False)
    except SystemExit as ended:
        if ended.code:
            sys.exit(ended.code)
    with open(report) as file:
        return json.load(file)


# Whatever a run leaves behind lies beside its report.
os.chdir(os.path.dirname(os.environ["REPORT"]))
others = [argument for name in (*LAST, *EXCLUDED) for argument in ("--exclude-name", name)]
most = tested(os.environ["REPORT"], 60, *others)
rest = tested(os.environ["REPORT"], 10, *[argument for name in LAST for argument in ("--include-name", name)])
operations, cases = (sum(run[name][of] for run in (most, rest)) for name, of in (("operations", "tested"), ("test_cases", "generated")))
known = most["operations"]["total"] - len(EXCLUDED)
assert operations == known, f"{operations} of {known} were tested"
assert not most["failures"] + rest["failures"] + most["errors"] + rest["errors"], (most, rest)
assert cases > 1000, f"only {cases} requests were made"
print(f"{operations} operations were tested")
