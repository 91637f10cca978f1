"""An outsider's tries: guessed ids, forged links, another's token, forged forms, stored scripts, hostile files."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from tests import make
from tests.assignments import gatherings, items
from tests.cases.conftest import as_csv, import_cases, row
from tests.indicators import proposals
from tests.ratings import loops
from tests.security.test_matrix import undone
from tests.site.test_doors import patterns
from xinfu.assignments.flow import MeetingStatus
from xinfu.cases.models import Case
from xinfu.core import clock, files, links
from xinfu.core.access import Role
from xinfu.core.models import JournalEntry, StoredFile
from xinfu.core.refusal import Refused
from xinfu.indicators.flow import ProposalStatus
from xinfu.people import actions as people
from xinfu.people.models import Account, ApiToken, Department, SignIn
from xinfu.ratings.flow import Status as LoopStatus
from xinfu.ratings.models import Exchange

AT = datetime(2023, 6, 20, 9, 0, tzinfo=UTC)
SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"


@pytest.fixture
def case(office: make.Office, tmp_path: Path) -> Case:
    """A case of unit A with a script for its item's and its applicant's name."""
    path = tmp_path / "cases.csv"
    path.write_text(as_csv([row(事项名称=SCRIPT, 申请者名称=SCRIPT)]))
    told = import_cases(path)
    assert told["created"] == 1, told
    return Case.objects.get()


def token_for(unit: Any, *scopes: str, **more: Any) -> dict[str, str]:
    secret = f"xf_{unit.pk if unit else 0}_{len(more)}"
    ApiToken.objects.create(
        name=secret,
        digest=hashlib.sha256(secret.encode()).digest(),
        scopes=list(scopes),
        department=unit,
        made_at=timezone.now(),
        made_by="测试",
        **more,
    )
    return {"Authorization": f"Bearer {secret}"}


# --- guessing ------------------------------------------------------------------------------------


def test_a_guessed_id_of_another_unit_answers_as_one_that_is_not_there(
    as_role: Any, office: make.Office, case: Case
) -> None:
    stranger = as_role(Role.WINDOW_CLERK, office.unit_b)
    theirs, nothing = stranger.get(f"/cases/{case.pk}/"), stranger.get(f"/cases/{case.pk + 999}/")
    assert (theirs.status_code, nothing.status_code) == (404, 404)
    assert case.case_no not in theirs.content.decode()
    assert as_role(Role.WINDOW_CLERK, office.unit_a).get(f"/cases/{case.pk}/").status_code == 200


def test_every_address_with_an_id_is_closed_to_a_stranger(client: Client, db: None) -> None:
    """Whatever number is put in, a stranger is sent to log in, or finds nothing: never a page, never a fault."""
    kinds = {"IntConverter": "1", "SlugConverter": "a", "StringConverter": "a", "UUIDConverter": "0" * 32}
    tried = 0
    for _name, pattern in patterns():
        callback: Any = pattern.callback
        if not pattern.pattern.converters or str(getattr(callback, "permission", "public")) == "public":
            continue
        values = {k: kinds.get(type(c).__name__, "1") for k, c in pattern.pattern.converters.items()}
        request = client.get("/").wsgi_request
        request.method = "GET"
        answer = callback(request, **values)
        assert answer.status_code in {302, 401, 404, 405}, pattern
        tried += 1
    assert tried > 50


def test_a_token_of_another_department_sees_nothing_of_a_case(
    client: Client, office: make.Office, case: Case
) -> None:
    url = f"/api/v1/cases/{case.case_no}"
    assert client.get(url, headers=token_for(office.unit_b, "cases.see")).status_code == 404
    assert client.get(url, headers=token_for(office.unit_a, "cases.see")).status_code == 200
    assert client.get(url, headers=token_for(office.town_a, "papers.see")).status_code == 403


def test_a_token_that_ended_or_was_revoked_is_worth_nothing(client: Client, office: make.Office) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    ended = token_for(office.unit_a, "cases.see", ends_on=yesterday)
    revoked = token_for(office.unit_b, "cases.see", revoked_at=timezone.now(), revoked_by="甲")
    for headers in (ended, revoked, {"Authorization": "Bearer "}, {"Authorization": "Basic eDp4"}):
        assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_a_session_of_another_cannot_be_ended_by_its_number(as_role: Any, office: make.Office) -> None:
    thief = as_role(Role.WINDOW_CLERK, office.unit_b)
    owner = make.person(Role.WINDOW_CLERK, office.unit_a)
    mine = SignIn.objects.create(
        account=Account.objects.get(person=owner), session_key="k" * 32, started_at=AT, address="10.0.0.1"
    )
    assert thief.post(f"/account/sessions/{mine.pk}/end/").status_code == 404
    assert SignIn.objects.filter(pk=mine.pk).exists()


# --- another department's token --------------------------------------------------------------------


@dataclass(frozen=True)
class Theirs:
    """Something of one unit: how its system reads it, and the steps that its people may take with it."""

    unit: Department
    role: Role
    scopes: tuple[str, ...]
    row: Model
    rows: tuple[str, dict[str, str] | None, str]
    """The list it stands in: address, what is posted (None: a GET), and what the answer calls its rows."""
    one: str = ""
    steps: tuple[tuple[str, dict[str, str]], ...] = ()


RATINGS, ASSIGNED = "/api/v1/ratings", "/api/v1/assignments"
MEETINGS, PROPOSALS = f"{ASSIGNED}/meetings", "/api/v1/proposals"
LATER_DAY = date(2023, 7, 3)
LATER = LATER_DAY.isoformat()


def a_rating(office: make.Office) -> Theirs:
    row = loops.rating(office, AT)
    return Theirs(
        office.unit_a,
        Role.WINDOW_CHIEF,
        ("ratings.see",),
        row,
        (RATINGS, None, "items"),
        one=f"{RATINGS}/{row.code}",
    )


def a_rating_given_out(office: make.Office) -> Theirs:
    period = {"first_on": "2023-06-01", "last_on": "2023-06-30"}
    rows = (f"{RATINGS}/exchange/D/export", period, "records")
    return Theirs(office.unit_a, Role.APPRAISAL, ("ratings.exchange",), loops.rating(office, AT), rows)


def a_loop(office: make.Office) -> Theirs:
    row = loops.loop(office, AT)
    one = f"{RATINGS}/loops/{row.rating.code}"
    return Theirs(
        office.unit_a, Role.WINDOW_CHIEF, ("ratings.see",), row, (f"{RATINGS}/loops", None, "items"), one=one,
        steps=((f"{one}/moves", {"move": "accept", "due_on": LATER}),),
    )  # fmt: skip


def an_item(office: make.Office) -> Theirs:
    row = items.item(office)
    one = f"{ASSIGNED}/{row.pk}"
    return Theirs(
        office.unit_a, Role.WINDOW_CHIEF, ("assignments.see",), row, (ASSIGNED, None, "items"), one=one,
        steps=((f"{one}/moves", {"move": "accept"}),),
    )  # fmt: skip


def a_meeting(office: make.Office) -> Theirs:
    row = gatherings.meeting(office, state=MeetingStatus.NOTIFIED, guests=[office.unit_a.pk])
    one = f"{MEETINGS}/{row.pk}"
    return Theirs(
        office.general, Role.GENERAL, ("assignments.see",), row, (MEETINGS, None, "meetings"), one=one,
        steps=((f"{one}/moves", {"move": "cancel", "note": "情况有变"}),),
    )  # fmt: skip


def a_meeting_with_a_decision(office: make.Office) -> Theirs:
    by = gatherings.caller(office)
    row = gatherings.meeting(office, by=by, state=MeetingStatus.HELD, guests=[office.unit_a.pk])
    one, decision = f"{MEETINGS}/{row.pk}", gatherings.decision(office, row, by, due_on=LATER_DAY)
    said = {"title": "再压减", "department": office.unit_a.code, "due_on": LATER}
    return Theirs(
        office.general, Role.GENERAL, ("assignments.see",), row,
        (MEETINGS, None, "meetings"), one=one,
        steps=((f"{one}/decisions", said), (f"{one}/decisions/{decision.pk}/item", {})),
    )  # fmt: skip


def a_suggestion(office: make.Office) -> Theirs:
    row = proposals.proposal(office, state=ProposalStatus.COUNTY)
    one = f"{PROPOSALS}/{row.pk}"
    scopes = ("indicators.see_proposals", "indicators.propose")
    return Theirs(
        office.unit_a, Role.UNIT_LIAISON, scopes, row, (PROPOSALS, None, "proposals"), one=one,
        steps=((f"{one}/moves", {"move": "withdraw", "note": "情况有变"}),),
    )  # fmt: skip


KINDS = (a_rating, a_rating_given_out, a_loop, an_item, a_meeting, a_meeting_with_a_decision, a_suggestion)


@pytest.fixture
def _a_day_of_june(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: AT + timedelta(hours=1))


def rows_told(client: Client, theirs: Theirs, headers: dict[str, str]) -> int:
    url, posted, name = theirs.rows
    if posted is None:
        answer = client.get(url, headers=headers)
    else:
        answer = client.post(url, posted, content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    assert answer.json().get("left_out", 0) == 0
    return len(answer.json()[name])


def step(client: Client, url: str, said: dict[str, str], headers: dict[str, str] | None = None) -> int:
    return client.post(url, said, content_type="application/json", headers=headers or {}).status_code


@pytest.mark.usefixtures("_a_day_of_june")
def test_a_token_of_another_department_writes_no_rating_of_a_case(
    client: Client, office: make.Office, case: Case
) -> None:
    """What is another unit's is answered as what is not there, also by the code of the unit."""
    by_name = {"userName": "章明明", "certkeyGOV": "330624199001010013", "mobile": "13800001234"}
    said = {
        "projectNo": case.case_no, "pf": "4", "satisfaction": "1", "assessTime": "2023-06-19 10:30:00",
        "promiseTime": "2", "userProp": "1", **by_name,
    }  # fmt: skip
    order = {**said, "projectNo": "", "workOrderNo": "ZJ1", "deptCode": office.unit_a.code}
    url, kind = f"{RATINGS}/exchange/A/records", "application/json"
    other, own = (token_for(unit, "ratings.exchange") for unit in (office.unit_b, office.unit_a))
    for headers, rows, created in ((other, [said, order], 0), (own, [said, order], 2)):
        answer = client.post(url, {"records": rows}, content_type=kind, headers=headers)
        assert answer.json()["created"] == created, answer.content.decode()


