"""The SQL that reads, checks and converts one record's fields, written from a mapping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from xinfu.cases.intake.fields import RECORDS, Field, Kind
from xinfu.cases.intake.mapping import Mapping
from xinfu.lib.tables import NARROW, WIDE

EARLIEST = date(1990, 1, 1)
DUE_YEARS = 15
ENDLESS = ("长期", "长期有效", "永久", "永久有效", "无固定期限")
ENDLESS_DAY = date(2099, 12, 31)
YES = ("1", "Y", "YES", "T", "TRUE", "是")
NO = ("0", "N", "NO", "F", "FALSE", "否")
FORMULA = r"^[=@＝＠\t\r]|^[+\-＋－].*[|!(=]"


@dataclass(frozen=True, slots=True)
class Frame:
    """What a file gives: field → the columns of the file that fill it, best first; and the last day accepted."""

    mapping: Mapping
    sources: dict[str, list[str]]
    today: date

    @property
    def fields(self) -> dict[str, Field]:
        """The fields that this file can fill, by columns, constants or defaults of value maps."""
        known = RECORDS[self.mapping.record]
        return {
            name: field
            for name, field in known.items()
            if name in self.sources or name in self.mapping.constants or self._blank(name) is not None
        }

    def _blank(self, name: str) -> str | None:
        values = self.mapping.values.get(name)
        return values.blank if values else None

    def column(self, name: str) -> str:
        """Return what the file calls a field, for sentences."""
        found = self.sources.get(name)
        return found[0] if found else RECORDS[self.mapping.record][name].label


def text(value: str) -> str:
    """Return a SQL string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """Return a SQL identifier."""
    return '"' + value.replace('"', '""') + '"'


def listed(values: Iterable[str]) -> str:
    return "(" + ", ".join(text(v) for v in values) + ")"


def raw_columns(frame: Frame) -> list[str]:
    """Return `expression AS field` for each field: trimmed text, NULL where nothing is there."""
    out = []
    for field in frame.fields.values():
        cells = [_cell(field, name(column)) for column in frame.sources.get(field.name, [])]
        constant = frame.mapping.constants.get(field.name)
        if constant is not None:
            cells.append(text(constant))
        value = f"coalesce({', '.join(cells)})" if cells else "NULL::VARCHAR"
        out.append(f"{value} AS {name(field.name)}")
    return out


PLAIN = frozenset({"item_name", "summary", "org_name", "handler_name", "applicant_name", "contact_name", "address",
                   "legal_person", "finish_reason", "name", "reason"})  # fmt: skip


WIDE_MARKS, NARROW_MARKS = "－．／：", "-./:"


def _cell(field: Field, column: str) -> str:
    """Return the trimmed cell; numbers, codes and days also lose their full-width forms, where there are any."""
    if field.name in PLAIN:
        return f"nullif(trim({column}), '')"
    wide, slim = (WIDE + WIDE_MARKS, NARROW + NARROW_MARKS) if field.kind != Kind.TEXT else (WIDE, NARROW)
    narrow = f"translate({column}, {text(wide)}, {text(slim)})"
    return f"nullif(trim(CASE WHEN strlen({column}) = length({column}) THEN {column} ELSE {narrow} END), '')"


def typed_columns(frame: Frame) -> list[str]:
    """Return the converted value of each field, from a subquery that holds the raw text under the field's name."""
    out: list[str] = []
    for field in frame.fields.values():
        column = name(field.name)
        if field.kind == Kind.TEXT:
            out.append(f"{_text(frame, field)} AS v_{field.name}")
        elif field.kind == Kind.TIME:
            local, utc = _time(frame, field)
            out += [f"{local} AS l_{field.name}", f"{utc} AS v_{field.name}"]
        elif field.kind == Kind.DAY:
            out.append(f"({_day(frame, field)}) AS v_{field.name}")
        elif field.kind == Kind.WHOLE:
            out.append(f"try_cast(regexp_replace({column}, '\\.0+$', '') AS BIGINT) AS v_{field.name}")
        elif field.kind == Kind.FLAG:
            out.append(
                f"CASE WHEN upper({column}) IN {listed(YES)} THEN true "
                f"WHEN upper({column}) IN {listed(NO)} THEN false END AS v_{field.name}"
            )
        else:
            out.append(f"{_code(frame, field)} AS v_{field.name}")
    return out


def _text(frame: Frame, field: Field) -> str:
    cut = frame.mapping.cut.get(field.name)
    column = name(field.name)
    value = f"left({column}, {int(cut)})" if cut else column
    return f"replace({value}, chr(0), '')"


def _time(frame: Frame, field: Field) -> tuple[str, str]:
    """Return (local wall time, UTC): text without an offset is wall time of the mapping's zone."""
    column, zone = name(field.name), text(frame.mapping.zone)
    formats = ", ".join(text(f) for f in frame.mapping.formats)
    wall = f"date_trunc('second', try_strptime({column}, [{formats}]))"
    if field.name == "due_at":  # a day without a time lasts to its end
        wall = (
            f"CASE WHEN length({column}) <= 11 AND NOT contains({column}, ':') "
            f"THEN {wall} + INTERVAL '86399.999999' SECOND ELSE {wall} END"
        )
    absolute = (
        f"CASE WHEN length({column}) >= 17 AND regexp_matches({column}, '(Z|[+-]\\d\\d:?\\d\\d)$') "
        f"THEN date_trunc('second', timezone('UTC', try_cast({column} AS TIMESTAMPTZ))) "
        f"WHEN length({column}) = 13 AND regexp_matches({column}, '^1\\d{{12}}$') "
        f"THEN date_trunc('second', make_timestamp(try_cast({column} AS BIGINT) * 1000)) END"
    )
    local = f"coalesce({wall}, timezone({zone}, timezone('UTC', {absolute})))"
    utc = f"coalesce(timezone('UTC', timezone({zone}, {wall})), {absolute})"
    return local, utc


