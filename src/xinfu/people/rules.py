"""Rules of people and log-in: codes, passwords, locks, paths. Numbers come in as arguments (limits.py)."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

# --- 统一社会信用代码, GB 32100-2015 ---------------------------------------------------------------

USCC_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))


def uscc_check(body: str) -> str:
    """Return the check character of the first 17 characters (GB 32100-2015, 附录 A)."""
    total = sum(USCC_LETTERS.index(c) * w for c, w in zip(body, USCC_WEIGHTS, strict=True))
    return USCC_LETTERS[-total % 31]


def uscc_fault(code: str) -> str | None:
    """Return what is wrong with a cleaned code, or None."""
    if len(code) != 18:
        return f"统一社会信用代码应为18位，现在是{len(code)}位。"
    wrong = sorted({c for c in code if c not in USCC_LETTERS})
    if wrong:
        return f"统一社会信用代码不含“{''.join(wrong)}”，只用数字和大写字母，且不用 I、O、S、V、Z。"
    if not code[2:8].isdigit():
        return "统一社会信用代码第3至8位是行政区划码，应全为数字。"
    if code[17] != uscc_check(code[:17]):
        return "统一社会信用代码的校验位不对，请对照证照核对。"
    return None


# --- cleaning ------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """Return the text with full-width digits and letters folded, inner blanks joined and ends cut (F7)."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


