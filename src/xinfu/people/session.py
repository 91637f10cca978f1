"""The actor of a request: built once, lazily, from the session's account or the API token."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from django.conf import settings
from django.contrib.auth import get_user, logout
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from xinfu.core.access import ROLE_LABELS, Reach, Role, permissions_of
from xinfu.core.actor import ANONYMOUS, Actor, Kind, Scope
from xinfu.people.models import Account, ApiToken, Department, Person, RoleGrant


def actor_of(request: HttpRequest) -> Actor:
    """Return who makes the request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def subtree_ids(department: Department) -> frozenset[int]:
    """Return the ids of a department and all below it."""
    return frozenset(Department.objects.filter(path__startswith=department.path).values_list("pk", flat=True))


def scopes_of(grants: Iterable[RoleGrant]) -> dict[str, Scope]:
    """Return permission → reach of some role grants, the widest of each."""
    scopes: dict[str, Scope] = {}
    for given in grants:
        reach = ROLE_LABELS[given.as_role][1]
        if reach == Reach.ALL:
            scope = Scope(everything=True)
        elif reach == Reach.SUBTREE:
            scope = Scope(units=subtree_ids(given.department))
        elif reach == Reach.UNIT:
            scope = Scope(units=frozenset({given.department_id}))
        else:
            scope = Scope(own=True)
        for permission in permissions_of(given.as_role):
            scopes[permission] = scopes.get(permission, Scope()) | scope
    return scopes


def actor_of_person(person: Person, on: date) -> Actor:
    """Return a person of the office as an actor, with the roles in force on the day."""
    grants = [
        g
        for g in person.grants.select_related("department").all()
        if g.since <= on and (g.until is None or g.until >= on)
    ]
    return Actor(
        kind=Kind.PERSON,
        id=person.pk,
        name=person.name,
        unit_id=person.department_id,
        unit_name=person.department.short_name,
        roles=frozenset(g.role for g in grants),
        scopes=scopes_of(grants),
    )


def actor_of_account(account: Account) -> Actor:
    """Return an account as an actor: of a person, or of an outside organisation."""
    if account.person is not None:
        return actor_of_person(account.person, timezone.localdate())
    scopes = {p: Scope(own=True) for p in permissions_of(Role.OUTSIDE)}
    organisation = account.organisation
    assert organisation is not None
    return Actor(
        kind=Kind.OUTSIDE,
        id=account.pk,
        name=account.agent_name,
        unit_id=organisation.pk,
        unit_name=organisation.name,
        roles=frozenset({Role.OUTSIDE}),
        scopes=scopes,
    )


def actor_of_token(secret: str) -> Actor | None:
    """Return the system behind an API token, or None where it is unknown, ended or revoked."""
    digest = hashlib.sha256(secret.encode()).digest()
    token = ApiToken.objects.select_related("department").filter(digest=digest, revoked_at=None).first()
    if token is None or (token.ends_on is not None and token.ends_on < timezone.localdate()):
        return None
    scope = Scope(units=subtree_ids(token.department)) if token.department else Scope(everything=True)
    return Actor(
        kind=Kind.TOKEN,
        id=token.pk,
        name=token.name,
        unit_id=token.department_id,
        unit_name=token.department.short_name if token.department else "",
        roles=frozenset({Role.SYSTEM_TOKEN}),
        scopes=dict.fromkeys(token.scopes, scope),
    )


class ActorMiddleware:
    """Put `request.account` and `request.actor` on every request; end sessions that were idle too long."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        self._end_when_idle(request)
        request.account = SimpleLazyObject(lambda: _account(request))  # type: ignore[attr-defined]
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined]
        return self.get_response(request)

    def _end_when_idle(self, request: HttpRequest) -> None:
        if "_auth_user_id" not in request.session:
            return
        now = int(timezone.now().timestamp())
        seen = int(request.session.get("seen", now))
        if now - seen > timedelta(minutes=settings.IDLE_MINUTES).total_seconds():
            logout(request)
            request.session["ended"] = "idle"
        elif now - seen >= 60 or "seen" not in request.session:
            request.session["seen"] = now


def _account(request: HttpRequest) -> Account | None:
    user = get_user(request)
    if not user.is_authenticated:
        return None
    return Account.objects.select_related("person__department", "organisation").get(pk=user.pk)


def _actor(request: HttpRequest) -> Actor:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer ") and request.path.startswith("/api/"):
        return actor_of_token(header[7:].strip()) or ANONYMOUS
    account: Account | None = request.account  # type: ignore[attr-defined]
    return actor_of_account(account) if account else ANONYMOUS
