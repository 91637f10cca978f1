"""Lists as files: which columns each kind has, and how a stranger's table becomes rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xinfu.core.refusal import Refused
from xinfu.lib import tables
from xinfu.people import actions
from xinfu.people.actions.load import Fault, Loaded

EXAMPLE = "示例"


@dataclass(frozen=True, slots=True)
class Listing:
    """One kind of list: heads in Chinese → fields, those that must be there, and the action that takes the rows."""

    code: str
    label: str
    columns: Mapping[str, str]
    required: tuple[str, ...]
    load: Callable[..., Loaded]


LISTINGS = {
    listing.code: listing
    for listing in (
        Listing(
            "departments",
            "机构",
            {
                "机构编码": "code",
                "机构名称": "name",
                "简称": "short_name",
                "类别": "kind",
                "上级机构编码": "parent",
                "行政区划代码": "division_code",
                "联系电话": "phone",
                "排序": "order",
            },
            ("机构编码", "机构名称", "类别"),
            actions.load_departments,
        ),
        Listing(
            "windows",
            "窗口",
            {
                "窗口编号": "code",
                "窗口名称": "name",
                "派驻单位编码": "department",
                "大厅": "hall",
                "联系电话": "phone",
                "排序": "order",
            },
            ("窗口编号", "窗口名称", "派驻单位编码"),
            actions.load_windows,
        ),
        Listing(
            "people",
            "人员",
            {
                "工号": "staff_no",
                "姓名": "name",
                "机构编码": "department",
                "窗口编号": "window",
                "岗位": "post",
                "手机": "phone",
            },
            ("工号", "姓名", "机构编码"),
            actions.load_people,
        ),
        Listing(
            "roles",
            "角色",
            {"工号": "staff_no", "角色": "role", "机构编码": "department", "自何日": "since"},
            ("工号", "角色"),
            actions.load_roles,
        ),
        Listing(
            "organisations",
            "外部单位",
            {"统一社会信用代码": "uscc", "单位名称": "name", "类别": "kind"},
            ("统一社会信用代码", "单位名称", "类别"),
            actions.load_organisations,
        ),
    )
}


def read(path: Path, listing: Listing) -> tuple[list[dict[str, str]], list[Fault]]:
    """Return the rows of a file under the house's names, and the rows that are none.

    Heads may be in Chinese or our own names; rows marked 示例 are left out. Raises Refused where the file is
    no table or a head is missing.
    """
    try:
        with tables.open_table(path, expected=tuple(listing.columns)) as table:
            names = [listing.columns.get(head, head) for head in table.header]
            missing = [head for head in listing.required if listing.columns[head] not in names]
            if missing:
                raise Refused(
                    "missing_column", f"缺少列：{'、'.join(missing)}。请用模板的表头，或补上这些列。"
                )
            rows = [_row(names, number, cells) for number, cells in table.rows]
            bad = [Fault(row.row, row.column, row.value, row.reason) for row in table.bad]
    except tables.TableError as error:
        raise Refused(error.code, error.reason) from error
    return [row for row in rows if EXAMPLE not in next(iter(row.values()))], bad


def _row(names: list[str], number: int, cells: list[str]) -> dict[str, str]:
    return {
        **{name: tables.clean(cell) for name, cell in zip(names, cells, strict=True)},
        "_row": str(number),
    }


def heads(listing: Listing, fault: Fault) -> str:
    """Return the Chinese head of the column that a fault names."""
    return next((head for head, field in listing.columns.items() if field == fault.column), fault.column)