@pytest.mark.usefixtures("_a_day_of_june")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_token_of_another_department_sees_nothing_of_it(
    client: Client, office: make.Office, kind: Callable[[make.Office], Theirs]
) -> None:
    theirs = kind(office)
    own, other = (token_for(unit, *theirs.scopes) for unit in (theirs.unit, office.unit_b))
    assert (rows_told(client, theirs, own), rows_told(client, theirs, other)) == (1, 0)
    if theirs.one:
        assert client.get(theirs.one, headers=other).status_code == 404
        assert client.get(theirs.one, headers=own).status_code == 200


def kept(row: Model) -> tuple[Any, int]:
    """Return what is stored of a thing, and how much was done at all: each act is a line of the journal."""
    return type(row)._default_manager.filter(pk=row.pk).values().get(), JournalEntry.objects.count()


@pytest.mark.usefixtures("_a_day_of_june")
def test_a_token_of_another_department_changes_nothing_of_it(client: Client, office: make.Office) -> None:
    theirs = a_suggestion(office)
    own, other = (token_for(unit, *theirs.scopes) for unit in (theirs.unit, office.unit_b))
    for url, said in theirs.steps:
        before = kept(theirs.row)
        assert step(client, url, said, other) == 404, url
        assert kept(theirs.row) == before
        assert step(client, url, said, own) == 200, url
        assert kept(theirs.row) != before


