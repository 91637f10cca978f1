"""Mappings: which column of a file feeds which attribute, as TOML that a county can write itself (how-to/catalogue)."""

from __future__ import annotations

import logging
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from xinfu.catalog import rules
from xinfu.catalog.attributes import ATTRIBUTES, MUST, Attribute, Kind
from xinfu.core.refusal import Refused
from xinfu.core.registry import Registry

log = logging.getLogger(__name__)
EXAMPLE = "示例（导入时忽略）"
NAMES = frozenset({"name", "main_name", "department_name"})
LONGEST_NAME = 60
_PARTS = {"code", "title", "columns", "values", "constants", "dates", "ignore"}


@dataclass(frozen=True, slots=True)
class ItemMapping:
    """How one kind of file is read: attribute → its column's possible heads, value maps, constants, day formats."""

    code: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    dates: tuple[str, ...] = ("%Y-%m-%d", "%Y%m%d", "%Y/%m/%d", "%Y年%m月%d日")
    ignore: tuple[str, str] | None = None


def parse(text: str, name: str) -> ItemMapping:
    """Return the mapping that a TOML text describes; `name` stands in for a missing code. Raises Refused."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refused("bad_mapping", f"映射 {name} 不是正确的 TOML：{error}") from error
    _refuse_unknown(raw, name)
    columns = {f: (heads,) if isinstance(heads, str) else tuple(heads) for f, heads in raw["columns"].items()}
    ignore = raw.get("ignore")
    return ItemMapping(
        code=str(raw.get("code", name)),
        title=str(raw.get("title", name)),
        columns=columns,
        values={f: {str(k): str(v) for k, v in table.items()} for f, table in raw.get("values", {}).items()},
        constants={f: str(v) for f, v in raw.get("constants", {}).items()},
        dates=tuple(raw.get("dates", {}).get("formats", ItemMapping("", "", {}).dates)),
        ignore=(str(ignore["column"]), str(ignore["contains"])) if ignore else None,
    )


def _refuse_unknown(raw: dict[str, Any], name: str) -> None:
    if not isinstance(raw.get("columns"), dict) or not raw["columns"]:
        raise Refused("bad_mapping", f"映射 {name} 缺 [columns] 一节，请写明每个要素取自哪一列。")
    if len(str(raw.get("code", name))) > LONGEST_NAME:
        raise Refused("bad_mapping", f"映射的代码最长 {LONGEST_NAME} 字：{str(raw.get('code', name))[:80]}。")
    unknown = [key for key in raw if key not in _PARTS]
    for part in ("columns", "values", "constants"):
        unknown += [f"{part}.{f}" for f in raw.get(part, {}) if f not in ATTRIBUTES]
    if unknown:
        raise Refused("bad_mapping", f"映射 {name} 里有认不出的名称：{'、'.join(unknown[:10])}。")
    absent = [f for f in MUST if f not in raw["columns"] and f not in raw.get("constants", {})]
    if absent:
        named = "、".join(ATTRIBUTES[f].label for f in absent)
        raise Refused("bad_mapping", f"映射 {name} 没有写明必填要素取自哪一列：{named}。")


# --- the registry ----------------------------------------------------------------------------------

mappings: Registry[ItemMapping] = Registry("item mapping")


def register_all() -> None:
    """Register this installation's own mappings (mappings/items in its folder), then what the house ships.

    One of its own with a shipped code takes its place; a faulty one is logged and left out.
    """
    mappings.add("template", template())
    for folder in (Path(settings.HOME) / "mappings" / "items", Path(__file__).parent / "mappings"):
        for path in sorted(folder.glob("*.toml")):
            try:
                mapping = parse(path.read_text(encoding="utf-8"), path.stem)
            except (Refused, UnicodeDecodeError) as fault:
                log.error("item mapping %s is left out: %s", path.name, fault)  # noqa: TRY400 - said, not traced
                continue
            if mapping.code not in mappings:
                mappings.add(mapping.code, mapping)


def template() -> ItemMapping:
    """Return the mapping of the house's own template and export: heads are the attributes' labels."""
    return ItemMapping(
        "template",
        "馨服事项模板",
        {a.field: (a.label,) for a in ATTRIBUTES.values()},
        ignore=("标记", "示例"),
    )


def find(name: str) -> ItemMapping:
    """Return a registered mapping by code, or the one in a TOML file. Raises Refused."""
    known = mappings.get(name)
    if known is not None:
        return known
    path = Path(name)
    if path.suffix == ".toml" and path.is_file():
        return parse(path.read_text(encoding="utf-8"), path.stem)
    raise Refused("unknown_mapping", f"没有名为“{name}”的映射，现有：{'、'.join(sorted(mappings.codes()))}。")


# --- heads -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Heads:
    """Where each attribute stands in one file: attribute → (position, head); `absent` are columns not found."""

    places: Mapping[str, tuple[int, str]]
    absent: tuple[str, ...]
    ignore: int | None
    unused: tuple[str, ...]


def _plain(head: str) -> str:
    return re.sub(r"[\s*＊]", "", rules.clean_code(head)).lower()


def locate(mapping: ItemMapping, heads: Sequence[str]) -> Heads:
    """Find the mapping's columns in a file's head row. Raises Refused where a required one is missing or two agree."""
    plain = [_plain(head) for head in heads]
    places: dict[str, tuple[int, str]] = {}
    absent: list[str] = []
    for name, options in mapping.columns.items():
        hits = [i for option in options for i, head in enumerate(plain) if head == _plain(option)]
        if not hits:
            absent.append(ATTRIBUTES[name].label)
            continue
        if plain.count(plain[hits[0]]) > 1:
            raise Refused("column_twice", f"列“{heads[hits[0]]}”出现了两次，请删去一列再传。")
        places[name] = (hits[0], heads[hits[0]])
    lost = [mapping.columns[f][0] for f in MUST if f in mapping.columns and f not in places]
    if lost:
        raise Refused(
            "column_missing",
            f"文件缺少必需的列：{'、'.join(lost)}。文件现有的列：{'、'.join(h for h in heads if h)[:200]}。"
            f"请核对是否选错了映射“{mapping.title}”。",
        )
    used = {i for i, _ in places.values()}
    marker = (
        plain.index(_plain(mapping.ignore[0]))
        if mapping.ignore and _plain(mapping.ignore[0]) in plain
        else None
    )
    unused = tuple(h for i, h in enumerate(heads) if h and i not in used and i != marker)
    return Heads(places, tuple(absent), marker, unused)


# --- one row ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Wrong:
    """A value that cannot be read: field, column, value, reason."""

    field: str
    column: str
    value: str
    reason: str


def read_row(
    mapping: ItemMapping, heads: Heads, cells: Sequence[str]
) -> tuple[dict[str, object], list[Wrong]]:
    """Return one row's attributes and what of it cannot be read."""
    fields: dict[str, object] = {}
    wrong: list[Wrong] = []
    for name, constant in mapping.constants.items():
        _put(mapping, name, ("（固定值）", constant), fields, wrong)
    for name, (place, head) in heads.places.items():
        cell = cells[place] if place < len(cells) else ""
        if rules.clean(cell):
            _put(mapping, name, (head, cell), fields, wrong)
    _finish_terms(mapping, heads, fields)
    for name in MUST:
        if not fields.get(name) and not any(w.field == name for w in wrong):
            head = heads.places[name][1] if name in heads.places else ATTRIBUTES[name].label
            wrong.append(Wrong(name, head, "", f"{ATTRIBUTES[name].label}不能为空。"))
    return fields, wrong


