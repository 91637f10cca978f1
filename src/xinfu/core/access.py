"""Roles, grants and the two decorators that every view carries (design.md: closed by default)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from functools import wraps
from threading import get_ident
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from xinfu.core import once
from xinfu.core.actor import Actor, Kind
from xinfu.core.refusal import Forbidden


class Reach(StrEnum):
    """The five words of data permission that integrators know, without 自定义."""

    ALL = "全部"
    SUBTREE = "本单位及下级"
    UNIT = "本单位"
    OWN = "仅本人"


class Role(StrEnum):
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDITOR = "auditor"
    LEADER = "leader"
    GENERAL = "general"
    APPRAISAL = "appraisal"
    APPROVALS = "approvals"
    INTERMEDIARY = "intermediary"
    TRADING = "trading"
    DATA_BUREAU = "data_bureau"
    UNIT_LIAISON = "unit_liaison"
    WINDOW_CHIEF = "window_chief"
    WINDOW_CLERK = "window_clerk"
    TOWN_CLERK = "town_clerk"
    VILLAGE_CLERK = "village_clerk"
    OUTLET_CLERK = "outlet_clerk"
    OUTSIDE = "outside"
    SYSTEM_TOKEN = "system_token"


ROLE_LABELS: Mapping[Role, tuple[str, Reach]] = {
    Role.SYSTEM_ADMIN: ("系统管理员", Reach.ALL),
    Role.SECURITY_ADMIN: ("安全管理员", Reach.ALL),
    Role.AUDITOR: ("审计管理员", Reach.ALL),
    Role.LEADER: ("班子领导", Reach.ALL),
    Role.GENERAL: ("综合科", Reach.ALL),
    Role.APPRAISAL: ("考评科", Reach.ALL),
    Role.APPROVALS: ("代办中心", Reach.ALL),
    Role.INTERMEDIARY: ("中介科", Reach.ALL),
    Role.TRADING: ("公管科", Reach.ALL),
    Role.DATA_BUREAU: ("大数据管理中心", Reach.ALL),
    Role.UNIT_LIAISON: ("派驻单位联络员", Reach.SUBTREE),
    Role.WINDOW_CHIEF: ("首席代表", Reach.SUBTREE),
    Role.WINDOW_CLERK: ("窗口人员", Reach.UNIT),
    Role.TOWN_CLERK: ("乡镇街道便民服务中心", Reach.SUBTREE),
    Role.VILLAGE_CLERK: ("村级便民服务站", Reach.UNIT),
    Role.OUTLET_CLERK: ("银行网点", Reach.UNIT),
    Role.OUTSIDE: ("外部单位", Reach.OWN),
    Role.SYSTEM_TOKEN: ("接口系统", Reach.SUBTREE),
}

_GRANTS: dict[str, frozenset[Role]] = {}
_LABELS: dict[str, str] = {}


def grant(table: Mapping[StrEnum, tuple[str, Iterable[Role]]]) -> None:
    """Register one app's permissions: permission → (what it allows, in Chinese; roles that have it)."""
    for permission, (label, roles) in table.items():
        _LABELS[str(permission)] = label
        _GRANTS[str(permission)] = frozenset(roles)


def permissions_of(role: Role) -> frozenset[str]:
    return frozenset(p for p, roles in _GRANTS.items() if role in roles)


def grants() -> Mapping[str, tuple[str, frozenset[Role]]]:
    """Return every permission with its label and the roles that have it, for the who-may-what page."""
    return {p: (_LABELS[p], roles) for p, roles in sorted(_GRANTS.items())}


WRITES_WITHIN = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM|MERGE INTO)\b", re.IGNORECASE)
READS = ("SELECT", "WITH", "PRAGMA", "EXPLAIN", "SAVEPOINT", "RELEASE", "SHOW", "FETCH", "DECLARE", "CLOSE")


class WriteInGet(RuntimeError):
    """A GET tried to write: a fault of ours, never of the user."""


def select_only(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    """Let only reading statements through (used around every GET)."""
    begun = sql.lstrip(" (\n")[:10].upper()
    if not begun.startswith(READS) or (begun.startswith("WITH") and WRITES_WITHIN.search(sql)):
        raise WriteInGet(sql[:120])
    return execute(sql, params, many, context)


@contextmanager
def only_reading() -> Iterator[None]:
    """Refuse every write that this thread makes on the way; another thread on the same connection is not concerned.
    What several parts of the request ask is read once (core.once).

    Raises WriteInGet. Threads share a connection only where the database is held in memory.
    """
    asked = get_ident()

    def guard(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if get_ident() != asked:
            return execute(sql, params, many, context)
        return select_only(execute, sql, params, many, context)

    with connection.execute_wrapper(guard), once.per_request():
        yield


View = Callable[..., HttpResponseBase]


def _to_login(request: HttpRequest) -> HttpResponse:
    """Send a stranger to the log-in page and back; an htmx request reloads the whole page there."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=401, headers={"HX-Redirect": reverse(settings.LOGIN_URL)})
    return HttpResponseRedirect(
        f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}"
    )


def _guarded(view: View) -> View:
    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method in ("GET", "HEAD"):
            with only_reading():
                response = view(request, *args, **kwargs)
                if hasattr(response, "render"):
                    response.render()
                return response
        return view(request, *args, **kwargs)

    return inner


def needs(permission: StrEnum) -> Callable[[View], View]:
    """Open a view to actors with the permission; strangers go to the log-in page, others get 403."""

    def decorate(view: View) -> View:
        guarded = _guarded(view)

        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            actor: Actor = request.actor  # type: ignore[attr-defined]
            if actor.kind == Kind.ANONYMOUS:
                return _to_login(request)
            if not actor.may(permission):
                raise Forbidden()
            return guarded(request, *args, **kwargs)

        inner.permission = permission  # type: ignore[attr-defined]
        return inner

    return decorate


def signed_in(view: View) -> View:
    """Open a view to everyone who is logged in (own inbox, own password)."""
    guarded = _guarded(view)

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.actor.kind == Kind.ANONYMOUS:  # type: ignore[attr-defined]
            return _to_login(request)
        return guarded(request, *args, **kwargs)

    inner.permission = "signed_in"  # type: ignore[attr-defined]
    return inner


def public(view: View) -> View:
    """Open a view to everybody, strangers included."""
    inner = _guarded(view)
    inner.permission = "public"  # type: ignore[attr-defined]
    return inner
