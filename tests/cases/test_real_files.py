"""Real files of two cities, end to end (they are not part of this repository)."""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db.models import Count, F, Q
from django.db.models.functions import Substr, TruncMonth

from tests.cases.conftest import counts, import_cases
from xinfu.cases.models import Case, ImportBatch, Quality

STAMP = "%m/%d/%Y %I:%M:%S %p"
BLANK_FLAGS = 63
pytestmark = [pytest.mark.slow, pytest.mark.django_db]


@pytest.fixture
def boston(shared_data: Path) -> list[Path]:
    found = sorted((shared_data / "cases").glob("boston-311-2015-q*.csv.gz"))
    if len(found) != 2:
        pytest.skip("the Boston files are not on this machine")
    return found


def wall(text: str) -> datetime:
    return datetime.strptime(text, STAMP).replace(tzinfo=UTC)


def published(paths: list[Path]) -> Iterator[dict[str, str]]:
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


def test_on_time_figures_of_boston_equal_the_publishers_own_flag_by_month(boston: list[Path]) -> None:
    on_time, flagged, blank = Counter[str](), Counter[str](), Counter[str]()
    for line in published(boston):
        if line["CASE_STATUS"] == "Closed" and line["TARGET_DT"]:
            month = f"{wall(line['CLOSED_DT']):%Y-%m}"
            on_time[month] += line["OnTime_Status"] == "ONTIME"
            flagged[month] += line["OnTime_Status"] != ""
            blank[month] += line["OnTime_Status"] == ""
    assert sum(blank.values()) == BLANK_FLAGS

    first = import_cases(*boston, mapping="boston-311")
    assert counts(first) == (58119, 58119, 0, 0, 0)
    closed = Case.objects.filter(due_kind="stated", finished_at__isnull=False)
    found = closed.annotate(month=TruncMonth("finished_on")).values("month").order_by("month")
    found = found.annotate(n=Count("pk"), kept=Count("pk", filter=Q(finished_at__lte=F("due_at"))))
    ours = {f"{f['month']:%Y-%m}": (f["kept"], f["n"]) for f in found}
    assert ours == {m: (on_time[m], flagged[m] + blank[m]) for m in flagged}

    backwards = closed_before_opened(boston)
    assert backwards > 0
    marked = Case.objects.annotate(m=F("quality").bitand(Quality.FINISHED_BEFORE_RECEIVED)).filter(m__gt=0)
    assert marked.count() == backwards
    assert not marked.filter(handling_days__isnull=False).exists(), "left out of durations only"
    assert sum(b.marked.get("1", 0) for b in ImportBatch.objects.order_by("pk")) == backwards

    again = import_cases(*boston, mapping="boston-311")
    assert counts(again) == (58119, 0, 0, 58119, 0)


def closed_before_opened(paths: list[Path]) -> int:
    return sum(
        wall(line["CLOSED_DT"]) < wall(line["OPEN_DT"]) for line in published(paths) if line["CLOSED_DT"]
    )


def test_the_mapping_never_reads_the_publishers_flag() -> None:
    from xinfu.cases.intake import mapping

    assert "OnTime_Status" not in {
        c for columns in mapping.get("boston-311").columns.values() for c in columns
    }


def test_new_yorks_file_is_taken_in_with_units_and_items_of_its_own(shared_data: Path) -> None:
    path = shared_data / "cases" / "nyc-311-2018-06-due-dates-1000.csv"
    if not path.exists():
        pytest.skip("the New York file is not on this machine")
    assert counts(import_cases(path, mapping="nyc-311")) == (1000, 1000, 0, 0, 0)
    assert Case.objects.exclude(due_kind="").count() == 486
    police = Case.objects.filter(department__code="NYC-311-NYPD")
    assert police.count() == 347
    assert {c.department.parent.code for c in police[:5] if c.department and c.department.parent} == {
        "IMPORT"
    }
    assert not Case.objects.filter(Q(item_version=None) | Q(department=None)).exists()
    assert Case.objects.annotate(m=Substr("case_no", 1, 1)).filter(m="").count() == 0
    assert counts(import_cases(path, mapping="nyc-311")) == (1000, 0, 0, 1000, 0)
