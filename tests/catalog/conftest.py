"""Small files of items, and one way to bring them in."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from xinfu.catalog import actions
from xinfu.catalog import mapping as maps
from xinfu.catalog.models import ItemBatch
from xinfu.core.actor import system

CHINA = ZoneInfo("Asia/Shanghai")
CODE = "11440232MB2D06811W4000117051000"
OTHER = "11440232MB2D06811W4000117052000"
ROW = {
    "task_code": CODE,
    "task_name": "食品经营许可",
    "task_type": "行政许可",
    "project_type": "2",
    "dept_name": "县市场监管局",
    "anticipate_day": "20",
    "promise_day": "5",
    "limit_scene_num": "0",
    "online_handle_url": "https://www.example.cn/item/1",
}


def csv_bytes(rows: Sequence[Mapping[str, Any]], encoding: str = "utf-8") -> bytes:
    """Return the rows as a CSV whose head is the union of their keys."""
    heads = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, heads, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def day(text: str, hour: int = 9) -> datetime:
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), CHINA).replace(hour=hour)


Bring = Callable[..., ItemBatch]


@pytest.fixture
def bring(db: None) -> Bring:
    """Return `bring(rows or bytes, mapping="zj-item", on="2023-05-18", since=None) -> ItemBatch`, written."""

    def call(
        content: bytes | Sequence[Mapping[str, Any]] | Path,
        *,
        mapping: str = "zj-item",
        on: str = "2023-05-18",
        since: date | None = None,
        name: str = "items.csv",
        write: bool = True,
    ) -> ItemBatch:
        if isinstance(content, Path):
            data = content.read_bytes()
        else:
            data = content if isinstance(content, bytes) else csv_bytes(content)
        by = system("tests")
        chosen = maps.find(mapping)
        batch = actions.check_file(chunks=[data], name=name, chosen=chosen, since=since, by=by, at=day(on))
        return actions.apply_batch(batch=batch, by=by, at=day(on), chosen=chosen) if write else batch

    return call
