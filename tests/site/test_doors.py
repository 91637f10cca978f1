"""Closed by default: every address and every API operation says who may open it, and no GET writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from xinfu.core import access, registry
from xinfu.core.access import Role
from xinfu.core.actor import Kind
from xinfu.site.api import api
from xinfu.site.shell import GROUPS, address

OF_NINJA = {"api:api-root"}  # sends on to the documents, which are guarded


def patterns(resolver: Any = None, namespace: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            inner = ":".join(filter(None, (namespace, entry.namespace)))
            yield from patterns(entry, inner)
        else:
            yield f"{namespace}:{entry.name}", entry


def test_every_view_says_who_may_open_it() -> None:
    known = {*access.grants(), "signed_in", "public"}
    faults = []
    for name, pattern in patterns():
        if name in OF_NINJA or (name.startswith("api:") and "openapi" not in name):
            continue
        permission = getattr(pattern.callback, "permission", None)
        if permission is None or str(permission) not in known:
            faults.append(f"{name}: {permission}")
    assert not faults, faults


def operations_of_api() -> list[Any]:
    return [
        operation
        for router in api._get_bound_routers()
        for view in router.path_operations.values()
        for operation in view.operations
    ]


@pytest.mark.parametrize(
    "operation", operations_of_api(), ids=lambda op: f"{op.methods} {op.view_func.__name__}"
)
def test_every_api_operation_says_who_may_call_it(operation: Any) -> None:
    known = {*access.grants(), "signed_in"}
    assert str(getattr(operation.view_func, "permission", None)) in known


def test_every_navigation_entry_leads_somewhere_and_stands_in_a_known_group() -> None:
    for item in registry.navigation:
        assert address(item.url_name), item
        assert item.group in GROUPS, item
        assert item.permission == "signed_in" or item.permission in access.grants(), item


def plain_addresses() -> list[str]:
    """Return every address without a parameter, outside the API."""
    found = []
    for name, pattern in patterns():
        if not name.startswith("api:") and not pattern.pattern.converters:
            url = address(name.removeprefix(":"))
            if url:
                found.append(url)
    return sorted(set(found))


@pytest.mark.parametrize("role", [Role.GENERAL, Role.AUDITOR, Role.WINDOW_CLERK])
def test_no_get_writes_and_none_fails(as_role: Any, role: Role) -> None:
    """A GET that writes raises inside the view; here it would come out as a 500."""
    client = as_role(role)
    client.raise_request_exception = True
    for url in plain_addresses():
        answer = client.get(url)
        assert answer.status_code < 500, url


def test_a_stranger_is_sent_to_the_log_in_page_and_comes_back(client: Any, db: None) -> None:
    answer = client.get("/downloads/?x=1")
    assert answer.status_code == 302
    assert answer["Location"].endswith("?next=%2Fdownloads%2F%3Fx%3D1")
    part = client.get("/downloads/", headers={"HX-Request": "true"})
    assert part.status_code == 401
    assert part["HX-Redirect"]


@pytest.mark.parametrize(
    "role", [Role.SYSTEM_ADMIN, Role.AUDITOR, Role.LEADER, Role.GENERAL, Role.WINDOW_CLERK, Role.TOWN_CLERK]
)
def test_the_navigation_offers_only_what_opens(as_role: Any, role: Role) -> None:
    import re

    client = as_role(role)
    assert client.actor.kind == Kind.PERSON
    page = client.get("/").content.decode()
    nav = re.search(r'<nav class="site-nav".*?</nav>', page, re.DOTALL)
    assert nav
    links = re.findall(r'href="(/[^"]*)"', nav.group(0))
    assert links
    for url in links:
        assert client.get(url).status_code == 200, url
