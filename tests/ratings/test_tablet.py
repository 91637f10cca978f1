"""The tablet at a window: paired by a signed link, asked by a clerk or a system, silent about who rated what."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.conftest import CHINA
from xinfu.cases.models import Case
from xinfu.core import local
from xinfu.core.access import Role
from xinfu.core.actor import Actor, Kind, Scope
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.people.models import ApiToken
from xinfu.ratings import actions as ratings
from xinfu.ratings import pushing
from xinfu.ratings.actions import pushes
from xinfu.ratings.actions import tablets as actions
from xinfu.ratings.exchange import BadRecord
from xinfu.ratings.models import Channel, Rating, RequestState, Tablet, TabletMonth, TabletRequest
from xinfu.ratings.queries import tablets as queries
from xinfu.ratings.screens.tablet import COOKIE

AT = datetime(2023, 6, 29, 10, 30, tzinfo=CHINA)


@pytest.fixture(autouse=True)
def clock(time_machine: Any) -> Any:
    time_machine.move_to(AT, tick=False)
    return time_machine


@pytest.fixture
def case(office: Any, tmp_path: Path) -> Case:
    path = tmp_path / "cases.csv"
    done = {"办结时间": "2023-06-28 10:00:00", "办件状态": "办结"}
    path.write_text(as_csv([row(1, **done), row(2), row(3, **done)]))
    import_cases(path)
    return Case.objects.get(case_tail="000001")


@pytest.fixture
def chief(office: make.Office) -> Actor:
    return make.actor(Role.WINDOW_CHIEF, office.unit_a)


@pytest.fixture
def clerk(office: make.Office) -> Actor:
    return make.actor(Role.WINDOW_CLERK, office.unit_a)


@pytest.fixture
def device(case: Case, office: make.Office, chief: Actor) -> Client:
    """A paired tablet at the first window of unit A."""
    made = actions.prepare_tablet(window_id=office.window_a1.pk, name="1号平板", by=chief, at=AT)
    client = Client()
    answer = client.post(f"/ratings/tablet/pair/{actions.pairing_token(made, AT)}/")
    assert answer.status_code == 302
    return client


@pytest.fixture
def ask(case: Case, office: make.Office, clerk: Actor, device: Client) -> Callable[..., TabletRequest]:
    def asked(at: datetime = AT, **given: Any) -> TabletRequest:
        values = {"case": case, "window_id": office.window_a1.pk, "by": clerk, **given}
        return actions.ask(at=at, **values)

    return asked


def give(device: Client, code: str, **data: Any) -> Any:
    return device.post("/ratings/tablet/rate/", {"code": code, "level": "5", **data})


# --- pairing ---------------------------------------------------------------------------------------


def test_a_pairing_link_pairs_one_device_and_no_second(case: Case, office: make.Office, chief: Actor) -> None:
    made = actions.prepare_tablet(window_id=office.window_a1.pk, name="1号", by=chief, at=AT)
    link = f"/ratings/tablet/pair/{actions.pairing_token(made, AT)}/"
    first, second = Client(), Client()
    assert "配对" in first.get(link).content.decode()
    assert not Tablet.objects.get().paired_at, "opening the link alone pairs nothing"
    done = first.post(link)
    assert done.cookies[COOKIE]["httponly"]
    assert done.cookies[COOKIE]["samesite"] == "Strict"
    assert office.window_a1.name in first.get("/ratings/tablet/").content.decode()
    assert second.post(link).status_code == 409
    assert "没有配对" in second.get("/ratings/tablet/").content.decode()
    events = set(JournalEntry.objects.filter(event__startswith="tablet.").values_list("event", flat=True))
    assert events == {"tablet.prepared", "tablet.paired"}


def test_a_pairing_link_opens_for_a_quarter_of_an_hour(
    case: Case, office: make.Office, chief: Actor, clock: Any
) -> None:
    made = actions.prepare_tablet(window_id=office.window_a1.pk, name="1号", by=chief, at=AT)
    token = actions.pairing_token(made, AT)
    with pytest.raises(Refused, match="过期"):
        actions.pair(token=token, at=AT + timedelta(minutes=15, seconds=1))
    assert actions.pair(token=token, at=AT + timedelta(minutes=15))


@pytest.mark.parametrize("token", ["x", "A" * 90, "%00"])
def test_a_forged_pairing_link_says_so(client: Client, db: None, token: str) -> None:
    assert "不是本系统发出" in client.post(f"/ratings/tablet/pair/{token}/").content.decode()


def test_a_new_tablet_takes_the_place_of_the_old_one(
    device: Client, office: make.Office, chief: Actor
) -> None:
    made = actions.prepare_tablet(window_id=office.window_a1.pk, name="2号", by=chief, at=AT)
    actions.pair(token=actions.pairing_token(made, AT), at=AT)
    assert device.get("/ratings/tablet/").status_code == 404
    assert device.get("/ratings/tablet/state/?at=")["HX-Redirect"] == "/ratings/tablet/"


def test_an_ended_tablet_opens_nothing(
    device: Client, chief: Actor, ask: Callable[..., TabletRequest]
) -> None:
    asked = ask()
    actions.end_tablet(tablet=Tablet.objects.get(), by=chief, at=AT)
    assert device.get("/ratings/tablet/").status_code == 404
    give(device, asked.code)
    assert not Rating.objects.exists()
    with pytest.raises(Refused, match="已经解除"):
        actions.end_tablet(tablet=Tablet.objects.get(), by=chief, at=AT)


def test_another_units_chief_neither_pairs_nor_ends(device: Client, office: make.Office) -> None:
    other = make.actor(Role.WINDOW_CHIEF, office.unit_b)
    with pytest.raises(NotFound):
        actions.prepare_tablet(window_id=office.window_a1.pk, name="1号", by=other, at=AT)
    with pytest.raises(Forbidden):
        actions.end_tablet(tablet=Tablet.objects.get(), by=other, at=AT)
    with pytest.raises(NotFound):
        queries.get_tablet(other, Tablet.objects.get().code)


def test_a_cookie_that_was_changed_is_none(device: Client) -> None:
    device.cookies[COOKIE] = device.cookies[COOKIE].value[:-3] + "AAA"
    assert device.get("/ratings/tablet/").status_code == 404


# --- asking ----------------------------------------------------------------------------------------


def test_the_waiting_page_says_nothing_of_a_person(device: Client, case: Case) -> None:
    html = device.get("/ratings/tablet/").content.decode()
    assert case.case_no not in html
    assert case.item_name not in html


def test_a_tablet_waits_asks_and_thanks(
    device: Client, case: Case, ask: Callable[..., TabletRequest]
) -> None:
    assert device.get("/ratings/tablet/state/?at=").status_code == 204
    asked = ask()
    part = device.get("/ratings/tablet/state/?at=")
    assert part.status_code == 200
    html = part.content.decode()
    assert case.item_name in html
    assert "非常不满意" in html
    assert 'data-left="60"' in html
    assert case.case_no not in html
    assert "张三" not in html
    assert device.get(f"/ratings/tablet/state/?at={asked.code}").status_code == 204
    done = give(device, asked.code, level="2", reasons=["207"], text="没有样本")
    assert done["Location"] == "/ratings/tablet/?thanks=1"
    assert "已收到" in device.get(done["Location"]).content.decode()
    rating = Rating.objects.get()
    assert (rating.level, rating.reason_codes, rating.text) == (2, "207", "没有样本")
    assert (rating.channel, rating.is_anonymous, rating.case) == (Channel.TABLET, True, None)
    assert office_name(device) in device.get("/ratings/tablet/state/?at=thanks").content.decode()


def office_name(device: Client) -> str:
    return Tablet.objects.get().window.name


def test_a_poll_is_one_statement(device: Client) -> None:
    with CaptureQueriesContext(connection) as asked:
        device.get("/ratings/tablet/state/?at=")
    assert len(asked) == 1, [q["sql"] for q in asked]


def test_a_rating_by_name_keeps_case_and_telephone(
    device: Client, case: Case, ask: Callable[..., TabletRequest]
) -> None:
    give(device, ask().code, level="1", named="on", text="等太久", may_publish="on")
    rating = Rating.objects.get()
    assert (rating.case, rating.is_anonymous, rating.may_publish) == (case, False, True)


def test_what_is_refused_comes_back_as_it_was_typed(
    device: Client, ask: Callable[..., TabletRequest]
) -> None:
    asked = ask()
    answer = give(device, asked.code, level="2", reasons=["207"], text="字" * 501)
    assert answer.status_code == 422
    assert 'value="207" checked' in answer.content.decode()
    assert device.post("/ratings/tablet/rate/", {"code": asked.code}).status_code == 422
    assert give(device, asked.code, level="5", reasons=["108"]).status_code == 422
    assert not Rating.objects.exists()
    assert TabletRequest.objects.get().state == RequestState.OPEN


def test_two_taps_make_one_rating(device: Client, ask: Callable[..., TabletRequest]) -> None:
    asked = ask()
    give(device, asked.code)
    assert give(device, asked.code, level="1").status_code == 302
    assert Rating.objects.get().level == 5


def test_a_second_asking_while_one_is_open_is_refused(ask: Callable[..., TabletRequest]) -> None:
    ask()
    with pytest.raises(Refused, match="正在请上一位"):
        ask(at=AT + timedelta(seconds=59))
    assert ask(at=AT + timedelta(seconds=60)).state == RequestState.OPEN


def test_asking_needs_a_tablet_that_is_on(
    case: Case, office: make.Office, clerk: Actor, device: Client
) -> None:
    with pytest.raises(Refused, match="没有配对的平板"):
        actions.ask(case=case, window_id=office.window_a2.pk, by=clerk, at=AT)
    with pytest.raises(Refused, match="平板不在线"):
        actions.ask(
            case=case, window_id=office.window_a1.pk, by=clerk, at=AT + timedelta(minutes=3, seconds=1)
        )
    device.post("/ratings/tablet/seen/")
    assert actions.ask(case=case, window_id=office.window_a1.pk, by=clerk, at=AT + timedelta(minutes=3))


def test_a_case_that_is_not_finished_is_not_asked_for(ask: Callable[..., TabletRequest]) -> None:
    with pytest.raises(Refused, match="还没有办结"):
        ask(case=Case.objects.get(case_tail="000002"))


def test_asking_at_another_units_window_is_forbidden(
    office: make.Office, ask: Callable[..., TabletRequest]
) -> None:
    with pytest.raises(Forbidden):
        ask(by=make.actor(Role.WINDOW_CLERK, office.unit_b))


def test_where_the_province_collects_no_tablet_asks(ask: Callable[..., TabletRequest]) -> None:
    local.set_rule(
        code="ratings.local_pages", since=date(2023, 1, 1), value="off", source="省文", by=make.SYSTEM, at=AT
    )
    with pytest.raises(Refused, match="浙里办"):
        ask()


# --- the time --------------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds, counts", [(59, True), (60, False), (3600, False)])
def test_after_sixty_seconds_nothing_is_taken(
    device: Client, ask: Callable[..., TabletRequest], clock: Any, seconds: int, counts: bool
) -> None:
    asked = ask()
    clock.move_to(AT + timedelta(seconds=seconds), tick=False)
    give(device, asked.code)
    assert Rating.objects.exists() is counts
    state = device.get(f"/ratings/tablet/state/?at={asked.code}")
    assert state.status_code == 200, "the tablet goes back to waiting by itself"


def test_one_tap_gives_the_whole_time_again_ten_times_and_more(
    device: Client, ask: Callable[..., TabletRequest], clock: Any
) -> None:
    asked, at = ask(), AT
    for _ in range(10):
        at += timedelta(seconds=59)
        clock.move_to(at, tick=False)
        assert device.post("/ratings/tablet/touch/", {"code": asked.code}).json() == {"left": 60}
    clock.move_to(AT + timedelta(seconds=660), tick=False)
    assert device.post("/ratings/tablet/touch/", {"code": asked.code}).json() == {"left": 0}


def test_the_time_is_the_countys_own(ask: Callable[..., TabletRequest]) -> None:
    local.set_rule(
        code="ratings.tablet_seconds", since=date(2023, 1, 1), value=120, source="县定", by=make.SYSTEM, at=AT
    )
    assert ask().open_until == AT + timedelta(seconds=120)


@pytest.mark.parametrize("way", ["lapsed", "declined"])
def test_who_does_not_rate_is_counted_by_month_and_the_case_stays_ratable(
    device: Client, case: Case, ask: Callable[..., TabletRequest], way: str
) -> None:
    asked, at = ask(), AT
    if way == "lapsed":
        at += timedelta(seconds=60)
        call_time = actions.close_lapsed(by=make.SYSTEM, at=at)
        assert call_time == 1
    else:
        device.post("/ratings/tablet/rate/", {"code": asked.code, "decline": "1"})
    assert not Rating.objects.exists()
    month = TabletMonth.objects.get()
    assert (month.month, month.asked, month.unrated) == (date(2023, 6, 1), 1, 1)
    assert actions.close_lapsed(by=make.SYSTEM, at=at) == 0, "each is counted once"
    give(device, ask(at=at).code)
    assert Rating.objects.count() == 1
    month.refresh_from_db()
    assert (month.asked, month.unrated) == (2, 1)


def test_a_day_later_an_asking_is_forgotten(ask: Callable[..., TabletRequest], device: Client) -> None:
    from xinfu.ratings import tasks

    give(device, ask().code)
    tasks.close_tablets(AT + timedelta(days=1))
    assert TabletRequest.objects.exists()
    tasks.close_tablets(AT + timedelta(days=1, seconds=1))
    assert not TabletRequest.objects.exists()


# --- who rated what stays hidden ---------------------------------------------------------------------


def record_of(code: str) -> dict[str, Any]:
    fields = TabletRequest.objects.filter(code=code).values(
        "case", "stage", "turn", "state", "is_pushed", "asked_by", "open_until"
    )
    return dict(fields[0])


def test_rated_or_not_the_asking_says_the_same(
    device: Client, ask: Callable[..., TabletRequest], clerk: Actor
) -> None:
    rated = ask()
    give(device, rated.code, level="1")
    lapsed = ask()
    actions.close_lapsed(by=make.SYSTEM, at=AT + timedelta(seconds=60))
    assert record_of(rated.code) == record_of(lapsed.code)
    assert record_of(rated.code)["case"] is None


def test_a_case_that_was_rated_before_is_asked_for_like_any_other(
    device: Client, case: Case, ask: Callable[..., TabletRequest]
) -> None:
    """A refusal, or another sentence at the end, would tell the clerk that somebody had rated it."""
    fresh = Case.objects.get(case_tail="000003")
    ratings.rate(case_id=case.pk, level=1, channel=Channel.QR_CODE, by=make.SYSTEM, at=AT)
    said = []
    for one in (case, fresh):
        asked = ask(case=one)
        page = device.get("/ratings/tablet/").content.decode()
        answer = give(device, asked.code, level="5")
        after = device.get(answer["Location"]).content.decode()
        plain = re.sub(r'value="[^"]*"|data-token="[^"]*"|nonce-[^"]*', "", page + after)
        said.append(
            (answer.status_code, answer["Location"], plain.replace(asked.code, ""), record_of(asked.code))
        )
    assert said[0] == said[1]
    assert sorted(Rating.objects.values_list("level", flat=True)) == [1, 5], "the first rating stays"


def test_the_journal_names_no_case(device: Client, case: Case, ask: Callable[..., TabletRequest]) -> None:
    before = JournalEntry.objects.count()
    asked = ask()
    give(device, asked.code, level="1")
    entries = JournalEntry.objects.filter(n__gte=before)
    assert [e.event for e in entries.order_by("n")] == ["tablet.asked"]
    body = bytes(entries[0].body).decode()
    assert case.case_no not in body
    assert f"cases.Case:{case.pk}" not in body


def test_the_counts_of_a_month_are_told_when_it_is_over_and_not_for_few(
    device: Client, ask: Callable[..., TabletRequest], chief: Actor, office: make.Office
) -> None:
    TabletMonth.objects.create(window=office.window_a1, month=date(2023, 5, 1), asked=4, unrated=1)
    TabletMonth.objects.create(window=office.window_a2, month=date(2023, 5, 1), asked=5, unrated=2)
    TabletMonth.objects.create(window=office.window_b1, month=date(2023, 5, 1), asked=50, unrated=2)
    give(device, ask().code)
    found = queries.months(chief, AT.date())
    assert [(m.asked, m.unrated, m.is_few) for m in found] == [(0, 0, True), (5, 2, False)]


# --- screens ---------------------------------------------------------------------------------------


def test_a_clerk_asks_on_the_screen_and_hears_only_that_it_ended(
    device: Client, case: Case, as_role: Any, office: make.Office
) -> None:
    client = as_role(Role.WINDOW_CLERK)
    page = client.get(f"/ratings/ask/?no={case.case_no}").content.decode()
    assert case.case_no in page
    sent = client.post("/ratings/ask/", {"window": office.window_a1.pk, "no": case.case_no})
    assert sent.status_code == 302
    assert "正在请办事人评价" in client.get(sent["Location"]).content.decode()
    again = client.post("/ratings/ask/", {"window": office.window_a1.pk, "no": case.case_no})
    assert again.status_code == 422
    assert "正在请上一位" in again.content.decode()
    give(device, TabletRequest.objects.get().code, level="1")
    part = client.get(sent["Location"], headers={"HX-Request": "true"}).content.decode()
    assert "已结束" in part
    assert "hx-get" not in part
    missing = client.post("/ratings/ask/", {"window": office.window_a1.pk, "no": "没有"})
    assert "没有找到这件办件" in missing.content.decode()
    assert as_role(Role.WINDOW_CLERK, office.unit_b).get(sent["Location"]).status_code == 404


def test_a_chief_registers_pairs_and_ends_on_the_screen(
    case: Case, as_role: Any, office: make.Office
) -> None:
    client = as_role(Role.WINDOW_CHIEF)
    made = client.post("/ratings/tablets/new/", {"window": office.window_a1.pk, "name": "1号平板"})
    page = client.get(made["Location"]).content.decode()
    link = re.search(r"/ratings/tablet/pair/[\w-]+/", page)
    assert link
    assert "<svg" in page
    tablet = Client()
    tablet.post(link.group(0))
    assert "在线" in client.get("/ratings/tablets/").content.decode()
    assert "pair/" not in client.get(made["Location"]).content.decode()
    assert client.post(made["Location"]).status_code == 302
    assert tablet.get("/ratings/tablet/").status_code == 404
    assert client.post(made["Location"]).status_code == 409
    assert (
        client.post("/ratings/tablets/new/", {"window": office.window_b1.pk, "name": "x"}).status_code == 422
    )


# --- the push API ------------------------------------------------------------------------------------

PUSH = {
    "evalProcess": "2", "affairSerialNo": "XC20230619000001", "userType": "0", "affairDealNo": "A01",
    "affairApplyTime": "20230619090000", "affairDoneTime": "20230628100000", "userName": "张三丰",
}  # fmt: skip


def read(**changes: str) -> pushing.Push:
    return pushing.read_push({**PUSH, **changes})


@pytest.mark.parametrize(
    "changes, field",
    [
        ({"evalProcess": "3"}, "evalProcess"),
        ({"evalProcess": ""}, "evalProcess"),
        ({"affairSerialNo": ""}, "affairSerialNo"),
        ({"affairSerialNo": "X" * 51}, "affairSerialNo"),
        ({"affairSerialNo": "X\0"}, "affairSerialNo"),
        ({"affairDealNo": "A-01"}, "affairDealNo"),
        ({"affairDealNo": "A" * 11}, "affairDealNo"),
        ({"affairHandleItem": "1" * 34}, "affairHandleItem"),
        ({"userType": "2"}, "userType"),
        ({"userType": ""}, "userType"),
        ({"affairDoneTime": ""}, "affairDoneTime"),
        ({"affairDoneTime": "2023-06-28 10:00:00"}, "affairDoneTime"),
        ({"affairDoneTime": "20230618100000"}, "affairDoneTime"),
    ],
)
def test_a_push_that_cannot_be_taken_names_its_field(changes: dict[str, str], field: str) -> None:
    with pytest.raises(BadRecord) as bad:
        read(**changes)
    assert bad.value.field == field


def test_in_a_push_zero_is_a_person_and_one_an_organisation() -> None:
    assert read(userType="0").user_kind == "person"
    assert read(userType="1").user_kind == "organisation"
    assert read(evalProcess="1", affairDoneTime="").stage == "1"


@pytest.fixture
def system(office: make.Office) -> Actor:
    return Actor(
        kind=Kind.TOKEN, id=7, name="窗口系统", unit_id=office.unit_a.pk,
        scopes={"ratings.push": Scope(units=frozenset({office.unit_a.pk}))},
    )  # fmt: skip


def test_a_pushed_user_type_that_contradicts_the_case_is_refused(
    device: Client, case: Case, system: Actor
) -> None:
    """The third code trap: a system that counts 1 个人, 2 法人 sends 1 for a person."""
    Case.objects.filter(pk=case.pk).update(applicant_kind="1")
    with pytest.raises(Refused, match="0为个人、1为法人"):
        pushes.push(said=read(userType="1"), by=system, at=AT)
    assert pushes.push(said=read(userType="0"), by=system, at=AT).is_pushed


@pytest.mark.parametrize(
    "changes, error",
    [
        ({"affairSerialNo": "unknown"}, NotFound),
        ({"windowCode": "A02"}, Refused),
        ({"windowCode": "nowhere"}, Refused),
        ({"windowCode": "B01"}, Forbidden),
        ({"affairSerialNo": "XC20230619000002"}, Refused),
        ({"evalProcess": "1"}, Refused),
    ],
)
def test_what_a_system_may_not_push(
    device: Client, system: Actor, changes: dict[str, str], error: type[Refused]
) -> None:
    with pytest.raises(error):
        pushes.push(said=read(**changes), by=system, at=AT)
    assert not TabletRequest.objects.exists()


def test_another_units_system_does_not_learn_that_a_case_is_there(
    device: Client, system: Actor, office: make.Office
) -> None:
    other = Actor(
        kind=Kind.TOKEN,
        id=8,
        name="别的",
        scopes={"ratings.push": Scope(units=frozenset({office.unit_b.pk}))},
    )
    with pytest.raises(NotFound) as there:
        pushes.push(said=read(), by=other, at=AT)
    with pytest.raises(NotFound) as absent:
        pushes.push(said=read(affairSerialNo="nothing"), by=other, at=AT)
    assert there.value.reason == absent.value.reason
    row = pushes.push(said=read(), by=system, at=AT)
    with pytest.raises(NotFound):
        queries.get_pushed(other, row.code)


@pytest.fixture
def api(office: make.Office, device: Client) -> Callable[..., Any]:
    """Return `call(method, address, body=None, key="")` with a system's token."""
    import hashlib

    ApiToken.objects.create(
        name="窗口系统", digest=hashlib.sha256(b"secret").digest(), scopes=["ratings.push"],
        department=office.unit_a, made_at=AT, made_by="某",
    )  # fmt: skip
    client = Client(headers={"Authorization": "Bearer secret"})

    def call(method: str, address: str, body: Any = None, key: str = "") -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        send = getattr(client, method)
        url = f"/api/v1/ratings/windows/{address}"
        return send(url, body, content_type="application/json", headers=headers) if body else send(url)

    return call


