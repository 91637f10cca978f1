"""An outsider's tries: guessed ids, forged links, another's token, forged forms, stored scripts, hostile files."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from tests import make
from tests.cases.conftest import as_csv, import_cases, row
from tests.site.test_doors import patterns
from xinfu.cases.models import Case
from xinfu.core import files, links
from xinfu.core.access import Role
from xinfu.core.refusal import Refused
from xinfu.people.models import Account, ApiToken, SignIn

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
