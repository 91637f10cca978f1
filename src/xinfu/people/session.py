"""The actor of a request: built once, lazily, from the session's account or the API token."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user, logout
from django.db import OperationalError
from django.db.models import Case, Func, OuterRef, Q, QuerySet, Subquery, TextField, Value, When
from django.db.models.sql.compiler import SQLCompiler
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from xinfu.core import local
from xinfu.core.access import ROLE_LABELS, Reach, Role, permissions_of
from xinfu.core.actor import ANONYMOUS, Actor, Kind, Scope
from xinfu.people import rules
from xinfu.people.access import SEPARATE, WEIGHTY
from xinfu.people.models import Account, ApiToken, Department, Deputy, Person, RoleGrant

STAND_IN = "stand_in"
SEEN = "seen"
SECOND = "second"
"""How the second step of this session's log-in was done; absent where it had none."""
JUDGED = "second_judged"
PROVIDER = "provider"
"""Through which unified log-in the session was begun: there no password of ours was typed, and none is asked for."""
ENDED = "ended"
ALWAYS_OPEN = frozenset(
    {"people:password", "people:logout", "people:login", "people:stay", "site:large_type"}
)
"""Views that stay open while a password must be changed first."""
ENROLMENT = ALWAYS_OPEN | {
    "people:security",
    "people:begin_codes",
    "people:codes",
    "people:add_passkey",
    "people:passkey_challenge",
    "site:display",
    "site:help",
}
"""Views that stay open while a second factor must be enrolled first."""


def actor_of(request: HttpRequest) -> Actor:
    """Return who makes the request."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    return actor


def account_of(request: HttpRequest) -> Account | None:
    """Return the account that is logged in, or None for strangers and tokens."""
    account: Account | None = request.account or None  # type: ignore[attr-defined]
    return account


def address_of(request: HttpRequest) -> str:
    """Return the client's address; forwarded headers count only from the proxies named in the settings."""
    proxies = frozenset(getattr(settings, "TRUSTED_PROXIES", ()))
    forwarded = request.headers.get("X-Forwarded-For", "")
    return rules.client_address(request.META.get("REMOTE_ADDR") or "", forwarded, proxies)[:45]


def subtree_ids(department: Department) -> frozenset[int]:
    """Return the ids of a department and all below it."""
    found = Department.objects.filter(path__startswith=department.path)
    return frozenset(found.values_list("pk", flat=True))


class Listed(Func):
    """The keys of the rows of a subquery as one text, such as `3,7,12`."""

    template = "GROUP_CONCAT(%(expressions)s)"

    def as_postgresql(self, compiler: SQLCompiler, connection: Any, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template="STRING_AGG(%(expressions)s::text, ',')", **extra)


def _with_below(grants: QuerySet[RoleGrant]) -> list[RoleGrant]:
    """Return role grants with their units and, where their reach is a subtree, `below`: its ids."""
    subtree = [str(role) for role, (_, reach) in ROLE_LABELS.items() if reach == Reach.SUBTREE]
    below = Department.objects.filter(path__startswith=OuterRef("department__path")).order_by()
    ids = Subquery(below.values(ids=Listed("pk", output_field=TextField())))
    found = grants.annotate(
        below=Case(When(role__in=subtree, then=ids), default=Value(""), output_field=TextField())
    )
    return list(found.select_related("department").order_by("pk"))


def scopes_of(grants: Iterable[RoleGrant]) -> dict[str, Scope]:
    """Return permission → reach of some role grants (as `_with_below` reads them), the widest of each."""
    scopes: dict[str, Scope] = {}
    for given in grants:
        reach = ROLE_LABELS[given.as_role][1]
        if reach == Reach.ALL:
            scope = Scope(everything=True)
        elif reach == Reach.SUBTREE:
            scope = Scope(units=frozenset(map(int, given.below.split(","))))  # type: ignore[attr-defined]
        elif reach == Reach.UNIT:
            scope = Scope(units=frozenset({given.department_id}))
        else:
            scope = Scope(own=True)
        for permission in permissions_of(given.as_role):
            scopes[permission] = scopes.get(permission, Scope()) | scope
    return scopes


def actor_of_person(person: Person, on: date) -> Actor:
    """Return a person of the office as an actor, with the roles in force on the day."""
    grants = _with_below(person.grants.in_force(on))
    return _actor_with(person, grants)


