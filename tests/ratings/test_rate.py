"""Rating a case: who may, what is refused in which words, what an anonymous one leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from tests.ratings import loops
from xinfu.cases.models import Case
from xinfu.core import links, local, privacy
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Refused
from xinfu.ratings import actions, codes
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating, Channel, Rating, ReasonSwitch
from xinfu.ratings.ways import FIRST

AT = datetime(2023, 6, 29, 10, 30, tzinfo=CHINA)
Give = Callable[..., Rating]


@pytest.fixture
def case(office: Any, tmp_path: Path) -> Case:
    path = tmp_path / "cases.csv"
    finished = row(1, 办结时间="2023-06-28 10:00:00", 办件状态="办结")
    path.write_text(as_csv([finished, row(2)]))
    import_cases(path)
    return Case.objects.get(case_tail="000001")


@pytest.fixture
def give(case: Case) -> Give:
    def rate(level: int = 5, **given: Any) -> Rating:
        values = {"case_id": case.pk, "channel": Channel.QR_CODE, "by": make.SYSTEM, "at": AT, **given}
        return actions.rate(level=level, **values)

    return rate


# --- the link --------------------------------------------------------------------------------------


@given(key=st.integers(1, 10**12), days=st.integers(-400, 400))
def test_a_link_says_what_it_was_made_for_until_its_time(key: int, days: int) -> None:
    until = AT + timedelta(days=days)
    token = links.make("rate", str(key), until=until)
    if days >= 0:
        assert links.read("rate", token, at=AT) == str(key)
    else:
        with pytest.raises(Refused, match="过期"):
            links.read("rate", token, at=AT)


@given(place=st.integers(0, 200), by=st.integers(1, 63))
def test_a_link_changed_anywhere_is_none_of_ours(place: int, by: int) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    token = links.make("rate", "17", until=AT + timedelta(days=1))
    at = place % (len(token) - 1)  # the last letter holds unused bits
    other = letters[(letters.index(token[at]) + by) % 64]
    with pytest.raises(Refused, match="不是本系统发出"):
        links.read("rate", token[:at] + other + token[at + 1 :], at=AT)


@pytest.mark.parametrize("token", ["", "x", "中文", "A" * 5000, "../../etc/passwd", "=" * 8, "%00"])
def test_what_never_was_a_link_is_refused_with_the_same_sentence(token: str) -> None:
    with pytest.raises(Refused) as refused:
        links.read("rate", token, at=AT)
    assert refused.value.code == "forged_link"


def test_a_link_for_one_thing_is_none_for_another() -> None:
    token = links.make("rate-again", "17", until=AT + timedelta(days=1))
    with pytest.raises(Refused, match="不是本系统发出"):
        links.read("rate", token, at=AT)


# --- rating ----------------------------------------------------------------------------------------


def test_a_rating_carries_the_cases_unit_window_and_item(give: Give, case: Case) -> None:
    rating = give(4, reasons=["407", "406"], text=" 很快 ")
    assert (rating.department, rating.window, rating.item_name) == (
        case.department,
        case.window,
        case.item_name,
    )
    assert (rating.reason_codes, rating.text, rating.rated_on) == ("406,407", "很快", date(2023, 6, 29))
    assert rating.reason_codes == "406,407"


def test_an_anonymous_rating_leaves_no_trace_of_who_and_when(give: Give, case: Case) -> None:
    before = JournalEntry.objects.count()
    rating = Rating.objects.get(pk=give(1, reasons=["108"]).pk)
    assert rating.case is None
    assert bytes(rating.sealed) == b""
    assert rating.rated_at.astimezone(CHINA).time().isoformat() == "00:00:00"
    assert JournalEntry.objects.count() == before
    assert not BadRating.objects.exists(), "its loop opens with the day's others"
    assert case.case_no.encode() not in bytes(rating.case_key)


def test_a_bad_rating_by_name_opens_its_loop_at_once_and_keeps_the_telephone_sealed(give: Give) -> None:
    rating = give(2, is_anonymous=False, reasons=["209"])
    assert privacy.unseal(rating.sealed)["phone"] == "13800001234"
    loop = BadRating.objects.get()
    assert (loop.rating_id, loop.status) == (rating.pk, Status.OPEN)
    body = JournalEntry.objects.get(event="rating.made").body
    assert "13800001234" not in str(body)
    assert rating.text not in str(body) or not rating.text


@pytest.mark.parametrize(
    "given_, code, sentence",
    [
        ({"level": 0}, "no_level", "请选择满意程度"),
        ({"level": 6}, "no_level", "请选择满意程度"),
        ({"level": 5, "reasons": ["108"]}, "reason_of_other_level", "不是“非常满意”的理由"),
        ({"level": 5, "reasons": ["999"]}, "reason_of_other_level", "“999”不是"),
        ({"level": 5, "reasons": ["501"]}, "reason_of_other_level", "不是"),
        ({"level": 5, "reasons": ["517"]}, "reason_off", "没有启用"),
        ({"level": 5, "reasons": [str(n) for n in range(510, 520)]}, "too_many_reasons", "最多选8条"),
        ({"level": 5, "text": "好" * 501}, "text_too_long", "最多500字，现在是501字"),
        ({"level": 5, "case_id": 10**9}, "unknown_case", "没有找到"),
        ({"level": 5, "turn": 2}, "no_follow_up", "整改完成后才能再评"),
    ],
)
def test_what_is_refused(give: Give, given_: dict[str, Any], code: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence) as refused:
        give(**given_)
    assert refused.value.code == code
    assert not Rating.objects.exists()


def test_a_case_that_is_not_finished_is_not_rated(give: Give) -> None:
    open_case = Case.objects.get(case_tail="000002")
    with pytest.raises(Refused, match="还没有办结"):
        give(5, case_id=open_case.pk)


def test_a_case_is_rated_once_also_anonymously(give: Give) -> None:
    give(5)
    with pytest.raises(Refused, match="该办件已评价，无需重复评价。"):
        give(1, is_anonymous=False)
    assert Rating.objects.count() == 1


def test_an_extension_reason_counts_from_the_day_it_is_switched_on(give: Give) -> None:
    ReasonSwitch.objects.create(
        code="517", since=date(2023, 6, 30), is_on=True, source="县通知", set_at=AT, set_by="某"
    )
    with pytest.raises(Refused, match="没有启用"):
        give(5, reasons=["517"])
    assert give(5, reasons=["517"], at=AT + timedelta(days=1)).reason_codes == "517"


def test_after_the_rectification_the_same_case_is_rated_once_more(give: Give) -> None:
    give(1, is_anonymous=False)
    loop = BadRating.objects.get()
    loops.call(loop, AT)
    with pytest.raises(Refused, match="整改完成后"):
        give(5, turn=2)
    for move in ("accept", "finish"):
        actions.move_loop(loop=loop, move=move, note="已改", by=make.SYSTEM, at=AT)
    assert give(5, turn=2, is_anonymous=False).turn == 2
    assert BadRating.objects.count() == 1
    with pytest.raises(Refused, match="无需重复评价"):
        give(5, turn=2)


def test_every_level_offers_three_core_reasons_and_five_others() -> None:
    for level in range(1, 6):
        of_level = [r for r in codes.REASONS.values() if r.level == level]
        assert len(of_level) == 8
        assert [r.code for r in codes.offered(level, ())] == [r.code for r in of_level[:3]]
        assert codes.offered(level, set(codes.REASONS)) == of_level
    assert codes.REASONS["115"].text == "服务态度差效率低"
    assert codes.REASONS["209"].text == "未在承诺时间内办结"


# --- the page --------------------------------------------------------------------------------------


@pytest.fixture
def page(case: Case, time_machine: Any) -> str:
    time_machine.move_to(AT)
    return f"/ratings/r/{links.make(FIRST, str(case.pk), until=AT + timedelta(days=30))}/"


def test_a_citizen_rates_without_logging_in(page: str, client: Client, case: Case) -> None:
    html = client.get(page).content.decode()
    assert case.item_name in html
    assert case.case_no not in html, "a link may be seen by others"
    assert "需提供办事指南之外的申报材料" in html
    sent = client.post(page, {"level": "1", "reasons": ["109"], "text": "要了两次材料", "named": "on"})
    assert sent.status_code == 302
    done = client.get(sent["Location"])
    assert "已收到您的评价" in done.content.decode()
    assert "1个工作日内打电话向您核实，属实的15个工作日内整改" in done.content.decode()
    assert "电话向您核实" in done.content.decode()
    rating = Rating.objects.get()
    assert (rating.level, rating.reason_codes, rating.is_anonymous, rating.channel) == (1, "109", False, "3")
    assert client.post(page, {"level": "5"}).status_code == 409
    assert Rating.objects.count() == 1


def test_the_page_of_thanks_may_be_read_again_for_a_day_and_cannot_be_made_up(
    page: str, client: Client, case: Case, time_machine: Any
) -> None:
    thanks = client.post(page, {"level": "2", "reasons": ["207"]})["Location"]
    for _ in range(2):
        html = client.get(thanks).content.decode()
        assert Rating.objects.get().code in html
        assert "匿名评价无法回访您" in html
        assert case.case_no not in html
    forged = client.get(thanks[:-3] + ("AA/" if thanks[-3:] != "AA/" else "BB/"))
    assert (forged.status_code, "不是本系统发出" in forged.content.decode()) == (404, True)
    time_machine.move_to(AT + timedelta(days=2))
    late = client.get(thanks)
    assert (late.status_code, "评价已收到" in late.content.decode()) == (410, True)


def test_a_refused_page_comes_back_as_it_was_sent(page: str, client: Client) -> None:
    answer = client.post(page, {"level": "2", "reasons": ["207"], "text": "字" * 501})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert 'value="2" checked' in html
    assert 'value="207" checked' in html
    assert client.post(page, {}).status_code == 422
    assert not Rating.objects.exists()


def test_a_text_with_a_script_is_text(page: str, client: Client) -> None:
    client.post(page, {"level": "1", "text": "<script>alert(1)</script>", "reasons": ["x"]})
    answer = client.post(page, {"level": "9", "text": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in answer.content.decode()


def test_forged_and_expired_links_say_different_things(page: str, client: Client, case: Case) -> None:
    forged = client.get(page[:-12] + ("A" if page[-12] != "A" else "B") + page[-11:])
    old = client.get(f"/ratings/r/{links.make(FIRST, str(case.pk), until=AT - timedelta(days=1))}/")
    assert (forged.status_code, old.status_code) == (404, 410)
    assert "不是本系统发出" in forged.content.decode()
    assert "已过期" in old.content.decode()
    gone = client.get(f"/ratings/r/{links.make(FIRST, '999999', until=AT + timedelta(days=1))}/")
    assert gone.status_code == 404


def test_too_many_from_one_address_wait(page: str, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xinfu.ratings.rating_local.tries_an_hour", lambda day: 2)
    for _ in range(2):
        client.post(page, {"level": "5", "text": "字" * 300, "reasons": ["108"]})
    answer = client.post(page, {"level": "5"})
    assert (answer.status_code, answer["Retry-After"]) == (429, "3600")
    assert "太频繁" in answer.content.decode()
    assert not Rating.objects.exists()


def test_tries_are_counted_for_a_whole_hour_from_the_first(
    page: str, client: Client, monkeypatch: pytest.MonkeyPatch, time_machine: Any
) -> None:
    """Twenty minutes of rest forget nothing; after the hour people may try again."""
    monkeypatch.setattr("xinfu.ratings.rating_local.tries_an_hour", lambda day: 2)
    wrong = {"level": "5", "text": "字" * 300, "reasons": ["108"]}
    for minutes, status in ((0, 422), (20, 422), (40, 429), (61, 302)):
        time_machine.move_to(AT + timedelta(minutes=minutes), tick=False)
        answer = client.post(page, wrong if status != 302 else {"level": "5"})
        assert answer.status_code == status, minutes


def test_where_the_province_collects_the_page_says_where(page: str, client: Client) -> None:
    local.set_rule(
        code="ratings.local_pages",
        value="off",
        since=date(2023, 1, 1),
        source="省通知",
        by=make.SYSTEM,
        at=AT,
    )
    assert "浙里办" in client.get(page).content.decode()
    assert "浙里办" in client.post(page, {"level": "5"}).content.decode()
    assert not Rating.objects.exists()
