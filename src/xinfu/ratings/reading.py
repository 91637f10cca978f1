"""Files of partners' records: any table, or JSON, row by row, what cannot be read among them with its reason."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from xinfu.core.refusal import Refused
from xinfu.lib import tables
from xinfu.ratings.exchange import FORMATS, BadRecord, Format, Record

MOST_JSON = 64 << 20
Numbered = tuple[int, Record | BadRecord | None]


def form_of(code: str) -> Format:
    """Return the format of a code; raises Refused for one that is not there."""
    form = FORMATS.get(code.upper())
    if form is None:
        raise Refused("bad_format", f"交换格式只能是{'、'.join(FORMATS)}。", field="format")
    return form


def records_of(path: Path, form: Format) -> Iterator[Numbered]:
    """Yield (row, record, or why not) of a file; raises Refused where it is none or lacks a needed column."""
    with path.open("rb") as file:
        head = file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"["):
        yield from from_objects(_json(path), form)
        return
    try:
        with tables.open_table(path, expected=form.required) as table:
            _check_header(table.header, form)
            for number, cells in table.rows:
                yield number, _read(dict(zip(table.header, cells, strict=True)), form)
            for bad in table.bad:
                yield bad.row, BadRecord(bad.column, bad.reason)
    except tables.TableError as error:
        raise Refused(error.code, error.reason, field="file") from error


def from_objects(objects: Sequence[Any], form: Format) -> Iterator[Numbered]:
    """Yield (place from 1, record, or why not) of JSON objects."""
    for place, said in enumerate(objects, 1):
        if not isinstance(said, Mapping):
            yield place, BadRecord("", "不是一条记录。")
            continue
        texts = {str(key): "" if value is None else str(value) for key, value in said.items()}
        yield place, _read(texts, form)


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _json(path: Path) -> Sequence[Any]:
    if path.stat().st_size > MOST_JSON:
        raise Refused(
            "json_too_large", "JSON 文件最大64 MB，更大的请用 CSV 或每行一条的 NDJSON。", field="file"
        )
    try:
        found = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise Refused("bad_json", "不是可以读取的 JSON 文件，请检查后重新上传。", field="file") from error
    return found if isinstance(found, list) else []


def _check_header(header: Sequence[str], form: Format) -> None:
    missing = [name for name in form.required if name not in header]
    if missing:
        said = f"缺少“{'”、“'.join(missing)}”列，不是格式{form.code}（{form.title}）的文件。"
        raise Refused("columns_missing", said, field="file")


def _read(row: Mapping[str, str], form: Format) -> Record | BadRecord | None:
    try:
        return form.read(row)
    except BadRecord as bad:
        return bad
