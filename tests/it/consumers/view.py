"""Keeps a copy of a view from its topic, by nothing but Kafka and the schema registry.

view.py BROKERS REGISTRY TOPIC EPOCH: waits until the topics of the views have come to EPOCH, then prints the newest row of every
key, a JSON object a line, in the order of the keys. Fails if a key's rows are not of rising epochs: one came twice, or too late.
"""

import json
import sys
import time

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext

PROGRESS = "orion.view.progress.v1"
PATIENCE_S = 60


def read(brokers, registry, topic, until):
    """Hands on every committed record, from the first on, until `until` says of one, or of None at the end, that it is enough."""
    deserialize = AvroDeserializer(registry)
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": "nobody",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    deadline = time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                # The end of the partition, as of now.
                if until(None, None):
                    return
                continue
            row = deserialize(message.value(), SerializationContext(topic, MessageField.VALUE))
            if until(message.key().decode(), row):
                return
    finally:
        consumer.close()
    sys.exit(f"{topic} did not come that far within {PATIENCE_S} s")


def main(brokers, url, topic, epoch):
    registry = SchemaRegistryClient({"url": url})
    read(brokers, registry, PROGRESS, lambda _, row: row is not None and row["epoch"] >= epoch)
    rows = {}

    def keep(key, row):
        if row is None:
            return True
        if key in rows and rows[key]["epoch"] >= row["epoch"]:
            sys.exit(f"{topic}: {key} is of epoch {rows[key]['epoch']}, and then of {row['epoch']}")
        rows[key] = row
        return False

    read(brokers, registry, topic, keep)
    for key, row in sorted(rows.items()):
        print(json.dumps({"key": key, "epoch": row["epoch"], "value": row}))


main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
