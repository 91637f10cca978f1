"""Tokens of other systems: the secret is shown once, its digest kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from xinfu.core import access, journal
from xinfu.core.access import Role
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.people import limits
from xinfu.people.access import Can
from xinfu.people.actions.departments import filled
from xinfu.people.models import ApiToken, Department


def grantable() -> dict[str, str]:
    """Return the permissions that a token may carry, with their labels: those of the role of systems.

    What a person judges, handles, confirms or publishes is not among them: who issues tokens would give it to himself.
    """
    systems = access.permissions_of(Role.SYSTEM_TOKEN)
    return {p: label for p, (label, _) in access.grants().items() if p in systems}


def _scopes(scopes: Iterable[str]) -> list[str]:
    wanted = sorted(set(scopes))
    if not wanted or not grantable().keys() >= set(wanted):
        raise Refused(
            "bad_scopes", "请从列表中至少选一项权限；审核、办理、发布和管理类权限不授予接口。", field="scopes"
        )
    return wanted


def _new_secret() -> tuple[str, bytes]:
    secret = f"xf_{secrets.token_urlsafe(32)}"
    return secret, hashlib.sha256(secret.encode()).digest()


def _end_or_refuse(ends_on: date | None, at: datetime) -> None:
    if ends_on is not None and ends_on < timezone.localdate(at):
        raise Refused("ends_past", f"有效期至 {ends_on} 已过，请改为今天或以后。", field="ends_on")


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
    _end_or_refuse(ends_on, at)
    if department is not None and department.closed_on is not None:
        raise Refused(
            "department_closed", f"“{department.name}”已撤销，请选择在用的机构。", field="department"
        )
    secret, digest = _new_secret()
    token = ApiToken(
        name=filled(name, "系统名称", "name", 80),
        digest=digest,
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
def rotate_token(
    *, token: ApiToken, ends_on: date | None = None, by: Actor, at: datetime
) -> tuple[ApiToken, str]:
    """Give a token a new secret and return it; the earlier one opens for the local number of hours more.

    Refuses a token that was revoked or has ended, a second rotation while the overlap runs, an end in the past.
    """
    by.require(Can.TOKENS)
    _end_or_refuse(ends_on, at)
    row = _usable(token, at)
    if row.earlier_until is not None and row.earlier_until > at:
        until = timezone.localtime(row.earlier_until)
        raise Refused(
            "overlap_running",
            f"上次更换的原令牌到 {until:%Y-%m-%d %H:%M} 才失效，请届时再换；急用请撤销后重新签发。",
        )
    secret, digest = _new_secret()
    hours = limits.number("token_overlap_hours", timezone.localdate(at))
    row.digest, row.earlier_digest = digest, bytes(row.digest)
    row.earlier_until, row.ends_on = at + timedelta(hours=hours), ends_on
    row.rotated_at, row.rotated_by = at, by.name
    row.save(
        update_fields=["digest", "earlier_digest", "earlier_until", "ends_on", "rotated_at", "rotated_by"]
    )
    ends = ends_on and ends_on.isoformat()
    journal.record("token.rotated", row, by=by, at=at, name=row.name, overlap_hours=hours, ends_on=ends)
    return row, secret


def _usable(token: ApiToken, at: datetime) -> ApiToken:
    row = ApiToken.objects.select_for_update(of=("self",)).filter(pk=token.pk).first()
    if row is None:
        raise NotFound()
    if row.revoked_at is not None:
        raise Refused("already_revoked", f"“{row.name}”的令牌已由{row.revoked_by}撤销。")
    if row.ends_on is not None and row.ends_on < timezone.localdate(at):
        raise Refused("token_ended", f"“{row.name}”的令牌已于 {row.ends_on} 到期，请重新签发。")
    return row


def note_token_use(*, token: ApiToken, at: datetime) -> None:
    """Remember that a token was used, at most once a minute; no decision, so no line of the journal."""
    stale = Q(last_used_at=None) | Q(last_used_at__lte=at - timedelta(minutes=1))
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=at)


@transaction.atomic
def revoke_token(*, token: ApiToken, by: Actor, at: datetime) -> None:
    """Revoke a token at once."""
    by.require(Can.TOKENS)
    row = ApiToken.objects.select_for_update(of=("self",)).filter(pk=token.pk).first()
    if row is None:
        raise NotFound()
    if row.revoked_at is not None:
        raise Refused("already_revoked", f"“{row.name}”的令牌已由{row.revoked_by}撤销。")
    ApiToken.objects.filter(pk=row.pk).update(
        revoked_at=at, revoked_by=by.name, earlier_digest=None, earlier_until=None
    )
    journal.record("token.revoked", row, by=by, at=at, name=row.name)