def _finish_terms(mapping: ItemMapping, heads: Heads, fields: dict[str, object]) -> None:
    """Give a limit its unit: the one in its own cell, else the unit's column, else working days."""
    for name, kind in (("statutory_days", "statutory_kind"), ("promise_days", "promise_kind")):
        own = fields.pop(f"{kind}_own", None)
        if own is not None:
            fields[kind] = own
        elif name in heads.places or name in mapping.constants:
            fields.setdefault(kind, "workday")


def _put(
    mapping: ItemMapping, name: str, source: tuple[str, str], fields: dict[str, object], wrong: list[Wrong]
) -> None:
    head, cell = source
    table = mapping.values.get(name, {})
    text = table.get(rules.clean(cell), table.get(rules.clean_code(cell), cell))
    attribute = ATTRIBUTES[name]
    if attribute.kind == Kind.TERM:
        reason = _put_term(name, text, fields)
    else:
        value, reason = _read(attribute, text, mapping.dates)
        if reason is None:
            fields[name] = value
    if reason is not None:
        wrong.append(Wrong(name, head, cell, reason))


def _put_term(name: str, text: str, fields: dict[str, object]) -> str | None:
    term = rules.parse_term(text)
    if term is None:
        return "时限应为整数，或写成“20个工作日”“1个月”“无期限”。"
    days, kind = term
    fields[name] = days
    if kind is not None:
        fields[f"{name.removesuffix('_days')}_kind_own"] = kind
    return None


