"""Who wrote an anonymous rating can neither be seen nor inferred by staff, whichever way they look.

The main test rates one of two cases anonymously and compares everything that staff can get with what they would get
had the other been rated: it must be the same to the letter. Its counterpart shows that the comparison would notice.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import zip_longest
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management.color import no_style
from django.db import connection, transaction
from django.urls import reverse

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from tests.ratings import loops
from xinfu.cases.models import Case
from xinfu.catalog.models import Item
from xinfu.core import clock, links, privacy
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.ratings import actions, tasks, ways
from xinfu.ratings.actions import rating as rating_actions
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating, Channel, Rating
from xinfu.ratings.queries import exchange, listing
from xinfu.ratings.screens.listing import RATINGS

DAY = datetime(2023, 6, 28, 15, 0, tzinfo=CHINA)
NEXT = DAY + timedelta(days=1)
LIST = "/ratings/list/"
API = "/api/v1/ratings"
ROLES = (Role.AUDITOR, Role.APPRAISAL, Role.WINDOW_CHIEF)  # the auditor first: exports have random numbers
CODE = "C0DE5EED" * 2
CHANGING = (
    r'name="csrfmiddlewaretoken" value="[^"]*"', r'name="_once" value="[^"]*"', r'nonce="[^"]*"',
    r'"X-CSRFToken": "[^"]*"', r"E\d{4}-\w{6}", r"[?&]once=\w+", r'"request": "\w+"', r"编号 ?<?[\w =\"-]*>?[A-Z0-9]{4,8}",
)  # fmt: skip
"""What changes from one answer to the next by itself."""


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Return a function that sets the house's clock."""

    def turn(moment: datetime) -> None:
        monkeypatch.setattr(clock, "now", lambda: moment)

    turn(DAY)
    return turn


@pytest.fixture
def cases(office: Any, tmp_path: Path, at: Any) -> list[Case]:
    """Two finished cases of one unit at two windows, and two more alike in everything but the person."""
    done = {"办结时间": "2023-06-28 10:00:00", "办件状态": "办结"}
    rows = [
        row(1, **done), row(2, **done, 窗口编号="A02", 事项名称="药品经营许可", 申请者名称="李四海"),
        row(3, **done, 申请者名称="王五湖"), row(4, **done, 申请者名称="赵六江"),
    ]  # fmt: skip
    path = tmp_path / "cases.csv"
    path.write_text(as_csv(rows))
    import_cases(path)
    return list(Case.objects.order_by("case_no"))


def rate(case: Case, level: int = 1, **given: Any) -> Rating:
    values = {"is_anonymous": True, "reasons": ["110"], "text": "等了很久", "may_publish": True, **given}
    return actions.rate(
        case_id=case.pk, level=level, channel=Channel.QR_CODE, by=make.SYSTEM, at=DAY, **values
    )


def night(at: Callable[[datetime], None]) -> None:
    """Let the jobs of the night run, and begin the next day."""
    at(NEXT)
    for job in (tasks.seal_day, tasks.tell, tasks.open_anonymous, tasks.watch_loops):
        job(NEXT)


