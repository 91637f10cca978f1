"""The key of the personal data changes while the house is open, and may be killed in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from django.core.management import CommandError, call_command

from tests import make
from xinfu.core import keys, privacy
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Refused
from xinfu.people import actions, jobs
from xinfu.people.actions import sealing
from xinfu.people.models import Person

LATER = datetime(2100, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_keys(tmp_path: Path, settings: Any) -> Iterator[None]:
    """Keys of this test only; the sealed values of other tests keep theirs."""
    settings.HOME = tmp_path
    privacy._cipher.cache_clear()
    privacy._digest_key.cache_clear()
    yield
    privacy._cipher.cache_clear()
    privacy._digest_key.cache_clear()


@pytest.fixture
def people(office: make.Office) -> list[Person]:
    found = []
    for n in range(7):
        person = make.person(Role.WINDOW_CLERK, office.unit_a)
        person.contact_sealed = privacy.seal({"phone": f"1380000000{n}"})
        person.save()
        found.append(person)
    return found


def phones(people: list[Person]) -> list[str]:
    rows = Person.objects.filter(pk__in=[p.pk for p in people]).order_by("pk")
    return [privacy.unseal(row.contact_sealed)["phone"] for row in rows]


def used(people: list[Person]) -> set[int]:
    return {bytes(p.contact_sealed)[0] for p in Person.objects.filter(pk__in=[p.pk for p in people])}


def test_old_values_stay_readable_and_new_ones_use_the_new_key(people: list[Person], now: datetime) -> None:
    before = phones(people)
    assert actions.rotate_key(by=make.SYSTEM, at=now) == 2
    assert phones(people) == before
    assert privacy.seal({"phone": "1"})[0] == 2
    assert privacy.seal_texts(["{}"])[0][0] == 2
    assert used(people) == {1}


def test_everything_is_sealed_anew_and_the_old_key_goes(people: list[Person], now: datetime) -> None:
    before = phones(people)
    actions.rotate_key(by=make.SYSTEM, at=now)
    assert actions.reseal(by=make.SYSTEM, at=now) == 7
    assert used(people) == {2}
    assert actions.retire_keys(by=make.SYSTEM, at=LATER) == [1]
    assert phones(people) == before
    assert privacy.old_keys() == []
    events = list(JournalEntry.objects.order_by("n").values_list("event", flat=True))
    assert events[-3:] == ["key.rotated", "key.resealed", "key.retired"]


def test_killed_in_the_middle_it_goes_on_where_it_was(
    people: list[Person], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = phones(people)
    monkeypatch.setattr(sealing, "BATCH", 2)
    actions.rotate_key(by=make.SYSTEM, at=now)
    real, calls = privacy.reseal, []

    def dies(value: bytes) -> bytes:
        calls.append(1)
        if len(calls) == 4:  # the second row of the second batch
            raise KeyboardInterrupt
        return real(value)

    monkeypatch.setattr(privacy, "reseal", dies)
    with pytest.raises(KeyboardInterrupt):
        actions.reseal(by=make.SYSTEM, at=now)
    monkeypatch.setattr(privacy, "reseal", real)
    assert phones(people) == before
    assert used(people) == {1, 2}
    assert sum(actions.rows_behind().values()) == 5  # the batch it died in was undone whole
    jobs.reseal(now)
    assert used(people) == {2}
    assert phones(people) == before


def test_a_write_at_the_same_moment_wins(
    people: list[Person], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    actions.rotate_key(by=make.SYSTEM, at=now)
    real = privacy.reseal

    def slow(value: bytes) -> bytes:
        Person.objects.filter(contact_sealed=bytes(value)).update(
            contact_sealed=privacy.seal({"phone": "new"})
        )
        return real(value)

    monkeypatch.setattr(privacy, "reseal", slow)
    assert actions.reseal(by=make.SYSTEM, at=now) == 0
    assert set(phones(people)) == {"new"}


def test_the_old_key_stays_while_a_row_waits_and_for_an_hour(
    people: list[Person], now: datetime, refused: Callable[..., Refused]
) -> None:
    actions.rotate_key(by=make.SYSTEM, at=now)
    refused("rotation_running", actions.retire_keys, by=make.SYSTEM, at=LATER)
    refused("rotation_running", actions.rotate_key, by=make.SYSTEM, at=now)
    actions.reseal(by=make.SYSTEM, at=now)
    since = privacy.key_since()
    assert since is not None
    refused("too_soon", actions.retire_keys, by=make.SYSTEM, at=since + timedelta(minutes=59))
    actions.retire_keys(by=make.SYSTEM, at=LATER)
    refused("no_old_keys", actions.retire_keys, by=make.SYSTEM, at=LATER)


def test_a_key_out_of_use_reads_nothing_and_is_never_made_again(tmp_path: Path) -> None:
    old = privacy.seal({"name": "王小花"})
    privacy.next_key()
    privacy.retire_key(1)
    with pytest.raises(keys.Missing):
        privacy.unseal(old)
    assert not (tmp_path / "keys" / "personal-1").exists()
    assert (tmp_path / "keys" / "retired-personal-1").exists()


def test_a_lost_key_in_use_is_said_and_not_replaced(tmp_path: Path) -> None:
    privacy.seal({"name": "甲"})
    privacy.next_key()
    (tmp_path / "keys" / "personal-2").unlink()
    with pytest.raises(keys.Missing):
        privacy.seal({"name": "乙"})
    with pytest.raises(ValueError, match="in use"):
        privacy.retire_key(2)


def test_a_value_under_another_keys_number_does_not_open() -> None:
    value = privacy.seal({"name": "甲"})
    privacy.next_key()
    privacy.seal({"name": "乙"})
    with pytest.raises(InvalidTag):
        privacy.unseal(bytes([2]) + value[1:])


def test_every_sealed_column_of_the_house_is_known() -> None:
    from django.apps import apps
    from django.db.models import BinaryField

    known = {(c.model, c.field) for c in actions.sealed_columns()}
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, BinaryField) and "sealed" in field.name:
                assert (model, field.name) in known, field
    assert len(known) >= 7


def test_the_command_walks_the_whole_way(people: list[Person]) -> None:
    said = StringIO()
    call_command("keys", "rotate", stdout=said)
    call_command("keys", "status", stdout=said)
    call_command("keys", "reseal", stdout=said, stderr=StringIO())
    assert "已启用密钥 2" in said.getvalue()
    assert "待重新加密 7 条" in said.getvalue()
    assert "重新加密 7 条，还剩 0 条" in said.getvalue()
    with pytest.raises(CommandError, match="不足1小时"):
        call_command("keys", "retire", stdout=said)
