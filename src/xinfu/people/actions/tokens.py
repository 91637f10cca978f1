"""Tokens of other systems: the secret is shown once, its digest kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from xinfu.core import access, journal
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.people.access import Can
from xinfu.people.actions.departments import filled
from xinfu.people.models import ApiToken, Department

OWN = ("people.", "core.")
"""Permissions of administration: no system gets them."""


def grantable() -> dict[str, str]:
    """Return the permissions that a token may carry, with their labels."""
    return {p: label for p, (label, _) in access.grants().items() if not p.startswith(OWN)}


def _scopes(scopes: Iterable[str]) -> list[str]:
    wanted = sorted(set(scopes))
    if not wanted or not grantable().keys() >= set(wanted):
        raise Refused("bad_scopes", "请从列表中至少选一项权限；管理类权限不授予接口。", field="scopes")
    return wanted


@transaction.atomic
def issue_token(
    *,
    name: str,
    scopes: Iterable[str],
    department: Department | None = None,
    ends_on: date | None = None,
    by: Actor,
    at: datetime,
) -> tuple[ApiToken, str]:
    """Issue a token for a system and return it with its secret, which is not kept.

    `department`: how far it reaches (None: the whole county). Refuses a taken name, no or unknown scopes,
    an end in the past.
    """
    by.require(Can.TOKENS)
    wanted = _scopes(scopes)
    if ends_on is not None and ends_on < timezone.localdate(at):
        raise Refused("ends_past", f"有效期至 {ends_on} 已过，请改为今天或以后。", field="ends_on")
    if department is not None and department.closed_on is not None:
        raise Refused(
            "department_closed", f"“{department.name}”已撤销，请选择在用的机构。", field="department"
        )
    secret = f"xf_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        name=filled(name, "系统名称", "name", 80),
        digest=hashlib.sha256(secret.encode()).digest(),
        scopes=wanted,
        department=department,
        made_at=at,
        made_by=by.name,
        ends_on=ends_on,
    )
    try:
        with transaction.atomic():
            token.save(force_insert=True)
    except IntegrityError as error:
        raise Refused(
            "name_taken", f"“{token.name}”已有令牌，请换一个名称，如加上年份。", field="name"
        ) from error
    journal.record(
        "token.issued",
        token,
        by=by,
        at=at,
        name=token.name,
        scopes=wanted,
        department=department and department.pk,
        ends_on=ends_on and ends_on.isoformat(),
    )
    return token, secret


@transaction.atomic
def revoke_token(*, token: ApiToken, by: Actor, at: datetime) -> None:
    """Revoke a token at once."""
    by.require(Can.TOKENS)
    row = ApiToken.objects.select_for_update(of=("self",)).filter(pk=token.pk).first()
    if row is None:
        raise NotFound()
    if row.revoked_at is not None:
        raise Refused("already_revoked", f"“{row.name}”的令牌已由{row.revoked_by}撤销。")
    ApiToken.objects.filter(pk=row.pk).update(revoked_at=at, revoked_by=by.name)
    journal.record("token.revoked", row, by=by, at=at, name=row.name)
