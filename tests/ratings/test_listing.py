"""Single ratings on screen, in files and by API: who sees which, what narrows them, what the office decides."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.http import QueryDict

from tests import make
from tests.conftest import CHINA
from tests.ratings import loops
from xinfu.catalog.models import Item
from xinfu.core import clock, local, privacy
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Refused
from xinfu.core.ui import lists, paging
from xinfu.ratings import actions
from xinfu.ratings.flow import Status
from xinfu.ratings.models import Rating, TextDecision
from xinfu.ratings.screens.listing import RATINGS
from xinfu.ratings.statistics_local import SMALLEST_GROUP

AT = datetime(2023, 5, 18, 9, 0, tzinfo=CHINA)
EARLIER = AT - timedelta(days=1)
URL = "/ratings/list/"
API = "/api/v1/ratings"


@pytest.fixture(autouse=True)
def _a_day_of_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(hours=1))


def html(answer: Any) -> str:
    return str(answer.content.decode())


def codes_in(client: Any, query: str = "") -> list[str]:
    """Return the codes that the list shows, in its order."""
    return re.findall(r'data-row="(\w+)"', html(client.get(f"{URL}?{query}")))


@pytest.fixture
def tell() -> Callable[[], int]:
    return lambda: actions.tell(by=make.SYSTEM, at=AT)


# --- the list --------------------------------------------------------------------------------------


def test_the_list_is_ordered_by_day_and_code_and_names_no_running_number(
    office: Any, as_role: Callable[..., Any]
) -> None:
    for code, days in (("B", 0), ("A", 0), ("C", 2), ("D", 1)):
        loops.rating(office, AT - timedelta(days=days), code=code * 10)
    client = as_role(Role.APPRAISAL)
    assert codes_in(client) == ["A" * 10, "B" * 10, "D" * 10, "C" * 10]
    assert codes_in(client, "sort=rated_on") == ["C" * 10, "D" * 10, "B" * 10, "A" * 10]
    assert codes_in(client, "sort=pk") == codes_in(client, "sort=rated_at") == codes_in(client)


def test_long_lists_page_by_code_from_either_end(office: Any, as_role: Callable[..., Any]) -> None:
    for n in range(45):
        loops.rating(office, AT - timedelta(days=n % 2))
    client = as_role(Role.APPRAISAL)
    wanted = [*Rating.objects.order_by("-rated_on", "code").values_list("code", flat=True)]
    assert [c for n in (1, 2, 3) for c in codes_in(client, f"page={n}")] == wanted
    state = lists.read(RATINGS, client.actor, QueryDict())
    seen, window = [], paging.by_offset(state.rows(), state.order, 1, 20)
    while True:
        seen += [row.code for row in window.rows]
        if not window.after:
            break
        cursor = paging.cursor_of(window.rows[-1])
        assert seen[-1] in base64.urlsafe_b64decode(cursor + "==").decode(), "a place is named by the code"
        window = paging.by_key(state.rows(), state.order, after=cursor, size=20)
    assert seen == wanted
    assert codes_in(client, "before=end") == wanted[-20:]


def test_a_unit_sees_its_own_ratings_only(office: Any, as_role: Callable[..., Any]) -> None:
    own = loops.rating(office, AT)
    loops.rating(office, AT, department=office.unit_b, window=office.window_b1, item_name="社保登记")
    assert codes_in(as_role(Role.WINDOW_CLERK)) == [own.code]
    assert len(codes_in(as_role(Role.LEADER))) == 2
    assert as_role(Role.WINDOW_CLERK, office.unit_b).get(f"{URL}{own.code}/").status_code == 404


def test_default_ratings_stand_apart_and_are_never_counted_with_active_ones(
    office: Any, as_role: Callable[..., Any]
) -> None:
    active = loops.rating(office, AT, level=5)
    default = loops.rating(office, AT, level=5, channel="7")
    client = as_role(Role.APPRAISAL)
    assert codes_in(client) == [active.code]
    page = html(client.get(f"{URL}?kind=default"))
    assert codes_in(client, "kind=default") == [default.code]
    assert "1 条" in page
    assert "系统默认" in page
    both = [item["code"] for item in client.get(API).json()["items"]]
    assert both == [active.code]
    assert [i["code"] for i in client.get(API, {"defaults": "true"}).json()["items"]] == [default.code]


def _some(office: Any) -> dict[str, Rating]:
    item = Item.objects.create(code="330100000000000000001", department=office.unit_a)
    return {
        "plain": loops.rating(office, AT, level=5, text="", reason_codes="510"),
        "bad": loops.rating(office, EARLIER, level=1, channel="6", origin="exchange", text="材料要了两次"),
        "other": loops.rating(
            office, AT, level=4, text="", department=office.unit_b, window=office.window_b1
        ),
        "town": loops.rating(office, AT, level=3, text="", town=office.town_a, item=item),
        "out": loops.rating(office, EARLIER, level=2, text="", excluded_at=AT),
        "hidden": loops.rating(
            office, AT, level=4, text="骂人的话", may_publish=True, withheld_at=AT, withheld_by="考评科"
        ),
    }


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("level=1", {"bad"}),
        ("channel=6", {"bad"}),
        ("origin=exchange", {"bad"}),
        ("department={unit_b}", {"other"}),
        ("window={window_b1}", {"other"}),
        ("town={town_a}", {"town"}),
        ("rated_to=2023-05-17", {"bad", "out"}),
        ("rated_from=20230518", {"plain", "other", "town", "hidden"}),
        ("worded=1", {"bad", "hidden"}),
        ("worded=0&level=5", {"plain"}),
        ("excluded=1", {"out"}),
        ("excluded=0&level=2", set()),
        ("withheld=1", {"hidden"}),
        ("named=0", set()),
        ("q=材料", {"bad"}),
        ("q={bad}", {"bad"}),
        ("follow_up=1", set()),
        ("follow_up=0&level=5", {"plain"}),
        ("item=没有这个事项", set()),
    ],
)
def test_each_filter_narrows_the_list(
    office: Any, as_role: Callable[..., Any], query: str, wanted: set[str]
) -> None:
    made = _some(office)
    ids = {name: getattr(office, name).pk for name in ("unit_b", "window_b1", "town_a")}
    found = codes_in(as_role(Role.APPRAISAL), query.format(**ids, bad=made["bad"].code))
    assert set(found) == {made[name].code for name in wanted}


def test_days_the_wrong_way_round_are_said(office: Any, as_role: Callable[..., Any]) -> None:
    answer = as_role(Role.APPRAISAL).get(f"{URL}?rated_from=2023-05-18&rated_to=2023-05-01")
    assert answer.status_code == 422
    assert "止日在起日之前" in html(answer)


def test_a_list_of_many_asks_the_database_few_times(
    office: Any, as_role: Callable[..., Any], django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        loops.rating(office, AT)
    client = as_role(Role.APPRAISAL)
    client.get(URL)
    with django_assert_max_num_queries(16):
        client.get(URL)


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_the_file_holds_what_the_list_shows(office: Any, as_role: Callable[..., Any], kind: str) -> None:
    made = _some(office)
    client = as_role(Role.APPRAISAL)
    answer = client.post(f"{URL}?level=1", {"export": kind})
    got = b"".join(answer.streaming_content)
    if kind == "csv":
        lines = got.decode("utf-8-sig").splitlines()
        assert len(lines) == 2
        assert made["bad"].code in lines[1]
        assert "章" not in lines[1]
    assert as_role(Role.LEADER).post(URL, {"export": kind}).status_code == 403


# --- one rating ------------------------------------------------------------------------------------


def test_a_rating_by_name_shows_its_author_masked_and_its_reasons_by_name(
    office: Any, as_role: Callable[..., Any]
) -> None:
    rating = loops.rating(office, AT, level=5, reason_codes="510,501")
    page = html(as_role(Role.WINDOW_CHIEF).get(f"{URL}{rating.code}/"))
    for word in ("章**", "138****1234", "一窗受理一次办结；501", "2023-05-18 09:00", "市场监管窗口一"):
        assert word in page
    assert "章明明" not in page
    assert "13800001234" not in page
    assert "无权查看" in html(as_role(Role.LEADER).get(f"{URL}{rating.code}/"))


def test_who_rated_by_name_is_shown_once_for_a_reason_that_the_journal_keeps(
    office: Any, as_role: Callable[..., Any]
) -> None:
    rating, client = loops.rating(office, AT), as_role(Role.WINDOW_CHIEF)
    url = f"{URL}{rating.code}/person/"
    assert client.get(url).status_code == 404
    refused = client.post(url, {"reason": "看看"})
    assert refused.status_code == 422
    assert "不少于4个字" in html(refused)
    shown = client.post(url, {"reason": "回访了解情况"})
    assert "章明明" in html(shown)
    assert "13800001234" in html(shown)
    assert shown["Cache-Control"] == "no-store"
    entry = JournalEntry.objects.get(event="rating.person_shown")
    assert (entry.by, entry.subject) == (client.actor.key, f"ratings.Rating:{rating.code}")
    assert "回访了解情况" in bytes(entry.body).decode()
    assert as_role(Role.LEADER).post(url, {"reason": "回访了解情况"}).status_code == 403


def test_nobody_can_ask_who_wrote_an_anonymous_one(office: Any, as_role: Callable[..., Any]) -> None:
    rating, client = loops.rating(office, EARLIER, named=False), as_role(Role.APPRAISAL)
    answer = client.post(f"{URL}{rating.code}/person/", {"reason": "回访了解情况"})
    assert answer.status_code == 422
    assert "显示</button>" not in html(client.get(f"{URL}{rating.code}/"))
    with pytest.raises(Refused, match="没有保存评价人"):
        actions.show_person(code=rating.code, reason="回访了解情况", by=client.actor, at=AT)


def test_a_bad_rating_leads_to_its_loop_and_says_why_it_no_longer_counts(
    office: Any, as_role: Callable[..., Any]
) -> None:
    loop = loops.loop(office, AT, state=Status.INVALID)
    page = html(as_role(Role.APPRAISAL).get(f"{URL}{loop.rating.code}/"))
    assert f"/ratings/loops/{loop.rating.code}/" in page
    assert "判定申诉成立" in page
    assert "已核实" in page


def test_the_follow_up_and_the_first_rating_lead_to_each_other(
    office: Any, as_role: Callable[..., Any]
) -> None:
    key = privacy.digest("case-of-both")
    first = loops.rating(office, EARLIER, case_key=key)
    second = loops.rating(office, AT, case_key=key, turn=2, level=5)
    client = as_role(Role.APPRAISAL)
    assert f"{URL}{second.code}/" in html(client.get(f"{URL}{first.code}/"))
    assert f"{URL}{first.code}/" in html(client.get(f"{URL}{second.code}/"))
    assert codes_in(client, "follow_up=1") == [second.code]


# --- texts kept from the public --------------------------------------------------------------------


def test_a_text_is_withheld_with_its_reason_and_shown_again_and_both_decisions_stay(
    office: Any, as_role: Callable[..., Any]
) -> None:
    rating = loops.rating(office, EARLIER, named=False, may_publish=True)
    client, url = as_role(Role.APPRAISAL), f"{URL}{rating.code}/text/"
    assert client.get(url).status_code == 404
    assert client.post(url, {"decision": "withhold", "reason": "骂"}).status_code == 422
    assert client.post(url, {"decision": "withhold", "reason": "写了他人姓名"}).status_code == 302
    rating.refresh_from_db()
    assert (rating.withheld_at, rating.withheld_reason) == (clock.now(), "写了他人姓名")
    assert rating.excluded_at is None, "its level still counts"
    page = html(client.get(f"{URL}{rating.code}/"))
    assert "不公开（已决定）" in page
    assert client.post(url, {"decision": "publish", "reason": "已征得同意"}).status_code == 302
    rating.refresh_from_db()
    assert rating.withheld_at is None
    assert [d.is_withheld for d in TextDecision.objects.order_by("pk")] == [True, False]
    page = html(client.get(f"{URL}{rating.code}/"))
    assert "写了他人姓名" in page
    assert "已征得同意" in page
    events = JournalEntry.objects.filter(event__startswith="rating.text").order_by("n")
    assert [e.event for e in events] == ["rating.text_withheld", "rating.text_published"]
    assert {e.subject for e in events} == {f"ratings.Rating:{rating.code}"}


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"text": ""}, "没有文字"),
        ({"may_publish": False}, "没有同意公开"),
        ({"withheld_at": AT, "withheld_by": "考评科"}, "已决定不公开"),
    ],
)
def test_what_is_not_public_is_not_withheld(
    office: Any, as_role: Callable[..., Any], values: dict[str, Any], sentence: str
) -> None:
    rating = loops.rating(office, AT, **{"may_publish": True, **values})
    client = as_role(Role.APPRAISAL)
    with pytest.raises(Refused, match=sentence):
        actions.withhold(code=rating.code, reason="写了他人姓名", by=client.actor, at=AT)
    assert (
        as_role(Role.WINDOW_CHIEF).post(f"{URL}{rating.code}/text/", {"reason": "写了他人姓名"}).status_code
        == 403
    )


def test_other_decisions_that_cannot_be_made_are_refused(office: Any, as_role: Callable[..., Any]) -> None:
    rating, by = loops.rating(office, AT, may_publish=True), as_role(Role.APPRAISAL).actor
    with pytest.raises(Refused, match="没有被决定不公开"):
        actions.publish_again(code=rating.code, reason="已征得同意", by=by, at=AT)
    with pytest.raises(Refused, match="最多300字"):
        actions.withhold(code=rating.code, reason="长" * 301, by=by, at=AT)
    with pytest.raises(Refused, match="没有找到"):
        actions.withhold(code="NOTHING1", reason="写了他人姓名", by=by, at=AT)


# --- API -------------------------------------------------------------------------------------------


def test_pages_by_api_follow_each_other_without_gap_or_double(
    office: Any, as_role: Callable[..., Any]
) -> None:
    for n in range(7):
        loops.rating(office, AT - timedelta(days=n % 2))
    client, seen, cursor = as_role(Role.WINDOW_CHIEF), [], ""
    while True:
        page = client.get(API, {"limit": 2, "cursor": cursor}).json()
        seen += [item["code"] for item in page["items"]]
        cursor = page["next"]
        if not cursor:
            break
    assert seen == [*Rating.objects.order_by("-rated_on", "code").values_list("code", flat=True)]
    assert client.get(API, {"cursor": "x"}).status_code == 422


def test_one_rating_by_api_says_what_the_screen_says(office: Any, as_role: Callable[..., Any]) -> None:
    loop = loops.loop(office, AT)
    said = as_role(Role.WINDOW_CHIEF).get(f"{API}/{loop.rating.code}").json()
    assert said["person"] == "章** 138****1234"
    assert (said["window"], said["item_name"], said["loop"]) == ("A01", "企业设立登记", loop.number)
    assert "pk" not in said
    assert "id" not in said
    assert as_role(Role.WINDOW_CHIEF, office.unit_b).get(f"{API}/{loop.rating.code}").status_code == 404


def test_the_list_by_api_is_narrowed(office: Any, as_role: Callable[..., Any]) -> None:
    made = _some(office)
    client = as_role(Role.APPRAISAL)

    def found(**query: Any) -> set[str]:
        return {item["code"] for item in client.get(API, query).json()["items"]}

    assert found(level=1) == {made["bad"].code}
    assert found(excluded="1") == {made["out"].code}
    assert found(named="0") == set()
    assert found(last_on="2023-05-17", channel="6") == {made["bad"].code}


# --- what may be told, decided day by day ------------------------------------------------------------


def test_a_day_is_decided_when_it_is_over_once_and_anew_when_more_came(
    office: Any, tell: Callable[[], int]
) -> None:
    for _ in range(5):
        loops.rating(office, EARLIER, named=False, item=None)
    today = loops.rating(office, AT, named=False)
    assert tell() == 1
    assert {*Rating.objects.filter(rated_on=EARLIER.date()).values_list("told", flat=True)} == {5}
    today.refresh_from_db()
    assert today.told is None
    assert tell() == 0
    loops.rating(office, EARLIER, named=False, window=office.window_a2)
    assert tell() == 1
    assert {*Rating.objects.filter(rated_on=EARLIER.date()).values_list("told", flat=True)} == {4}
    assert JournalEntry.objects.filter(event="ratings.told").count() == 2


def test_another_smallest_group_decides_every_day_anew(office: Any, tell: Callable[[], int]) -> None:
    for _ in range(5):
        loops.rating(office, EARLIER, named=False)
    tell()
    local.set_rule(code=SMALLEST_GROUP, since=AT.date(), value=6, source="会议", by=make.SYSTEM, at=AT)
    assert tell() == 1
    assert {*Rating.objects.values_list("told", flat=True)} == {0}
    assert tell() == 0


def test_the_list_offers_no_order_that_tells_who_came_when() -> None:
    assert {c.sort for c in RATINGS.columns if c.sort} == {"rated_on"}
    assert RATINGS.tie == "-code"
