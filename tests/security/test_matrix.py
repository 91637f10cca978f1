"""Every role tries every screen and every operation of the API: what the page 权限 grants opens, the rest does not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from tests.site.test_doors import patterns
from xinfu.core import access
from xinfu.core.access import Role
from xinfu.core.refusal import Forbidden
from xinfu.people.actions.tokens import grantable
from xinfu.people.models import Account, ApiToken, Organisation
from xinfu.site.api import api

DESCRIPTION = json.loads((settings.ROOT / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8"))
LACKING = Forbidden().reason
"""What is said to a role without the permission; every other 403 has a sentence of its own."""
OF_ITS_OWN = {
    "/-/metrics"
}  # asks for the machine's token or the right to see the state; tested in tests/site
FOR_THE_THING = {
    "/accounts/1/close/",  # whose account it is decides which permission administers it
    "/accounts/1/reset/",
    "POST /api/v1/proposals",  # a suggestion has a unit that makes it; a system of the whole county has none
}
"""What may be refused with 403 to a role that has the permission, because of what it is asked for."""
TO_EVERYBODY, TO_WHOEVER_IS_KNOWN = "public", "signed_in"
ANSWERED = {200, 204, 301, 302, 400, 404, 405, 409, 410, 422}
VALUES = {"IntConverter": 1, "SlugConverter": "x", "StringConverter": "x"}
PEOPLE = [role for role in Role if role != Role.SYSTEM_TOKEN]

Opens = Callable[[str], bool]


def opens_to(role: Role) -> Opens:
    granted = {TO_EVERYBODY, TO_WHOEVER_IS_KNOWN} | access.permissions_of(role)
    return lambda permission: permission in granted


# --- what there is to try --------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Screen:
    """One address, with values put in, and the permission that its view names."""

    url: str
    permission: str


@dataclass(frozen=True)
class Operation:
    """One operation of the API, with the least request that its description calls valid."""

    method: str
    url: str
    permission: str
    body: Any

    @property
    def name(self) -> str:
        return f"{self.method} {self.url}"

    def call(self, client: Client, **headers: str) -> Any:
        """Send the request and undo what it did, so that no operation finds the traces of another."""
        said = None if self.body is None else json.dumps(self.body)
        with undone():
            return client.generic(
                self.method, self.url, said or "", content_type="application/json", headers=headers
            )


@cache
def screens() -> list[Screen]:
    found = set()
    for name, pattern in patterns():
        permission = str(getattr(pattern.callback, "permission", ""))
        converters = pattern.pattern.converters
        if not permission:
            assert name.startswith("api:"), name  # operations, which are tried below
            continue
        values = {key: VALUES[type(kind).__name__] for key, kind in converters.items()}
        url = reverse(name.removeprefix(":"), kwargs=values)
        if url in OF_ITS_OWN:
            continue
        assert resolve(url).func == pattern.callback, url
        found.add(Screen(url, permission))
    return sorted(found)


@cache
def operations() -> list[Operation]:
    permissions = {
        api.get_openapi_operation_id(operation): str(getattr(operation.view_func, "permission", ""))
        for router in api._get_bound_routers()  # with the routers inside others, which api._routers lacks at first
        for view in router.path_operations.values()
        for operation in view.operations
    }
    found = [
        Operation(method.upper(), _url(path, told), permissions.pop(told["operationId"]), _body(told))
        for path, methods in DESCRIPTION["paths"].items()
        for method, told in methods.items()
    ]
    assert not permissions, "not described, so not tried"
    return found


def _url(path: str, told: dict[str, Any]) -> str:
    asked = []
    for part in told.get("parameters", []):
        value = valid(part["schema"])
        if part["in"] == "path":
            path = path.replace(f"{{{part['name']}}}", str(value))
        elif part.get("required"):
            asked.append(f"{part['name']}={value}")
    return f"{path}?{'&'.join(asked)}" if asked else path


def _body(told: dict[str, Any]) -> Any:
    if "requestBody" not in told:
        return None
    return valid(told["requestBody"]["content"]["application/json"]["schema"])


LEAST: dict[str, Callable[[dict[str, Any]], Any]] = {
    "integer": lambda schema: schema.get("minimum", 1),
    "boolean": lambda schema: False,
    "string": lambda schema: "x" * max(1, schema.get("minLength", 1)),
    "date": lambda schema: "2023-05-01",
    "date-time": lambda schema: "2023-05-01T09:00:00+08:00",
}


def valid(schema: dict[str, Any]) -> Any:
    """Return the least value that a part of the description allows."""
    if "$ref" in schema:
        return valid(DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return valid(schema["anyOf"][0])
    if schema["type"] == "object":
        return {name: valid(schema["properties"][name]) for name in schema.get("required", [])}
    if schema["type"] == "array":
        return [valid(schema["items"])]
    return LEAST[schema.get("format", schema["type"])](schema)


# --- how an answer is judged -----------------------------------------------------------------------


@contextmanager
def undone() -> Iterator[None]:
    """Take back what is written inside: closing account 1 must not end the role's own session."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def lacks(answer: Any) -> bool:
    """Tell whether the answer is the refusal of a role without the permission."""
    return answer.status_code == 403 and LACKING in answer.content.decode()


def is_for_the_thing(answer: Any, name: str) -> bool:
    return answer.status_code == 403 and name in FOR_THE_THING


