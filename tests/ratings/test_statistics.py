"""Statistics of ratings: what counts, what is kept apart, what is too small to be told."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from tests import make
from tests.make import Office
from xinfu.core import local
from xinfu.core.access import Role
from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.core.registry import derived_views, indicators, snapshot_views
from xinfu.indicators import actions, engine, queries, rules
from xinfu.indicators.queries import numbers
from xinfu.indicators.queries.records import ANSWERS
from xinfu.ratings.indicators import RATINGS
from xinfu.ratings.models import BadRating, BadRatingStep, Rating
from xinfu.ratings.queries import statistics as read
from xinfu.ratings.statistics_local import FAIR_IS_GOOD, RATABLE_CASES

FRM, TO = date(2023, 1, 1), date(2023, 5, 31)
AT = datetime(2023, 6, 1, 1, tzinfo=UTC)
BY = system("tests")
_serial = itertools.count(1)


@pytest.fixture(autouse=True)
def _home(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.HOME = tmp_path
    (tmp_path / "tmp").mkdir(exist_ok=True)
    engine.connections.digest = ""
    numbers.ROWS.clear()
    ANSWERS.clear()
    yield
    engine.connections.digest = ""


def rate(level: int, count: int = 1, *, on: date = date(2023, 5, 8), **given: Any) -> list[Rating]:
    """Make ratings of one kind as an import would have stored them."""
    made = []
    for _ in range(count):
        n = next(_serial)
        made.append(
            Rating(
                code=f"T{n:09}",
                case_key=n.to_bytes(16, "big"),
                channel=given.get("channel", "3"),
                level=level,
                rated_at=datetime(on.year, on.month, on.day, tzinfo=UTC),
                rated_on=on,
                item_name=given.get("item_name", "食品经营许可"),
                told=given.get("told", 7),
                **{k: v for k, v in given.items() if k not in ("channel", "item_name", "told")},
            )
        )
    return Rating.objects.bulk_create(made)


def bad(rating: Rating, **given: Any) -> BadRating:
    fields: dict[str, Any] = {
        "rating": rating, "number": f"CP{rating.code}", "department": rating.department, "received_at": AT,
        "verify_due_on": date(2023, 5, 9), "rectify_due_on": date(2023, 5, 29), "moved_at": AT, **given,
    }  # fmt: skip
    return BadRating.objects.create(**fields)


def figure(code: str, **kwargs: Any) -> tuple[int | None, int | None, str | None]:
    actions.refresh_snapshot(by=BY, at=AT)
    (row,) = queries.figures(BY, FRM, TO, (), [code])
    return row.numerator, row.denominator, row.value


def test_the_printed_value_of_the_neighbouring_county_comes_out() -> None:
    """80,955 of 81,129 is printed as 99.79 %."""
    assert rules.shown(80_955, 81_129, "%", 2) == "99.79"


def test_every_formula_of_the_list_is_registered_with_its_source() -> None:
    assert {one.code for one in RATINGS} <= set(indicators.codes())
    assert len(RATINGS) == 11
    assert all(one.source and one.formula for one in RATINGS)
    assert all(one.view in snapshot_views or one.view in derived_views for one in RATINGS)


def test_default_and_excluded_ratings_never_count(office: Office) -> None:
    rate(5, 7, department=office.unit_a)
    rate(1, 1, department=office.unit_a)
    rate(3, 9, department=office.unit_a, channel="7")
    rate(1, 1, department=office.unit_a, excluded_at=AT)
    assert figure("good_rating_rate") == (7, 8, "87.50")
    assert figure("bad_rating_rate") == (1, 8, "12.50")
    assert figure("mean_rating") == (36, 8, "4.50")


def test_a_rating_leaves_the_figures_once_its_appeal_is_upheld(office: Office) -> None:
    (one,) = rate(1, 1, department=office.unit_a)
    rate(5, 3, department=office.unit_a)
    assert figure("good_rating_rate") == (3, 4, "75.00")
    Rating.objects.filter(pk=one.pk).update(excluded_at=AT)
    assert figure("good_rating_rate") == (3, 3, "100.00")


def test_whether_fair_is_good_is_the_countys_own_dated_rule(office: Office) -> None:
    rate(3, 6, on=date(2023, 2, 1), department=office.unit_a)
    rate(3, 6, on=date(2023, 4, 3), department=office.unit_a)
    assert figure("good_rating_rate") == (12, 12, "100.00")
    general = make_general(office)
    local.set_rule(
        code=FAIR_IS_GOOD, since=date(2023, 4, 1), value="no", source="县府办〔2023〕5号", by=general, at=AT
    )
    assert figure("good_rating_rate") == (6, 12, "50.00")
    for by in ("month", "channel"):
        found = read.statistics(BY, FRM, TO, by)
        assert (found.whole.good, sum(line.good for line in found.lines)) == (6, 6), (
            "the rule of each rating's day"
        )
    assert found.fair == "2023-01-01至2023-03-31的也计为好评，其余不计"
    assert read.statistics(BY, date(2023, 4, 1), TO).fair == "不计为好评"


def make_general(office: Office) -> Any:
    from tests import make

    return make.actor(Role.GENERAL, office.root)


def test_rectification_counts_what_was_due_and_valid(office: Office) -> None:
    done, late, waiting, invalid, not_due = rate(1, 5, department=office.unit_a)
    bad(done, status="21", finished_at=AT, finished_on=date(2023, 5, 20), called_back_at=AT)
    bad(late, status="21", finished_at=AT, finished_on=date(2023, 5, 30))
    bad(waiting, status="20")
    bad(invalid, status="11", finished_at=AT, finished_on=date(2023, 5, 20))
    Rating.objects.filter(pk=invalid.pk).update(excluded_at=AT)
    bad(not_due, status="20", rectify_due_on=date(2023, 6, 9))
    assert figure("bad_rectified_rate") == (2, 3, "66.67")
    assert figure("bad_on_time_rate") == (1, 3, "33.33")
    assert figure("bad_called_back_rate") == (1, 5, "20.00")
    assert figure("named_called_back_rate") == (0, 0, None)


def test_a_bad_rating_counts_where_its_term_ends_and_for_the_unit_in_charge(office: Office) -> None:
    """Rated in April, due on 8 May and handed over to unit B, put right two days late: it is May's, and B's."""
    rate(5, 9, department=office.unit_a, on=date(2023, 5, 2))
    rate(5, 9, department=office.unit_b, on=date(2023, 5, 2))
    (one,) = rate(1, 1, department=office.unit_a, on=date(2023, 4, 14))
    bad(one, department=office.unit_b, status="21", rectify_due_on=date(2023, 5, 8), finished_at=AT,
        finished_on=date(2023, 5, 10))  # fmt: skip
    actions.refresh_snapshot(by=BY, at=AT)
    april, may = (date(2023, 4, 1), date(2023, 4, 30)), (date(2023, 5, 1), TO)
    for code, expected in (("bad_rectified_rate", (1, 1)), ("bad_on_time_rate", (0, 1))):
        assert [(r.numerator, r.denominator) for r in queries.figures(BY, *april, (), [code])] in (
            [],
            [(0, 0)],
        )
        (row,) = queries.figures(BY, *may, (), [code])
        assert (row.numerator, row.denominator) == expected
        (of_unit,) = queries.figures(BY, *may, ("department",), [code])
        assert (of_unit.ids["department"], of_unit.denominator) == (office.unit_b.pk, 1)
    table = read.statistics(BY, *may)
    assert {line.name: (line.valid, line.rectified) for line in table.lines} == {
        office.unit_a.short_name: (0, 0),
        office.unit_b.short_name: (1, 1),
    }
    assert (table.whole.valid, table.whole.rectified) == (1, 1)
    chief = make.actor(Role.WINDOW_CHIEF, office.unit_a)
    assert read.statistics(chief, *may).whole.valid == 0, "another unit's, though this one was rated"
    week = read.statistics(BY, date(2023, 5, 1), date(2023, 5, 9), "month")
    assert (week.whole.valid, week.whole.rectified) == (1, 0), "on the 9th it was not yet put right"


def test_windows_of_one_name_keep_what_was_due_apart(office: Office) -> None:
    """Two units each have a window of the same name; only one of them had a bad rating to put right."""
    windows = [office.window_a1, office.window_b1]
    for window in windows:
        type(window).objects.filter(pk=window.pk).update(name="综合窗口")
        rate(5, 6, department=window.department, window=window)
    (one,) = rate(1, 1, department=office.unit_a, window=windows[0])
    bad(one)
    found = read.statistics(BY, FRM, TO, "window")
    assert sorted((line.name, line.total, line.valid) for line in found.lines) == [
        ("综合窗口", 6, 0),
        ("综合窗口", 7, 1),
    ]


def test_a_figure_follows_a_step_of_the_loop(office: Office) -> None:
    (one,) = rate(1, 1, department=office.unit_a)
    loop = bad(one)
    assert figure("bad_rectified_rate") == (0, 1, "0.00")
    BadRating.objects.filter(pk=loop.pk).update(
        status="21",
        finished_at=AT,
        finished_on=date(2023, 5, 20),
        moved_at=datetime(2023, 6, 1, 2, tzinfo=UTC),
    )
    assert figure("bad_rectified_rate") == (1, 1, "100.00")


def test_active_ratings_are_set_beside_the_cases_that_could_be_rated(office: Office) -> None:
    from xinfu.cases.models import Case, MonthRevision

    for n in range(4):
        Case.objects.create(
            case_no=f"R{n}", content=b"0" * 16, item_name="测试事项", channel="1", received_at=AT,
            received_on=date(2023, 5, 4), finished_at=AT, finished_on=date(2023, 5, 5), state="finished",
            accept_due_on=date(2023, 5, 11), department=office.unit_a, changed_at=AT,
        )  # fmt: skip
    MonthRevision.objects.create(month="2023-05", revision=1)
    rate(5, 3, department=office.unit_a)
    rate(5, 1, department=office.unit_a, turn=2)
    assert figure("active_rating_rate") == (3, 4, "75.00")
    assert figure("unrated_rate") == (1, 4, "25.00")
    Case.objects.filter(case_no="R3").update(finish_kind="1")  # not a normal end
    MonthRevision.objects.filter(month="2023-05").update(revision=2)
    assert figure("active_rating_rate") == (3, 3, "100.00")
    for since, value in ((date(2023, 5, 1), "every_finish"), (date(2023, 5, 6), "normal_finish")):
        local.set_rule(code=RATABLE_CASES, since=since, value=value, source="办公会", by=make.SYSTEM, at=AT)
    assert figure("active_rating_rate") == (3, 4, "75.00"), "the rule of the day on which the case ended"
    Case.objects.filter(case_no="R3").update(finished_on=date(2023, 5, 6))
    MonthRevision.objects.filter(month="2023-05").update(revision=3)
    assert figure("active_rating_rate") == (3, 3, "100.00")
    definition = queries.definition(BY, "active_rating_rate")
    assert "cases AS" in definition.postgres
    with pytest.raises(Refused, match="不能逐条对应"):
        queries.records(BY, "active_rating_rate", "numerator", FRM, TO)


def test_groups_with_few_ratings_are_told_nowhere(office: Office) -> None:
    rate(5, 5, department=office.unit_a)
    rate(1, 4, department=office.unit_b)
    rate(5, 1, department=office.data_bureau)
    actions.refresh_snapshot(by=BY, at=AT)
    told = queries.figures(BY, FRM, TO, ("department",), ["bad_rating_rate"])
    assert [row.ids["department"] for row in told] == [office.unit_a.pk]
    with pytest.raises(Refused, match="过少"):
        queries.records(BY, "bad_rating_rate", "numerator", FRM, TO, {"department": office.unit_b.pk})
    lines = {line.name: line for line in read.statistics(BY, FRM, TO).lines}
    assert lines[office.unit_a.short_name].total == 5
    assert lines[office.unit_b.short_name].is_few


def test_an_anonymous_rating_counts_once_its_day_is_over_and_by_no_more_than_is_told(office: Office) -> None:
    """Whatever groups and days are laid beside each other, they tell no more than the list of ratings."""
    rate(5, 5, department=office.unit_a, window=office.window_a1, told=7)
    rate(1, 1, department=office.unit_a, window=office.window_a1, told=0)
    rate(1, 1, department=office.unit_a, window=office.window_a1, told=None, on=date(2023, 5, 30))
    rate(1, 1, department=office.unit_a, window=office.window_a1, told=None, is_anonymous=False)
    assert figure("bad_rating_rate") == (2, 7, "28.57"), "not the one whose day is not decided yet"
    by_window = queries.figures(BY, FRM, TO, ("window",), ["bad_rating_rate"])
    assert {row.ids["window"]: (row.numerator, row.denominator) for row in by_window} == {
        office.window_a1.pk: (1, 6)
    }
    found = read.statistics(BY, FRM, TO, "window")
    assert {line.name: line.total for line in found.lines if not line.is_few} == {}
    assert found.whole.total == 8, "a day of the past that was not told yet counts, but by no window"


def test_a_small_group_cannot_be_worked_out_from_the_whole_and_the_rest(office: Office) -> None:
    rate(5, 9, department=office.unit_a)
    rate(5, 5, department=office.data_bureau)
    rate(1, 4, department=office.unit_b)
    lines = {line.name: line for line in read.statistics(BY, FRM, TO).lines}
    assert lines[office.unit_a.short_name].total == 9
    assert lines[office.unit_b.short_name].is_few
    assert lines[office.data_bureau.short_name].is_few, "18 less 9 less 5 would be the other's 4"
    assert lines[office.unit_b.short_name].bad == 0


def test_a_number_opens_to_ratings_by_day_and_random_code(office: Office, as_role: Any) -> None:
    rate(5, 3, department=office.unit_a)
    rate(1, 3, department=office.unit_a)
    actions.refresh_snapshot(by=BY, at=AT)
    page = queries.records(BY, "bad_rating_rate", "numerator", FRM, TO)
    assert (page.total, page.amount, page.visible) == (3, 3, 3)
    assert [row.code for row in page.rows] == sorted((row.code for row in page.rows), reverse=True)
    client = as_role(Role.APPRAISAL)
    address = reverse("indicators:records", args=["bad_rating_rate", "numerator"])
    answer = client.get(address, {"frm": FRM, "to": TO})
    assert answer.status_code == 200
    assert all(row.code in answer.content.decode() for row in page.rows)


MENU = {
    "等级指标配置": "/ratings/reasons/", "评价整改管理": "/ratings/loops/", "督办管理": "/ratings/loops/?box=raised",
    "评价查询管理": "/ratings/list/", "评价汇总统计": "/ratings/statistics/", "总体评价统计": "/ratings/statistics/?by=level",
    "部门差评事项统计": "/ratings/statistics/?by=item&order=bad&department={unit}",
    "差评分项统计": "/ratings/statistics/?by=reason", "按差评率统计": "/ratings/statistics/?order=bad_rate",
    "按差评整改率统计": "/ratings/statistics/?order=rectified_rate",
    "按评价渠道统计": "/ratings/statistics/?by=channel",
    "按评价率统计": "/indicators/league/?grain=department&by=active_rating_rate",
    "按评价总数统计": "/ratings/statistics/?order=total", "按评价得分统计": "/ratings/statistics/?order=mean",
}  # fmt: skip
"""The menu of a rating office (hall.md §1.9) but 考核得分, which is the appraisal's."""


