"""The receipt that a window prints, and the journal's one line a day over all ratings."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from tests.ratings import loops
from xinfu.cases.models import Case
from xinfu.core import local
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.ratings import actions, tasks
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating, Channel, Rating, Stage

AT = datetime(2023, 6, 29, 10, 30, tzinfo=CHINA)
NO = row(1)["办件编号"]


@pytest.fixture
def case(office: Any, tmp_path: Path, time_machine: Any) -> Case:
    time_machine.move_to(AT)
    path = tmp_path / "cases.csv"
    finished = row(1, 办结时间="2023-06-28 10:00:00", 办件状态="办结")
    path.write_text(as_csv([finished, row(2)]))
    import_cases(path)
    return Case.objects.get(case_no=NO)


def link_in(html: str) -> str:
    found = re.search(r"http://testserver(/ratings/r/[^<\s]+/)", html)
    assert found, html
    return found[1]


def test_a_window_prints_a_code_by_which_a_stranger_rates(case: Case, as_role: Callable[..., Any]) -> None:
    clerk = as_role(Role.WINDOW_CLERK)
    html = clerk.get("/ratings/receipt/", {"no": NO}).content.decode()
    assert "<svg" in html
    assert 'style="' not in html
    assert "2023-07-29" in html
    page = link_in(html)
    done = Client().post(page, {"level": "5", "reasons": ["510"]}, follow=True)
    assert "已收到您的评价" in done.content.decode()
    assert Rating.objects.get().department_id == case.department_id


def test_the_receipt_never_says_whether_the_case_was_rated(case: Case, as_role: Callable[..., Any]) -> None:
    clerk = as_role(Role.WINDOW_CLERK)
    before = clerk.get("/ratings/receipt/", {"no": NO}).content.decode()
    Client().post(link_in(before), {"level": "1"})
    after = clerk.get("/ratings/receipt/", {"no": NO}).content.decode()
    wipe = re.compile(r'nonce="[^"]*"|csrf[^>]*>|X-CSRFToken[^}]*}|name="_once"[^>]*>')
    assert wipe.sub("", before) == wipe.sub("", after)


def test_after_the_rectification_the_receipt_asks_once_more(case: Case, as_role: Callable[..., Any]) -> None:
    actions.rate(case_id=case.pk, level=1, is_anonymous=False, channel=Channel.QR_CODE, by=make.SYSTEM, at=AT)
    loop = BadRating.objects.get()
    loops.call(loop, AT)
    for move in ("accept", "finish"):
        actions.move_loop(loop=loop, move=move, note="已改", by=make.SYSTEM, at=AT)
    html = as_role(Role.WINDOW_CLERK).get("/ratings/receipt/", {"no": NO}).content.decode()
    assert "整改后的服务" in html
    Client().post(link_in(html), {"level": "4", "named": "on"})
    assert list(Rating.objects.order_by("turn").values_list("turn", "level")) == [(1, 1), (2, 4)]


@pytest.mark.parametrize(
    "no, sentence", [(row(2)["办件编号"], "还没有办结"), ("XC404", "没有找到这件办件"), ("0" * 60, "最多")]
)
def test_what_gets_no_receipt(case: Case, as_role: Callable[..., Any], no: str, sentence: str) -> None:
    answer = as_role(Role.WINDOW_CLERK).get("/ratings/receipt/", {"no": no})
    assert answer.status_code == 422
    assert sentence in answer.content.decode() or sentence == "最多"


def test_another_units_case_gets_none(case: Case, as_role: Callable[..., Any], office: Any) -> None:
    answer = as_role(Role.WINDOW_CHIEF, office.unit_b).get("/ratings/receipt/", {"no": NO})
    assert "没有找到这件办件" in answer.content.decode()


def test_where_the_province_collects_there_is_no_receipt(case: Case, as_role: Callable[..., Any]) -> None:
    local.set_rule(
        code="ratings.local_pages",
        value="off",
        since=date(2023, 1, 1),
        source="省通知",
        by=make.SYSTEM,
        at=AT,
    )
    html = as_role(Role.WINDOW_CLERK).get("/ratings/receipt/", {"no": NO}).content.decode()
    assert "省平台收集" in html


def test_a_days_ratings_are_one_line_that_shows_every_change(case: Case) -> None:
    actions.rate(case_id=case.pk, level=1, reasons=["108"], channel=Channel.QR_CODE, by=make.SYSTEM, at=AT)
    first = actions.seal_day(day=AT.date(), by=make.SYSTEM, at=AT)
    assert actions.seal_day(day=AT.date(), by=make.SYSTEM, at=AT) == first
    line = JournalEntry.objects.filter(event="ratings.day_sealed").order_by("n")[0]
    assert b'"ratings":1' in bytes(line.body)
    assert NO.encode() not in bytes(line.body)
    Rating.objects.update(level=5)
    assert actions.seal_day(day=AT.date(), by=make.SYSTEM, at=AT) != first


def test_a_day_without_ratings_writes_nothing(db: None) -> None:
    before = JournalEntry.objects.count()
    tasks.seal_day(AT)
    assert JournalEntry.objects.count() == before


@pytest.mark.parametrize(
    ("stages", "rated"),
    [("2", ["2"]), ("12", ["1", "2"]), ("012", ["1", "2"])],
    ids=["办结", "受理、办结", "全部"],
)
def test_the_steps_that_the_county_opens_are_rated_each_by_its_own_receipt(
    case: Case, as_role: Callable[..., Any], stages: str, rated: list[str]
) -> None:
    """Given a case under way, its receipt is for the latest step reached; once it ends, for the end."""
    local.set_rule(
        code="ratings.stages", value=stages, since=date(2023, 1, 1), source="办公会", by=make.SYSTEM, at=AT
    )
    clerk, ended = as_role(Role.WINDOW_CLERK), (case.finished_at, case.finished_on)
    for finished_at, finished_on in ((None, None), ended):
        Case.objects.filter(pk=case.pk).update(finished_at=finished_at, finished_on=finished_on)
        answer = clerk.get("/ratings/receipt/", {"no": NO})
        if finished_at is None and stages == "2":
            assert answer.status_code == 422
            assert "还没有办结" in answer.content.decode()
            continue
        page = link_in(answer.content.decode())
        assert ("办结" if finished_at else "受理") in Client().get(page).content.decode()
        assert Client().post(page, {"level": "5"}).status_code == 302
    assert sorted(Rating.objects.values_list("stage", flat=True)) == rated


def test_the_follow_up_is_of_the_step_that_was_put_right(case: Case, as_role: Callable[..., Any]) -> None:
    """A bad rating of the acceptance that was put right opens no second rating of the end, and loses no first."""
    local.set_rule(
        code="ratings.stages", value="12", since=date(2023, 1, 1), source="办公会", by=make.SYSTEM, at=AT
    )
    first = actions.rate(
        case_id=case.pk, level=1, channel="3", stage=Stage.ACCEPTED, is_anonymous=False, by=make.SYSTEM, at=AT
    )
    BadRating.objects.filter(rating=first).update(status=Status.RECTIFIED)
    page = link_in(as_role(Role.WINDOW_CLERK).get("/ratings/receipt/", {"no": NO}).content.decode())
    assert Client().post(page, {"level": "4"}).status_code == 302
    assert Rating.objects.get(stage=Stage.FINISHED).turn == 1
