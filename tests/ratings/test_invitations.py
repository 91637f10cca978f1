"""Inviting people to rate: whom, when, how often; what the telephone list keeps and what it must not tell."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from tests.ratings import loops
from xinfu.cases.models import Case
from xinfu.core import events, inbox, local, messages
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry, OutMessage
from xinfu.core.privacy import digest, unseal
from xinfu.core.refusal import Refused
from xinfu.ratings import actions, tasks
from xinfu.ratings.actions.invitation_calls import Said
from xinfu.ratings.actions.invitations import mobile_of
from xinfu.ratings.flow import Status
from xinfu.ratings.models import BadRating, Channel, Invitation, InvitationCall, InvitationKind, Rating
from xinfu.ratings.queries import invitations as queries

FINISHED = datetime(2023, 6, 26, 10, 0, tzinfo=CHINA)  # a Monday
A_DAY = FINISHED + timedelta(hours=24)
THREE_DAYS = datetime(2023, 6, 29, 10, 5, tzinfo=CHINA)
Ended = Callable[..., list[Case]]


@pytest.fixture
def ended(office: Any, tmp_path: Path) -> Ended:
    """Return `ended(n, **changes) -> cases`, each ended on Monday the 26th at ten, with a number of its own."""

    def take(number: int = 1, **changes: str) -> list[Case]:
        rows = [
            row(
                n,
                **{"办结时间": "2023-06-26 10:00:00", "办件状态": "办结", "手机": f"138000{n:05}", **changes},
            )
            for n in range(1, number + 1)
        ]
        path = tmp_path / "cases.csv"
        path.write_text(as_csv(rows))
        import_cases(path)
        return list(Case.objects.order_by("case_no"))

    return take


def rule(code: str, value: Any) -> None:
    local.set_rule(
        code=f"ratings.{code}",
        since=FINISHED.date(),
        value=value,
        source="县办通知",
        by=make.SYSTEM,
        at=FINISHED,
    )


def rate(case: Case, at: datetime = FINISHED, **given: Any) -> Rating:
    said = {"level": 5, "channel": Channel.QR_CODE, "by": make.SYSTEM, "at": at, **given}
    return actions.rate(case_id=case.pk, **said)


def invite(at: datetime = A_DAY) -> int:
    return actions.invite(by=make.SYSTEM, at=at)


def list_calls(at: datetime = THREE_DAYS) -> int:
    return actions.list_calls(by=make.SYSTEM, at=at)


def text_of(message: OutMessage) -> str:
    return unseal(message.text_sealed)["text"]


# --- by message ----------------------------------------------------------------------------------


def test_a_day_after_its_end_who_has_not_rated_gets_one_message_and_no_second(ended: Ended) -> None:
    (case,) = ended()
    assert invite(A_DAY - timedelta(seconds=1)) == 0
    assert invite(A_DAY) == 1
    assert invite(A_DAY + timedelta(hours=1)) == 0
    message = OutMessage.objects.get()
    assert unseal(message.to_sealed) == {"to": "13800000001"}
    assert "食品经营许可" in text_of(message)
    assert "张三丰" not in text_of(message)
    assert Invitation.objects.get().case_id == case.pk


@pytest.mark.parametrize("is_anonymous", [True, False])
def test_who_has_rated_is_not_invited_and_not_called(ended: Ended, is_anonymous: bool) -> None:
    (case,) = ended()
    rate(case, is_anonymous=is_anonymous)
    assert invite() == 0
    assert list_calls() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"办结时间": "", "办件状态": "办理中"},
        {"办件状态": "退件", "办结类型": "1", "原因": "材料不符"},
        {"手机": ""},
    ],
    ids=["open", "returned", "no-number"],
)
def test_nobody_is_invited_where_nothing_can_be_rated_or_nobody_reached(
    ended: Ended, changes: dict[str, str]
) -> None:
    ended(1, **changes)
    assert (invite(), list_calls()) == (0, 0)


def test_a_landline_gets_no_message_and_is_called(ended: Ended) -> None:
    ended(1, 手机="0575-86021234")
    assert (invite(), list_calls()) == (0, 1)


@pytest.mark.parametrize(
    "number,mobile",
    [
        ("13800001234", "13800001234"),
        ("+8613800001234", "13800001234"),
        ("8613800001234", "13800001234"),
        ("057586021234", ""),
        ("12800001234", ""),
        ("138000012345", ""),
    ],
)
def test_only_mobile_numbers_take_messages(number: str, mobile: str) -> None:
    assert mobile_of(number) == mobile


def test_switching_on_invites_nobody_whose_case_ended_long_ago(ended: Ended) -> None:
    ended()
    assert invite(FINISHED + timedelta(days=7)) == 0
    assert invite(FINISHED + timedelta(days=7) - timedelta(minutes=1)) == 1


def test_one_number_gets_only_so_many_a_day_and_the_rest_on_the_next(ended: Ended) -> None:
    ended(3, 手机="13800009999")
    assert invite() == 2
    assert invite(A_DAY + timedelta(hours=2)) == 0
    assert invite(A_DAY + timedelta(days=1)) == 1


@pytest.mark.parametrize("code,value", [("invite", "off"), ("local_pages", "off")])
def test_a_county_that_does_not_invite_or_whose_province_collects_sends_nothing(
    ended: Ended, code: str, value: str
) -> None:
    ended()
    rule(code, value)
    assert (invite(), list_calls()) == (0, 0)


def test_the_hours_and_days_are_the_countys(ended: Ended) -> None:
    ended()
    rule("invite_after_hours", 48)
    assert invite(A_DAY) == 0
    assert invite(FINISHED + timedelta(hours=48)) == 1
    rule("call_after_days", 4)
    assert list_calls(THREE_DAYS) == 0
    assert list_calls(THREE_DAYS + timedelta(days=1)) == 1


def test_the_link_of_a_message_opens_the_page_and_counts_as_one_by_message(
    ended: Ended, client: Client, settings: Any
) -> None:
    settings.DEMO_DAY = A_DAY.date()
    settings.PUBLIC_ADDRESS = "https://xc.example.org"
    ended()
    invite()
    address = next(word for word in text_of(OutMessage.objects.get()).split("：") if word.startswith("https"))
    assert address.startswith("https://xc.example.org/ratings/r/")
    page = urlsplit(address.split(" ")[0]).path
    assert client.get(page).status_code == 200
    client.post(page, {"level": "4"})
    assert Rating.objects.get().channel == Channel.MESSAGE


def test_the_journal_says_how_many_and_neither_number_nor_case(ended: Ended) -> None:
    (case,) = ended()
    invite()
    said = bytes(JournalEntry.objects.get(event="ratings.invited").body).decode()
    assert '"messages":1' in said
    assert case.case_no not in said
    assert "13800000001" not in said


def test_a_thousand_due_cases_cost_few_questions(ended: Ended, django_assert_max_num_queries: Any) -> None:
    ended(300)
    rate(Case.objects.order_by("pk")[0])
    with django_assert_max_num_queries(40):
        assert invite() == 299


# --- the telephone list --------------------------------------------------------------------------


def test_after_three_days_the_list_begins_with_who_waits_longest(ended: Ended) -> None:
    cases = ended(3)
    Case.objects.filter(pk=cases[1].pk).update(finished_at=FINISHED - timedelta(hours=5))
    Case.objects.filter(pk=cases[2].pk).update(finished_at=FINISHED + timedelta(hours=5))
    assert list_calls() == 2
    assert [row.case_id for row in queries.to_call(make.SYSTEM, THREE_DAYS.date())] == [
        cases[1].pk,
        cases[0].pk,
    ]


def test_the_list_holds_no_more_than_can_be_called_and_one_case_a_number(ended: Ended) -> None:
    ended(5)
    rule("calls_a_day", 2)
    assert list_calls() == 2
    assert list_calls(THREE_DAYS + timedelta(hours=1)) == 0
    Case.objects.update(phone_digest=Case.objects.order_by("pk")[0].phone_digest)
    rule("calls_a_day", 50)
    Invitation.objects.all().delete()
    assert list_calls() == 1


def test_no_list_is_made_on_a_day_off(ended: Ended) -> None:
    ended()
    assert list_calls(datetime(2023, 7, 1, 8, 5, tzinfo=CHINA)) == 0
    assert list_calls(datetime(2023, 7, 3, 8, 5, tzinfo=CHINA)) == 1


def test_who_rates_in_the_course_of_a_day_stays_on_the_list_until_the_next_morning(ended: Ended) -> None:
    """A row that went at once would tell when somebody rated anonymously."""
    first, second = ended(2)
    assert list_calls() == 2
    rate(first, THREE_DAYS + timedelta(hours=1))
    actions.invite(by=make.SYSTEM, at=THREE_DAYS + timedelta(hours=2))
    assert queries.to_call(make.SYSTEM, THREE_DAYS.date()).count() == 2
    list_calls(THREE_DAYS + timedelta(days=1))
    assert [row.case_id for row in queries.calls(make.SYSTEM)] == [second.pk]
    assert not queries.called(make.SYSTEM).exists(), "nothing tells why it went"


def test_who_waited_too_long_goes_the_same_way(ended: Ended) -> None:
    ended()
    list_calls()
    list_calls(THREE_DAYS + timedelta(days=12))
    assert not queries.calls(make.SYSTEM).exists()


def listed(ended: Ended) -> Invitation:
    ended()
    list_calls()
    return Invitation.objects.get(kind=InvitationKind.TELEPHONE)


def test_who_rates_by_telephone_is_kept_as_one_by_telephone(ended: Ended) -> None:
    found = listed(ended)
    actions.record_call(
        invitation=found, is_reached=True, said=Said(2, ["207"], "没有样本", is_named=True),
        by=make.SYSTEM, at=THREE_DAYS,
    )  # fmt: skip
    rating = Rating.objects.get()
    assert (rating.channel, rating.level, rating.is_anonymous) == (Channel.TELEPHONE, 2, False)
    assert BadRating.objects.count() == 1
    assert InvitationCall.objects.get().outcome == "named"


def test_who_rates_anonymously_and_who_will_not_leave_the_same_trace(ended: Ended) -> None:
    """Rows and journal of the two differ in their ids only."""
    ended(2)
    list_calls()
    first, second = Invitation.objects.filter(kind=InvitationKind.TELEPHONE).order_by("pk")
    actions.record_call(invitation=first, is_reached=True, said=Said(1), by=make.SYSTEM, at=THREE_DAYS)
    actions.record_call(invitation=second, is_reached=True, by=make.SYSTEM, at=THREE_DAYS)
    rows = list(Invitation.objects.filter(kind="telephone").order_by("pk").values("outcome", "done_at"))
    assert rows[0] == rows[1]
    calls = list(InvitationCall.objects.order_by("pk").values("outcome", "at", "by"))
    assert calls[0] == calls[1]
    entries = [json.loads(bytes(e.body)) for e in JournalEntry.objects.filter(event="invitation.called")]
    assert entries[0]["data"] == entries[1]["data"]
    assert not JournalEntry.objects.filter(event="rating.made").exists()


def test_who_is_not_reached_is_called_on_another_day_and_then_no_more(ended: Ended) -> None:
    found = listed(ended)
    actions.record_call(invitation=found, is_reached=False, by=make.SYSTEM, at=THREE_DAYS)
    assert not queries.to_call(make.SYSTEM, THREE_DAYS.date()).exists()
    with pytest.raises(Refused, match="今天已经打过"):
        actions.record_call(invitation=found, is_reached=False, by=make.SYSTEM, at=THREE_DAYS)
    tomorrow = THREE_DAYS + timedelta(days=1)
    assert queries.to_call(make.SYSTEM, tomorrow.date()).count() == 1
    actions.record_call(invitation=found, is_reached=False, by=make.SYSTEM, at=tomorrow)
    assert queries.called(make.SYSTEM).get().outcome == "unreached"
    with pytest.raises(Refused, match="已经打过了"):
        actions.record_call(invitation=found, is_reached=True, by=make.SYSTEM, at=tomorrow)


def test_a_default_rating_takes_nobody_off_the_list(office: Any, ended: Ended) -> None:
    found = listed(ended)
    actions.record_call(invitation=found, is_reached=False, by=make.SYSTEM, at=THREE_DAYS)
    case = found.case
    loops.rating(office, THREE_DAYS, level=4, channel=Channel.DEFAULT, case_key=digest(case.case_no))
    tomorrow = THREE_DAYS + timedelta(days=1)
    list_calls(tomorrow)
    assert queries.to_call(make.SYSTEM, tomorrow.date()).count() == 1


def test_a_call_that_cannot_be_rated_keeps_nothing(ended: Ended) -> None:
    found = listed(ended)
    with pytest.raises(Refused, match="不是“非常满意”的理由"):
        actions.record_call(
            invitation=found, is_reached=True, said=Said(5, ["108"]), by=make.SYSTEM, at=THREE_DAYS
        )
    assert not InvitationCall.objects.exists()


def test_the_inbox_says_how_many_calls_wait_to_those_who_make_them(ended: Ended, as_role: Any) -> None:
    listed(ended)
    said = [t.title for t in inbox.todos(as_role(Role.APPRAISAL).actor, THREE_DAYS)]
    assert "今天要打的邀评电话1件" in said
    assert not [t for t in inbox.todos(as_role(Role.WINDOW_CHIEF).actor, THREE_DAYS) if t.kind == "电话邀评"]


# --- the screens ---------------------------------------------------------------------------------


def test_a_caller_sees_masked_numbers_opens_one_and_enters_the_result(
    ended: Ended, as_role: Any, settings: Any
) -> None:
    settings.DEMO_DAY = THREE_DAYS.date()
    found = listed(ended)
    client = as_role(Role.APPRAISAL)
    page = client.get("/ratings/telephone/").content.decode()
    assert "138****0001" in page
    assert "13800000001" not in page
    address = f"/ratings/telephone/{found.pk}/"
    assert "13800000001" not in client.get(address).content.decode()
    shown = client.post(f"{address}phone/")
    assert "13800000001" in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    entry = json.loads(bytes(JournalEntry.objects.get(event="invitation.phone_shown").body))
    assert entry["data"] == {"reason": "电话邀评"}
    empty = client.post(address, {"outcome": "rates"})
    assert empty.status_code == 422
    assert "请选择对方说的满意程度" in empty.content.decode()
    assert client.post(address, {"outcome": "unreached", "level": "5"}).status_code == 422
    assert client.post(address, {"outcome": "rates", "level": "4", "reasons": ["406"]}).status_code == 302
    assert Rating.objects.get().reason_codes == "406"
    assert "已通话" in client.get("/ratings/telephone/done/").content.decode()
    assert "已经结束" in client.get(address).content.decode()


def test_who_makes_no_calls_sees_none(ended: Ended, as_role: Any) -> None:
    found = listed(ended)
    client = as_role(Role.WINDOW_CHIEF)
    for url in ("", "done/", f"{found.pk}/"):
        assert client.get(f"/ratings/telephone/{url}").status_code == 403
    assert client.post(f"/ratings/telephone/{found.pk}/phone/").status_code == 403


def test_the_list_leaves_as_a_file_without_full_numbers(ended: Ended, as_role: Any, settings: Any) -> None:
    settings.DEMO_DAY = THREE_DAYS.date()
    listed(ended)
    sent = as_role(Role.APPRAISAL).post("/ratings/telephone/", {"export": "csv"})
    said = (
        b"".join(sent.streaming_content).decode("utf-8-sig")
        if sent.streaming
        else sent.content.decode("utf-8-sig")
    )
    assert "138****0001" in said
    assert "13800000001" not in said


# --- after rectification -------------------------------------------------------------------------


def rectified(ended: Ended, **given: Any) -> BadRating:
    (case,) = ended()
    rating = rate(case, A_DAY, level=1, **given)
    loop = BadRating.objects.filter(rating=rating).first() or actions.open_loop(
        rating=rating, by=make.SYSTEM, at=A_DAY
    )
    if not rating.is_anonymous:
        loops.call(loop, A_DAY)
    for move in ("accept", "finish"):
        loop = actions.move_loop(loop=loop, move=move, note="已整改", by=make.SYSTEM, at=A_DAY)
    assert loop.status == Status.RECTIFIED
    return loop


def test_who_rated_by_name_is_told_when_it_is_put_right_and_may_rate_again(
    ended: Ended, client: Client, settings: Any
) -> None:
    settings.DEMO_DAY = A_DAY.date()
    rectified(ended, is_anonymous=False)
    events.deliver(at=A_DAY)
    events.deliver(at=A_DAY)
    message = OutMessage.objects.get(kind="rating_invited_again")
    assert "已核实整改" in text_of(message)
    start = text_of(message).index(django_settings.PUBLIC_ADDRESS)
    page = urlsplit(text_of(message)[start:].split(" ")[0]).path
    assert "再评价一次" in client.get(page).content.decode()
    client.post(page, {"level": "5", "named": "on"})
    again = Rating.objects.get(turn=2)
    assert (again.level, again.channel) == (5, Channel.MESSAGE)


def test_nobody_can_be_told_who_rated_anonymously(ended: Ended, settings: Any) -> None:
    settings.DEMO_DAY = A_DAY.date()
    rectified(ended, is_anonymous=True)
    events.deliver(at=A_DAY)
    assert not OutMessage.objects.exists()


@pytest.mark.parametrize("days,code", [(8, ""), (1, "local_pages")])
def test_no_word_of_what_was_put_right_long_ago_or_where_the_province_collects(
    ended: Ended, settings: Any, days: int, code: str
) -> None:
    settings.DEMO_DAY = A_DAY.date() + timedelta(days=days)
    if code:
        rule(code, "off")
    loop = rectified(ended, is_anonymous=False)
    tasks.invite_again({"subject": f"ratings.BadRating:{loop.pk}"}, A_DAY)
    assert not OutMessage.objects.exists()


def test_what_the_schedule_calls_invites_and_lists(ended: Ended) -> None:
    ended()
    tasks.invite(A_DAY)
    tasks.list_calls(THREE_DAYS)
    assert Invitation.objects.count() == 2


def test_the_queued_message_leaves_into_the_outbox(ended: Ended) -> None:
    ended()
    invite()
    assert messages.deliver(at=A_DAY) == 1
    files = [json.loads(path.read_text()) for path in (django_settings.HOME / "outbox").glob("*.json")]
    case = Case.objects.get()
    assert [f["to"] for f in files if f["key"] == f"rating_invited:{case.pk}"] == ["13800000001"]
