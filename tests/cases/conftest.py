"""Small files of case records, and the command that takes them in."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

HEAD = (
    "办件编号", "实施编码", "事项名称", "办件类型", "申报来源", "承办单位编码", "窗口编号", "申请者名称", "证件号码",
    "手机", "收件时间", "受理时间", "办结时间", "承诺工作日", "办件状态", "办结类型", "原因", "数据版本",
)  # fmt: skip
GOOD_ID = "11010519491231002X"
ROW: dict[str, str] = {
    "办件编号": "XC20230619000001",
    "实施编码": "",
    "事项名称": "食品经营许可",
    "办件类型": "2",
    "申报来源": "1",
    "承办单位编码": "11330624MB0011",
    "窗口编号": "A01",
    "申请者名称": "张三丰",
    "证件号码": GOOD_ID,
    "手机": "13800001234",
    "收件时间": "2023-06-19 09:00:00",
    "受理时间": "2023-06-19 10:00:00",
    "办结时间": "",
    "承诺工作日": "5",
    "办件状态": "办理中",
    "办结类型": "",
    "原因": "",
    "数据版本": "1",
}


def row(number: int = 1, **changes: str) -> dict[str, str]:
    """Return a good row with its own number, changed where the test says so."""
    return {**ROW, "办件编号": f"XC20230619{number:06}", **changes}


def as_csv(rows: Iterable[Mapping[str, str]], head: Iterable[str] = HEAD) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(head), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


Counts = dict[str, Any]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Return `write(rows, name="cases.csv", encoding="utf-8", head=HEAD) -> Path`."""

    def make(
        rows: Iterable[Mapping[str, str]],
        name: str = "cases.csv",
        encoding: str = "utf-8",
        head: Iterable[str] = HEAD,
    ) -> Path:
        path = tmp_path / name
        path.write_bytes(as_csv(rows, head).encode(encoding))
        return path

    return make


def import_cases(*paths: Path, mapping: str = "zj-case", rejected: Path | None = None) -> Counts:
    """Run the command as the office runs it and return its JSON; `said` is what it told on stderr, `exit` its code."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    try:
        call_command(
            "import_cases", *map(str, paths), mapping=mapping, rejected=rejected, stdout=out, stderr=err
        )
    except SystemExit as stop:
        code = int(stop.code or 0)
    return {**json.loads(out.getvalue()), "said": err.getvalue(), "exit": code}


def counts(result: Counts) -> tuple[int, int, int, int, int]:
    return tuple(result[k] for k in ("read", "created", "updated", "unchanged", "rejected"))  # type: ignore[return-value]