def ask(client: Client, screen: Screen, **headers: str) -> HttpResponseBase:
    """Open a screen; one that only takes forms is sent an empty one, or its 405 would hide whom it lets in."""
    answer: HttpResponseBase = client.get(screen.url, headers=headers)
    if answer.status_code == 405 and screen.permission != TO_EVERYBODY:
        with undone():
            answer = client.post(screen.url, headers=headers)
    return answer


def faults_of_screens(client: Client, opens: Opens) -> Iterator[str]:
    for screen in screens():
        answer = ask(client, screen)
        if opens(screen.permission):
            is_right = answer.status_code in ANSWERED or is_for_the_thing(answer, screen.url)
            is_right &= not sent_to_log_in(answer) or screen.permission == TO_EVERYBODY
        else:
            is_right = lacks(answer)
        if not is_right:
            yield f"{screen.url} ({screen.permission}): {answer.status_code}"


def faults_of_operations(client: Client, opens: Opens, **headers: str) -> Iterator[str]:
    for operation in operations():
        answer = operation.call(client, **headers)
        if opens(operation.permission):
            is_right = answer.status_code in ANSWERED or is_for_the_thing(answer, operation.name)
        else:
            is_right = lacks(answer)
        if not is_right:
            yield f"{operation.name} ({operation.permission}): {answer.status_code}"


def sent_to_log_in(answer: HttpResponseBase) -> bool:
    return answer.status_code == 302 and answer["Location"].startswith(reverse(settings.LOGIN_URL))


# --- who tries -------------------------------------------------------------------------------------


@pytest.fixture
def client_of(as_role: Callable[..., Client]) -> Callable[[Role], Client]:
    """Return a browser of a role; 外部单位 is no person of the office but the agent of an organisation."""

    def log_in(role: Role) -> Client:
        if role != Role.OUTSIDE:
            return as_role(role)
        firm = Organisation.objects.create(uscc="91350100M000100Y43", name="某公司", kind="owner")
        agent = Account.objects.create(
            username="agent", organisation=firm, agent_name="赵经办", must_change_password=False, password="!"
        )
        browser = Client()
        browser.force_login(agent)
        return browser

    return log_in


def token_with(*scopes: str) -> str:
    """Return what a system with a token of these scopes sends for its `Authorization`."""
    ApiToken.objects.create(
        name="试探", digest=hashlib.sha256(b"secret").digest(), scopes=list(scopes),
        made_at=timezone.now(), made_by="测试",
    )  # fmt: skip
    return "Bearer secret"


# --- the rules -------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", PEOPLE)
def test_a_role_opens_the_screens_it_is_granted_and_no_others(
    client_of: Callable[[Role], Client], role: Role
) -> None:
    assert len(screens()) > 200
    assert not list(faults_of_screens(client_of(role), opens_to(role)))


@pytest.mark.parametrize("role", PEOPLE)
def test_a_role_may_call_the_operations_it_is_granted_and_no_others(
    client_of: Callable[[Role], Client], role: Role
) -> None:
    assert len(operations()) > 30
    assert not list(faults_of_operations(client_of(role), opens_to(role)))


def test_a_token_may_call_what_systems_are_granted_and_nothing_else(client: Client, office: Any) -> None:
    sent = token_with(*access.permissions_of(Role.SYSTEM_TOKEN))
    opens = opens_to(Role.SYSTEM_TOKEN)
    assert not list(faults_of_operations(client, opens, Authorization=sent))


@pytest.mark.parametrize("scope", sorted({o.permission for o in operations()} - {TO_WHOEVER_IS_KNOWN}))
def test_each_scope_of_a_token_opens_its_own_operations_alone(
    client: Client, office: Any, scope: str
) -> None:
    """One that systems are not granted opens nothing, though an older token may still carry it."""
    sent = token_with(scope)
    opens = {scope, TO_WHOEVER_IS_KNOWN} & {*grantable(), TO_WHOEVER_IS_KNOWN}
    assert not list(faults_of_operations(client, lambda p: p in opens, Authorization=sent))


def test_a_token_opens_no_screen_but_the_description_of_the_api(client: Client, office: Any) -> None:
    sent = token_with(*grantable())
    closed = [screen for screen in screens() if screen.permission != TO_EVERYBODY]
    answers = {s.url: ask(client, s, Authorization=sent) for s in closed}
    opened = {url for url, answer in answers.items() if not sent_to_log_in(answer)}
    assert opened == {reverse("api:openapi-view"), reverse("api:openapi-json")}


def test_a_stranger_opens_only_what_is_public(client: Client, db: None) -> None:
    for screen in screens():
        answer = ask(client, screen)
        if screen.permission == TO_EVERYBODY:
            assert answer.status_code in ANSWERED, screen
        else:
            assert sent_to_log_in(answer), screen
    for operation in operations():
        assert operation.call(client).status_code == 401, operation


def test_the_three_administrators_share_nothing_that_changes_rights() -> None:
    """三员分立: who opens accounts gives no roles, who gives roles opens no accounts, who watches changes nothing."""
    system, security, audit = (
        set(access.permissions_of(r)) for r in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)
    )
    assert "people.give_roles" in security - system - audit
    assert "people.secure" in security - system - audit
    assert "people.open_accounts" in system - security - audit
    assert "people.tokens" in system - security - audit
    decides = ("judge", "handle", "confirm", "publish", "withhold", "manage", "export", "meet", "give")
    assert not {p for p in grantable() for word in decides if word in p}, (
        "who issues tokens decides nothing by one"
    )
    assert not any(".manage" in p or ".set_local" in p or ".open_" in p or ".give_" in p for p in audit)