STEPPED = (a_loop, an_item, a_meeting, a_meeting_with_a_decision, a_suggestion)


@pytest.mark.usefixtures("_a_day_of_june")
@pytest.mark.parametrize("kind", STEPPED, ids=lambda k: k.__name__)
def test_a_colleague_of_another_department_changes_nothing_of_it(
    office: make.Office, as_role: Callable[..., Client], kind: Callable[[make.Office], Theirs]
) -> None:
    """What systems are not granted at all, people do: those of the unit, and nobody of another one."""
    theirs = kind(office)
    own, other = as_role(theirs.role, theirs.unit), as_role(Role.WINDOW_CHIEF, office.unit_b)
    for url, said in theirs.steps:
        before = kept(theirs.row)
        assert step(other, url, said) in (403, 404), url
        assert kept(theirs.row) == before
        assert step(own, url, said) == 200, url
        assert kept(theirs.row) != before


@pytest.mark.parametrize(
    "scope", ["ratings.judge", "ratings.handle", "assignments.confirm", "people.give_roles"]
)
def test_who_issues_tokens_gets_no_right_to_decide_by_one(office: make.Office, scope: str) -> None:
    admin = make.actor(Role.SYSTEM_ADMIN, office.root)
    with pytest.raises(Refused, match="不授予接口"):
        people.issue_token(name="判官", scopes=[scope], department=office.appraisal, by=admin, at=AT)


