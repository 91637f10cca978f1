"""The frame's own screens, by role."""

from __future__ import annotations

from typing import Any

import pytest

from xinfu.core.access import Role

OPEN = ["/", "/search/?q=ab", "/downloads/", "/help/", "/suggestions/", "/system/rules/"]
GUARDED = {
    "/system/status/": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR},
    "/-/health": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR},
    "/-/metrics": {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR},
    "/journal/": {Role.AUDITOR, Role.SECURITY_ADMIN},
}


@pytest.mark.parametrize("address", OPEN)
def test_every_clerk_opens_the_common_screens(as_role: Any, address: str) -> None:
    answer = as_role(Role.WINDOW_CLERK).get(address)
    assert answer.status_code == 200
    assert answer.content.decode().count("<h1") == 1


@pytest.mark.parametrize("role", [r for r in Role if r not in (Role.OUTSIDE, Role.SYSTEM_TOKEN)])
@pytest.mark.parametrize("address", GUARDED)
def test_screens_of_operators_and_auditors_are_closed_to_others(
    as_role: Any, address: str, role: Role
) -> None:
    answer = as_role(role).get(address)
    assert answer.status_code == (200 if role in GUARDED[address] else 403)
