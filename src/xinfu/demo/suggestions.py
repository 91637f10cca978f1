"""The reference county's suggestions on high-frequency items: made, handed in and answered through actions.

Thirty-four, in every state; twelve adopted by the province in the first half of 2023. The ranks (1st in the city, 2nd
in the province) come in as tables that others published, as in a real county. All of it is invented.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from xinfu.catalog import queries as catalog
from xinfu.core import holidays
from xinfu.core.actor import system
from xinfu.demo.county import UNITS
from xinfu.demo.generate import FIRST, LAST, identity, items
from xinfu.indicators import actions
from xinfu.indicators.queries import proposals as queries
from xinfu.people import queries as people

BY = system("demo")
CHINA = ZoneInfo("Asia/Shanghai")
SOURCE = "演示数据：虚构的建议采纳排名"
WANTS = (
    ("materials", "办理{item}少交一份材料", "办理“{item}”时，企业要交营业执照复印件，而部门间已能共享电子证照。建议取消这份材料，由窗口在线核验。"),
    ("process", "{item}由串联改为并联", "“{item}”现在要先后经过两个科室，企业往返两次。建议改为同时受理、并联审核，由首席代表一次答复。"),
    ("system", "{item}的表单信息自动带出", "申报“{item}”时，系统不能带出企业已登记的地址和法定代表人，须重复填写。建议接入企业基本信息库，自动带出。"),
    ("form", "合并{item}的两张申请表", "“{item}”要填申请表和承诺书，两张表有九项内容重复。建议合并为一张，并提供填写样例。"),
    ("term", "压缩{item}的承诺时限", "“{item}”承诺时限较长，近一年实际用时只有承诺的一半。建议据实压缩承诺时限，向企业公开。"),
)  # fmt: skip
PLAN = (
    ("adopted",) * 12 + ("partly",) * 3 + ("not_adopted",) * 4 + ("province",) * 4 + ("city",) * 3
    + ("county",) * 3 + ("declined",) * 2 + ("returned", "withdrawn", "draft")
)  # fmt: skip
LEVELS: dict[str, tuple[tuple[str, str], ...]] = {
    "adopted": (("county", "passed"), ("city", "passed"), ("province", "adopted")),
    "partly": (("county", "passed"), ("city", "passed"), ("province", "partly")),
    "not_adopted": (("county", "passed"), ("city", "passed"), ("province", "not_adopted")),
    "province": (("county", "passed"), ("city", "passed")),
    "city": (("county", "passed"),),
    "declined": (("county", "not_adopted"),),
    "returned": (("county", "returned"),),
}
OPINIONS = {
    "passed": "演示：情况属实，有普遍性，同意上报",
    "adopted": "演示：予以采纳，纳入下一批改革事项",
    "partly": "演示：时限部分采纳，材料部分须修改法规后再议",
    "not_adopted": "演示：现行规定已可办理，不再单列",
    "returned": "演示：请补充近一年的件数和企业反映",
}
AFTER = {"county": 3, "city": 12, "province": 20}
"""Days from one level's answer to the next one's."""


def build(folder: Path, at: datetime, say: Callable[[str], None]) -> None:
    """Make what is missing: a stopped demonstration goes on after the last suggestion."""
    made = queries.proposals(BY).count()
    ideas = list(_ideas())
    for n in range(made, len(PLAN)):
        _walk(PLAN[n], n, *ideas[n])
    _ranks(folder, at)
    say(f"    {len(PLAN)} 件，其中省级采纳 {PLAN.count('adopted')} 件")


def _ideas() -> Iterator[tuple[Any, str, dict[str, Any]]]:
    """Yield unit, item code and text, a different unit each time."""
    by_unit: dict[int, list[Any]] = {}
    for item in items():
        by_unit.setdefault(item.unit, []).append(item)
    units = sorted(by_unit)
    for n in range(len(PLAN)):
        unit = units[n % len(units)]
        item = by_unit[unit][(n // len(units) * 7 + n) % len(by_unit[unit])]
        kind, title, content = WANTS[n % len(WANTS)]
        said = {
            "kind": kind,
            "title": title.format(item=item.main)[:60],
            "content": content.format(item=item.main),
        }
        yield people.find_department(identity(UNITS[unit].serial)), item.code, said


def _day(n: int, state: str) -> date:
    """Return when a suggestion is handed in: the decided ones early, those that wait lately."""
    back = {"province": 40, "city": 20, "county": 4, "returned": 9, "withdrawn": 12, "draft": 2}
    day = LAST - timedelta(days=back[state] + n % 3) if state in back else FIRST + timedelta(days=9 + n * 4)
    while not holidays.calendar().is_workday(day):
        day += timedelta(days=1)
    return day


def _walk(state: str, n: int, unit: Any, code: str, said: dict[str, Any]) -> None:
    at = datetime.combine(_day(n, state), time(9 + n % 7, 20), CHINA)
    version = catalog.item_on(code, at.date())
    item = version.item if version else None
    one = actions.draft_proposal(**said, item=item, department=unit, by=BY, at=at)
    if state == "draft":
        return
    one = actions.hand_in(proposal=one, by=BY, at=at + timedelta(hours=1))
    if state == "withdrawn":
        actions.withdraw_proposal(
            proposal=one, note="演示：与另一件建议合并", by=BY, at=at + timedelta(hours=3)
        )
        return
    for level, result in LEVELS.get(state, ()):
        at = min(at + timedelta(days=AFTER[level]), datetime.combine(LAST, time(16), CHINA))
        one = actions.decide_proposal(
            proposal=one, level=level, result=result, decided_on=at.date(), opinion=OPINIONS[result],
            paper_no="" if level == "county" else f"演示〔2023〕{n + 1}号", by=BY, at=at + timedelta(hours=1),
        )  # fmt: skip


def _ranks(folder: Path, at: datetime) -> None:
    """Bring in the tables of the city's and the province's counties, for January to May and for the half-year."""
    adopted, path = PLAN.count("adopted"), folder / "suggestion-ranks.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for code, counties, own in (("proposals_adopted_city", 6, 1), ("proposals_adopted", 90, 2)):
        for frm, to in ((FIRST, LAST), (FIRST, date(2023, 6, 30))):
            for rank in range(1, counties + 1):
                region = settings.COUNTY if rank == own else f"演示县{rank:02}"
                value = adopted if rank == own else max(0, adopted + own - rank)
                rows.append((code, region, value, rank, frm.isoformat(), to.isoformat()))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("指标", "地区", "数值", "名次", "开始日期", "结束日期"))
        writer.writerows(rows)
    actions.import_ranks(path=path, name=path.name, source=SOURCE, by=BY, at=at)