def test_a_scope_that_an_older_token_still_carries_opens_nothing(client: Client, office: make.Office) -> None:
    loop = loops.loop(office, AT, state=LoopStatus.APPEALED)
    headers = token_for(office.appraisal, "ratings.judge", "ratings.see")
    url = f"{RATINGS}/loops/{loop.rating.code}/moves"
    assert step(client, url, {"move": "reject", "note": "属实"}, headers) in (403, 404, 409)
    loop.refresh_from_db()
    assert loop.status == LoopStatus.APPEALED


# --- forged links --------------------------------------------------------------------------------


def test_a_link_opens_only_what_it_was_signed_for() -> None:
    until = AT + timedelta(days=1)
    good = links.make("rate", "A1", until=until)
    assert links.read("rate", good, at=AT) == "A1"
    raw = bytearray(base64.urlsafe_b64decode(good + "=" * (-len(good) % 4)))
    for place in range(len(raw)):
        bent = bytearray(raw)
        bent[place] ^= 1
        text = base64.urlsafe_b64encode(bent).decode().rstrip("=")
        with pytest.raises(Refused) as caught:
            links.read("rate", text, at=AT)
        assert caught.value.code == "forged_link", place
    for bad in ("", "a", "==", "链接", "A" * 5000, good[:-1], good + "x" * 300, "../../etc/passwd"):
        with pytest.raises(Refused) as caught:
            links.read("rate", bad, at=AT)
        assert caught.value.code == "forged_link", bad
    with pytest.raises(Refused, match="链接"):
        links.read("call", good, at=AT)
    with pytest.raises(Refused) as caught:
        links.read("rate", good, at=until + timedelta(seconds=1))
    assert caught.value.code == "expired_link"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"]
)
def test_the_log_in_page_sends_nobody_elsewhere(as_role: Any, target: str) -> None:
    answer = as_role(Role.GENERAL).get("/login/", {"next": target})
    assert answer.status_code == 302
    assert "evil" not in answer["Location"]
    assert "javascript" not in answer["Location"]


# --- forged forms --------------------------------------------------------------------------------


def test_a_form_of_another_site_changes_nothing(office: make.Office) -> None:
    """Without the token of our own page no POST is taken, on screens and in the API by session."""
    who = make.person(Role.SYSTEM_ADMIN, office.root)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(Account.objects.get(person=who))
    for url in ("/logout/", "/tokens/new/", "/people/new/", "/cases/import/", "/account/sessions/end/"):
        assert browser.post(url, {"name": "x"}).status_code == 403, url
    sent = browser.post("/api/v1/cases", {"case_no": "x"}, content_type="application/json")
    assert sent.status_code == 403
    assert browser.get("/account/").status_code == 200


