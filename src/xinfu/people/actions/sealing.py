"""The key of the personal data changes while the house is open: a new key, everything sealed anew, the old key out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.apps import apps
from django.db import transaction
from django.db.models import BinaryField, Model, QuerySet
from django.db.models.functions import Substr

from xinfu.core import journal, privacy
from xinfu.core.actor import Actor
from xinfu.core.refusal import Refused

BATCH = 500
SUBJECT = "people.PersonalKey:"
SETTLE = timedelta(hours=1)
"""How long after a rotation an old key stays: a write that began before it may end after."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of sealed values."""

    model: type[Model]
    field: str

    @property
    def label(self) -> str:
        return f"{self.model._meta.verbose_name}·{self.model._meta.get_field(self.field).verbose_name}"  # type: ignore[union-attr]

    def behind(self, number: int) -> QuerySet[Model]:
        """Return the rows whose value is sealed under another key than `number`."""
        rows = self.model._default_manager.annotate(
            key_byte=Substr(self.field, 1, 1, output_field=BinaryField())
        )
        return rows.exclude(key_byte__in=[bytes([number]), b""]).exclude(**{f"{self.field}__isnull": True})


def sealed_columns() -> Iterator[Column]:
    """Yield every column of the house that holds sealed values: binary, and named so."""
    for model in apps.get_models():
        for field in model._meta.local_fields:
            if isinstance(field, BinaryField) and (field.name == "sealed" or field.name.endswith("_sealed")):
                yield Column(model, field.name)


def rows_behind() -> dict[str, int]:
    """Return how many rows of each column still wait for the key in use."""
    number = privacy.key_id()
    return {column.label: column.behind(number).count() for column in sealed_columns()}


@transaction.atomic
def rotate_key(*, by: Actor, at: datetime) -> int:
    """Put a new key in use and return its id. Refuses while values under an older key wait."""
    waiting = sum(rows_behind().values())
    if waiting:
        raise Refused("rotation_running", f"上一次换密钥还有 {waiting} 条没有重新加密，请等完成后再换。")
    number = privacy.key_id() + 1
    journal.record("key.rotated", f"{SUBJECT}{number}", by=by, at=at, key=number)
    return privacy.next_key()


def reseal(*, by: Actor, at: datetime, most: int = 200) -> int:
    """Seal again, under the key in use, what waits: at most `most` batches. Return how many rows were done.

    Each batch is a transaction and each row is compared and swapped, so that a write at the same moment wins,
    and a process killed in the middle leaves rows under either key, all readable; the next call goes on.
    """
    done, number = 0, privacy.key_id()
    for column in sealed_columns():
        last = 0
        while most > 0:
            seen = _batch(column, number, last)
            if seen is None:
                break
            last, most = seen[0], most - 1
            done += seen[1]
    if done and not sum(rows_behind().values()):
        with transaction.atomic():
            journal.record("key.resealed", f"{SUBJECT}{number}", by=by, at=at, key=number, last_run=done)
    return done


@transaction.atomic
def _batch(column: Column, number: int, last: int) -> tuple[int, int] | None:
    found = column.behind(number).filter(pk__gt=last).order_by("pk")
    rows = list(found.values_list("pk", column.field)[:BATCH])
    if not rows:
        return None
    done = 0
    for pk, value in rows:
        same = column.model._default_manager.filter(pk=pk, **{column.field: bytes(value)})
        done += same.update(**{column.field: privacy.reseal(value)})
    return rows[-1][0], done


@transaction.atomic
def retire_keys(*, by: Actor, at: datetime) -> list[int]:
    """Take every older key out of use. Refuses while a row waits, and within an hour of the rotation."""
    waiting = sum(rows_behind().values())
    if waiting:
        raise Refused("rotation_running", f"还有 {waiting} 条没有重新加密，旧密钥还不能停用。")
    since = privacy.key_since()
    if since is not None and at < since + SETTLE:
        raise Refused("too_soon", "换密钥不足1小时，可能还有未结束的写入，请稍后再停用旧密钥。")
    old = privacy.old_keys()
    if not old:
        raise Refused("no_old_keys", "没有可停用的旧密钥。")
    journal.record("key.retired", f"{SUBJECT}{privacy.key_id()}", by=by, at=at, keys=old)
    for number in old:
        privacy.retire_key(number)
    return old
