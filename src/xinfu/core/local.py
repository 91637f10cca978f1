"""本地规定: numbers that no published rule fixes, declared in code with a default, dated and set by the county.

An app declares each one beside its rules; screens that use it show value, source and day, and link to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from xinfu.core import county, journal
from xinfu.core.actor import Actor
from xinfu.core.models import LocalRule
from xinfu.core.refusal import Refused


@dataclass(frozen=True, slots=True)
class Declared:
    """A local number: what it is, its default, where the default comes from, and what values are sensible."""

    code: str
    title: str
    default: Any
    unit: str
    source: str
    check: Callable[[Any], str | None]
    permission: str


@dataclass(frozen=True, slots=True)
class Value:
    """The value in force on a day, with its day and source; `is_default` where the county set none."""

    value: Any
    since: date | None
    source: str
    is_default: bool


_DECLARED: dict[str, Declared] = {}


def whole(low: int, high: int) -> Callable[[Any], str | None]:
    """Return a check for whole numbers from `low` to `high`."""

    def check(value: Any) -> str | None:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return None
        return f"请填 {low} 到 {high} 之间的整数。"

    return check


def one_of(options: Mapping[str, str]) -> Callable[[Any], str | None]:
    """Return a check for one of the coded options (code → label)."""

    def check(value: Any) -> str | None:
        return None if value in options else f"请从“{'、'.join(options.values())}”中选一项。"

    check.options = dict(options)  # type: ignore[attr-defined]
    return check


def options_of(declared: Declared) -> dict[str, str]:
    """Return the coded options of a declared value with their labels; empty where it is no code."""
    return dict(getattr(declared.check, "options", {}))


def label_of(declared: Declared, value: Any) -> str:
    """Return a value as people read it."""
    return options_of(declared).get(value, str(value))


def declare(
    code: str,
    *,
    title: str,
    default: Any,
    unit: str,
    source: str,
    check: Callable[[Any], str | None],
    permission: str,
) -> None:
    """Declare a local number at start-up; `permission` is needed to set it."""
    _DECLARED[code] = Declared(code, title, default, unit, source, check, str(permission))


def declared() -> list[Declared]:
    return [_DECLARED[code] for code in sorted(_DECLARED)]


def on(code: str, day: date) -> Value:
    """Return the value in force on the day."""
    rules = [rule for rule in county.own().rules if rule.code == code and rule.since <= day]
    return _value(code, rules[-1] if rules else None)


def spans(code: str, frm: date, to: date) -> list[tuple[date, date, Any]]:
    """Return the spans of a period, each with the value in force on all its days (first, last, value)."""
    starts = sorted({frm, *(r.since for r in county.own().rules if r.code == code and frm < r.since <= to)})
    ends = [*(start - timedelta(days=1) for start in starts[1:]), to]
    return [(first, last, on(code, first).value) for first, last in zip(starts, ends, strict=True)]


def all_on(day: date) -> dict[str, Value]:
    """Return code → value in force on the day, of every declared number, by one query."""
    rules = {rule.code: rule for rule in county.own().rules if rule.since <= day}
    return {code: _value(code, rules.get(code)) for code in _DECLARED}


def _value(code: str, rule: county.Rule | None) -> Value:
    if rule is None:
        return Value(_DECLARED[code].default, None, _DECLARED[code].source, True)
    return Value(rule.value, rule.since, rule.source, False)


@transaction.atomic
def set_rule(*, code: str, since: date, value: Any, source: str, by: Actor, at: datetime) -> None:
    """Set the county's own value from a day on; the earlier values stay for earlier days."""
    known = _DECLARED.get(code)
    if known is None:
        raise Refused("unknown_rule", f"没有名为 {code} 的规定。")
    by.require(known.permission)
    wrong = known.check(value)
    if wrong:
        raise Refused("bad_value", wrong, field="value")
    if not source.strip():
        raise Refused("no_source", "请写明依据的文件或决定。", field="source")
    rule, _ = LocalRule.objects.update_or_create(
        code=code,
        since=since,
        defaults={"value": value, "source": source.strip(), "set_at": at, "set_by": by.name},
    )
    county.forget()
    journal.record(
        "local.rule_set", rule, by=by, at=at, code=code, since=since.isoformat(), value=value, source=source
    )
