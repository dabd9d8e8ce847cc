"""Verifies the audit chain with nothing but exported files and a public key: by ARCHITECTURE.md, not by Orion's code.

    verify.py file KEY.pem FILE             the records and links of an export
    verify.py proof KEY.pem PROOF FILE      a proof of GET /admin/audit/events/{id}/proof, against the record of that event in an export

Says what is wrong and ends with 1, or says how much is right. Needs the package `cryptography` for Ed25519.
"""

import base64
import hashlib
import json
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

DOMAIN = b"orion audit head v1\0"


class Wrong(Exception):
    pass


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def sized(part):
    return len(part).to_bytes(4, "big") + part


def check(holds, what):
    if not holds:
        raise Wrong(what)


def leaf_of(record):
    key, datum = base64.b64decode(record["key"], validate=True), base64.b64decode(record["datum"], validate=True)
    return sha256(b"\0", sized(record["topic"].encode()), sized(key), sized(datum))


def root_of(leaves):
    """RFC 9162, 2.1.1."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << ((len(leaves) - 1).bit_length() - 1)
    return sha256(b"\1", root_of(leaves[:split]), root_of(leaves[split:]))


def climb(leaf, index, events, path):
    """RFC 9162, 2.1.3.2."""
    check(index < events, "the index lies behind the last leaf")
    place, last, found = index, events - 1, leaf
    for beside in path:
        check(last > 0, "the path is too long")
        if place & 1 or place == last:
            found = sha256(b"\1", beside, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = sha256(b"\1", found, beside)
        place, last = place >> 1, last >> 1
    check(last == 0, "the path is too short")
    return found


def head_of(link):
    numbers = link["epoch"].to_bytes(8, "big") + link["events"].to_bytes(4, "big")
    return sha256(b"\2", bytes.fromhex(link["previous_head"]), sized(link["cell"].encode()), numbers, bytes.fromhex(link["root"]))


def is_signed(link, key):
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    check(link["key_id"] == sha256(raw)[:8].hex(), f"epoch {link['epoch']} is signed by another key")
    head = bytes.fromhex(link["head"])
    check(head == head_of(link), f"epoch {link['epoch']}: the head is not the hash of what it stands for")
    try:
        key.verify(bytes.fromhex(link["signature"]), DOMAIN + head)
    except InvalidSignature:
        raise Wrong(f"epoch {link['epoch']}: the signature is not the key's") from None


def number_of(event_id):
    """An event's id holds its epoch in the first 48 bits and its number in the last 62."""
    digits = int(event_id.replace("-", ""), 16)
    return digits >> 80, digits & ((1 << 62) - 1)


def file(key, lines):
    records, head, count, links = [], None, 0, 0
    for line in lines:
        if line["line"] == "record":
            records.append(line)
            continue
        link = line["root"]
        epoch = link["epoch"]
        check(head is None or link["previous_head"] == head, f"epoch {epoch} does not follow the link before it")
        is_signed(link, key)
        # Alerts have no number: they come by topic and offset.
        if link["cell"] == "settlement":
            numbers = [number_of(record["event_id"]) for record in records]
            check(numbers == [(epoch, number) for number in range(link["events"])], f"epoch {epoch}: records are missing or reordered")
        check(records and len(records) == link["events"], f"epoch {epoch}: records are missing")
        check(root_of([leaf_of(record) for record in records]).hex() == link["root"], f"epoch {epoch}: the records do not have the root")
        records, head, count, links = [], link["head"], count + len(records), links + 1
    check(not records, "records are left without a link")
    print(f"{count} records, {links} links, head {head}")


def proof(key, shown, lines):
    records = [line for line in lines if line["line"] == "record" and line["event_id"] == shown["event_id"]]
    check(len(records) == 1, "the export does not have the record of the event")
    leaf = leaf_of(records[0])
    check(leaf.hex() == shown["leaf"], "the leaf is not that of the record")
    check(number_of(shown["event_id"]) == (shown["epoch"], shown["index"]), "the index is not the event's number")
    root = climb(leaf, shown["index"], shown["events"], [bytes.fromhex(beside) for beside in shown["path"]])
    check(root.hex() == shown["root"], "the path does not lead to the root")
    is_signed(shown, key)
    print(f"event {shown['event_id']} is number {shown['index']} of {shown['events']} in epoch {shown['epoch']}")


def lines_of(path):
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def main(what, key, *files):
    with open(key, "rb") as pem:
        key = load_pem_public_key(pem.read())
    if what == "file":
        file(key, lines_of(files[0]))
    else:
        with open(files[0], encoding="utf-8") as shown:
            proof(key, json.load(shown), lines_of(files[1]))


try:
    main(*sys.argv[1:])
except (Wrong, ValueError) as wrong:
    print(wrong)
    sys.exit(1)