@dataclass(frozen=True)
class Form:
    """What a person of a role sends, to a screen or (`json`) to the API by their session."""

    role: Role
    unit: Department
    url: str
    said: dict[str, Any]
    json: bool = False

    def send(self, browser: Client) -> int:
        who = Account.objects.filter(person__grants__role=self.role, person__department=self.unit)
        browser.force_login(who.latest("pk"))
        for file in (value for value in self.said.values() if isinstance(value, SimpleUploadedFile)):
            file.seek(0)
        if self.json:
            return browser.post(self.url, self.said, content_type="application/json").status_code
        return browser.post(self.url, self.said).status_code


def forms_of_a_loop(office: make.Office) -> Iterable[Form]:
    code, said = loops.loop(office, AT).rating.code, {"move": "accept", "due_on": LATER}
    yield Form(Role.WINDOW_CHIEF, office.unit_a, f"/ratings/loops/{code}/move/", said)
    yield Form(Role.WINDOW_CHIEF, office.unit_a, f"{RATINGS}/loops/{code}/moves", said, json=True)


def forms_of_an_item(office: make.Office) -> Iterable[Form]:
    pk, said = items.item(office).pk, {"move": "accept"}
    yield Form(Role.UNIT_LIAISON, office.unit_a, f"/assignments/{pk}/move/", said)
    yield Form(Role.UNIT_LIAISON, office.unit_a, f"{ASSIGNED}/{pk}/moves", said, json=True)


def forms_of_a_decision(office: make.Office) -> Iterable[Form]:
    pk = gatherings.meeting(office, state=MeetingStatus.HELD).pk
    said = {"title": "再压减", "department": office.unit_a.pk, "due_on": LATER}
    yield Form(Role.GENERAL, office.general, f"/assignments/meetings/{pk}/decisions/new/", said)
    said = {**said, "department": office.unit_a.code}
    yield Form(Role.GENERAL, office.general, f"{MEETINGS}/{pk}/decisions", said, json=True)


def forms_of_the_exchange(office: make.Office) -> Iterable[Form]:
    sheet = SimpleUploadedFile("评价.csv", b"projectNo,pf,satisfaction,assessTime\n")
    take = {"file": sheet, "form": "A"}
    yield Form(Role.APPRAISAL, office.appraisal, "/ratings/exchange/take/", take)
    period = {"first_on": "2023-06-01", "last_on": "2023-06-30"}
    yield Form(Role.APPRAISAL, office.appraisal, f"{RATINGS}/exchange/A/export", period, json=True)


def traces() -> tuple[int, ...]:
    """Count what any of the forms would leave behind, whatever it changes."""
    return JournalEntry.objects.count(), Exchange.objects.count(), StoredFile.objects.count()


@pytest.mark.usefixtures("_a_day_of_june")
@pytest.mark.parametrize(
    "forms",
    [forms_of_a_loop, forms_of_an_item, forms_of_a_decision, forms_of_the_exchange],
    ids=lambda forms: forms.__name__,
)
def test_a_forged_form_of_ratings_or_assignments_changes_nothing(
    office: make.Office, forms: Callable[[make.Office], Iterable[Form]]
) -> None:
    """Each is one that our own page could send, and is taken where it does."""
    for form in forms(office):
        make.person(form.role, form.unit)
        before = traces()
        assert form.send(Client(enforce_csrf_checks=True)) == 403, form.url
        assert traces() == before, form.url
        with undone():
            assert form.send(Client()) in {200, 302}, form.url
            assert traces() != before, form.url


def test_cookies_are_kept_from_scripts_and_other_sites() -> None:
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"


def test_a_session_key_planted_before_the_log_in_is_worth_nothing(office: make.Office) -> None:
    who = make.person(Role.GENERAL, office.root)
    account = Account.objects.get(person=who)
    account.set_password("Longer-Word-7")
    account.password_changed_at = timezone.now()
    account.save()
    browser = Client()
    browser.get("/login/")
    session = browser.session
    session["planted"] = 1
    session.save()
    before = session.session_key
    assert before is not None
    browser.cookies[settings.SESSION_COOKIE_NAME] = before
    sent = browser.post("/login/", {"username": account.username, "password": "Longer-Word-7"})
    assert sent.status_code == 302
    assert browser.session.session_key != before
    other = Client()
    other.cookies[settings.SESSION_COOKIE_NAME] = before
    assert other.get("/account/").status_code == 302


