"""The journal: history, audit and outbox in one append-only Merkle tree (specs/journal-v1)."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Model

from xinfu.core import keys
from xinfu.core.actor import Actor
from xinfu.core.models import Checkpoint, JournalEntry, JournalNode, JournalSalt
from xinfu.core.refusal import Refused
from xinfu.lib import canon, merkle, notes

LOCK = 0x58494E46  # advisory lock of the one writer


def subject_of(thing: Model | str) -> str:
    """Return the journal's name of a row, such as `cases.Case:17`."""
    return thing if isinstance(thing, str) else f"{thing._meta.label}:{thing.pk}"


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def hidden(value: str, subject: Model | str) -> str:
    """Return SHA256(salt ‖ value) of personal data, keeping the salt so that erasure stays possible."""
    salt = secrets.token_bytes(16)
    digest = hashlib.sha256(salt + value.encode()).hexdigest()
    JournalSalt.objects.create(digest=digest, salt=salt, subject=subject_of(subject))
    return digest


def record(event: str, subject: Model | str, *, by: Actor, at: datetime, **data: Any) -> int:
    """Append one entry and return its index; call it as the last statement of an action.

    `data` holds primitives only, personal data through `hidden`. Takes the journal's lock until the
    transaction ends; raises TransactionManagementError outside one.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("journal.record belongs inside the action's transaction")
    if by.behalf_of:
        data = {**data, "behalf_of": by.behalf_key or hidden(by.behalf_of, subject)}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    last = JournalEntry.objects.aggregate(n=Max("n"))["n"]
    n = 0 if last is None else int(last) + 1
    name = subject_of(subject)
    body = canon.canon({"n": n, "at": stamp(at), "by": by.key, "event": event, "subject": name, "data": data})
    JournalEntry.objects.create(
        n=n, at=at, by=by.key, by_name=by.name[:80], event=event, subject=name, body=body
    )
    leaf = merkle.leaf_hash(body)
    nodes = _with_stored(lambda fetch: merkle.append(n, leaf, fetch))
    JournalNode.objects.bulk_create(JournalNode(level=lv, position=p, hash=h) for lv, p, h in nodes)
    return n


R = TypeVar("R")


def _with_stored(call: Callable[[merkle.Fetch], R]) -> R:
    """Run a Merkle computation over the stored subtrees, which one query brings."""
    wanted = set(merkle.addresses(call))
    if not wanted:
        return call(_nothing)
    rows = JournalNode.objects.filter(
        level__in={lv for lv, _ in wanted}, position__in={p for _, p in wanted}
    ).values_list("level", "position", "hash")
    found = {(lv, p): bytes(h) for lv, p, h in rows}
    return call(lambda level, position: found[level, position])


def _nothing(level: int, position: int) -> bytes:
    raise KeyError((level, position))


def size() -> int:
    last = JournalEntry.objects.aggregate(n=Max("n"))["n"]
    return 0 if last is None else int(last) + 1


def root(at_size: int) -> bytes:
    return _with_stored(lambda fetch: merkle.root(at_size, fetch))


# --- checkpoints ---------------------------------------------------------------------------------


def origin() -> str:
    return f"xinfu/{settings.DIVISION_CODE}"


def signing_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.secret("journal-ed25519", 32))


def public_key() -> Ed25519PublicKey:
    return signing_key().public_key()


@transaction.atomic
def make_checkpoint(*, at: datetime) -> Checkpoint | None:
    """Sign the journal's present size and root; return None where it has not grown since the last one."""
    now_size = size()
    if now_size == 0:
        return None
    seen = Checkpoint.objects.filter(size=now_size).first()
    if seen is not None:
        return seen
    digest = root(now_size)
    note = notes.sign_note(notes.checkpoint_body(origin(), now_size, digest), origin(), signing_key())
    made, _ = Checkpoint.objects.get_or_create(
        size=now_size, defaults={"root": digest.hex(), "note": note, "made_at": at}
    )
    return made


def latest_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


# --- proofs --------------------------------------------------------------------------------------


def inclusion_proof(n: int, at_size: int | None = None) -> dict[str, Any]:
    """Return the proof file that entry `n` is in the journal of the given size (default: now)."""
    total = size() if at_size is None else at_size
    if not 0 <= n < total <= size():
        raise Refused("no_such_entry", f"日志里没有第 {n} 条，现有 {size()} 条。")
    entry = JournalEntry.objects.get(n=n)
    body = bytes(entry.body)
    return {
        "kind": "inclusion",
        "index": n,
        "size": total,
        "leaf": merkle.leaf_hash(body).hex(),
        "root": root(total).hex(),
        "path": [h.hex() for h in _with_stored(lambda f: merkle.inclusion_path(n, total, f))],
        "entry": canon.parse(body),
    }


