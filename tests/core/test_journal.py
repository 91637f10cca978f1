"""The journal shows tampering (specs/journal-v1)."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, InternalError, ProgrammingError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisTestCase

from xinfu.core import journal
from xinfu.core.actor import Actor, Kind, system
from xinfu.core.models import Checkpoint, JournalEntry, JournalNode, JournalSalt
from xinfu.core.refusal import Refused
from xinfu.lib import canon

AT = datetime(2023, 5, 6, 1, 2, 3, tzinfo=UTC)
BY = Actor(kind=Kind.PERSON, id=12, name="王某")
pytestmark = pytest.mark.django_db


def write(count: int, event: str = "rating.given") -> None:
    for i in range(count):
        with transaction.atomic():
            journal.record(event, "ratings.Rating:17", by=BY, at=AT, number=i)


def tamper(sql: str, *params: object) -> None:
    """Edit the tables as somebody with the database file would: triggers out of the way."""
    tables = ("core_journalentry", "core_journalnode", "core_checkpoint")
    with connection.cursor() as cursor:
        for table in tables:
            for verb in ("update", "delete"):
                name = f"{table}_no_{verb}"
                on = "" if connection.vendor == "sqlite" else f" ON {table}"
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
        cursor.execute(sql, params)


def findings() -> list[tuple[int | None, str]]:
    return [(f.n, f.what) for f in journal.verify()]


def test_an_entry_is_kept_as_the_canonical_bytes_that_were_hashed() -> None:
    write(1)
    entry = JournalEntry.objects.get(n=0)
    assert bytes(entry.body) == (
        b'{"at":"2023-05-06T01:02:03.000000Z","by":"person:12","data":{"number":0},'
        b'"event":"rating.given","n":0,"subject":"ratings.Rating:17"}'
    )


def test_an_untouched_journal_verifies() -> None:
    write(13)
    journal.make_checkpoint(at=AT)
    write(8)
    assert findings() == []


def test_outside_a_transaction_nothing_is_recorded(transactional_db: None) -> None:
    with pytest.raises(transaction.TransactionManagementError):
        journal.record("a.b", "x:1", by=BY, at=AT)


def test_a_rolled_back_action_leaves_no_entry_and_no_gap() -> None:
    write(2)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        journal.record("a.b", "x:1", by=BY, at=AT)
        raise ZeroDivisionError
    write(1)
    assert sorted(JournalEntry.objects.values_list("n", flat=True)) == [0, 1, 2]
    assert findings() == []


@pytest.mark.parametrize("model", [JournalEntry, JournalNode, Checkpoint])
@pytest.mark.parametrize("verb", ["update", "delete"])
def test_the_database_itself_refuses_to_change_the_journal(model: Any, verb: str) -> None:
    write(3)
    journal.make_checkpoint(at=AT)
    pk = model._meta.pk.column
    table = model._meta.db_table
    sql = {"update": f"UPDATE {table} SET {pk} = {pk} + 100", "delete": f"DELETE FROM {table}"}[verb]
    with pytest.raises((IntegrityError, InternalError, ProgrammingError)), transaction.atomic():
        connection.cursor().execute(sql)


def test_an_edited_entry_is_found_and_named() -> None:
    write(9)
    body = canon.canon({**canon.parse(bytes(JournalEntry.objects.get(n=4).body)), "event": "rating.none"})
    tamper("UPDATE core_journalentry SET body = %s, event = 'rating.none' WHERE n = 4", body)
    assert findings()[0] == (4, "第 4 条的内容与入账时的哈希不符")


def test_an_edited_column_is_found_and_named() -> None:
    write(5)
    tamper("UPDATE core_journalentry SET \"by\" = 'person:99' WHERE n = 2")
    assert findings() == [(2, "第 2 条的列 by 与已签内容不符")]


def test_a_removed_entry_is_found_in_the_middle_and_at_the_end() -> None:
    write(6)
    tamper("DELETE FROM core_journalentry WHERE n = 5")
    assert "没有对应的日志条目" in findings()[0][1]
    tamper("DELETE FROM core_journalentry WHERE n = 2")
    assert findings()[0] == (2, "第 2 条缺失（接着的是第 3 条）")


def test_an_entry_edited_together_with_its_leaf_breaks_the_tree_above_it() -> None:
    write(4)
    from xinfu.lib import merkle

    body = canon.canon({**canon.parse(bytes(JournalEntry.objects.get(n=1).body)), "data": {"number": 7}})
    tamper("UPDATE core_journalentry SET body = %s WHERE n = 1", body)
    tamper("UPDATE core_journalnode SET hash = %s WHERE level = 0 AND position = 1", merkle.leaf_hash(body))
    assert findings()[0][0] == 1
    assert "哈希树节点 1/0" in findings()[0][1]


def test_a_journal_rewritten_as_a_whole_and_signed_again_is_found_by_an_old_checkpoint() -> None:
    write(7)
    point = journal.make_checkpoint(at=AT)
    assert point is not None
    old = point.note
    for table in ("core_checkpoint", "core_journalnode", "core_journalentry"):
        tamper(f"DELETE FROM {table}")
    write(7, event="rating.forged")
    journal.make_checkpoint(at=AT)
    assert findings() == []
    assert ["历史被改写" in f.what for f in journal.check_note(old)] == [True]


def test_a_shortened_journal_is_found_by_an_old_checkpoint() -> None:
    write(5)
    point = journal.make_checkpoint(at=AT)
    assert point is not None
    for table in ("core_checkpoint", "core_journalnode", "core_journalentry"):
        tamper(f"DELETE FROM {table}")
    write(3)
    assert ["后面的被删除" in f.what for f in journal.check_note(point.note)] == [True]


def test_a_checkpoint_with_another_signature_is_refused() -> None:
    write(2)
    point = journal.make_checkpoint(at=AT)
    assert point is not None
    broken = point.note.replace("xinfu/330624\n2\n", "xinfu/330624\n1\n")
    assert [f.what for f in journal.check_note(broken)] == ["检查点的签名或格式不对：签名与内容不符"]


def test_checkpoints_are_made_only_when_the_journal_grew() -> None:
    assert journal.make_checkpoint(at=AT) is None
    write(1)
    first, again = journal.make_checkpoint(at=AT), journal.make_checkpoint(at=AT)
    assert first == again
    assert Checkpoint.objects.count() == 1


def test_proofs_are_checked_by_a_stranger_without_django(tmp_path: Path) -> None:
    write(11)
    for name, proof in {
        "inclusion": journal.inclusion_proof(4),
        "consistency": journal.consistency_proof(3, 11),
    }.items():
        proof.pop("entry", None)
        file = tmp_path / f"{name}.json"
        file.write_text(json.dumps(proof))
        command = [sys.executable, "-m", "xinfu.lib.merkle", "verify", str(file)]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0
        proof["path"][0] = "00" * 32
        file.write_text(json.dumps(proof))
        assert subprocess.run(command, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize(("old", "new"), [(0, 3), (2, 4), (3, 2)])
def test_impossible_proofs_are_refused(old: int, new: int) -> None:
    write(3)
    with pytest.raises(Refused, match="no_such_size"):
        journal.consistency_proof(old, new)
    with pytest.raises(Refused, match="no_such_entry"):
        journal.inclusion_proof(3)


def test_personal_data_appears_only_as_a_salted_digest() -> None:
    with transaction.atomic():
        journal.record("a.b", "x:1", by=BY, at=AT, phone=journal.hidden("13800000000", "x:1"))
    body = bytes(JournalEntry.objects.get(n=0).body)
    assert b"13800000000" not in body
    assert JournalSalt.objects.get().digest.encode() in body


class TestProperties(HypothesisTestCase):
    @given(sizes=st.integers(1, 40), data=st.data())
    def test_every_entry_can_be_proven_at_every_later_size(self, sizes: int, data: st.DataObject) -> None:
        from xinfu.lib import merkle

        write(sizes)
        n = data.draw(st.integers(0, sizes - 1))
        size = data.draw(st.integers(n + 1, sizes))
        proof = journal.inclusion_proof(n, size)
        merkle.verify_inclusion(
            leaf=bytes.fromhex(proof["leaf"]),
            index=n,
            size=size,
            path=[bytes.fromhex(h) for h in proof["path"]],
            root=bytes.fromhex(proof["root"]),
        )
        assert findings() == []


def test_the_command_verifies_and_names_the_entry(tmp_path: Path) -> None:
    write(5)
    journal.make_checkpoint(at=AT)
    out = StringIO()
    call_command("journal", "verify", stdout=out)
    assert "5 条" in out.getvalue()
    note = tmp_path / "checkpoint.txt"
    call_command("journal", "checkpoint", stdout=(text := StringIO()))
    note.write_text(text.getvalue())
    call_command("journal", "verify", "--checkpoint", str(note), stdout=out)
    tamper("UPDATE core_journalentry SET subject = 'x:1' WHERE n = 3")
    with pytest.raises(CommandError, match="第 3 条"):
        call_command("journal", "verify", stdout=out)


def test_the_command_explains_a_missing_checkpoint_file() -> None:
    with pytest.raises(CommandError, match="读不到"):
        call_command("journal", "verify", "--checkpoint", "none-such", stdout=StringIO())


def test_a_deputy_acts_in_somebodys_name() -> None:
    deputy = Actor(kind=Kind.PERSON, id=3, name="李某", behalf_of="王某", behalf_key="person:12")
    with transaction.atomic():
        journal.record("a.b", "x:1", by=deputy, at=AT)
    body = bytes(JournalEntry.objects.get(n=0).body)
    assert b'"behalf_of":"person:12"' in body
    assert "王某".encode() not in body


def test_somebody_without_a_number_is_named_by_a_salted_digest_only() -> None:
    deputy = Actor(kind=Kind.PERSON, id=3, name="李某", behalf_of="王某")
    with transaction.atomic():
        journal.record("a.b", "x:1", by=deputy, at=AT)
    body = bytes(JournalEntry.objects.get(n=0).body).decode()
    salt = JournalSalt.objects.get()
    assert salt.digest in body
    assert salt.digest == hashlib.sha256(bytes(salt.salt) + "王某".encode()).hexdigest()
    assert "王某" not in body


def test_the_program_itself_is_named_by_its_job() -> None:
    assert system("tick").key == "system:tick"
