"""Passkeys (WebAuthn): registered, named, used, removed. The challenge comes from the session and counts once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import webauthn
from django.conf import settings
from django.db import IntegrityError, transaction
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from xinfu.core import journal, privacy
from xinfu.core.actor import Actor
from xinfu.core.refusal import NotFound, Refused
from xinfu.people.actions.accounts import prove_password
from xinfu.people.actions.departments import filled
from xinfu.people.actions.second import drop_needless_codes, first_codes, require_own
from xinfu.people.actions.sessions import LoggedIn, end_all, finish
from xinfu.people.models import Account, Passkey

MOST = 10
FAULTS = (WebAuthnException, ValueError, KeyError, TypeError)
NOT_TAKEN = "通行密钥没有通过验证，请重试；如仍不行，请改用密码和动态口令登录。"


@dataclass(frozen=True, slots=True)
class Sent:
    """What the browser sent back: its answer as JSON, and the challenge that it was given."""

    credential: str
    challenge: bytes


def handle_of(account: Account) -> bytes:
    """Return the opaque name under which a device keeps the account's passkeys."""
    return privacy.digest(f"passkey:{account.pk}")


def _described(rows: list[Passkey]) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(
            id=bytes(row.credential_id),
            transports=[AuthenticatorTransport(one) for one in row.transports if one in _TRANSPORTS],
        )
        for row in rows
    ]


_TRANSPORTS = {one.value for one in AuthenticatorTransport}


def registration_options(account: Account) -> tuple[str, bytes]:
    """Return what the browser needs to make a passkey, as JSON, and the challenge in it."""
    made = webauthn.generate_registration_options(
        rp_id=settings.PASSKEY_DOMAIN,
        rp_name=settings.OFFICE,
        user_id=handle_of(account),
        user_name=account.username,
        user_display_name=account.display_name,
        exclude_credentials=_described(list(account.passkeys.order_by("pk"))),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return webauthn.options_to_json(made), made.challenge


def assertion_options(account: Account | None) -> tuple[str, bytes]:
    """Return what the browser needs to show a passkey: one of the account's, or without an account any of its own."""
    rows = list(account.passkeys.order_by("pk")) if account is not None else []
    needed = UserVerificationRequirement
    made = webauthn.generate_authentication_options(
        rp_id=settings.PASSKEY_DOMAIN,
        allow_credentials=_described(rows),
        user_verification=needed.PREFERRED if account is not None else needed.REQUIRED,
    )
    return webauthn.options_to_json(made), made.challenge


def add_passkey(
    *, account: Account, name: str, password: str, sent: Sent, keep: str, by: Actor, at: datetime
) -> list[str]:
    """Register a passkey under a name; every session but `keep` ends. Return recovery codes, if they are the first.

    Refuses: a wrong password, an answer that does not fit challenge, domain or origin, a key registered before,
    a taken name, more than ten.
    """
    require_own(account, by)
    called = filled(name, "名称", "name", 40)
    prove_password(account, password, at, "password", "密码")
    try:
        seen = webauthn.verify_registration_response(
            credential=sent.credential,
            expected_challenge=sent.challenge,
            expected_rp_id=settings.PASSKEY_DOMAIN,
            expected_origin=list(settings.PASSKEY_ORIGINS),
        )
    except FAULTS as fault:
        raise Refused("passkey_refused", "没有登记成功：设备的应答没有通过验证，请重新点“登记”。") from fault
    row = Passkey(
        account=account,
        name=called,
        credential_id=seen.credential_id,
        public_key=seen.credential_public_key,
        sign_count=seen.sign_count,
        transports=_transports(sent.credential),
        made_at=at,
    )
    with transaction.atomic():
        Account.objects.select_for_update(of=("self",)).get(pk=account.pk)
        if Passkey.objects.filter(account=account).count() >= MOST:
            raise Refused("too_many", f"最多登记{MOST}个通行密钥，请先移除不用的。")
        if Passkey.objects.filter(account=account, name=called).exists():
            raise Refused("name_taken", f"已有名为“{called}”的通行密钥，请换一个名称。", field="name")
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError as error:
            raise Refused("passkey_known", "这个通行密钥已经登记过。") from error
        codes = first_codes(account, at)
        journal.record("account.passkey_added", account, by=by, at=at, sessions=end_all(account, keep))
    return codes


def _transports(credential: str) -> list[str]:
    said = json.loads(credential).get("response", {}).get("transports") or []
    return sorted({one for one in said if one in _TRANSPORTS}) if isinstance(said, list) else []


def remove_passkey(*, account: Account, pk: int, password: str, by: Actor, at: datetime) -> None:
    """Remove one of one's own passkeys; it takes the password."""
    require_own(account, by)
    if not Passkey.objects.filter(account=account, pk=pk).exists():
        raise NotFound()
    prove_password(account, password, at, "password", "密码")
    with transaction.atomic():
        if not Passkey.objects.filter(account=account, pk=pk).delete()[0]:
            raise Refused("passkey_gone", "这个通行密钥已经移除。")
        drop_needless_codes(account)
        journal.record("account.passkey_removed", account, by=by, at=at)


def pass_passkey(*, account: Account | None, sent: Sent, address: str, at: datetime) -> LoggedIn:
    """Log in with a passkey: as the second step of `account`, or alone, where the device has checked its owner too.

    Raises Refused: unknown key, another's key, an answer that does not fit, a counter that went back.
    """
    row = _named(sent.credential)
    if row is None or (account is not None and row.account_id != account.pk):
        raise Refused("passkey_unknown", "本系统没有登记这个通行密钥，请改用密码登录。")
    how = "passkey" if account is None else "password+passkey"
    return finish(
        account=row.account,
        check=lambda: _check(row, sent, account is None, at),
        how=how,
        address=address,
        at=at,
    )


def _named(credential: str) -> Passkey | None:
    try:
        raw = base64url_to_bytes(str(_parsed(credential)["id"]))
    except FAULTS:
        return None
    return (
        Passkey.objects.select_related("account__person__department", "account__organisation")
        .filter(credential_id=raw)
        .first()
    )


def _parsed(credential: str) -> dict[str, Any]:
    found = json.loads(credential[:20_000])
    if not isinstance(found, dict):
        raise TypeError(type(found))
    return found


def _check(row: Passkey, sent: Sent, alone: bool, at: datetime) -> Refused | None:
    """Return why the answer is not taken; a counter that stands or goes back is one (a copied key)."""
    same = Passkey.objects.select_for_update(of=("self",)).filter(pk=row.pk).first()
    if same is None:
        return Refused("passkey_unknown", "本系统没有登记这个通行密钥，请改用密码登录。")
    try:
        seen = webauthn.verify_authentication_response(
            credential=sent.credential,
            expected_challenge=sent.challenge,
            expected_rp_id=settings.PASSKEY_DOMAIN,
            expected_origin=list(settings.PASSKEY_ORIGINS),
            credential_public_key=bytes(same.public_key),
            credential_current_sign_count=same.sign_count,
            require_user_verification=alone,
        )
        named = _parsed(sent.credential).get("response", {}).get("userHandle")
        if named and base64url_to_bytes(str(named)) != handle_of(row.account):
            raise ValueError(named)
    except FAULTS:
        return Refused("passkey_refused", NOT_TAKEN)
    Passkey.objects.filter(pk=row.pk).update(sign_count=seen.new_sign_count, last_used_at=at)
    return None