# --- what is stored and shown --------------------------------------------------------------------


def test_a_stored_script_is_shown_as_text_and_the_policy_forbids_it(as_role: Any, case: Case) -> None:
    browser = as_role(Role.GENERAL)
    for url in ("/cases/", f"/cases/{case.pk}/", "/cases/?q=" + SCRIPT):
        answer = browser.get(url)
        assert answer.status_code in {200, 422}, url
        text = answer.content.decode()
        assert "<script>alert(1)" not in text, url
        assert "<img src=x" not in text, url
        assert "&lt;script&gt;" in text, url


@pytest.mark.parametrize("url", ["/", "/login/", "/nowhere/", "/account/", "/api/v1/me", "/cases/999999/"])
def test_every_answer_carries_the_headers(as_role: Any, url: str) -> None:
    answer = as_role(Role.GENERAL).get(url)
    policy = answer["Content-Security-Policy"]
    for part in ("default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert part in policy
    assert "unsafe" not in policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


# --- hostile files -------------------------------------------------------------------------------


def bomb() -> bytes:
    """Say 3 GB in a few kilobytes, as an .xlsx."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (1 << 20))
        archive.getinfo("xl/worksheets/sheet1.xml").file_size = 3 << 30
    return out.getvalue()


def test_a_zip_bomb_is_told_by_its_directory_and_never_unpacked(tmp_path: Path) -> None:
    from xinfu.lib.tables import TableError
    from xinfu.lib.tables.sniffing import sniff

    path = tmp_path / "办件.xlsx"
    path.write_bytes(bomb())
    assert path.stat().st_size < 4 << 20
    with pytest.raises(TableError) as caught:
        sniff(path)
    assert caught.value.code == "too_large"


def test_a_huge_file_is_refused_while_it_arrives_and_leaves_nothing(db: None) -> None:
    sent = 0

    def endless() -> Any:
        nonlocal sent
        while True:
            sent += 1
            yield b"0" * (1 << 20)

    with pytest.raises(Refused) as caught:
        files.store(endless(), name="大.csv", by=make.SYSTEM, at=AT, limit=4 << 20)
    assert caught.value.code == "file_too_large"
    assert sent == 5
    assert not list((Path(settings.HOME) / "tmp").glob("store-*"))


@pytest.mark.parametrize(
    "name",
    ["../../etc/cron.d/x", "..\\..\\windows\\x.csv", "/etc/passwd", "a/../../b.csv", "..", "x\x00.csv"],
)
def test_a_files_name_chooses_no_place(db: None, name: str) -> None:
    kept = files.store([b"content of the file"], name=name, by=make.SYSTEM, at=AT)
    assert "/" not in kept.name
    assert "\\" not in kept.name
    place = files.path_of(kept.sha256).resolve()
    assert place.is_relative_to(Path(settings.HOME).resolve() / "files")
    assert place.read_bytes() == b"content of the file"


@pytest.mark.parametrize(
    "url",
    [
        "/static/../../keys/personal-1",
        "/static/%2e%2e/%2e%2e/keys/personal-1",
        "/..%2f..%2fkeys/personal-1",
        "/cases/import/template/..%2f..%2fx.xlsx",
        "/help/../../keys",
    ],
)
def test_no_address_walks_out_of_its_folder(as_role: Any, url: str) -> None:
    assert as_role(Role.SYSTEM_ADMIN).get(url).status_code in {301, 302, 404}


def test_a_web_page_named_as_a_table_is_not_taken_for_one(as_role: Any, run_tasks: Callable[[], int]) -> None:
    browser = as_role(Role.GENERAL)
    page = SimpleUploadedFile("办件.csv", f"<html>{SCRIPT}</html>".encode(), content_type="text/csv")
    answer = browser.post("/cases/import/", {"file": page, "mapping": "zj-case"}, follow=True)
    run_tasks()
    assert answer.status_code in {200, 403, 422}
    assert not Case.objects.exists()
    assert "<script>alert(1)" not in answer.content.decode()