def _day(frame: Frame, field: Field) -> str:
    """Return the civil day in the mapping's zone; where it may lie far ahead, words for 长期 are the last one."""
    day = f"({_time(frame, field)[0]})::DATE"
    if not field.is_far:
        return day
    return f"CASE WHEN {name(field.name)} IN {listed(ENDLESS)} THEN DATE '{ENDLESS_DAY}' ELSE {day} END"


def _code(frame: Frame, field: Field) -> str:
    values = frame.mapping.values.get(field.name)
    column = name(field.name)
    if values is None:
        return f"CASE WHEN {column} IN {listed(field.codes)} THEN {column} END"
    whens = " ".join(f"WHEN {text(k.casefold())} THEN {text(v)}" for k, v in values.codes.items())
    blank = f"WHEN {column} IS NULL THEN {text(values.blank)}" if values.blank is not None else ""
    default = f" ELSE {text(values.default)}" if values.default is not None else ""
    mapped = f"CASE lower({column}) {whens}{default} END" if whens else column
    missing = blank or f"WHEN {column} IS NULL THEN NULL"
    return f"CASE {missing} ELSE {mapped} END"


# What may be wrong with one field, by number; intake.sentences says it.
REQUIRED, TOO_LONG, FORMULA_TEXT, NOT_TIME, OUT_OF_RANGE, NOT_WHOLE, TOO_LARGE, NOT_FLAG, NOT_IN_MAP = range(
    1, 10
)


def fault_columns(frame: Frame) -> list[str]:
    """Return `e_field`: the number of the first fault of each field, NULL where there is none."""
    out = []
    for field in frame.fields.values():
        whens = " ".join(f"WHEN {condition} THEN {number}" for number, condition in _faults(frame, field))
        out.append(f"CASE {whens} END AS e_{field.name}")
    return out


def _faults(frame: Frame, field: Field) -> list[tuple[int, str]]:
    column, value = name(field.name), f"v_{field.name}"
    faults: list[tuple[int, str]] = []
    if field.is_required:
        faults.append((REQUIRED, f"{column} IS NULL AND {value} IS NULL"))
    if field.kind == Kind.TEXT:
        faults.append((TOO_LONG, f"length({value}) > {field.size}"))
        if field.mask != "phone":
            faults.append((FORMULA_TEXT, f"regexp_matches({column}, {text(FORMULA)})"))
    elif field.kind == Kind.TIME:
        faults += [
            (NOT_TIME, f"{column} IS NOT NULL AND {value} IS NULL"),
            (OUT_OF_RANGE, _outside(f"l_{field.name}::DATE", frame, field)),
        ]
    elif field.kind == Kind.DAY:
        faults += [
            (NOT_TIME, f"{column} IS NOT NULL AND {value} IS NULL"),
            (OUT_OF_RANGE, _outside(value, frame, field)),
        ]
    elif field.kind == Kind.WHOLE:
        faults += [
            (NOT_WHOLE, f"{column} IS NOT NULL AND {value} IS NULL"),
            (TOO_LARGE, f"{value} NOT BETWEEN 0 AND {field.size}"),
        ]
    elif field.kind == Kind.FLAG:
        faults.append((NOT_FLAG, f"{column} IS NOT NULL AND {value} IS NULL"))
    else:
        faults.append((NOT_IN_MAP, f"{column} IS NOT NULL AND {value} IS NULL"))
    return faults


def last_day(frame: Frame, field: Field) -> date:
    """Return the last day that a field may name: today, for due times some years ahead, for validity any."""
    if field.is_far:
        return date.max
    return date(frame.today.year + DUE_YEARS, 12, 31) if field.name == "due_at" else frame.today


def _outside(day: str, frame: Frame, field: Field) -> str:
    return f"{day} NOT BETWEEN DATE '{EARLIEST}' AND DATE '{last_day(frame, field)}'"


def hmac(key: bytes, message: str) -> str:
    """Return SQL for HMAC-SHA256 of a text expression as a BLOB, cut to 16 bytes; NULL stays NULL."""
    block = key.ljust(64, b"\0")
    inner = _blob(bytes(b ^ 0x36 for b in block))
    outer = _blob(bytes(b ^ 0x5C for b in block))
    digest = f"sha256({outer} || unhex(sha256({inner} || encode({message}))))"
    return f"unhex(left({digest}, 32))"


def _blob(value: bytes) -> str:
    return f"unhex('{value.hex()}')"


def joined(expressions: Sequence[str]) -> str:
    """Return one text of several values that no two different rows share (unit separator, NULL marked)."""
    return "concat_ws(chr(31), " + ", ".join(f"coalesce({e}::VARCHAR, chr(30))" for e in expressions) + ")"