def _read(attribute: Attribute, text: str, formats: Iterable[str]) -> tuple[object, str | None]:
    if attribute.kind == Kind.TEXT:
        return _text(attribute, rules.one_line(text) if attribute.field in NAMES else rules.clean(text))
    plain = rules.clean_code(text)
    if attribute.kind == Kind.DAY:
        return _day(plain, formats)
    if attribute.kind in {Kind.WHOLE, Kind.FLAG}:
        return _whole(plain) if attribute.kind == Kind.WHOLE else _flag(plain)
    if attribute.kind in {Kind.CODE, Kind.CODES}:
        return _coded(attribute, plain) if attribute.kind == Kind.CODE else _several(attribute, plain)
    return _identifier(attribute, plain)


def _text(attribute: Attribute, text: str) -> tuple[str, str | None]:
    if rules.is_formula(text):
        return text, "内容以公式符号开头，表格软件会当成公式执行，请改成文字。"
    if len(text) > attribute.limit:
        return text, f"{attribute.label}最长 {attribute.limit} 字，现在是 {len(text)} 字。"
    if "�" in text or re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text):
        return text, "含有乱码或控制字符，请核对来源文件的编码。"
    return text, None


def _identifier(attribute: Attribute, text: str) -> tuple[str, str | None]:
    text, reason = _text(attribute, text)
    if reason is None and attribute.kind == Kind.IDENTIFIER and re.fullmatch(r"[\d.]+[eE]\+?\d+", text):
        reason = "编码已被表格软件改成科学计数法，请把这一列设为文本后重新填写。"
    if reason is None and attribute.field == "code":
        reason = rules.code_fault(text)
    return text, reason


def _coded(attribute: Attribute, text: str) -> tuple[str, str | None]:
    assert attribute.codes is not None
    code = attribute.codes.find(text)
    if code is None:
        options = "、".join(f"{c} {name}" for c, name in attribute.codes.codes.items())
        return text, f"{attribute.label}不在代码表里，可用：{options}。"
    return code, None


def _several(attribute: Attribute, text: str) -> tuple[str, str | None]:
    codes: list[str] = []
    for part in re.split(r"[,;、，；|/\s^]+", text):
        if part:
            code, reason = _coded(attribute, part)
            if reason:
                return text, reason
            codes.append(code)
    return ",".join(sorted(set(codes))), None


def _whole(text: str) -> tuple[int | None, str | None]:
    plain = re.sub(r"(?:\.0+)?[次天日]?$", "", text)
    if re.fullmatch(r"\d{1,5}", plain):
        return int(plain), None
    return None, "应为 0 或正整数。"


_YES = frozenset({"1", "是", "y", "yes", "true", "t", "支持", "有", "已进驻"})
_NO = frozenset({"0", "否", "n", "no", "false", "f", "不支持", "无", "未进驻"})


def _flag(text: str) -> tuple[bool | None, str | None]:
    plain = text.lower().removesuffix(".0")
    if plain in _YES:
        return True, None
    return (False, None) if plain in _NO else (None, "应填“是”或“否”。")


def _day(text: str, formats: Iterable[str]) -> tuple[date | None, str | None]:
    plain = re.split(r"[ T]", text)[0]
    for pattern in formats:
        try:
            day = datetime.strptime(plain, pattern).date()  # noqa: DTZ007 - a civil day has no zone
        except ValueError:
            continue
        if 1949 <= day.year <= 2099:
            return day, None
        return None, f"日期 {day.isoformat()} 不在 1949 年到 2099 年之间。"
    return None, "日期应写成 2026-11-24 或 20261124。"