@pytest.mark.parametrize("title", MENU)
def test_every_view_of_the_menu_has_its_address(office: Office, as_role: Any, title: str) -> None:
    rate(1, 6, department=office.unit_a, told=7)
    rate(1, 6, department=office.unit_b, told=7, item_name="企业设立登记")
    actions.refresh_snapshot(by=BY, at=AT)
    answer = as_role(Role.APPRAISAL).get(MENU[title].format(unit=office.unit_a.pk))
    assert answer.status_code == 200, title


def test_the_items_of_one_unit_are_only_its_own(office: Office) -> None:
    rate(1, 6, department=office.unit_a)
    rate(2, 7, department=office.unit_b, item_name="企业设立登记")
    found = read.statistics(BY, FRM, TO, "item", "bad", office.unit_a.pk)
    assert [(line.name, line.bad) for line in found.lines] == [("食品经营许可", 6)]


@pytest.mark.parametrize("by", list(read.GROUPINGS))
@pytest.mark.parametrize("order", ["bad_rate", "name"])
def test_every_grouping_adds_up_to_the_whole(office: Office, by: str, order: str) -> None:
    for unit, window in ((office.unit_a, office.window_a1), (office.unit_b, office.window_b1)):
        rate(5, 6, department=unit, window=window)
        rate(2, 5, department=unit, window=window, on=date(2023, 4, 3), channel="6")
    found = read.statistics(BY, FRM, TO, by, order)
    if by != "reason":
        assert sum(line.total for line in found.lines) == found.whole.total == 22
        assert sum(line.bad for line in found.lines) == 10


