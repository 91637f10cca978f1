"""落后指标分析: the worst lines, the meeting called from them, what is filled in, and items given from any page."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests import make
from tests.indicators.test_screens import row
from xinfu.assignments import actions as assignments
from xinfu.assignments import queries as meetings
from xinfu.assignments.models import Decision, Item, Meeting
from xinfu.cases import actions as cases
from xinfu.core import local
from xinfu.core.access import Role
from xinfu.indicators import actions
from xinfu.indicators.models import SnapshotPin
from xinfu.indicators.queries.review import review, review_tables
from xinfu.people.models import Person

MAY = {"frm": "2023-05-01", "to": "2023-05-31"}
PAGE = "/indicators/review/"


@pytest.fixture(autouse=True)
def _demo_day(settings: Any) -> None:
    settings.DEMO_DAY = date(2023, 6, 1)


@pytest.fixture
def counted(office: make.Office, now: datetime) -> make.Office:
    """Ten cases of May: six of unit A (three outside the platform), four of unit B (one outside)."""
    rows = [row(n, office.unit_a, unified=n > 2) for n in range(6)]
    rows += [row(n, office.unit_b, unified=n > 0) for n in range(4)]
    assert cases.push_cases(records=rows, by=make.SYSTEM, at=now).created == len(rows)
    actions.precompute(by=make.SYSTEM, at=now)
    return office


@pytest.fixture
def caller(counted: make.Office, as_role: Callable[..., Any]) -> Any:
    client = as_role(Role.GENERAL, counted.general)
    client.get("/indicators/catalogue/")
    return client


def page(client: Client, **query: str) -> str:
    return unescape(client.get(PAGE, MAY | query).content.decode())


def gives(text: str) -> list[dict[str, str]]:
    found = re.findall(r'href="(/assignments/give/\?[^"]*)"', text)
    return [{k: v[0] for k, v in parse_qs(urlsplit(one).query).items()} for one in found]


def call(client: Any, **said: Any) -> Any:
    chair = Person.objects.filter(name="主某").first() or make.person(
        Role.LEADER, make.Department.objects.get(code="11330624MB0001"), "主某"
    )
    values = {
        "title": "5月落后指标分析会", "day": "2023-06-02", "hour": "14:30", "place": "三楼会议室",
        "chair": chair.staff_no, "note_taker": client.actor.name, **said,
    }  # fmt: skip
    return client.post(f"{PAGE}call/?frm={MAY['frm']}&to={MAY['to']}", values, follow=True)


def held(client: Any, settings: Any) -> Meeting:
    guests = [one.pk for one in make.Department.objects.filter(kind="sending_unit").order_by("pk")]
    call(client, guests=guests)
    found = Meeting.objects.get()
    at = found.starts_at
    assignments.move_meeting(meeting=found, move="notify", by=client.actor, at=at - timedelta(days=1))
    settings.DEMO_DAY = date(2023, 6, 2)
    return assignments.move_meeting(meeting=found, move="hold", by=client.actor, at=at)


def test_the_worst_units_come_first_with_their_part_of_the_loss(counted: make.Office) -> None:
    found = review(make.SYSTEM, date(2023, 5, 1), date(2023, 5, 31))
    part = next(one for one in found.parts if one.indicator.code == "one_net_rate")
    assert [(line.label, line.lost, line.share) for line in part.lines] == [
        ("县市场监管局", 3, "75.00"), ("县人力社保局", 1, "25.00"),
    ]  # fmt: skip
    assert (part.lost, part.units, part.more) == (4, 2, 0)
    assert "失分3件，占全县失分75.00%" in part.lines[0].facts


def test_how_many_units_are_listed_is_a_local_rule(counted: make.Office, now: datetime) -> None:
    local.set_rule(
        code="indicators.review_units",
        since=date(2023, 1, 1),
        value=1,
        source="办务会",
        by=make.SYSTEM,
        at=now,
    )
    found = review(make.SYSTEM, date(2023, 5, 1), date(2023, 5, 31))
    assert all(len(part.lines) == 1 for part in found.parts)
    assert any(part.more for part in found.parts)


def test_the_tables_are_texts_of_papers_whose_every_figure_has_its_source(counted: make.Office) -> None:
    for table in review_tables(review(make.SYSTEM, date(2023, 5, 1), date(2023, 5, 31))):
        keys = {figure["key"] for figure in table.figures}
        used = {cell["figure"] for row in table.rows for cell in row if isinstance(cell, dict)}
        assert used <= keys
        assert sum(column["width"] for column in table.columns) == 156
        assert all(figure["snapshot"] and figure["cutoff"] for figure in table.figures)


def test_each_line_is_given_to_its_unit_with_one_click(caller: Any, counted: make.Office) -> None:
    first = gives(page(caller))[0]
    assert first["department"] == str(counted.unit_a.pk)
    assert first["source"] == "report"
    assert first["source_name"] == "2023年5月落后指标分析"
    assert first["due_on"] > "2023-06-01"
    form = caller.get("/assignments/give/", first)
    assert f'<option value="{counted.unit_a.pk}" selected>' in form.content.decode()


def test_who_gives_nothing_sees_the_lines_without_buttons(
    counted: make.Office, as_role: Callable[..., Any]
) -> None:
    text = page(as_role(Role.WINDOW_CLERK, counted.unit_a))
    assert "县市场监管局" in text
    assert not gives(text)
    assert "召开分析会" not in text
    assert as_role(Role.WINDOW_CLERK, counted.unit_a).get(f"{PAGE}call/").status_code == 403


def test_the_meeting_takes_the_worst_lines_as_agenda_and_freezes_the_figures(
    caller: Any, counted: make.Office
) -> None:
    form = caller.get(f"{PAGE}call/", MAY).context["form"]
    assert form.initial["guests"] == sorted([counted.unit_a.pk, counted.unit_b.pk])
    answer = call(caller, guests=form.initial["guests"])
    assert "议程和数据表已带入" in answer.content.decode()
    found = Meeting.objects.get()
    lines = meetings.lines(found)
    assert (lines[0].title, lines[0].department) == ("县市场监管局：一网通办率", counted.unit_a)
    assert lines[0].ref == f"one_net_rate:{counted.unit_a.pk}"
    assert meetings.tables(found)[0].title == "落后指标情况"
    assert (found.frm, found.to, found.kind) == (date(2023, 5, 1), date(2023, 5, 31), "analysis")
    assert SnapshotPin.objects.filter(subject=f"assignments.Meeting:{found.pk}").exists()
    assert "打开落后指标分析" in answer.content.decode()
    again = call(caller)
    assert "这一期间已有《5月落后指标分析会》" in again.content.decode()
    assert "召开分析会" not in page(caller)


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"chair": "无某"}, "没有工号或姓名"),
        ({"place": " "}, "此字段"),
        ({"day": "2023-05-31"}, "不能早于今天"),
    ],
)
def test_a_wrong_call_is_refused_in_words(caller: Any, said: dict[str, str], sentence: str) -> None:
    answer = call(caller, **said)
    assert answer.status_code == 422
    assert sentence in answer.content.decode() or sentence == "此字段"
    assert not Meeting.objects.exists()


def test_where_nothing_was_lost_no_meeting_is_called(caller: Any) -> None:
    answer = caller.get(PAGE, {"frm": "2023-01-01", "to": "2023-01-31"}).content.decode()
    assert "没有失分的单位" in answer
    refused = caller.post(f"{PAGE}call/?frm=2023-01-01&to=2023-01-31", {
        "title": "会", "day": "2023-06-02", "hour": "14:30", "place": "甲", "chair": caller.actor.name,
        "note_taker": caller.actor.name,
    })  # fmt: skip
    assert "不用召开分析会" in refused.content.decode()


def test_before_the_first_snapshot_it_says_what_to_do(
    office: make.Office, as_role: Callable[..., Any]
) -> None:
    client = as_role(Role.GENERAL, office.general)
    assert "立即更新" in client.get(PAGE).content.decode()
    assert client.get(f"{PAGE}call/").status_code == 409


def test_cause_measure_owner_and_day_are_filled_in_on_the_page_of_the_figures(
    caller: Any, counted: make.Office, settings: Any
) -> None:
    found = held(caller, settings)
    line = meetings.lines(found)[0]
    address = f"{PAGE}?frm={MAY['frm']}&to={MAY['to']}"
    text = page(caller)
    assert f'name="cause-{line.pk}"' in text
    said = {f"cause-{line.pk}": "线下收件未录入", f"measure-{line.pk}": "当日录入"}
    refused = caller.post(address, said | {f"due_on-{line.pk}": "2023-06-16"})
    assert "有措施的要写承办单位" in refused.content.decode()
    assert not meetings.lines(found)[0].said
    refused = caller.post(
        address, said | {f"department-{line.pk}": "无此局", f"due_on-{line.pk}": "2023-06-16"}
    )
    assert "没有名为“无此局”的单位" in refused.content.decode()
    whole = said | {f"department-{line.pk}": "县市场监管局"}
    assert "有措施的要写完成期限" in caller.post(address, whole).content.decode()
    caller.post(address, whole | {f"due_on-{line.pk}": "2023-06-16"})
    decision = Decision.objects.get()
    assert (decision.title, decision.department, decision.due_on) == (
        "当日录入",
        counted.unit_a,
        date(2023, 6, 16),
    )
    assert meetings.lines(found)[0].said == "线下收件未录入"
    caller.post(address, whole | {f"due_on-{line.pk}": "2023-06-16"})
    caller.post(address, whole | {f"due_on-{line.pk}": "2023-06-20"})
    assert Decision.objects.get().due_on == date(2023, 6, 20)
    caller.post(address, {f"cause-{line.pk}": "线下收件未录入"})
    assert not Decision.objects.exists()


def test_a_given_decision_stands_on_the_page_and_is_not_written_again(
    caller: Any, counted: make.Office, settings: Any
) -> None:
    found = held(caller, settings)
    line = meetings.lines(found)[0]
    values = {
        f"measure-{line.pk}": "当日录入", f"department-{line.pk}": "县市场监管局", f"due_on-{line.pk}": "2023-06-16",
    }  # fmt: skip
    caller.post(f"{PAGE}?frm={MAY['frm']}&to={MAY['to']}", values)
    item = assignments.give_decision(decision=Decision.objects.get(), by=caller.actor, at=found.starts_at)
    text = page(caller)
    assert f'href="/assignments/{item.pk}/">待签收' in text
    assert f'name="measure-{line.pk}"' not in text
    caller.post(f"{PAGE}?frm={MAY['frm']}&to={MAY['to']}", {f"cause-{line.pk}": "补记原因"})
    assert Item.objects.count() == 1
    assert "补记原因" in page(caller)


def test_nothing_is_written_where_no_meeting_is_held(caller: Any) -> None:
    assert caller.post(f"{PAGE}?frm={MAY['frm']}&to={MAY['to']}", {}).status_code == 404


def test_the_league_gives_to_the_unit_of_the_row(caller: Any, counted: make.Office, now: datetime) -> None:
    local.set_rule(
        code="indicators.min_cases", since=date(2023, 1, 1), value=1, source="办务会", by=make.SYSTEM, at=now
    )
    found = gives(unescape(caller.get("/indicators/league/", MAY).content.decode()))
    assert {one["department"] for one in found} == {str(counted.unit_a.pk), str(counted.unit_b.pk)}
    assert all(one["source"] == "bulletin" and one["source_name"] == "2023年5月晾晒榜" for one in found)
    assert not gives(unescape(caller.get("/indicators/league/", MAY | {"grain": "window"}).content.decode()))


def test_a_red_card_of_the_board_is_given_to_the_unit_that_lost_the_most(
    caller: Any, counted: make.Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xinfu.indicators.screens import board, freshness

    real = board.queries.standings

    def red(*args: Any, **options: Any) -> Any:
        from dataclasses import replace

        return [
            replace(s, band="red") if s.indicator.code == "one_net_rate" else s
            for s in real(*args, **options)
        ]

    monkeypatch.setattr(board.queries, "standings", red)
    monkeypatch.setattr(freshness, "of", lambda *a: None)
    (found,) = gives(unescape(caller.get("/indicators/", MAY).content.decode()))
    assert found["department"] == str(counted.unit_a.pk)
    assert found["title"] == "一网通办率红色整改：2023年5月"


def test_a_demand_of_the_weekly_bulletin_is_given_with_its_own_day(
    office: make.Office, as_role: Callable[..., Any], now: datetime, case: Any
) -> None:
    case(
        date(2023, 5, 23), accepted_on=date(2023, 5, 23), finished_on=date(2023, 5, 26), due_on=date(2023, 5, 24),
        department_id=office.unit_a.pk,
    )  # fmt: skip
    actions.precompute(by=make.SYSTEM, at=now)
    client = as_role(Role.GENERAL, office.general)
    answer = client.get("/indicators/weekly/", {"day": "2023-05-22"})
    demand = answer.context["bulletin"].demands[0]
    (found,) = gives(unescape(answer.content.decode()))
    assert found["department"] == str(office.unit_a.pk)
    assert found["due_on"] == max(demand.due_on, date(2023, 6, 2)).isoformat()
    assert found["text"] == demand.text