def test_a_window_system_pushes_and_asks_until_it_is_over(
    api: Callable[..., Any], device: Client, clock: Any
) -> None:
    sent = api("post", "push", PUSH)
    assert sent.status_code == 200, sent.content.decode()
    code = sent.json()["code"]
    assert sent.json()["state"] == "pending"
    assert api("post", "push", PUSH).status_code == 409
    give(device, code, level="1", reasons=["108"], text="话")
    over = api("get", f"push/{code}").json()
    assert (over["state"], over["returnCode"]) == ("ended", "")
    assert not {"level", "text", "reasons", "satisfaction"} & set(over)


@pytest.mark.parametrize("closed", [False, True])
def test_a_push_that_nobody_answers_gives_minus_two(
    api: Callable[..., Any], clock: Any, closed: bool
) -> None:
    code = api("post", "push", PUSH).json()["code"]
    later = AT + timedelta(seconds=60)
    clock.move_to(later, tick=False)
    if closed:
        actions.close_lapsed(by=make.SYSTEM, at=later)
    over = api("get", f"push/{code}").json()
    assert (over["state"], over["returnCode"]) == ("timed_out", "-2")


def test_the_same_key_pushes_once(api: Callable[..., Any]) -> None:
    first = api("post", "push", PUSH, key="push-0001")
    second = api("post", "push", PUSH, key="push-0001")
    assert first.json() == second.json()
    assert second["Idempotent-Replayed"] == "true"
    assert TabletRequest.objects.count() == 1


def test_a_refused_push_names_its_field(api: Callable[..., Any]) -> None:
    answer = api("post", "push", {**PUSH, "userType": "2"})
    assert answer.status_code == 422
    assert answer.json()["field"] == "userType"
    assert api("get", "push/unknown").status_code == 404
    assert api("get", "push/%00").status_code == 404


def test_the_nightly_line_of_the_schedule_is_there(db: None) -> None:
    from xinfu.core import tasks

    assert "tablets" in {line.name for line in tasks.schedule()}
