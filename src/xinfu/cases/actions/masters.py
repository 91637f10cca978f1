"""Departments and items that an import's mapping lets it create, through the actions of their own apps."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path

from django.core.management import call_command

from xinfu.cases.intake.staging import Staging
from xinfu.core.actor import system
from xinfu.core.refusal import Refused
from xinfu.lib.tables import safe_cell
from xinfu.people import actions as people

ROOT = {"code": "IMPORT", "name": "导入", "short_name": "导入", "kind": "other", "parent": ""}
ITEM_MAPPING = "zj-item"
OTHER_TASK, OTHER_PROJECT = "20", "9"


def add_unknown(staging: Staging, *, at: datetime) -> bool:
    """Create what rows name and nobody knows, where the mapping says so; return whether anything was added."""
    added = False
    if staging.mapping.unknown_policy("department") == "create" and (units := staging.unknown_departments()):
        _add_departments(units, at)
        added = True
    if staging.mapping.unknown_policy("item") == "create" and (items := staging.unknown_items()):
        _add_items(staging.folder / f"{staging.mapping.code}-items.csv", items)
        added = True
    return added


def _add_departments(units: list[tuple[str, str]], at: datetime) -> None:
    rows = [ROOT]
    rows += [
        {"code": code, "name": title[:100], "short_name": title[:40], "kind": "other", "parent": ROOT["code"]}
        for code, title in units
    ]
    loaded = people.load_departments(rows=rows, by=system("import"), at=at)
    if loaded.faults:
        fault = loaded.faults[0]
        raise Refused("department_fault", f"不能登记来源中的机构“{fault.value}”：{fault.reason}")


def _add_items(path: Path, items: list[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("实施编码", "事项名称", "事项类型", "办件类型"))
        for code, title in items:
            writer.writerow((code, safe_cell(title), OTHER_TASK, OTHER_PROJECT))
    call_command("import_items", str(path), mapping=ITEM_MAPPING, stdout=io.StringIO(), stderr=io.StringIO())
