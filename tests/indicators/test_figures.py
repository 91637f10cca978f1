"""The command, stored figures, and the way from a figure to its records."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import make
from xinfu.cases.models import Case
from xinfu.core.access import Role, only_reading
from xinfu.core.actor import system
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, Refused
from xinfu.core.registry import indicators
from xinfu.indicators import actions, engine, queries, tasks
from xinfu.indicators.models import Figure, FigureSet

AT = datetime(2023, 6, 1, 2, tzinfo=UTC)
JAN, FEB, MAY = date(2023, 1, 1), date(2023, 2, 1), date(2023, 5, 31)
TEST = system("test")
CaseMaker = Callable[..., Case]


def figures(*words: str) -> dict[str, Any]:
    out = StringIO()
    call_command("figures", "--from", "2023-01-01", "--to", "2023-05-31", *words, "--json", stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


@pytest.fixture
def few(office: Any, case: CaseMaker) -> Any:
    """Five cases of two units in two months, one of them outside the platform, one unassigned."""
    given = {"is_unified_item": True, "is_unified": True}
    case(JAN, department=office.unit_a, window=office.window_a1, **given)
    case(JAN, department=office.unit_a, window=office.window_a2, town=office.town_a, **given)
    case(FEB, department=office.unit_a, is_unified_item=True)
    case(FEB, department=office.unit_b, **given)
    case(FEB, channel="3", **given)
    return office


# --- the command ----------------------------------------------------------------------------------------


def test_the_command_prints_period_snapshot_and_figures(few: Any) -> None:
    found = figures("--indicator", "one_net_rate")
    assert found["period"] == {"from": "2023-01-01", "to": "2023-05-31"}
    assert len(found["snapshot"]) == 64
    (figure,) = found["figures"]
    assert figure == {
        "indicator": "one_net_rate", "title": "一网通办率", "group": {}, "labels": {}, "numerator": 4, "denominator": 5,
        "value": "80.00", "unit": "%", "origin": "computed",
    }  # fmt: skip


def test_every_indicator_is_printed_and_no_number_is_a_float(few: Any) -> None:
    found = figures()
    assert {f["indicator"] for f in found["figures"]} == {one.code for one in indicators}
    for figure in found["figures"]:
        assert type(figure["numerator"]) is int
        assert figure["denominator"] is None or type(figure["denominator"]) is int
        assert (figure["value"] is None) == (figure["denominator"] == 0)
        assert figure["value"] is None or type(figure["value"]) is str


def test_several_groupings_combine_into_one(few: Any) -> None:
    found = figures("--by", "department", "--by", "month", "--indicator", "cases_total")["figures"]
    groups = [(f["group"]["month"], f["labels"]["department"], f["numerator"]) for f in found]
    assert groups == [
        ("2023-01", "县市场监管局", 2),
        ("2023-02", "县市场监管局", 1),
        ("2023-02", "县人力社保局", 1),
        ("2023-02", "未归属", 1),
    ]
    assert found[-1]["group"] == {"month": "2023-02", "department": None}


def test_weeks_go_by_their_monday_and_units_by_their_code(few: Any) -> None:
    weeks = figures("--by", "week", "--indicator", "cases_total")["figures"]
    assert [f["group"]["week"] for f in weeks] == ["2022-12-26", "2023-01-30"]
    windows = figures("--by", "window", "--indicator", "cases_total")["figures"]
    assert [f["group"]["window"] for f in windows] == ["A01", "A02", None]


def test_item_rates_are_left_out_of_groupings_that_they_do_not_have(few: Any) -> None:
    assert "instant_rate" not in {f["indicator"] for f in figures("--by", "month")["figures"]}
    assert "cases_total" in {f["indicator"] for f in figures("--by", "month")["figures"]}


@pytest.mark.parametrize(
    "words, sentence",
    [
        (["--from", "2023-06-01", "--to", "2023-05-31"], "晚于结束日期"),
        (["--from", "2023-01-01", "--to", "2023-05-31", "--indicator", "one_net"], "one_net_rate"),
        (["--from", "2023-01-01", "--to", "2023-05-31", "--by", "planet"], "可用的有 month"),
        (["--from", "2023-01-01", "--to", "2023-05-31", "--by", "month", "--indicator", "instant_rate"], "不能按月份分组"),
        (["--from", "1.1", "--to", "2023-05-31"], "2023-05-31 的样子"),
        (["--from", "1900-01-01", "--to", "2023-05-31"], "十年"),
    ],
)  # fmt: skip
def test_the_command_says_what_it_does_not_take(db: None, words: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("figures", *words, stdout=StringIO())


def test_without_refreshing_the_former_snapshot_is_counted(few: Any, case: CaseMaker) -> None:
    before = figures("--indicator", "cases_total")
    case(JAN)
    assert figures("--indicator", "cases_total", "--no-refresh") == before
    assert figures("--indicator", "cases_total")["figures"][0]["numerator"] == 6


def test_without_json_it_prints_a_table_for_people(few: Any) -> None:
    out = StringIO()
    call_command(
        "figures", "--from", "2023-01-01", "--to", "2023-05-31", "--by", "department",
        "--indicator", "one_net_rate", stdout=out,
    )  # fmt: skip
    assert "一网通办率\t县市场监管局\t66.67%（2 ÷ 3）\t计算" in out.getvalue()


# --- stored figures ---------------------------------------------------------------------------------------


def shown(rows: list[queries.FigureRow]) -> list[Any]:
    return [(r.code, dict(r.group), r.numerator, r.denominator, r.value) for r in rows]


def test_stored_figures_are_those_computed_on_the_spot(few: Any) -> None:
    snapshot = actions.refresh_snapshot(by=TEST, at=AT)
    for grouping in [*actions.SINGLE, actions.TREND]:
        fresh = queries.figures(TEST, JAN, MAY, grouping)
        actions.store(snapshot, JAN, MAY, [grouping], by=TEST, at=AT)
        queries.numbers.ROWS.clear()
        with CaptureQueriesContext(connection) as used:
            stored = queries.figures(TEST, JAN, MAY, grouping)
        assert shown(stored) == shown(fresh), grouping
        assert len(used) <= 6


def test_figures_are_computed_once_and_recorded(few: Any) -> None:
    made = actions.precompute(by=TEST, at=AT)
    assert made > 100
    rows = Figure.objects.count()
    assert actions.precompute(by=TEST, at=AT) == 0
    assert Figure.objects.count() == rows
    assert JournalEntry.objects.filter(event="indicators.computed").exists()


def test_computing_on_the_spot_in_a_get_writes_nothing(few: Any) -> None:
    actions.refresh_snapshot(by=TEST, at=AT)
    with only_reading():
        assert queries.figures(TEST, JAN, FEB, ["department"])
        assert queries.weekly(TEST, JAN)
        assert queries.monthly(TEST, JAN)
    assert not FigureSet.objects.exists()


def test_an_import_asks_for_one_refresh_however_often_it_is_told(
    few: Any, run_tasks: Callable[[], int]
) -> None:
    tasks.on_imported({}, AT)
    tasks.on_imported({}, AT)
    tasks.nightly(AT)
    assert run_tasks() == 1
    assert FigureSet.objects.exists()


def test_before_any_snapshot_the_reader_is_told(db: None) -> None:
    assert queries.snapshot(TEST) is None
    with pytest.raises(Refused, match="尚未生成数据快照"):
        queries.figures(TEST, JAN, MAY)


# --- from a number to its records --------------------------------------------------------------------------


def test_the_records_behind_every_number_are_as_many_as_the_number_says(few: Any) -> None:
    actions.refresh_snapshot(by=TEST, at=AT)
    for grain in [(), ("department",), ("month", "town"), ("channel",), ("week",)]:
        for row in queries.figures(TEST, JAN, MAY, grain):
            if row.indicator.view != "cases":
                continue
            for part, number in (("numerator", row.numerator), ("denominator", row.denominator)):
                if number is None:
                    continue
                page = queries.records(TEST, row.code, part, JAN, MAY, row.ids)
                assert page.amount == number, (row.code, part, row.ids)
                assert len(page.rows) == page.total == page.visible


def test_a_unit_opens_its_own_records_and_sees_that_there_are_more(few: Any) -> None:
    actions.refresh_snapshot(by=TEST, at=AT)
    liaison = make.actor(Role.UNIT_LIAISON, few.unit_a)
    page = queries.records(liaison, "cases_total", "numerator", JAN, MAY)
    assert (page.total, page.visible) == (5, 3)
    assert {row.department_id for row in page.rows} == {few.unit_a.pk}
    town = make.actor(Role.TOWN_CLERK, few.town_a)
    assert queries.records(town, "cases_total", "numerator", JAN, MAY).visible == 1


def test_pages_of_records_follow_each_other_without_gap_or_overlap(few: Any) -> None:
    actions.refresh_snapshot(by=TEST, at=AT)
    pages = [queries.records(TEST, "cases_total", "numerator", JAN, MAY, page=n, size=2) for n in (1, 2, 3)]
    assert pages[0].pages == 3
    ids = [pk for page in pages for pk in page.ids]
    assert len(ids) == len(set(ids)) == 5


@pytest.mark.parametrize(
    "code, part, group, sentence",
    [
        ("cases_total", "denominator", {}, "没有这一项"),
        ("cases_total", "middle", {}, "没有这一项"),
        ("nothing", "numerator", {}, "没有代码为"),
        ("instant_rate", "numerator", {"month": JAN}, "不能按月份分组"),
    ],
)
def test_records_of_what_is_no_number_are_refused(
    few: Any, code: str, part: str, group: dict[str, Any], sentence: str
) -> None:
    actions.refresh_snapshot(by=TEST, at=AT)
    with pytest.raises(Refused, match=sentence):
        queries.records(TEST, code, part, JAN, MAY, group)


def test_groups_are_read_from_addresses() -> None:
    given = {"month": "2023-05", "week": "2023-05-15", "department": "3", "channel": "2", "town": ""}
    assert queries.parse_group(given) == {
        "month": date(2023, 5, 1), "week": date(2023, 5, 15), "department": 3, "channel": "2", "town": None,
    }  # fmt: skip
    for bad in ({"month": "may"}, {"department": "1; DROP"}, {"planet": "1"}):
        with pytest.raises(Refused):
            queries.parse_group(bad)


def test_a_channel_that_is_no_code_is_compared_and_not_run(few: Any) -> None:
    actions.refresh_snapshot(by=TEST, at=AT)
    page = queries.records(TEST, "cases_total", "numerator", JAN, MAY, {"channel": "' OR 1=1 --"})
    assert page.total == 0


# --- definitions and the API --------------------------------------------------------------------------------


def test_a_definition_shows_its_sql_for_both_engines(db: None) -> None:
    found = queries.definition(TEST, "late_finish_rate", JAN, MAY, ["month"])
    assert "DATE '2023-05-31'" in found.sql
    assert "cases_case" in found.postgres
    assert found.indicator.mark == "本地规定"
    for one in indicators:
        assert queries.definition(TEST, one.code).postgres
    with pytest.raises(Refused, match="没有代码为"):
        queries.definition(TEST, "nothing")


def test_who_has_no_role_sees_no_figures(few: Any) -> None:
    actions.refresh_snapshot(by=TEST, at=AT)
    outside = make.actor(Role.OUTSIDE, few.unit_a)
    for call in (
        lambda: queries.figures(outside, JAN, MAY),
        lambda: queries.records(outside, "cases_total", "numerator", JAN, MAY),
        lambda: queries.definitions(outside),
        lambda: queries.standings(outside, JAN, MAY),
        lambda: queries.weekly(outside, JAN),
    ):
        with pytest.raises(Forbidden):
            call()


def test_the_api_gives_definitions_figures_and_records(few: Any, as_role: Callable[..., Any]) -> None:
    actions.refresh_snapshot(by=TEST, at=AT)
    client = as_role(Role.GENERAL)
    listed = client.get("/api/v1/indicators").json()
    assert [one["code"] for one in listed] == indicators.codes()
    assert client.get("/api/v1/indicators/one_net_rate").json()["sql"]
    address = "/api/v1/indicators/figures?from=2023-01-01&to=2023-05-31&by=month&by=department&indicator=cases_total"
    found = client.get(address).json()
    assert [f["numerator"] for f in found["figures"]] == [2, 1, 1, 1]
    behind = client.get(
        f"/api/v1/indicators/cases_total/records?from=2023-01-01&to=2023-05-31&department={few.unit_a.pk}&month=2023-01"
    ).json()
    assert (behind["total"], len(behind["records"])) == (2, 2)
    refused = client.get("/api/v1/indicators/figures?from=2023-05-31&to=2023-01-01")
    assert refused.status_code == 422
    assert "晚于结束日期" in refused.json()["detail"]
    assert as_role(Role.OUTSIDE).get("/api/v1/indicators").status_code == 403


def test_the_definition_pages_are_what_the_registry_says() -> None:
    from xinfu.site.management.commands import docs

    page = docs.pages()["indicators.md"]
    assert (docs.FOLDER / "indicators.md").read_text() == page
    for one in indicators:
        assert f"## {one.title} `{one.code}`" in page


def test_one_connection_a_thread_sees_each_new_snapshot(few: Any, case: CaseMaker) -> None:
    first = actions.refresh_snapshot(by=TEST, at=AT)
    kept = engine.connections.over(first)
    case(JAN)
    second = actions.refresh_snapshot(by=TEST, at=AT)
    assert engine.connections.over(second) is kept
    assert kept.execute("SELECT count(*) FROM cases").fetchone() == (6,)
