"""The demonstration's suggestions: every state is there, twelve adopted, and the report says so with the ranks."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import make
from tests.conftest import CHINA
from xinfu.catalog import queries as catalog
from xinfu.catalog.models import Item
from xinfu.demo import suggestions
from xinfu.demo.county import UNITS
from xinfu.demo.generate import identity, items
from xinfu.indicators import actions
from xinfu.indicators.models import Proposal
from xinfu.people.models import DepartmentKind
from xinfu.reports.suggestions import suggestions as section
from xinfu.reports.writing import Writing

AT = datetime(2023, 6, 1, 9, tzinfo=CHINA)
JANUARY, MAY = date(2023, 1, 1), date(2023, 5, 31)


@pytest.fixture
def county(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.HOME = tmp_path
    (tmp_path / "tmp").mkdir()
    for unit in UNITS:
        make.department(identity(unit.serial), unit.name, DepartmentKind.SENDING_UNIT)
    made = {one.code: Item.objects.create(code=one.code) for one in items()}

    class Version:
        def __init__(self, item: Item) -> None:
            self.item, self.name = item, "企业登记"

    monkeypatch.setattr(catalog, "item_on", lambda code, day: Version(made[code]))


def test_the_report_prints_twelve_adopted_first_and_second_and_each_number_opens(
    county: None, tmp_path: Path
) -> None:
    said: list[str] = []
    suggestions.build(tmp_path / "demo", AT, said.append)
    suggestions.build(tmp_path / "demo", AT, said.append)
    states = Counter(Proposal.objects.order_by("pk").values_list("status", flat=True))
    assert sum(states.values()) == len(suggestions.PLAN), "a second start makes nothing"
    assert states["adopted"] == 12
    assert set(states) == {
        "draft", "county", "city", "province", "adopted", "partly", "not_adopted", "returned", "withdrawn",
    }  # fmt: skip
    actions.refresh_snapshot(by=make.SYSTEM, at=AT)
    writing = Writing(make.SYSTEM, JANUARY, date(2023, 6, 30), MAY)
    (block,) = section(writing)
    text = "".join(run["text"] for run in block["runs"])
    assert "被省采纳12件，列全市第一、全省第二" in text
    told = [run for run in block["runs"] if "figure" in run]
    assert [run["text"] for run in told] == ["12件", "第一", "第二", "63.16%"]
    assert all(writing.figures[run["figure"]]["url"] for run in told)


def test_a_period_without_answers_writes_nothing(county: None, tmp_path: Path) -> None:
    suggestions.build(tmp_path / "demo", AT, print)
    actions.refresh_snapshot(by=make.SYSTEM, at=AT)
    assert section(Writing(make.SYSTEM, date(2022, 1, 1), date(2022, 6, 30), date(2022, 6, 30))) == []
