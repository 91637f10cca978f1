"""Cases by their numbers, set-wise, for what other systems send about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from xinfu.cases.models import Case


@dataclass(frozen=True, slots=True)
class Named:
    """What a record about a case takes from it; no personal data."""

    pk: int
    received_on: date
    department_id: int | None
    window_id: int | None
    town_id: int | None
    item_id: int | None
    item_code: str
    item_name: str
    applicant_kind: str
    project_type: str


def named_by_number(numbers: Collection[str]) -> dict[str, Named]:
    """Return the cases that have one of the numbers, by number, in one query; for imports, which see them all."""
    rows = Case.objects.filter(case_no__in=numbers).values_list(
        "case_no", "pk", "received_on", "department_id", "window_id", "town_id", "item_version__item_id",
        "item_code", "item_name", "applicant_kind", "project_type",
    )  # fmt: skip
    return {row[0]: Named(*row[1:]) for row in rows}