@pytest.mark.parametrize(
    ("frm", "to", "by", "code"),
    [
        (TO, FRM, "department", "period_reversed"),
        (date(2000, 1, 1), TO, "department", "period_too_long"),
        (FRM, TO, "person", "unknown_grouping"),
    ],
)
def test_what_cannot_be_counted_is_refused(db: None, frm: date, to: date, by: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read.statistics(BY, frm, to, by)
    assert refused.value.code == code


def test_lines_are_ordered_by_exact_values(office: Office) -> None:
    rate(1, 1, department=office.unit_a)
    rate(5, 9, department=office.unit_a)
    rate(1, 3, department=office.unit_b)
    rate(5, 3, department=office.unit_b)
    found = read.statistics(BY, FRM, TO, "department", "bad_rate")
    assert [line.ordered_by("bad_rate") for line in found.lines] == [Fraction(1, 2), Fraction(1, 10)]


def test_the_page_shows_the_table_and_what_left_it(office: Office, as_role: Any) -> None:
    rate(5, 6, department=office.unit_a)
    (one,) = rate(1, 1, department=office.unit_a)
    loop = bad(one, status="11", finished_at=AT, finished_on=date(2023, 5, 20))
    Rating.objects.filter(pk=one.pk).update(excluded_at=AT)
    BadRatingStep.objects.create(
        loop=loop,
        move="uphold",
        verb="申诉成立",
        source="10",
        target="11",
        note="评价人误点",
        at=AT,
        by="x",
        by_name="审",
    )
    client = as_role(Role.APPRAISAL)
    page = client.get("/ratings/statistics/", {"frm": "2023-01-01", "to": "2023-05-31"})
    assert page.status_code == 200
    assert "误点" in page.content.decode()
    file = client.get("/ratings/statistics.csv", {"frm": "2023-01-01", "to": "2023-05-31"})
    assert "100.00%" in file.content.decode()
    assert client.get("/ratings/statistics/", {"frm": "2023-06-01", "to": "2023-05-31"}).status_code == 422
