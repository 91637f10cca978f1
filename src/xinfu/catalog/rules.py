"""Code structure, limits and contradictions of service items (hall.md §2.1, §2.2, §3.2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from urllib.parse import parse_qsl, urlsplit

# A version whose source gives no first day is taken to hold from here on, so that older cases find it.
OPEN_START = date(2000, 1, 1)


# Types that people apply for: the base of the item rates (public service counted as the vendor does).
APPLIED_TYPES = ("01", "05", "07", "08", "09", "10", "20")
DEEP_ONLINE = frozenset("567")

# --- text ------------------------------------------------------------------------------------------


def clean(text: str) -> str:
    """Return the text without outer blanks and invisible marks, its line breaks as every system writes them."""
    return re.sub("[\x00\ufeff\u200b]", "", text).replace("\r\n", "\n").replace("\r", "\n").strip()


def one_line(text: str) -> str:
    """Return a name in one line."""
    return re.sub(r"\s*\n\s*", " ", clean(text))


def clean_code(text: str) -> str:
    """Return a code, number, day or address in half-width characters."""
    return clean(unicodedata.normalize("NFKC", text))


def is_formula(text: str) -> bool:
    """Say whether a spreadsheet would run the text: it begins like a formula."""
    return bool(re.match(r"[=@]|[+\-](?=[A-Za-z(=@+\-])", text))


# --- codes -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Code:
    """The parts of an implementation code; empty where the shape does not carry one."""

    shape: str
    base: str = ""
    division: str = ""
    organisation: str = ""
    level: str = ""
    business: str = ""

    @property
    def is_complete(self) -> bool:
        """Say whether the code names what is done, by whom and on which level."""
        return self.shape != "short" and bool(self.base and self.organisation and self.level)


_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("national", re.compile(r"(?P<organisation>[0-9A-Z]{18})(?P<level>[1-7])(?P<base>[0-9A-Z]{12})(?P<business>\d{2})?")),
    ("provincial", re.compile(
        r"(?P<base>[0-9A-Z]{10,14}|[0-9]?[A-Z](?:-[0-9]{3,6}){2})-(?P<division>\d{12})-(?P<town>\d{3})"
        r"-(?P<organisation>[0-9A-Za-z]+(?:-[0-9X])?)-(?P<level>[1-7])-(?P<business>\d{2})")),
    ("short", re.compile(r"(?P<base>[0-9]?[A-Z](?:-[0-9]{3,6}){2})-(?P<organisation>[0-9A-Za-z]{4,20})")),
    ("local", re.compile(r"(?P<base>[一-鿿]{2,4}-\d{5}-\d{3})")),
    ("standard", re.compile(r"(?P<base>[0-9A-Z]{24})")),
)  # fmt: skip
LONGEST_CODE = 60


def parse_code(text: str) -> Code | None:
    """Return the parts of a code; shape "other" where it is a code of no known structure, None where it is none.

    national: 18 + level + 12 (+ 2 of the 业务办理项) · provincial: base-division-000-organisation-level-00 ·
    short: a provincial code without division and level · local: 许可-00123-000 · standard: the 24 of GB/T 39046.
    """
    for shape, pattern in _SHAPES:
        found = pattern.fullmatch(text)
        if found:
            parts = {name: value or "" for name, value in found.groupdict().items() if name != "town"}
            return Code(shape, **parts)
    return Code("other") if re.fullmatch(r"[0-9A-Za-z一-鿿][0-9A-Za-z一-鿿._/:-]*", text) else None


def code_fault(text: str) -> str | None:
    """Say what is wrong with an implementation code, or nothing."""
    if len(text) > LONGEST_CODE:
        return f"实施编码最长 {LONGEST_CODE} 位，现在是 {len(text)} 位。"
    if re.fullmatch(r"[0-9.]+[eE][+]?[0-9]+", text):
        return "编码已被表格软件改成科学计数法，请把这一列设为文本后重新填写。"
    return None if parse_code(text) else "编码含有不能用的字符，请核对来源系统。"


def handle_item(code: str, serial: int) -> str:
    """Return the 业务办理项编码 of a national code: the 31 characters and two digits."""
    return f"{code}{serial:02d}"


_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


def credit_code_fits(text: str) -> bool:
    """Say whether the last character of a 统一社会信用代码 fits the other 17 (GB 32100-2015)."""
    if len(text) != 18 or any(c not in _ALPHABET for c in text):
        return False
    total = sum(_ALPHABET.index(c) * pow(3, i, 31) for i, c in enumerate(text[:17]))
    return _ALPHABET[(31 - total % 31) % 31] == text[17]


# --- links -----------------------------------------------------------------------------------------

_CODE_KEYS = frozenset({"itemcode", "taskcode", "task_code", "implcode", "impl_code"})


def link_fault(link: str, code: str) -> str | None:
    """Say why an address cannot lead to this item, or nothing; the address is not called."""
    try:
        parts = urlsplit(link)
        query = {key.lower(): value for key, value in parse_qsl(parts.query)}
    except ValueError:
        return "不是完整的网址，请核对。"
    if parts.scheme not in {"http", "https"} or "." not in (parts.hostname or "") or re.search(r"\s", link):
        return "不是完整的网址，应以 http:// 或 https:// 开头且不含空格。"
    for key in _CODE_KEYS & query.keys():
        if query[key] != code:
            return f"网址里的事项编码是 {query[key][:60]}，与本行的编码不同，会打开另一个事项。"
        parsed = parse_code(query[key])
        if parsed is not None and parsed.shape == "short":
            return "网址里的事项编码不完整，缺区划和层级两段，打不开办事指南。"
    return None


# --- days ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rates:
    """How limits in other units are turned into working days (local rules; hall.md §3.2)."""

    month: int = 22
    year: int = 250
    week: int = 5


def workdays(days: int | None, kind: str, rates: Rates) -> int | None:
    """Return a limit in working days; None where there is none (无期限) or it is unknown."""
    if days is None or kind == "none":
        return None
    if kind == "calendar":
        return -(-days * rates.week // 7)
    return days * {"workday": 1, "month": rates.month, "year": rates.year}[kind]


_TERM = re.compile(r"(\d{1,5})\s*(?:个)?\s*(工作日|自然日|日历日|月|年|天|日)?(?:内|以内)?")
_UNITS = {"工作日": "workday", "自然日": "calendar", "日历日": "calendar", "月": "month", "年": "year"}
_UNLIMITED = frozenset({"无期限", "无时限", "无法定时限", "无", "不限"})


def parse_term(text: str) -> tuple[int | None, str | None] | None:
    """Return days and unit of 20, 20个工作日, 1个月, 即办 or 无期限; the unit is None where it is not said."""
    plain = re.sub(r"\.0+$", "", clean_code(text))
    if plain in _UNLIMITED:
        return None, "none"
    if plain in {"即办", "当场", "当场办结", "即时办结"}:
        return 0, "workday"
    found = _TERM.fullmatch(plain)
    if found is None:
        return None
    return int(found[1]), _UNITS.get(found[2] or "")


# --- what must hold --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with one field; `rejects` where the row cannot be taken, else it is taken and marked."""

    field: str
    kind: str
    reason: str
    rejects: bool = True


