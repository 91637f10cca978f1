"""People for the tests of people: one of each administrator, and how the journal is asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from tests import make
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.models import JournalEntry
from xinfu.core.refusal import Refused
from xinfu.lib import canon
from xinfu.people import actions, queries
from xinfu.people.models import Account, Person
from xinfu.people.session import actor_of_person

GOOD = "Longer-Word-7"


@pytest.fixture
def admin(office: make.Office) -> Actor:
    return make.actor(Role.SYSTEM_ADMIN, office.root, "系统员")


@pytest.fixture
def guard(office: make.Office) -> Actor:
    return make.actor(Role.SECURITY_ADMIN, office.root, "安全员")


@pytest.fixture
def clerk(office: make.Office) -> Person:
    return make.person(Role.WINDOW_CLERK, office.unit_a, "王小花")


@pytest.fixture
def account(clerk: Person, now: datetime) -> Account:
    """The clerk's account with a password that is known and fresh."""
    row = Account.objects.get(person=clerk)
    row.set_password(GOOD)
    row.password_changed_at = now
    row.save()
    return row


@pytest.fixture
def as_person() -> Callable[[Person], Actor]:
    return lambda person: actor_of_person(person, date(2023, 5, 18))


@pytest.fixture
def told() -> Callable[[str], dict[str, Any]]:
    """Return `told(event)`: the data of the journal's last entry, which must be of that event."""

    def last(event: str) -> dict[str, Any]:
        entry = JournalEntry.objects.order_by("-n").first()
        assert entry is not None
        assert entry.event == event
        body = canon.parse(bytes(entry.body))
        assert isinstance(body, dict)
        data = body["data"]
        assert isinstance(data, dict)
        return data

    return last


@pytest.fixture
def refused() -> Callable[..., Refused]:
    """Return `refused(code, call, **arguments)`: the refusal, after which the journal has not grown."""

    def check(code: str, call: Callable[..., Any], /, **arguments: Any) -> Refused:
        before = JournalEntry.objects.count()
        with pytest.raises(Refused) as caught:
            call(**arguments)
        assert caught.value.code == code, caught.value.reason
        assert caught.value.reason.endswith("。")
        assert JournalEntry.objects.count() == before
        return caught.value

    return check


__all__ = ["GOOD", "actions", "queries"]
