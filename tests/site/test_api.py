"""The one API: who gets in, how a no reads to a machine, and that a repeated POST changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from xinfu.core.access import Role, WriteInGet
from xinfu.core.actor import Actor, Kind, Scope
from xinfu.core.models import ApiReply, Preference
from xinfu.core.refusal import Forbidden, NotFound, Refused
from xinfu.people.models import ApiToken
from xinfu.site import errors
from xinfu.site.middleware import ApiOnce

SECRET = "x" * 32


@pytest.fixture
def token(db: None) -> ApiToken:
    return ApiToken.objects.create(
        name="办件库",
        digest=hashlib.sha256(SECRET.encode()).digest(),
        scopes=["cases.see"],
        made_at=timezone.now(),
        made_by="测试",
    )


def test_a_stranger_gets_401_as_a_problem_and_is_told_how(client: Any, db: None) -> None:
    answer = client.get("/api/v1/me")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["code"] == "unauthenticated"
    assert answer.json()["request"] == answer["X-Request-Id"]


def test_a_system_gets_in_by_its_token(client: Any, token: ApiToken) -> None:
    answer = client.get("/api/v1/me", headers={"Authorization": f"Bearer {SECRET}"})
    assert answer.json() == {"kind": "token", "name": "办件库", "unit": "", "permissions": ["cases.see"]}
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer wrong"}).status_code == 401


def test_a_token_opens_no_screen(client: Any, token: ApiToken) -> None:
    assert client.get("/downloads/", headers={"Authorization": f"Bearer {SECRET}"}).status_code == 302


def test_a_person_gets_in_by_the_session(as_role: Any) -> None:
    client = as_role(Role.GENERAL)
    assert client.get("/api/v1/me").json()["name"] == client.actor.name


@pytest.mark.parametrize("address", ["/api/v1/docs", "/api/v1/openapi.json"])
def test_the_documents_are_behind_the_log_in(client: Any, as_role: Any, address: str) -> None:
    assert client.get(address).status_code == 302
    assert as_role(Role.WINDOW_CLERK).get(address).status_code == 200


def test_an_unknown_address_is_a_problem_too(as_role: Any) -> None:
    answer = as_role(Role.GENERAL).get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "refused, status",
    [
        (NotFound(), 404),
        (Forbidden(), 403),
        (Refused("x", "状态不对。"), 409),
        (Refused("x", "填错。", field="a"), 422),
    ],
)
def test_a_refusal_has_one_status(refused: Refused, status: int) -> None:
    assert errors.status_of(refused) == status


def test_the_committed_description_is_what_the_code_says() -> None:
    call_command("export_openapi", check=True)
    text = (settings.ROOT / "docs" / "reference" / "openapi.json").read_text()
    assert "://" not in text.replace("http://www.w3.org", "").replace("https://json-schema.org", "")


def test_an_outdated_description_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from xinfu.site.management.commands import export_openapi

    monkeypatch.setattr(export_openapi, "text", lambda: "{}")
    with pytest.raises(CommandError, match="export_openapi"):
        call_command("export_openapi", check=True)


# --- idempotency ---------------------------------------------------------------------------------

Send = Callable[..., HttpResponse]


@pytest.fixture
def counted(db: None) -> tuple[Send, list[int]]:
    """A POST that counts how often it was done, behind the middleware."""
    done: list[int] = []

    def view(request: HttpRequest) -> HttpResponse:
        done.append(1)
        status = int(request.headers.get("X-Wanted", "201"))
        return HttpResponse(json.dumps({"n": len(done)}), status=status, content_type="application/json")

    def send(key: str, body: str = "{}", who: int = 1, **headers: str) -> HttpResponse:
        request = RequestFactory().post(
            "/api/v1/x", body, content_type="application/json", headers={"Idempotency-Key": key, **headers}
        )
        request.actor = Actor(kind=Kind.TOKEN, id=who, name="系统", scopes={"a": Scope()})  # type: ignore[attr-defined]
        answer = ApiOnce(view)(request)
        assert isinstance(answer, HttpResponse)
        return answer

    return send, done


def test_the_same_key_gets_the_same_answer_and_is_done_once(counted: tuple[Send, list[int]]) -> None:
    send, done = counted
    first, again = send("key-00001"), send("key-00001")
    assert (first.status_code, again.status_code) == (201, 201)
    assert json.loads(again.content) == json.loads(first.content)
    assert again["Idempotent-Replayed"] == "true"
    assert len(done) == 1


def test_the_same_key_with_other_content_is_refused(counted: tuple[Send, list[int]]) -> None:
    send, done = counted
    send("key-00001")
    again = send("key-00001", '{"a":1}')
    assert again.status_code == 422
    assert json.loads(again.content)["code"] == "idempotency_key_reused"
    assert len(done) == 1


def test_a_key_belongs_to_its_caller(counted: tuple[Send, list[int]]) -> None:
    send, done = counted
    send("key-00001", who=1)
    send("key-00001", who=2)
    assert len(done) == 2


def test_our_own_fault_may_be_tried_again(counted: tuple[Send, list[int]]) -> None:
    send, done = counted
    send("key-00001", **{"X-Wanted": "503"})
    assert send("key-00001").status_code == 201
    assert len(done) == 2


def test_a_refusal_is_an_answer_that_stays(counted: tuple[Send, list[int]]) -> None:
    send, done = counted
    send("key-00001", **{"X-Wanted": "409"})
    again = send("key-00001")
    assert again.status_code == 409
    assert again["Content-Type"] == "application/problem+json"
    assert len(done) == 1


def test_a_call_in_progress_is_said_and_a_dead_one_is_taken_over(counted: tuple[Send, list[int]]) -> None:
    send, done = counted
    send("key-00001")
    ApiReply.objects.update(status=0)
    assert send("key-00001").status_code == 409
    ApiReply.objects.update(made_at=timezone.now() - timedelta(minutes=11))
    assert send("key-00001").status_code == 201
    assert len(done) == 2


@pytest.mark.parametrize("key", ["short", "y" * 101, "键键键键键键键键"])
def test_a_bad_key_is_refused(counted: tuple[Send, list[int]], key: str) -> None:
    send, done = counted
    assert send(key).status_code == 400
    assert not done


def test_a_get_of_the_api_cannot_write(db: None) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        Preference.objects.create(owner="x", name="y", value=1)
        return HttpResponse()

    with pytest.raises(WriteInGet):
        ApiOnce(view)(RequestFactory().get("/api/v1/x"))
    assert not connection.execute_wrappers