def faults_of(fields: Mapping[str, object], rates: Rates) -> list[Fault]:
    """Return what contradicts itself in one item's attributes."""
    found = [*_term_faults(fields, rates), *_visit_faults(fields)]
    code = str(fields.get("code", ""))
    for field in ("online_url", "mobile_url"):
        link = str(fields.get(field) or "")
        reason = link_fault(link, code) if link else None
        if reason:
            found.append(Fault(field, "link", reason, rejects=False))
    return [*found, *_code_faults(fields, code)]


def _term_faults(fields: Mapping[str, object], rates: Rates) -> list[Fault]:
    statutory = workdays(
        _whole(fields, "statutory_days"), str(fields.get("statutory_kind") or "workday"), rates
    )
    days = _whole(fields, "promise_days")
    promise = workdays(days, str(fields.get("promise_kind") or "workday"), rates)
    if statutory is not None and promise is not None and promise > statutory:
        reason = f"承诺时限（折合 {promise} 个工作日）长于法定时限（折合 {statutory} 个工作日），承诺不得超过法定。"
        return [Fault("promise_days", "promise", reason)]
    if statutory is not None and fields.get("promise_kind") == "none":
        reason = f"法定时限折合 {statutory} 个工作日，承诺不能是无期限。"
        return [Fault("promise_days", "promise", reason)]
    kind = fields.get("project_type")
    if kind == "1" and days:
        return [Fault("project_type", "instant", f"标为即办件，承诺时限却是 {days}，请核对。", rejects=False)]
    if kind == "2" and days == 0:
        return [
            Fault("project_type", "instant", "标为承诺件，承诺时限却是 0（即办），请核对。", rejects=False)
        ]
    return []


def _visit_faults(fields: Mapping[str, object]) -> list[Fault]:
    if (_whole(fields, "visits") or 0) > 0 and not fields.get("visits_reason"):
        return [
            Fault(
                "visits_reason", "visits", "到办事现场次数大于 0，须写明必须现场办理的原因。", rejects=False
            )
        ]
    return []


def _code_faults(fields: Mapping[str, object], code: str) -> list[Fault]:
    parsed = parse_code(code) or Code("other")
    stated = str(fields.get("division_code") or "")
    if parsed.division and stated and not parsed.division.startswith(stated.rstrip("0")):
        reason = f"编码里的行政区划 {parsed.division} 与本行的行政区划 {stated} 不同，请核对是否上级事项。"
        return [Fault("code", "division", reason, rejects=False)]
    if parsed.shape == "national" and not credit_code_fits(parsed.organisation):
        return [Fault("code", "organisation", "编码前 18 位不是有效的统一社会信用代码。", rejects=False)]
    return []


def _whole(fields: Mapping[str, object], name: str) -> int | None:
    value = fields.get(name)
    return value if isinstance(value, int) else None


def zero_visit(visits: int | None, depth: str, *, depth_counts: bool) -> bool:
    """Say whether nobody need come: visits 0, or by the vendor's reading an online depth of 5 to 7."""
    return visits == 0 or (depth_counts and bool(DEEP_ONLINE & set(depth)))
