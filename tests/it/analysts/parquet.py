"""What DuckDB makes of a Parquet file of payments: parquet.py FILE prints its columns' types, and sums, as one JSON object."""

import json
import sys

import duckdb

payments = duckdb.read_parquet(sys.argv[1])
types = {name: str(kind) for name, kind in zip(payments.columns, payments.types)}
settled = duckdb.sql("select count(*), sum(amount), sum(fee), min(decided_at), count(distinct id) from payments where status = 'settled'").fetchone()
print(json.dumps({"types": types, "count": settled[0], "amount": str(settled[1]), "fee": str(settled[2]), "ids": settled[4]}))
