"""The second step: one-time codes (RFC 6238) and recovery codes; enrolled, used once each, taken away."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime

import pyotp
from django.db import transaction

from xinfu.core import journal, privacy
from xinfu.core.actor import Actor
from xinfu.core.refusal import Forbidden, Refused
from xinfu.people import rules
from xinfu.people.access import Can
from xinfu.people.actions.accounts import READABLE, prove_password
from xinfu.people.actions.departments import filled
from xinfu.people.actions.sessions import (
    LoggedIn,
    account_key,
    add_failure,
    end_all,
    finish,
    has_factor,
    locked_count,
    owns,
)
from xinfu.people.models import Account, Authenticator, FactorReset, Passkey, RecoveryCode

CODES = 10
LETTERS = "".join(c for c in READABLE if not c.isupper())


def secret_of(row: Authenticator) -> str:
    """Return the secret of one-time codes; only the page that enrols shows it."""
    return privacy.unseal(row.sealed)["secret"]


def require_own(account: Account, by: Actor) -> None:
    """Refuse what concerns another's second factors, and what a deputy would do in the other's name."""
    if not owns(by, account) or by.behalf_of:
        raise Forbidden("只能办理本人的第二步验证。")


# --- logging in ----------------------------------------------------------------------------------


def pass_code(*, account: Account, code: str, address: str, at: datetime) -> LoggedIn:
    """Take a one-time code, or a recovery code, as the second step of a log-in.

    Raises Refused: wrong, used before, locked (until when), closed.
    """
    clean = rules.clean_typed_code(code)
    how = "code" if clean.isdigit() else "recovery"
    return finish(account=account, check=lambda: _take(account, clean, at), how=how, address=address, at=at)


def _take(account: Account, code: str, at: datetime) -> Refused | None:
    """Use up a code; None where it was good. Compared and swapped: of two at once only one is in."""
    if not code.isdigit():
        fresh = RecoveryCode.objects.filter(account=account, digest=_digest(account, code), used_at=None)
        return None if fresh.update(used_at=at) else Refused("wrong_code", WRONG, field="code")
    row = Authenticator.objects.filter(account=account, confirmed_at__isnull=False).first()
    step = _step_of(row, code, at) if row is not None else None
    if step is None:
        return Refused("wrong_code", WRONG, field="code")
    unused = Authenticator.objects.filter(account=account, last_step__lt=step)
    if unused.update(last_step=step):
        return None
    return Refused("code_used", "这个动态口令已经用过，请等手机上换成下一个再输入。", field="code")


WRONG = "动态口令或恢复码不对，请核对手机时间后重新输入。"


def _step_of(row: Authenticator, code: str, at: datetime) -> int | None:
    """Return the step whose code this is, or None. Every candidate is compared, in equal time."""
    totp = pyotp.TOTP(secret_of(row))
    seconds = int(at.timestamp())
    hits = [
        step
        for step in rules.steps_around(seconds)
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
    ]
    return hits[0] if hits else None


# --- enrolling -----------------------------------------------------------------------------------


@transaction.atomic
def begin_codes(*, account: Account, by: Actor, at: datetime) -> None:
    """Make a secret for one-time codes, not in force before a code of it was shown; a second call keeps the first."""
    require_own(account, by)
    if Authenticator.objects.filter(account=account, confirmed_at__isnull=False).exists():
        raise Refused("codes_on", "动态口令已经启用；换手机请先停用再重新启用。")
    sealed = privacy.seal({"secret": pyotp.random_base32()})
    _, made = Authenticator.objects.get_or_create(
        account=account, defaults={"sealed": sealed, "begun_at": at}
    )
    if made:
        journal.record("account.codes_begun", account, by=by, at=at)


def confirm_codes(
    *, account: Account, password: str, code: str, keep: str, by: Actor, at: datetime
) -> list[str]:
    """Put one-time codes in force; every session but `keep` ends. Return ten recovery codes, kept as digests only.

    The list is empty where the account has unused ones from a passkey. Refuses a wrong password or code.
    """
    require_own(account, by)
    prove_password(account, password, at, "password", "密码")
    with transaction.atomic():
        row = Authenticator.objects.select_for_update(of=("self",)).filter(account=account).first()
        if row is None or row.confirmed_at is not None:
            raise Refused("not_begun", "请从“登录安全”页面重新开始启用。")
        step = _step_of(row, rules.clean_typed_code(code), at)
        if step is None:
            raise Refused("wrong_code", "动态口令不对，请核对手机时间，输入现在显示的6位数字。", field="code")
        Authenticator.objects.filter(pk=row.pk).update(confirmed_at=at, last_step=step)
        codes = first_codes(account, at)
        ended = end_all(account, keep)
        journal.record("account.codes_on", account, by=by, at=at, sessions=ended)
    return codes


def first_codes(account: Account, at: datetime) -> list[str]:
    """Return ten new recovery codes where the account has none left; otherwise none."""
    if RecoveryCode.objects.filter(account=account, used_at=None).exists():
        return []
    return _new_codes(account, at)


def _new_codes(account: Account, at: datetime) -> list[str]:
    RecoveryCode.objects.filter(account=account).delete()
    codes: list[str] = []
    while len(codes) < CODES:
        code = "".join(secrets.choice(LETTERS) for _ in range(12))
        if code not in codes and not code.isdigit():
            codes.append(code)
    RecoveryCode.objects.bulk_create(
        RecoveryCode(account=account, digest=_digest(account, code), made_at=at) for code in codes
    )
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def _digest(account: Account, code: str) -> bytes:
    return privacy.digest(f"recovery:{account.pk}:{code}")


def renew_recovery_codes(*, account: Account, password: str, by: Actor, at: datetime) -> list[str]:
    """Make ten new recovery codes; the earlier ones are worth nothing from then on."""
    require_own(account, by)
    if not has_factor(account):
        raise Refused("no_factor", "还没有启用动态口令或通行密钥，不需要恢复码。")
    prove_password(account, password, at, "password", "密码")
    with transaction.atomic():
        codes = _new_codes(account, at)
        journal.record("account.recovery_codes_made", account, by=by, at=at, codes=len(codes))
    return codes


# --- taking away ---------------------------------------------------------------------------------


def remove_codes(*, account: Account, password: str, code: str, by: Actor, at: datetime) -> None:
    """Put one's one-time codes out of force; it takes the password and a code (or a recovery code)."""
    require_own(account, by)
    if not Authenticator.objects.filter(account=account, confirmed_at__isnull=False).exists():
        raise Refused("codes_off", "动态口令没有启用。")
    prove_password(account, password, at, "password", "密码")
    fault = _prove_code(account, code, at)
    if fault is not None:
        raise fault
    with transaction.atomic():
        Authenticator.objects.filter(account=account).delete()
        drop_needless_codes(account)
        journal.record("account.codes_off", account, by=by, at=at)