def clean_code(text: str) -> str:
    """Return a code without blanks, in capitals."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).upper()


def clean_name(text: str) -> str:
    """Return a name as written, without blanks at the ends; NFC only, so that rare characters survive."""
    return unicodedata.normalize("NFC", text).strip()


def clean_username(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text)).lower()


def username_fault(name: str) -> str | None:
    if re.fullmatch(r"[a-z][a-z0-9._-]{2,39}", name):
        return None
    return "账号应以字母开头，3至40位，只用小写字母、数字和 . _ - 。"


def clean_phone(text: str) -> str:
    return re.sub(r"[\s\-()（）]+", "", unicodedata.normalize("NFKC", text))


def phone_fault(phone: str) -> str | None:
    """Return what is wrong with a phone number: a mobile of 11 digits or a fixed line of 7 to 12."""
    if not phone.isdigit():
        return "电话号码只能有数字。"
    if phone.startswith("1") and len(phone) != 11:
        return f"手机号码应为11位数字，现在是{len(phone)}位。"
    if not 7 <= len(phone) <= 12:
        return f"电话号码应为7至12位数字，现在是{len(phone)}位。"
    return None


# --- the tree ------------------------------------------------------------------------------------


def child_path(parent_path: str, pk: int) -> str:
    """Return the path of a unit under its parent, such as `/1/5/`."""
    return f"{parent_path or '/'}{pk}/"


def is_below(path: str, other: str) -> bool:
    """Return whether `path` is `other` itself or lies below it."""
    return path.startswith(other)


def depth(path: str) -> int:
    return path.count("/") - 2


MAX_DEPTH = 8


def closing_fault(*, children: int, windows: int, people: int) -> str | None:
    """Return why a unit cannot be closed yet, or None."""
    left = [
        f"{n}{what}"
        for n, what in ((children, "个下级机构"), (windows, "个窗口"), (people, "名在岗人员"))
        if n
    ]
    return f"还有{'、'.join(left)}，请先撤销或转出，再撤销本机构。" if left else None


def tree_faults(
    parents: Mapping[str, str], known: Mapping[str, str], closed: Collection[str]
) -> dict[str, tuple[str, str]]:
    """Return code → (column, what is wrong) of new units: unknown, closed or circular parents, too many levels.

    `parents`: code → parent's code ("" for a root) of the new list; `known`: the same of the units there are.
    """
    everything = {**known, **parents}
    faults = {code: ("code", "该机构已撤销，请先恢复再导入。") for code in parents if code in closed}
    for code in parents.keys() - faults.keys():
        reason = _climb(code, everything, closed)
        if reason:
            faults[code] = ("parent", reason)
    return faults


def _climb(code: str, parents: Mapping[str, str], closed: Collection[str]) -> str | None:
    passed = [code]
    while above := parents[passed[-1]]:
        if above in passed:
            return f"上级机构循环：{' → '.join([*passed, above])}。"
        if above not in parents or above in closed:
            whose = "" if len(passed) == 1 else f"“{passed[-1]}”的"
            return f"{whose}上级机构编码“{above}”不存在或已撤销。"
        passed.append(above)
    return f"超过{MAX_DEPTH}级。" if len(passed) > MAX_DEPTH else None


# --- days ----------------------------------------------------------------------------------------


def days_fault(since: date, until: date | None) -> str | None:
    if until is not None and until < since:
        return f"结束日期 {until} 早于开始日期 {since}。"
    return None


# --- passwords -----------------------------------------------------------------------------------


def character_kinds(password: str) -> int:
    """Return how many of the four kinds (capitals, small letters, digits, others) a password has."""
    found = {
        "digit" if c.isdigit() else "capital" if c.isupper() else "small" if c.islower() else "other"
        for c in password
    }
    return len(found)


def password_faults(password: str, *, username: str, length: int, kinds: int) -> list[str]:
    """Return what is wrong with a new password under the local numbers."""
    faults = []
    if len(password) < length:
        faults.append(f"密码至少{length}位，现在是{len(password)}位。")
    if character_kinds(password) < kinds:
        faults.append(f"密码应含大写字母、小写字母、数字、符号中的至少{kinds}类。")
    if username and username.lower() in password.lower():
        faults.append("密码不能含有账号。")
    return faults


def is_too_old(changed_at: datetime | None, at: datetime, days: int) -> bool:
    """Return whether a password set then has passed its age; the last day itself is still good."""
    return changed_at is None or at - changed_at > timedelta(days=days)


# --- locks ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Count:
    """Failures in a row since a moment, and until when the key is locked."""

    failures: int = 0
    since: datetime | None = None
    locked_until: datetime | None = None

    def is_locked(self, at: datetime) -> bool:
        """Return whether it is still locked; at the very moment of the end it is open again."""
        return self.locked_until is not None and at < self.locked_until


def after_failure(count: Count, at: datetime, *, limit: int, minutes: int) -> Count:
    """Return the count after one more failure: the `limit`-th within `minutes` of the first locks for `minutes`."""
    span = timedelta(minutes=minutes)
    stale = count.since is None or at - count.since >= span or count.locked_until is not None
    failures, since = (1, at) if stale else (count.failures + 1, count.since)
    return Count(failures, since, at + span if failures >= limit else None)


def address_key(address: str) -> str:
    """Return what an address is counted under: itself, or the /64 network of IPv6; `unknown` for nonsense."""
    try:
        ip = ipaddress.ip_address(address.strip())
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.ip_network((int(ip) >> 64 << 64, 64)))
    return str(ip)


def client_address(peer: str, forwarded: str, proxies: frozenset[str]) -> str:
    """Return the address of the client: the last forwarded one that is not a proxy of ours, else the peer."""
    if peer not in proxies:
        return peer
    hops = [hop.strip() for hop in forwarded.split(",") if hop.strip()]
    return next((hop for hop in reversed(hops) if hop not in proxies), peer)


# --- devices -------------------------------------------------------------------------------------

_BROWSERS = {
    "MicroMessenger": "微信",
    "QAXBrowser": "奇安信",
    "Edg": "Edge",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {"Android": "安卓", "iPhone": "iPhone", "Windows": "Windows", "Mac OS": "macOS", "Linux": "Linux"}


def device(agent: str) -> str:
    """Return a browser's own header in words that a person recognises, such as `Windows · Chrome`."""
    system = next((label for mark, label in _SYSTEMS.items() if mark in agent), "")
    browser = next((label for mark, label in _BROWSERS.items() if mark in agent), "")
    return " · ".join(part for part in (system, browser) if part) or "未知设备"


# --- second step ---------------------------------------------------------------------------------

SECOND_MINUTES = 5
"""How long after the password the second step may take."""


def clean_typed_code(code: str) -> str:
    """Return a typed code without spaces and hyphens, small letters, full-width digits folded."""
    folded = unicodedata.normalize("NFKC", code).lower()
    return "".join(c for c in folded if c.isalnum())[:40]


def second_due_on(given: date, ruled: date | None, grace: int) -> date:
    """Return from which day a second factor is compelled: grace days after the role, or after the rule if later."""
    return max(given, ruled or given) + timedelta(days=grace)


def steps_around(seconds: int, period: int = 30) -> tuple[int, int, int]:
    """Return the steps whose code is taken: the present one, the one before, the one after (clock skew)."""
    now = seconds // period
    return now, now - 1, now + 1
