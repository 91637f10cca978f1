"""A mapping: which columns of somebody's table are which fields of a case, as TOML (docs/reference/mappings.md)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from xinfu.cases.intake.fields import RECORD_LABELS, RECORDS, Kind
from xinfu.core.refusal import Refused
from xinfu.core.registry import Registry

FOLDER = Path(__file__).resolve().parent.parent / "mappings"
ISO_FORMATS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y%m%d%H%M%S",
    "%Y%m%d",
    "%Y年%m月%d日",
)
UNKNOWN = ("mark", "create", "reject")
DUE_RULES = ("stated", "promise")
SECTIONS = {"code", "title", "record", "zone", "columns", "constants", "values", "dates", "due", "unknown", "cut",
            "ambiguous", "clock", "ignored"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Values:
    """A value map: what the source writes → code; `default` for what is not in it (None: such a row is refused)."""

    codes: MappingOf[str, str]
    default: str | None = None
    blank: str | None = None


@dataclass(frozen=True, slots=True)
class Mapping:
    """How one kind of table is read."""

    code: str
    title: str
    record: str
    zone: str
    columns: MappingOf[str, tuple[str, ...]]
    constants: MappingOf[str, str] = field(default_factory=dict)
    values: MappingOf[str, Values] = field(default_factory=dict)
    formats: tuple[str, ...] = ()
    due: tuple[str, ...] = ("promise",)
    unknown: MappingOf[str, str] = field(default_factory=dict)
    cut: MappingOf[str, int] = field(default_factory=dict)
    ambiguous: MappingOf[str, str] = field(default_factory=dict)
    has_accept_clock: bool = True

    def unknown_policy(self, what: str) -> str:
        return self.unknown.get(what, "mark")


mappings: Registry[Mapping] = Registry("import mapping")


def get(code: str) -> Mapping:
    """Return the registered mapping, or the one in a .toml file of that path; raises Refused."""
    _ship()
    known = mappings.get(code)
    if known is not None:
        return known
    path = Path(code)
    if path.suffix == ".toml" and path.is_file():
        return parse(path.read_text(encoding="utf-8"))
    raise Refused("unknown_mapping", f"没有名为“{code}”的映射，可用的有：{'、'.join(mappings.codes())}。")


def zone_named(code: str) -> ZoneInfo | None:
    """Return the zone of a mapping, None where no mapping of that name is known any more."""
    try:
        return ZoneInfo(get(code).zone)
    except Refused:
        return None


def shipped() -> list[Mapping]:
    """Return every registered mapping, by title."""
    _ship()
    return sorted(mappings, key=lambda m: (m.record, m.title))


@cache
def _ship() -> None:
    for path in sorted(FOLDER.glob("*.toml")):
        mapping = parse(path.read_text(encoding="utf-8"))
        mappings.add(mapping.code, mapping)


def parse(text: str) -> Mapping:
    """Return the mapping that a TOML text describes; raises Refused with what is wrong in it."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _refused(f"不是有效的 TOML（{error}）") from error
    unknown = set(raw) - SECTIONS
    if unknown:
        raise _refused(f"有不认识的段“{'、'.join(sorted(unknown))}”")
    record = str(raw.get("record", "case"))
    if record not in RECORDS:
        raise _refused(f"record 只能是 {'、'.join(RECORDS)}")
    mapping = Mapping(
        code=_needed(raw, "code"),
        title=_needed(raw, "title"),
        record=record,
        zone=str(raw.get("zone", "Asia/Shanghai")),
        columns={name: _names(value) for name, value in raw.get("columns", {}).items()},
        constants={name: str(value) for name, value in raw.get("constants", {}).items()},
        values={name: _values(value) for name, value in raw.get("values", {}).items()},
        formats=(*raw.get("dates", {}).get("formats", ()), *ISO_FORMATS),
        due=tuple(raw.get("due", {}).get("order", ("promise",))),
        unknown=raw.get("unknown", {}),
        cut=raw.get("cut", {}),
        ambiguous=raw.get("ambiguous", {}),
        has_accept_clock=bool(raw.get("clock", {}).get("accept", True)),
    )
    _check(mapping)
    return mapping


def _refused(what: str) -> Refused:
    return Refused("bad_mapping", f"映射文件有误：{what}。")


def _needed(raw: MappingOf[str, Any], key: str) -> str:
    if not str(raw.get(key, "")).strip():
        raise _refused(f"缺少 {key}")
    return str(raw[key])


def _names(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _values(raw: MappingOf[str, Any]) -> Values:
    codes = {str(k): str(v) for k, v in raw.items() if k not in ("default", "blank")}
    return Values(codes, raw.get("default"), raw.get("blank"))


def _check(mapping: Mapping) -> None:
    fields = RECORDS[mapping.record]
    named = {*mapping.columns, *mapping.constants, *mapping.values, *mapping.cut}
    if strange := sorted(named - set(fields)):
        raise _refused(f"{RECORD_LABELS[mapping.record]}没有字段“{'、'.join(strange)}”")
    for name, known in mapping.values.items():
        codes = {*known.codes.values(), *(v for v in (known.default, known.blank) if v is not None)}
        if fields[name].kind == Kind.CODE and not codes <= {*fields[name].codes, ""}:
            raise _refused(f"字段 {name} 的取值只能是 {'、'.join(fields[name].codes)}")
    if not set(mapping.unknown.values()) <= set(UNKNOWN) or not set(mapping.due) <= set(DUE_RULES):
        raise _refused("unknown 只能是 mark、create、reject，due.order 只能含 stated、promise")
    try:
        ZoneInfo(mapping.zone)
    except (KeyError, ValueError) as error:
        raise _refused(f"没有时区 {mapping.zone}") from error
    given = {*mapping.columns, *mapping.constants, *mapping.values}
    missing = [f.label for f in fields.values() if f.is_required and f.name not in given]
    if missing:
        raise _refused(f"没有说明必填字段“{'、'.join(missing)}”从哪一列取")