def _actor_with(person: Person, grants: list[RoleGrant]) -> Actor:
    return Actor(
        kind=Kind.PERSON,
        id=person.pk,
        name=person.name,
        unit_id=person.department_id,
        unit_name=person.department.short_name,
        roles=frozenset(g.role for g in grants),
        scopes=scopes_of(grants),
    )


def actor_standing_in(duty: Deputy, on: date) -> Actor:
    """Return the deputy acting 代某某: own id and name, the other's roles without the three administrators'."""
    lent = duty.person.grants.in_force(on).exclude(role__in=SEPARATE)
    actor = _actor_with(duty.deputy, _with_below(lent))
    return replace(
        actor,
        unit_id=duty.person.department_id,
        unit_name=duty.person.department.short_name,
        behalf_of=duty.person.name,
        behalf_key=f"{Kind.PERSON}:{duty.person_id}",
    )


def duties_of(person_id: int, on: date) -> list[Deputy]:
    """Return the duties in force in which the person stands in for another who still serves."""
    found = Deputy.objects.filter(
        deputy=person_id, since__lte=on, until__gte=on, ended_at=None, person__left_on=None
    )
    return list(found.select_related("person__department", "deputy__department").order_by("until", "pk"))


def actor_of_account(account: Account) -> Actor:
    """Return an account as an actor: of a person, or of an outside organisation."""
    if account.person is not None:
        return actor_of_person(account.person, timezone.localdate())
    organisation = account.organisation
    assert organisation is not None
    is_open = organisation.closed_on is None
    return Actor(
        kind=Kind.OUTSIDE,
        id=account.pk,
        name=account.agent_name,
        unit_id=organisation.pk,
        unit_name=organisation.name,
        roles=frozenset({Role.OUTSIDE}) if is_open else frozenset(),
        scopes={p: Scope(own=True) for p in permissions_of(Role.OUTSIDE)} if is_open else {},
    )


def present(actor: Actor) -> Actor | None:
    """Return who an actor of a moment ago is now, with the roles in force; None where it may act no more."""
    day = timezone.localdate()
    if actor.id is None:
        return actor
    if actor.kind == Kind.OUTSIDE:
        account = Account.objects.filter(pk=actor.id, is_active=True).select_related("organisation").first()
        return actor_of_account(account) if account else None
    if actor.kind != Kind.PERSON:
        return actor
    if actor.behalf_of:
        duties = [d for d in duties_of(actor.id, day) if d.person.name == actor.behalf_of]
        return actor_standing_in(duties[0], day) if duties else None
    person = Person.objects.filter(pk=actor.id, left_on=None).select_related("department").first()
    has_account = Account.objects.filter(person=actor.id, is_active=True).exists()
    return actor_of_person(person, day) if person and has_account else None


def token_of(secret: str) -> ApiToken | None:
    """Return the API token of a secret, or None where it is unknown, ended, revoked, or rotated away too long ago."""
    digest = hashlib.sha256(secret.encode()).digest()
    earlier = Q(earlier_digest=digest, earlier_until__gt=timezone.now())
    token = (
        ApiToken.objects.select_related("department")
        .filter(Q(digest=digest) | earlier, revoked_at=None)
        .first()
    )
    if token is None or (token.ends_on is not None and token.ends_on < timezone.localdate()):
        return None
    return token


def actor_of_token(secret: str) -> Actor | None:
    """Return the system behind an API token's secret, or None where it opens nothing."""
    token = token_of(secret)
    return _system(token) if token is not None else None


def _system(token: ApiToken) -> Actor:
    scope = Scope(units=subtree_ids(token.department)) if token.department else Scope(everything=True)
    return Actor(
        kind=Kind.TOKEN,
        id=token.pk,
        name=token.name,
        unit_id=token.department_id,
        unit_name=token.department.short_name if token.department else "",
        roles=frozenset({Role.SYSTEM_TOKEN}),
        scopes=dict.fromkeys(permissions_of(Role.SYSTEM_TOKEN) & set(token.scopes), scope),
    )