def consistency_proof(old: int, new: int) -> dict[str, Any]:
    """Return the proof file that the journal of size `new` extends the one of size `old`."""
    if not 0 < old <= new <= size():
        raise Refused("no_such_size", f"不能证明 {old} 到 {new}：日志现有 {size()} 条，起点须大于 0。")
    return {
        "kind": "consistency",
        "old": old,
        "new": new,
        "old_root": root(old).hex(),
        "new_root": root(new).hex(),
        "path": [h.hex() for h in _with_stored(lambda f: merkle.consistency_path(old, new, f))],
    }


# --- verification --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with the journal; `n` is the entry, or None where a node or checkpoint is meant."""

    n: int | None
    what: str


def verify() -> Iterator[Finding]:
    """Re-compute everything from the entries and yield what does not fit, in order."""
    yield from _verify_entries()
    yield from _verify_checkpoints()


def _verify_entries() -> Iterator[Finding]:
    stored = {
        (lv, p): bytes(h)
        for lv, p, h in JournalNode.objects.order_by("level", "position")
        .values_list("level", "position", "hash")
        .iterator(chunk_size=5000)
    }
    fresh: dict[tuple[int, int], bytes] = {}
    for expected, entry in enumerate(JournalEntry.objects.order_by("n").iterator(chunk_size=2000)):
        if entry.n != expected:
            yield Finding(expected, f"第 {expected} 条缺失（接着的是第 {entry.n} 条）")
            return
        wrong = _entry_fault(entry)
        if wrong:
            yield Finding(entry.n, wrong)
        leaf = merkle.leaf_hash(bytes(entry.body))
        nodes = {(lv, p): h for lv, p, h in merkle.append(entry.n, leaf, lambda lv, p: fresh[lv, p])}
        fresh.update(nodes)
        if stored.get((0, entry.n)) != nodes[(0, entry.n)]:
            yield Finding(entry.n, f"第 {entry.n} 条的内容与入账时的哈希不符")
        else:
            for key, digest in nodes.items():
                if stored.get(key) != digest:
                    yield Finding(entry.n, f"哈希树节点 {key[0]}/{key[1]} 与第 {entry.n} 条及之前的内容不符")
    for key in sorted(set(stored) - set(fresh)):
        yield Finding(None, f"哈希树节点 {key[0]}/{key[1]} 没有对应的日志条目（条目被删除）")


def _entry_fault(entry: JournalEntry) -> str | None:
    try:
        body = canon.parse(bytes(entry.body))
    except ValueError:
        return f"第 {entry.n} 条的内容已不是规范的 JSON"
    columns = {
        "n": entry.n,
        "at": stamp(entry.at),
        "by": entry.by,
        "event": entry.event,
        "subject": entry.subject,
    }
    if not isinstance(body, dict):
        return f"第 {entry.n} 条的内容不是对象"
    wrong = [key for key, value in columns.items() if body.get(key) != value]
    return f"第 {entry.n} 条的列 {'、'.join(wrong)} 与已签内容不符" if wrong else None


def _verify_checkpoints() -> Iterator[Finding]:
    total = size()
    for point in Checkpoint.objects.order_by("size"):
        yield from check_note(point.note, total)


def check_note(note: str, total: int | None = None) -> Iterator[Finding]:
    """Check that the journal of today extends the one that a signed checkpoint saw."""
    total = size() if total is None else total
    try:
        seen_origin, seen_size, seen_root, _ = notes.parse_checkpoint(
            notes.verify_note(note, origin(), public_key())
        )
    except ValueError as error:
        yield Finding(None, f"检查点的签名或格式不对：{error}")
        return
    if seen_origin != origin():
        yield Finding(None, f"检查点属于另一本日志（{seen_origin}）")
    elif seen_size == 0:
        yield Finding(None, "检查点的条数为 0，不能证明任何事")
    elif seen_size > total:
        yield Finding(None, f"检查点见过 {seen_size} 条，现在只有 {total} 条：后面的被删除了")
    elif _root_from_entries(seen_size) != seen_root:
        yield Finding(
            None,
            f"前 {seen_size} 条的根与检查点（{base64.b64encode(seen_root).decode()}）不同：历史被改写",
        )


def _root_from_entries(at_size: int) -> bytes:
    fresh: dict[tuple[int, int], bytes] = {}
    bodies = (
        JournalEntry.objects.filter(n__lt=at_size)
        .order_by("n")
        .values_list("n", "body")
        .iterator(chunk_size=2000)
    )
    for n, body in bodies:
        nodes = merkle.append(n, merkle.leaf_hash(bytes(body)), lambda lv, p: fresh[lv, p])
        fresh.update({(lv, p): h for lv, p, h in nodes})
    return merkle.root(at_size, lambda lv, p: fresh[lv, p])
