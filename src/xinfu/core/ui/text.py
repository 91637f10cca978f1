"""Words and numbers as the office writes them (interface.md §c); pure, used by screens, files and reports."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

DASH = "—"
LIGHTS = {
    "ok": ("●", "正常"),
    "warn": ("▲", "临期"),
    "bad": ("■", "超期"),
    "paused": ("❚❚", "暂停"),
    "done": ("✓", "办结"),
    "late": ("✓", "超期办结"),
    "none": ("○", "未到"),
}
BANDS = {
    "green": ("◆", "绿"),
    "blue": ("●", "蓝"),
    "yellow": ("▲", "黄"),
    "orange": ("◣", "橙"),
    "red": ("■", "红"),
    "none": ("○", "未分档"),
}


def when(at: datetime | None) -> str:
    """Return `2026-11-24 14:02` in the county's time, or nothing."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M") if at else ""


def day(on: date | None) -> str:
    """Return `2026-11-24`; of a moment, its day in the county's time."""
    if isinstance(on, datetime):
        on = timezone.localtime(on).date()
    return on.isoformat() if on else ""


def day_cn(on: date | None) -> str:
    """Return `2026年11月24日`, without leading zeros, for running text and documents."""
    if isinstance(on, datetime):
        on = timezone.localtime(on).date()
    return f"{on.year}年{on.month}月{on.day}日" if on else ""


def when_cn(at: datetime | None) -> str:
    return f"{day_cn(at)} {timezone.localtime(at):%H:%M}" if at else ""


def half_up(value: Fraction | Decimal | int | float, decimals: int) -> Decimal:
    """Return the value rounded half away from zero, as the office rounds; exact from fractions."""
    exact = value if isinstance(value, Fraction) else Fraction(value)
    scaled = abs(exact) * 10**decimals
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(-whole if exact < 0 else whole).scaleb(-decimals)


def ratio(num: int | None, den: int | None, decimals: int = 2) -> str:
    """Return `99.11%`; — where there is nothing to divide by; 未报 where a part is unknown."""
    if num is None or den is None:
        return "未报"
    if den == 0:
        return DASH
    return f"{half_up(Fraction(num * 100, den), decimals)}%"


def thousands(value: int | Decimal | None) -> str:
    return DASH if value is None else f"{value:,}"


def _scaled(value: Fraction, unit: str, decimals: int) -> str:
    shown = str(half_up(value, decimals))
    return (shown.rstrip("0").rstrip(".") if "." in shown else shown) + unit


def wan(value: int | None, unit: str = "") -> str:
    """Return a count in one scale for prose: `108万件`, `9,876件`."""
    if value is None:
        return DASH
    if abs(value) >= 100_000_000:
        return _scaled(Fraction(value, 100_000_000), f"亿{unit}", 2)
    if abs(value) >= 10_000:
        return _scaled(Fraction(value, 10_000), f"万{unit}", 2)
    return f"{value:,}{unit}"


def wan_money(fen: int | None) -> str:
    """Return money in one scale for prose, from fen: `30.83亿元`, `7,400万元`, `512.5元`."""
    if fen is None:
        return DASH
    yuan = Fraction(fen, 100)
    if abs(yuan) >= 100_000_000:
        return _scaled(yuan / 100_000_000, "亿元", 2)
    if abs(yuan) >= 10_000:
        shown = half_up(yuan / 10_000, 2)
        return f"{shown:,}".removesuffix(".00") + "万元"
    return _scaled(yuan, "元", 2)


def money(fen: int | None) -> str:
    """Return money for a table, `1,234.50`; the unit stands in the head."""
    return DASH if fen is None else f"{Decimal(fen).scaleb(-2):,.2f}"


def days(count: int | None, kind: str = "工作日") -> str:
    """Return `5个工作日`: the kind of day is always written out."""
    return DASH if count is None else f"{count}个{kind}"


def tail(number: str, length: int = 8) -> str:
    """Return the last characters of a 编号, for narrow lists."""
    return number if len(number) <= length else f"…{number[-length:]}"


def points(difference: Decimal | Fraction | None, decimals: int = 2) -> str:
    """Return `升0.35个百分点`, `降…`, `持平` of a difference that is already in points."""
    if difference is None:
        return DASH
    rounded = half_up(difference, decimals)
    if rounded == 0:
        return "持平"
    return f"{'升' if rounded > 0 else '降'}{abs(rounded)}个百分点"


def points_between(new: tuple[int, int], old: tuple[int, int], decimals: int = 2) -> str:
    """Return the difference of two ratios in 百分点, from their exact parts."""
    if new[1] == 0 or old[1] == 0:
        return DASH
    return points((Fraction(*new) - Fraction(*old)) * 100, decimals)


def _with_shape(family: str, table: dict[str, tuple[str, str]], code: str, word: str) -> SafeString:
    shape, usual = table[code if code in table else "none"]
    return format_html(
        '<span class="{0} {0}-{1}"><span class="shape" aria-hidden="true">{2}</span>{3}</span>',
        family,
        code if code in table else "none",
        shape,
        word or usual,
    )


def light(state: str, word: str = "") -> SafeString:
    """Return a light as shape and word (B5, c5)."""
    return _with_shape("light", LIGHTS, str(state), word)


def band(code: str, word: str = "") -> SafeString:
    """Return an indicator's band as shape and word."""
    return _with_shape("band", BANDS, str(code), word)


def change(
    new: int | Decimal | None,
    old: int | Decimal | None,
    better: str = "",
    unit: str = "",
    *,
    rank: bool = False,
) -> SafeString:
    """Return 升2 / 降1 / 持平 with a triangle in ink colour; with `better` (up, down) the word 好转 or 变差 too.

    A rank rises when its number falls.
    """
    if new is None or old is None:
        return SafeString(DASH)
    step = (old - new) if rank else (new - old)
    if step == 0:
        return SafeString('<span class="change">持平</span>')
    up = step > 0
    verdict = "" if better not in ("up", "down") else "好转" if up == (better == "up") else "变差"
    return format_html(
        '<span class="change"><span class="shape" aria-hidden="true">{}</span>{}{}{}{}</span>',
        "▲" if up else "▼",
        "升" if up else "降",
        abs(step),
        unit,
        format_html(
            ' <span class="verdict verdict-{}">{}</span>', "good" if verdict == "好转" else "poor", verdict
        )
        if verdict
        else "",
    )


def number(value: str, length: int = 8) -> SafeString:
    """Return a 编号 as its tail, the whole on focus and hover, with a button that copies it (c3)."""
    if not value:
        return SafeString(DASH)
    return format_html(
        '<span class="number"><span class="number-tail" tabindex="0" title="{0}" aria-label="{0}">{1}</span>'
        '<button type="button" class="copy" data-copy="{0}" aria-label="复制{0}">复制</button></span>',
        value,
        tail(value, length),
    )


def shown(kind: str, value: Any) -> str:
    """Return a value of a column as text for a table; — for nothing."""
    if value is None or value == "":
        return DASH
    if kind == "ratio":
        return ratio(*value)
    if kind in ("int", "money"):
        return thousands(value) if kind == "int" else money(value)
    return {"day": day, "when": when}[kind](value) if kind in ("day", "when") else str(value)
