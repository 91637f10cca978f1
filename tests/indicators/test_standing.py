"""What others publish, and where it puts the county: ranks, colours, targets, league tables, bulletins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from xinfu.cases.models import Case
from xinfu.core import local as local_rules
from xinfu.core.access import Role
from xinfu.core.actor import system
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, Refused
from xinfu.indicators import actions, local, queries
from xinfu.indicators.models import ImportedValue

AT = datetime(2023, 6, 1, 2, tzinfo=UTC)
FRM, TO = date(2023, 5, 1), date(2023, 5, 31)
TEST = system("test")
CaseMaker = Callable[..., Case]


def table(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "ranks.csv"
    path.write_text(text, encoding="utf-8")
    return path


def take_in(path: Path, **given: Any) -> actions.RanksImported:
    whole = {
        "indicator": "one_net_rate",
        "frm": FRM,
        "to": TO,
        "source": "省通报",
        "by": TEST,
        "at": AT,
        **given,
    }
    return actions.import_ranks(path=path, name=path.name, **whole)


COUNTIES = "地区,数值\n" + "".join(f"县{n:02},{90 + n / 10:.1f}\n" for n in range(89)) + "新昌县,95.05\n"


def test_a_table_comes_in_once_and_a_correction_keeps_the_old_value(db: None, tmp_path: Path) -> None:
    assert take_in(table(tmp_path, COUNTIES)) == actions.RanksImported(90, 0, 0)
    assert take_in(table(tmp_path, COUNTIES)) == actions.RanksImported(0, 0, 90)
    corrected = table(tmp_path, COUNTIES.replace("95.05", "95.15"))
    assert take_in(corrected) == actions.RanksImported(0, 1, 89)
    own = ImportedValue.objects.filter(is_own=True).order_by("revision")
    assert [(v.printed, v.revision, v.is_latest) for v in own] == [("95.05", 1, False), ("95.15", 2, True)]
    assert JournalEntry.objects.filter(event="indicators.ranks_imported").count() == 3


def test_the_command_takes_a_table_in(db: None, tmp_path: Path) -> None:
    out = StringIO()
    path = table(
        tmp_path,
        "指标,地区,数值,名次,颜色,开始日期,结束日期\n一网通办率,新昌,99.11%,1,绿,2023-01-01,2023-05-31\n",
    )
    call_command("import_ranks", str(path), "--source", "省通报", stdout=out)
    assert '"created": 1' in out.getvalue()
    assert ImportedValue.objects.get().colour == "green"


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("数值\n99\n", "缺少列：地区"),
        ("地区,备注\n新昌县,好\n", "缺少列：数值"),
        ("地区,数值\n新昌县,很高\n", "第2行：“数值”应为数字"),
        ("地区,数值\n新昌县,99\n新昌县,98\n", "同一地区"),
        ("地区,名次\n新昌县,0\n", "“名次”应为整数"),
        ("地区,数值,颜色\n新昌县,99,紫\n", "“颜色”应为"),
        ("地区,数值,部门\n新昌县,99,火星局\n", "机构表里没有：火星局"),
    ],
)
def test_a_bad_table_is_refused_whole(db: None, tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        take_in(table(tmp_path, text))
    assert not ImportedValue.objects.exists()


def test_only_the_right_roles_import_and_set(office: Any, tmp_path: Path) -> None:
    clerk = make.actor(Role.WINDOW_CLERK, office.unit_a)
    with pytest.raises(Forbidden):
        take_in(table(tmp_path, COUNTIES), by=clerk)
    with pytest.raises(Forbidden):
        actions.set_target(indicator="one_net_rate", since=FRM, value="99", source="文", by=clerk, at=AT)
    with pytest.raises(Refused, match="来源"):
        take_in(table(tmp_path, COUNTIES), source=" ")


@pytest.fixture
def county(office: Any, case: CaseMaker) -> Any:
    """May: unit a 18 of 20 on the platform, unit b 40 of 40, one overdue case; April: half as good."""
    for n in range(20):
        case(FRM + timedelta(days=n), department=office.unit_a, is_unified_item=True, is_unified=n < 18)
        case(date(2023, 4, 3), department=office.unit_a, is_unified_item=True, is_unified=n < 10)
    for n in range(40):
        case(FRM + timedelta(days=n % 28), department=office.unit_b, is_unified_item=True, is_unified=True)
    case(date(2023, 5, 8), department=office.unit_a, accepted_on=date(2023, 5, 8), due_on=date(2023, 5, 16))
    actions.refresh_snapshot(by=TEST, at=AT)
    return office


def test_computed_and_official_stand_side_by_side_with_rank_colour_and_change(
    county: Any, tmp_path: Path
) -> None:
    take_in(table(tmp_path, COUNTIES))
    actions.set_target(indicator="one_net_rate", since=FRM, value="99.5", source="年度任务", by=TEST, at=AT)
    (one,) = queries.standings(TEST, FRM, TO, ["one_net_rate"])
    assert (one.figure.value, one.official and one.official.value) == ("96.67", "95.05")
    assert (one.rank, one.peers, one.band, one.scale.is_default) == (39, 90, "yellow", True)
    assert one.points(one.change) == "46.67"
    assert one.improved
    assert one.points(one.gap) == "2.83"
    both = queries.figures(TEST, FRM, TO, (), ["one_net_rate"])
    assert [(f.origin, f.value) for f in both] == [("computed", "96.67"), ("imported", "95.05")]


def test_the_gap_names_the_cases_and_the_units(county: Any, tmp_path: Path) -> None:
    actions.set_colour_rule(
        indicator="one_net_rate", since=FRM, method="score", source="县办",
        bounds=[("green", "98"), ("blue", "95"), ("red", None)], by=TEST, at=AT,
    )  # fmt: skip
    found = queries.gap(TEST, "one_net_rate", FRM, TO)
    assert (found.band, found.next_band, found.limit) == ("blue", "green", Fraction(98))
    assert found.need is not None
    assert (found.need.corrected, found.need.added) == (1, 40)
    assert [(s.label, s.lost, s.needed) for s in found.shares] == [("县市场监管局", 2, 1)]
    with pytest.raises(Refused, match="不能换算"):
        queries.gap(TEST, "cases_total", FRM, TO)


def test_units_with_few_cases_stand_apart_unranked(county: Any) -> None:
    league = queries.league(TEST, FRM, TO, ["one_net_rate"])
    assert [(r.label, r.rank) for r in league.rows] == [("县人力社保局", 1), ("县市场监管局", None)]
    local_rules.set_rule(code=local.MIN_CASES, since=FRM, value=5, source="县办", by=TEST, at=AT)
    league = queries.league(TEST, FRM, TO, ["one_net_rate"])
    assert [r.rank for r in league.ranked] == [1, 2]


def test_the_weekly_and_monthly_say_what_is_overdue_who_lost_and_what_to_do(county: Any) -> None:
    with CaptureQueriesContext(connection) as used:
        week = queries.weekly(TEST, date(2023, 5, 17))
    assert len(used) <= 12
    assert week.overdue_total == 1
    assert week.overdue[0].days == 3
    assert any("超期办结（含未办结）1件" in demand.text for demand in week.demands)
    assert {demand.due_on for demand in week.demands} == {date(2023, 5, 26)}
    month = queries.monthly(TEST, TO)
    one = month.analyses[0]
    assert [(c.label, c.lost, c.share) for c in one.contributions] == [("县市场监管局", 2, "100.00")]
    assert len(one.trend) == 12
    assert queries.history(TEST, "one_net_rate", TO)[-1].figure == one.standing.figure