def bare(answer: Any) -> str:
    """Return an answer as text, without what changes by itself."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    said = f"{answer.status_code} {answer.headers.get('Content-Disposition', '')}\n{content.decode()}"
    for pattern in CHANGING:
        said = re.sub(pattern, "", said)
    return said


def addresses(office: Any, role: Role, cases: list[Case]) -> Iterator[str]:
    """Yield every address at which staff read of ratings, their loops, their cases and what the house did."""
    if role == Role.AUDITOR:
        yield "/journal/"
        yield from (f"/journal/{n}/" for n in range(JournalEntry.objects.count()))
        return
    yield from ("/", LIST, f"{LIST}{CODE}/", API, f"{API}/{CODE}", "/ratings/loops/", f"/ratings/loops/{CODE}/",
                "/ratings/loops/sheet/", "/api/v1/ratings/loops", f"/api/v1/ratings/loops/{CODE}",
                f"{LIST}?before=end", f"{LIST}?q=等了很久", f"{LIST}?level=1&named=0")  # fmt: skip
    yield from (f"{LIST}?window={window.pk}" for window in (office.window_a1, office.window_a2))
    yield from (f"{LIST}?item={name}" for name in ("食品经营许可", "药品经营许可"))
    for by in ("department", "window", "item", "reason"):
        yield f"/ratings/statistics.csv?by={by}&frm=2023-06-01&to=2023-06-30"
    for case in cases[:2]:
        yield reverse("cases:detail", args=[case.pk])
        yield f"/search/?q={case.case_no}"


def everything(office: Any, clients: dict[Role, Any], cases: list[Case]) -> dict[str, str]:
    """Return all that staff can get, by role and address; files too."""
    got: dict[str, str] = {}
    for role, client in clients.items():
        got |= {f"{role} {url}": bare(client.get(url)) for url in addresses(office, role, cases)}
        if role != Role.AUDITOR:
            got[f"{role} export"] = bare(client.post(LIST, {"export": "csv"}))
    return got


@contextmanager
def undone() -> Iterator[None]:
    """Let everything inside be as if it had not been."""
    with connection.cursor() as cursor:
        for sql in connection.ops.sequence_reset_sql(no_style(), [BadRating, Rating]):
            cursor.execute(sql)  # running numbers that a rollback does not give back
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def told_of(
    office: Any, as_role: Any, cases: list[Case], at: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, str]]:
    """Return `told_of(case)`: what staff get on the day after that case was rated."""
    clients = {role: as_role(role) for role in ROLES}
    monkeypatch.setattr(rating_actions, "secrets", SimpleNamespace(token_hex=lambda n: CODE))

    def look(case: Case, **given: Any) -> dict[str, str]:
        at(DAY)
        with undone():
            rate(case, **given)
            night(at)
            return everything(office, clients, cases)

    return look


def differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    """Return at which addresses the two differ, with the first words that do."""
    found = []
    for name in {**one, **other}:
        lines = [one.get(name, "").splitlines(), other.get(name, "").splitlines()]
        first = next((pair for pair in zip_longest(*lines, fillvalue="") if pair[0] != pair[1]), None)
        if first:
            found.append(f"{name}: {first[0].strip()[:200]} | {first[1].strip()[:200]}")
    return found


# --- everything at once ------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [1, 5])
def test_all_that_staff_get_is_the_same_whichever_of_two_cases_was_rated(
    cases: list[Case], told_of: Callable[..., dict[str, str]], level: int
) -> None:
    given = {"level": level, "reasons": ["110"] if level == 1 else ["510"]}
    one, other = told_of(cases[0], **given), told_of(cases[1], **given)
    assert any("等了很久" in page for page in one.values()), "the rating itself is there"
    assert "\n".join(differing(one, other)) == ""


def test_the_comparison_would_notice_since_it_does_for_a_rating_by_name(
    cases: list[Case], told_of: Callable[..., dict[str, str]]
) -> None:
    found = differing(told_of(cases[0], is_anonymous=False), told_of(cases[1], is_anonymous=False))
    for part in (
        f"{LIST}{CODE}/",
        f"{API}/{CODE}",
        f"/ratings/loops/{CODE}/",
        "export",
        LIST,
        f"{LIST}?window=",
    ):
        assert any(part in name for name in found), part


def test_in_a_crowd_of_one_window_and_item_nothing_tells_one_person_from_another(
    office: Any, cases: list[Case], told_of: Callable[..., dict[str, str]]
) -> None:
    for _ in range(5):
        loops.rating(office, DAY, named=False, item_name=cases[0].item_name)
    one, other = told_of(cases[0]), told_of(cases[2])
    assert any("市场监管窗口一" in page for name, page in one.items() if name.endswith(LIST)), (
        "six share the window"
    )
    assert "\n".join(differing(one, other)) == ""


# --- before and after: whoever has just served one person would know ---------------------------------


def test_a_day_shows_nothing_of_its_anonymous_ratings_before_it_is_over(
    office: Any, as_role: Any, cases: list[Case], at: Any
) -> None:
    client = as_role(Role.WINDOW_CLERK)

    def look() -> list[str]:
        pages = (
            *(LIST, API, f"{LIST}?kind=default", "/ratings/loops/", "/api/v1/ratings/loops", "/"),
            *("/ratings/statistics/", "/ratings/statistics/?by=window", "/ratings/statistics.csv?by=level"),
        )
        files = bare(client.post(LIST, {"export": "csv"}))
        token = make.actor(Role.APPRAISAL, office.appraisal)
        given = exchange.ratings_between(token, DAY.date(), DAY.date()).count()
        return [*(bare(client.get(url)) for url in pages), files, str(given)]

    before, entries = look(), JournalEntry.objects.exclude(event__startswith="export.").count()
    rating = rate(cases[0])
    actions.tell(by=make.SYSTEM, at=DAY)
    assert look() == before
    assert client.get(f"{LIST}{rating.code}/").status_code == 404
    assert client.get(f"{API}/{rating.code}").status_code == 404
    assert JournalEntry.objects.exclude(event__startswith="export.").count() == entries
    night(at)
    assert rating.code in look()[0]


# --- one way after another -----------------------------------------------------------------------------


def test_the_list_and_its_cursors_never_name_a_running_number(office: Any, as_role: Any, at: Any) -> None:
    for _ in range(25):
        loops.rating(office, DAY, named=False)
    night(at)
    page = bare(as_role(Role.APPRAISAL).get(LIST))
    assert set(re.findall(r'data-row="([^"]+)"', page)) <= {*Rating.objects.values_list("code", flat=True)}
    codes = re.findall(r'data-row="([^"]+)"', page)
    assert codes == sorted(codes)


@pytest.mark.parametrize("part", ["window", "town", "item"])
def test_no_filter_finds_what_is_not_shown(office: Any, as_role: Any, at: Any, part: str) -> None:
    item = Item.objects.create(code="330100000000000000001", department=office.unit_a)
    values = {"window": office.window_a1, "town": office.town_a, "item": item}
    hidden = loops.rating(office, DAY, named=False, **values)
    shown = loops.rating(office, DAY, named=True, **values)
    night(at)
    actor = as_role(Role.APPRAISAL).actor
    rows = listing.ratings(actor, NEXT.date())
    wanted = {"window": office.window_a1.pk, "town": office.town_a.pk}
    if part == "item":
        found = rows.filter(listing.told("item"), item_id__in=[item.pk])
    else:
        found = listing.narrow(rows, listing.Wanted(**{part: wanted[part]}))
    assert [r.code for r in found] == [shown.code]
    assert hidden.code in [r.code for r in rows]


def test_a_town_is_not_told_by_who_sees_the_rating(office: Any, as_role: Any, at: Any) -> None:
    rating = loops.rating(office, DAY, named=False, town=office.town_a)
    named = loops.rating(office, DAY, named=True, town=office.town_a)
    night(at)
    page = bare(as_role(Role.TOWN_CLERK, office.town_a).get(LIST))
    assert named.code in page
    assert rating.code not in page, "the only anonymous one of that town would be known by being seen there"


def test_what_is_hidden_cannot_be_worked_out_from_what_is_shown(office: Any, as_role: Any, at: Any) -> None:
    for _ in range(5):
        loops.rating(office, DAY, named=False)
    loops.rating(office, DAY, named=False, window=office.window_a2)
    night(at)
    page = bare(as_role(Role.APPRAISAL).get(LIST))
    rows = page.split("<tbody")[1]
    assert "市场监管窗口一" not in rows, "the one without a window would be the other window's"


def test_the_file_has_no_column_order_or_name_that_tells(office: Any, as_role: Any, at: Any) -> None:
    for _ in range(4):
        loops.rating(office, DAY, named=False)
    night(at)
    answer = as_role(Role.APPRAISAL).post(LIST, {"export": "csv"})
    assert re.fullmatch(
        r"attachment; filename\*=utf-8''[%\w]+_2023-06-29_E2306-\w{6}\.csv", answer["Content-Disposition"]
    )
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    codes = [line.split(",")[0] for line in lines[1:]]
    assert codes == sorted(codes)
    heads = {c.title for c in RATINGS.columns}
    assert heads.isdisjoint({"评价时间", "办件编号", "姓名", "手机", "评价环节", "服务对象", "省平台编号"})
    assert not re.search(r"\d{2}:\d{2}", "".join(lines))


def test_the_api_gives_no_field_that_tells(office: Any, as_role: Any, cases: list[Case], at: Any) -> None:
    rating = rate(cases[0])
    night(at)
    client = as_role(Role.APPRAISAL)
    one = client.get(f"{API}/{rating.code}").json()
    assert (one["person"], one["case_no"], one["window"], one["town"], one["item_name"], one["item_code"]) == (
        "匿名用户", "", "", "", "", ""
    )  # fmt: skip
    assert one["rated_on"] == "2023-06-28"
    assert {"id", "pk", "case", "rated_at", "stage", "turn", "user_kind", "province_no"}.isdisjoint(one)


def test_the_journal_keeps_of_a_day_one_line_and_no_hour_order_or_case(cases: list[Case], at: Any) -> None:
    entries = set(JournalEntry.objects.values_list("n", flat=True))
    rating = rate(cases[0])
    rate(cases[1], level=5, reasons=["510"])
    night(at)
    actions.withhold(code=rating.code, reason="写了他人姓名", by=make.SYSTEM, at=NEXT)
    new = JournalEntry.objects.exclude(n__in=entries).order_by("n")
    assert {e.event for e in new} == {
        "ratings.day_sealed",
        "ratings.told",
        "bad_rating.opened",
        "rating.text_withheld",
    }
    for entry in new:
        said = bytes(entry.body).decode()
        assert entry.at >= NEXT.replace(hour=0, minute=0)
        assert not re.search(rf"ratings\.Rating:{rating.pk}\b", said), (
            "it would tell between which others it came"
        )
        for secret in (cases[0].case_no, cases[1].case_no, "A01", "食品经营许可", "张三丰"):
            assert secret not in said


def test_the_inbox_says_no_item_or_window_of_an_anonymous_one(
    office: Any, as_role: Any, cases: list[Case], at: Any
) -> None:
    rate(cases[0])
    night(at)
    page = bare(as_role(Role.WINDOW_CHIEF).get("/"))
    assert "差评" in page
    for secret in ("食品经营许可", "张三丰", cases[0].case_no):
        assert secret not in page


def test_statistics_tell_no_group_of_fewer_than_five(office: Any, as_role: Any, at: Any) -> None:
    for _ in range(6):
        loops.rating(office, DAY, named=False, level=5, window=office.window_a1)
    loops.rating(office, DAY, named=False, level=1, window=office.window_a2)
    night(at)
    answer = as_role(Role.APPRAISAL).get("/ratings/statistics.csv?by=window&frm=2023-06-28&to=2023-06-28")
    lines = {line.split(",")[0]: line.split(",")[1:] for line in bare(answer).splitlines()[2:]}
    assert not [name for name in lines if name.startswith("市场监管窗口")], (
        "the whole less one would be the other"
    )
    assert lines["匿名评价，不分窗口"][0] == "7"


def test_the_receipt_never_says_whether_the_case_was_rated(as_role: Any, cases: list[Case], at: Any) -> None:
    client = as_role(Role.WINDOW_CLERK)

    def look() -> str:
        return re.sub(
            r"(?s)<svg.*?</svg>|/ratings/r/\S+",
            "",
            bare(client.get(f"/ratings/receipt/?no={cases[0].case_no}")),
        )

    before = look()
    rate(cases[0])
    assert look() == before
    night(at)
    at(DAY)
    assert look() == before


def test_opening_the_link_to_rate_says_nothing_of_what_was_rated(
    client: Any, as_role: Any, cases: list[Case], at: Any
) -> None:
    page = bare(as_role(Role.WINDOW_CLERK).get(f"/ratings/receipt/?no={cases[0].case_no}"))
    found = re.search(r"/ratings/r/[\w-]+/", page)
    assert found
    before = bare(client.get(found.group()))
    rate(cases[0])
    assert bare(client.get(found.group())) == before


@pytest.mark.parametrize("first_is_named", [True, False])
def test_a_pair_never_names_the_author_of_its_anonymous_half(
    office: Any, as_role: Any, at: Any, first_is_named: bool
) -> None:
    key = privacy.digest("case-of-both")
    first = loops.rating(office, DAY - timedelta(days=9), named=first_is_named, case_key=key)
    loop = actions.open_loop(rating=first, by=make.SYSTEM, at=DAY - timedelta(days=9))
    second = loops.rating(
        office, DAY, named=not first_is_named, case_key=key, turn=2, level=5, text="后来办好了"
    )
    night(at)
    client = as_role(Role.APPRAISAL)
    assert BadRating.objects.get(pk=loop.pk).status == Status.OPEN
    for own, other in ((first, second), (second, first)):
        page = bare(client.get(f"{LIST}{own.code}/"))
        assert other.code not in page
        assert client.get(f"{API}/{own.code}").json()["pair"] == ""
        assert client.get(f"{API}/{own.code}").json()["is_follow_up"] is False
        assert "追评</span>" not in page
    assert bare(client.get(f"{LIST}?follow_up=1")).count("data-row") == 0
    assert "后来办好了" not in bare(client.get(f"/ratings/loops/{first.code}/"))


def test_no_address_of_a_rating_tells_the_case_its_code_or_its_level(
    client: Any, cases: list[Case], caplog: pytest.LogCaptureFixture
) -> None:
    """Two lines of a server's log, seconds apart, would join the case to what was said of it."""
    page = f"/ratings/r/{ways.on_receipt(cases[0].pk, stage='2', turn=1, until=NEXT)}/"
    with caplog.at_level("INFO", logger="xinfu.access"):
        done = client.post(page, {"level": "1", "reasons": ["110"]})
        client.get(done["Location"])
    rating = Rating.objects.get()
    held = links.make(ways.FIRST, "987654321", until=NEXT)
    for token in (held, *(address.strip("/").rpartition("/")[2] for address in (page, done["Location"]))):
        said = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        for word in ("987654321", rating.code, f".{rating.level}.", str(int(NEXT.timestamp()))):
            assert word.encode() not in said
        assert int(NEXT.timestamp()).to_bytes(8, "big") not in said
        assert token not in caplog.text
    assert "/ratings/r/<str:token>/ 302" in caplog.text