class ActorMiddleware:
    """Put `request.account` and `request.actor` on every request; end sessions that were idle too long.

    A page that asks again by itself sends the header `X-Xinfu-Poll`, which does not count as use.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        _end_when_idle(request, timezone.now())
        request.account = SimpleLazyObject(lambda: _account(request))  # type: ignore[attr-defined]
        request.actor = SimpleLazyObject(lambda: _actor(request))  # type: ignore[attr-defined]
        response = self.get_response(request)
        _note_use(request)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        """Send who must change the password, or enrol a second factor, to that page first, wherever they go."""
        match = request.resolver_match
        if SESSION_KEY not in request.session or match is None or match.view_name in ALWAYS_OPEN:
            return None
        account = account_of(request)
        if account is None:
            return None
        if account.must_change_password and PROVIDER not in request.session:
            return _first(request, "people:password", "password_first", "修改密码")
        if match.view_name not in ENROLMENT and _must_enrol(request):
            return _first(request, "people:security", "second_factor_first", "启用第二步验证")
        return None


def _must_enrol(request: HttpRequest) -> bool:
    """Return whether the session's roles compel a second factor that it was begun without; judged once a day."""
    if settings.SECOND_FACTOR != "required" or SECOND in request.session:
        return False
    actor, today = actor_of(request), timezone.localdate()
    mark = f"{today}:{actor.behalf_key}:{','.join(sorted(actor.roles))}"
    if request.session.get(JUDGED) == mark:
        return False
    due = second_due_on(actor, today)
    if due is not None and due <= today:
        return True
    request.session[JUDGED] = mark
    return False


def second_due_on(actor: Actor, today: date) -> date | None:
    """Return from which day the actor's roles compel a second factor, or None. Who stands in for another has no grace."""
    if actor.kind != Kind.PERSON:
        return None
    rule = local.on("people.second_factor_for", today)
    bound = actor.roles & WEIGHTY if rule.value == "weighty" else actor.roles
    if not bound or actor.behalf_of:
        return today if bound else None
    given = RoleGrant.objects.filter(person=actor.id, role__in=bound).in_force(today).order_by("since")
    since = given.values_list("since", flat=True).first()
    grace = int(local.on("people.second_factor_grace_days", today).value)
    return rules.second_due_on(since or today, rule.since, grace)


def _note_use(request: HttpRequest) -> None:
    """Remember the use of a token after its answer is made, outside what a GET may not do; a busy table loses one."""
    from xinfu.people import actions

    token: ApiToken | None = getattr(request, "api_token", None)
    at = timezone.now()
    if token is None or (token.last_used_at and at - token.last_used_at < timedelta(minutes=1)):
        return
    with suppress(OperationalError):
        actions.note_token_use(token=token, at=at)


def _first(request: HttpRequest, view: str, code: str, what: str) -> HttpResponseBase:
    if request.path.startswith("/api/"):
        problem = {
            "title": f"须先{what}",
            "status": 403,
            "code": code,
            "detail": f"请先{what}，再使用接口。",
        }
        return JsonResponse(problem, status=403, content_type="application/problem+json")
    target = reverse(view)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=403, headers={"HX-Redirect": target})
    return HttpResponseRedirect(target)


def _end_when_idle(request: HttpRequest, at: datetime) -> None:
    if SESSION_KEY not in request.session:
        return
    now = int(at.timestamp())
    seen = int(request.session.get(SEEN, now))
    if now - seen > timedelta(minutes=settings.IDLE_MINUTES).total_seconds():
        logout(request)
        request.session[ENDED] = "idle"
    elif "X-Xinfu-Poll" not in request.headers and (now - seen >= 60 or SEEN not in request.session):
        request.session[SEEN] = now


def _account(request: HttpRequest) -> Account | None:
    user = get_user(request)
    return user if isinstance(user, Account) else None


def _actor(request: HttpRequest) -> Actor:
    header = request.headers.get("Authorization", "")
    if header.startswith("Bearer ") and request.path.startswith("/api/"):
        token = token_of(header[7:].strip())
        request.api_token = token  # type: ignore[attr-defined]
        return _system(token) if token is not None else ANONYMOUS
    account = account_of(request)
    if account is None:
        return ANONYMOUS
    duty_id = request.session.get(STAND_IN)
    if duty_id is not None and account.person_id is not None:
        today = timezone.localdate()
        for duty in duties_of(account.person_id, today):
            if duty.pk == duty_id:
                return actor_standing_in(duty, today)
    return actor_of_account(account)
