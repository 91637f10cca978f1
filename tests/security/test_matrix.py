"""Every role tries every screen and every operation of the API: what the page 权限 grants opens, the rest does not."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from tests.site.test_doors import patterns
from xinfu.core import access
from xinfu.core.access import Role
from xinfu.site.api import api
from xinfu.site.shell import address

OF_ITS_OWN = {
    "/-/metrics"
}  # asks for the machine's token or the right to see the state; tested in tests/site
PEOPLE = [role for role in Role if role not in {Role.OUTSIDE, Role.SYSTEM_TOKEN}]


def may(role: Role, permission: str) -> bool:
    return permission in {"public", "signed_in"} or permission in access.permissions_of(role)


def screens() -> list[tuple[str, str]]:
    """Return address and permission of every screen whose address needs no value."""
    found = []
    for name, pattern in patterns():
        url = None if pattern.pattern.converters else address(name.removeprefix(":"))
        permission = str(getattr(pattern.callback, "permission", ""))
        if url and permission and url not in OF_ITS_OWN and not name.startswith("api:"):
            found.append((url, permission))
    return sorted(set(found))


def operations() -> list[tuple[str, str, str]]:
    """Return method, address and permission of every operation of the API."""
    found = []
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            for operation in view.operations:
                url = f"{reverse('api:api-root')}{prefix.strip('/')}/{path.strip('/')}".replace(
                    "//", "/"
                ).rstrip("/")
                permission = str(getattr(operation.view_func, "permission", ""))
                for param in ("{case_no}", "{code}", "{pk}", "{name}"):
                    url = url.replace(param, "1")
                found += [(method, url, permission) for method in operation.methods if "{" not in url]
    return sorted(set(found))


@pytest.mark.parametrize("role", PEOPLE)
def test_a_role_opens_the_screens_it_is_granted_and_no_others(as_role: Any, role: Role) -> None:
    client, faults = as_role(role), []
    for url, permission in screens():
        status = client.get(url).status_code
        if status == 405 and not may(role, permission):
            status = client.post(url).status_code
        if may(role, permission) == (status == 403) or status >= 500:
            faults.append(f"{url} ({permission}): {status}")
    assert len(screens()) > 40
    assert not faults, faults


@pytest.mark.parametrize("role", PEOPLE)
def test_a_role_may_call_the_operations_it_is_granted_and_no_others(as_role: Any, role: Role) -> None:
    client, faults = as_role(role), []
    for method, url, permission in operations():
        sent = getattr(client, method.lower())(url, content_type="application/json")
        if not may(role, permission) and sent.status_code not in {403, 422}:
            faults.append(f"{method} {url} ({permission}): {sent.status_code}")
        if may(role, permission) and (sent.status_code == 401 or sent.status_code >= 500):
            faults.append(f"{method} {url} ({permission}): {sent.status_code}")
    assert len(operations()) >= 10
    assert not faults, faults


def test_a_stranger_opens_only_what_is_public(client: Any, db: None) -> None:
    for url, permission in screens():
        status = client.get(url).status_code
        if status == 405:
            status = client.post(url).status_code
        if permission != "public":
            assert status == 302, url
    for method, url, _ in operations():
        assert getattr(client, method.lower())(url, content_type="application/json").status_code in {
            401,
            422,
        }, url


def test_the_three_administrators_share_nothing_that_changes_rights() -> None:
    """三员分立: who opens accounts gives no roles, who gives roles opens no accounts, who watches changes nothing."""
    system, security, audit = (
        set(access.permissions_of(r)) for r in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR)
    )
    assert "people.give_roles" in security - system - audit
    assert "people.secure" in security - system - audit
    assert "people.open_accounts" in system - security - audit
    assert "people.tokens" in system - security - audit
    assert not any(".manage" in p or ".set_local" in p or ".open_" in p or ".give_" in p for p in audit)
