"""What belongs to cases, brought in by file: steps of the handling, licences; found again by what names each of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F

from xinfu.cases.actions.locking import take_lock
from xinfu.cases.actions.rows import known
from xinfu.cases.intake.staging import Staging
from xinfu.cases.models import CaseLicence, CaseStep, ImportBatch

CHUNK = 1000
PERMANENT = 2099
"""The year from which on sources write what has no end (2099-12-31)."""


class PartLoader:
    """Loads the table `ready` of a staging of one kind of part: `key` names a part of a case, `said` may change."""

    model: type[models.Model]
    key: tuple[str, ...]
    said: tuple[str, ...]

    def __init__(self, staging: Staging, batch: ImportBatch, total: int, at: datetime) -> None:
        self.staging, self.batch, self.total, self.at = staging, batch, total, at
        self.orphans: list[int] = []

    def run(self, progress: Callable[[int], None]) -> list[int]:
        """Load every chunk and return the file's rows whose case does not exist."""
        columns = ", ".join(("row_no", "case_no", *self.key, *self.said))
        for first in range(1, self.total + 1, CHUNK):
            last = first + CHUNK - 1
            rows = self.staging.select(
                f"SELECT {columns} FROM ready WHERE seq BETWEEN {first} AND {last} ORDER BY seq"
            )
            with transaction.atomic():
                take_lock()
                self._load(rows)
            progress(min(last, self.total))
        return self.orphans

    def orphans_of_file(self) -> list[int]:
        """Return the file's rows whose case does not exist, writing nothing."""
        for first in range(1, self.total + 1, CHUNK):
            rows = self.staging.select(
                f"SELECT row_no, case_no FROM ready WHERE seq BETWEEN {first} AND {first + CHUNK - 1}"
            )
            held = known([number for _, number in rows])
            self.orphans += [row for row, number in rows if number not in held]
        return self.orphans

    def _load(self, rows: Sequence[tuple[Any, ...]]) -> None:
        cases = {number: held.pk for number, held in known([row[1] for row in rows]).items()}
        self.orphans += [row[0] for row in rows if row[1] not in cases]
        new, changed, same = [], [], 0
        held = self._held(cases.values())
        for _, number, *values in rows:
            if number not in cases:
                continue
            facts = self.facts(dict(zip((*self.key, *self.said), map(plain, values), strict=True)))
            old = held.get((cases[number], *(facts[name] for name in self.key)))
            if old is None:
                new.append(self.model(case_id=cases[number], **facts))
            elif all(getattr(old, name) == facts[name] for name in self.said):
                same += 1
            else:
                for name in self.said:
                    setattr(old, name, facts[name])
                changed.append(old)
        self.model._default_manager.bulk_create(new)
        self.model._default_manager.bulk_update(changed, self.said, batch_size=200)
        self.moved({part.case_id for part in [*new, *changed]})
        ImportBatch.objects.filter(pk=self.batch.pk).update(
            created=F("created") + len(new),
            updated=F("updated") + len(changed),
            unchanged=F("unchanged") + same,
        )

    def _held(self, cases: Any) -> dict[tuple[Any, ...], Any]:
        held = self.model._default_manager.filter(case__in=list(cases)).order_by("pk")
        return {(part.case_id, *(getattr(part, name) for name in self.key)): part for part in held}  # type: ignore[attr-defined]

    def facts(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a part from what the file said; text that it leaves out is empty."""
        texts = {f.name for f in self.model._meta.get_fields() if isinstance(f, models.CharField)}
        return {name: "" if value is None and name in texts else value for name, value in said.items()}

    def moved(self, pks: set[int]) -> None:
        """Do what follows for the cases whose parts changed: nothing where no figure is made of them."""


def plain(value: Any) -> Any:
    """Return a value of the staging as Django keeps it: its moments are UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) else value


class StepLoader(PartLoader):
    model = CaseStep
    key = ("name", "started_at")
    said = ("action", "unit_name", "handler_name", "ended_at", "note")


class LicenceLoader(PartLoader):
    model = CaseLicence
    key = ("number",)
    said = ("name", "issuer", "issued_on", "valid_from", "valid_until", "is_permanent")

    def facts(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a licence; an end of 2099 or later means that there is none."""
        found = super().facts(said)
        until: date | None = found["valid_until"]
        endless = bool(found["is_permanent"]) or (until is not None and until.year >= PERMANENT)
        return {**found, "is_permanent": endless, "valid_until": None if endless else until}