@transaction.atomic
def _prove_code(account: Account, code: str, at: datetime) -> Refused | None:
    """Use up a code behind the account's lock; a wrong one counts, for a session left open is no place to guess in."""
    key = account_key(account.username)
    count = locked_count(key)
    if not count.is_locked(at):
        fault = _take(account, rules.clean_typed_code(code), at)
        if fault is None:
            return None
        count = add_failure(key, count, "account", at)
        if not count.is_locked(at):
            return fault
    return Refused("account_locked", "动态口令连续输错，账号已锁定，请联系安全管理员解锁。", field="code")


def drop_needless_codes(account: Account) -> None:
    """Remove the recovery codes of an account that has no second factor any more."""
    if not has_factor(account):
        RecoveryCode.objects.filter(account=account).delete()


def factor_reset_fault(account: Account, by: Actor) -> Refused | None:
    """Return why the actor may not take the account's second factors away, or None."""
    if not by.may(Can.SECURE):
        return Forbidden()
    if owns(by, account):
        return Refused("own_account", "不能重置本人的第二步验证，请由另一名安全管理员办理。")
    if not has_factor(account):
        return Refused("no_factor", f"账号 {account.username} 没有启用第二步验证。")
    return None


@transaction.atomic
def reset_factors(*, account: Account, reason: str, by: Actor, at: datetime) -> None:
    """Take all second factors of an account away, with a reason that its owner is told at the next log-in.

    Its sessions end. The password is not touched: who resets this cannot come in with it.
    """
    why = filled(reason, "理由", "reason", 200)
    Account.objects.select_for_update(of=("self",)).get(pk=account.pk)
    fault = factor_reset_fault(account, by)
    if fault is not None:
        raise fault
    codes, _ = Authenticator.objects.filter(account=account).delete()
    keys, _ = Passkey.objects.filter(account=account).delete()
    RecoveryCode.objects.filter(account=account).delete()
    FactorReset.objects.create(account=account, reset_at=at, reset_by=by.name, reason=why)
    journal.record(
        "account.factors_reset",
        account,
        by=by,
        at=at,
        reason=why,
        codes=codes,
        passkeys=keys,
        sessions=end_all(account),
    )
