"""The made-up county as lists for the same loading actions that a real county uses."""

from __future__ import annotations

from xinfu.core.access import ROLE_LABELS, Role
from xinfu.demo.county import OUTLETS, TOWNS, UNITS, VILLAGE_HEADS, VILLAGE_SIDES, VILLAGES
from xinfu.demo.generate import GIVEN, SURNAMES, identity, items

Row = dict[str, str]

OFFICE = identity("MB1900")
BUREAU = identity("MB1901")
BANK = "XCNSYH"
SECTIONS = (
    ("XC-ZH", "综合科", Role.GENERAL),
    ("XC-KP", "考评科", Role.APPRAISAL),
    ("XC-DB", "代办中心", Role.APPROVALS),
    ("XC-ZJ", "中介科", Role.INTERMEDIARY),
    ("XC-GG", "公管科", Role.TRADING),
    ("XC-XX", "信息科", Role.SYSTEM_ADMIN),
)
HALL = "县政务服务中心"


def departments() -> list[Row]:
    """Return the tree: office, sections, data bureau, sending units, townships, villages, outlets."""
    rows = [
        _unit(OFFICE, "新昌县政务服务办公室", "政务办", "office", "", 1),
        _unit(BUREAU, "新昌县大数据发展管理中心", "大数据中心", "data_bureau", OFFICE, 2),
    ]
    rows += [_unit(c, name, name, "section", OFFICE, 10 + n) for n, (c, name, _) in enumerate(SECTIONS)]
    rows += [
        _unit(identity(u.serial), u.name, u.short, "sending_unit", OFFICE, 100 + n)
        for n, u in enumerate(UNITS)
    ]
    rows += [
        _unit(c, name, name, "township", OFFICE, 200 + n, division=c) for n, (c, name, _) in enumerate(TOWNS)
    ]
    rows += villages()
    rows.append(_unit(BANK, "新昌农村商业银行", "农商银行", "other", OFFICE, 900))
    rows += [_unit(f"XCNSYH{n:02}", name, name, "outlet", BANK, 900 + n) for n, name in enumerate(OUTLETS, 1)]
    return rows


def _unit(code: str, name: str, short: str, kind: str, parent: str, order: int, division: str = "") -> Row:
    return {
        "code": code,
        "name": name,
        "short_name": short,
        "kind": kind,
        "parent": parent,
        "division_code": division or "330624000000",
        "order": str(order),
    }


def villages() -> list[Row]:
    """Return as many made-up villages as the county has, shared out over the townships."""
    rows = []
    for n in range(VILLAGES):
        town, _, _ = TOWNS[n % len(TOWNS)]
        serial = n // len(TOWNS)
        head = VILLAGE_HEADS[n % len(VILLAGE_HEADS)]
        name = f"{VILLAGE_SIDES[n // len(VILLAGE_HEADS)]}{head}村"
        code = f"{town[:9]}{201 + serial:03}"
        rows.append(_unit(code, name, name, "village", town, 300 + n, division=code))
    return rows


def windows() -> list[Row]:
    """Return the 26 windows of the hall."""
    rows: list[Row] = []
    for unit in UNITS:
        for name in unit.windows:
            n = len(rows) + 1
            rows.append(
                {
                    "code": f"W{n:02}",
                    "name": name,
                    "department": identity(unit.serial),
                    "hall": HALL,
                    "order": str(n),
                }
            )
    return rows


def _name(n: int) -> str:
    first = SURNAMES[(n * 7) % len(SURNAMES)]
    return first + GIVEN[(n * 13) % len(GIVEN)] + (GIVEN[(n * 5 + 3) % len(GIVEN)] if n % 3 else "")


def people() -> list[Row]:
    """Return the staff: sections, three at each window, three in each township, one at each outlet."""
    places: list[tuple[str, str, str]] = [(OFFICE, "", "主任"), (OFFICE, "", "副主任"), (BUREAU, "", "主任")]
    places += [(code, "", post) for code, _, _ in SECTIONS for post in ("科长", "科员", "科员")]
    places += [
        (row["department"], row["code"], post)
        for row in windows()
        for post in ("首席代表", "窗口人员", "窗口人员")
    ]
    places += [(identity(unit.serial), "", "联络员") for unit in UNITS]
    places += [(code, "", post) for code, _, _ in TOWNS for post in ("中心主任", "窗口人员", "窗口人员")]
    places += [(f"XCNSYH{n:02}", "", "大堂经理") for n in range(1, len(OUTLETS) + 1)]
    places += [(row["code"], "", "代办员") for row in villages()[:24]]
    return [
        {
            "staff_no": f"XC{n:04}",
            "name": _name(n),
            "department": unit,
            "window": window,
            "post": post,
            "phone": f"120{n:08}",
        }
        for n, (unit, window, post) in enumerate(places, 1)
    ]


ROLE_OF_POST = {
    "主任": Role.LEADER,
    "副主任": Role.LEADER,
    "首席代表": Role.WINDOW_CHIEF,
    "联络员": Role.UNIT_LIAISON,
    "中心主任": Role.TOWN_CLERK,
    "大堂经理": Role.OUTLET_CLERK,
    "代办员": Role.VILLAGE_CLERK,
}


def roles() -> list[Row]:
    """Return who has which role: by post, or by section for the office's own."""
    of_section = {code: role for code, _, role in SECTIONS}
    of_section[BUREAU] = Role.DATA_BUREAU
    towns = {code for code, _, _ in TOWNS}
    administrators = iter([Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR])
    rows = []
    for person in people():
        unit, post = person["department"], person["post"]
        if unit == "XC-XX":
            role, unit = next(administrators), OFFICE
        elif unit in of_section:
            role, unit = of_section[unit], OFFICE
        elif post in ROLE_OF_POST:
            role = ROLE_OF_POST[post]
        else:
            role = Role.TOWN_CLERK if unit in towns else Role.WINDOW_CLERK
        rows.append(
            {"staff_no": person["staff_no"], "role": str(role), "department": unit, "since": "2023-01-01"}
        )
    return rows


def demo_people() -> dict[Role, str]:
    """Return one person's number for each role of the house: whose account the log-in page names."""
    chosen: dict[Role, str] = {}
    for row in roles():
        chosen.setdefault(Role(row["role"]), row["staff_no"])
    return {role: chosen[role] for role in ROLE_LABELS if role in chosen}


def catalogue() -> list[Row]:
    """Return the made-up items in the field names of the mapping zj-item."""
    rows = []
    for n, item in enumerate(items()):
        visits = 1 if n % 23 == 0 else 0
        rows.append(
            {
                "task_code": item.code,
                "catalog_code": item.basic,
                "task_name": item.name,
                "main_name": item.main,
                "task_type": "20" if item.instant else "01",
                "project_type": "1" if item.instant else "2",
                "server_type": "1,2",
                "handle_type": "1,2,3",
                "plan_effective_date": "2022-01-01",
                "is_unified": "0" if n % 61 == 0 else "1",
                "dept_name": UNITS[item.unit].name,
                "dept_code": identity(UNITS[item.unit].serial),
                "use_level": "4",
                "anticipate_day": str(item.statutory),
                "anticipate_type": "工作日",
                "promise_day": str(item.promise),
                "promise_type": "工作日",
                "limit_scene_num": str(visits),
                "limit_scene_explain": "须现场核验本人" if visits else "",
                "online_handle_url": "" if n % 47 == 0 else f"https://example.org/items/{item.code}",
                "online_handle_depth": "5",
                "mobile_terminal_url": "" if n % 29 == 0 else f"https://example.org/m/{item.code}",
                "is_entry_center": "1",
                "is_service_terminals": "1" if item.instant else "0",
                "by_law": "演示数据，未列依据",
                "accept_condition": "演示数据",
                "handle_flow": "收件、受理、办理、办结、送达",
                "special_procedure": "专家评审" if not item.instant else "无",
                "is_fee": "0",
                "result_type": "证照",
                "result_name": item.main,
                "transact_addr": HALL,
                "transact_time": "工作日 8:30—12:00，13:30—17:00；周六 9:00—12:00",
                "link_way": "演示数据",
                "supervise_way": "12345",
            }
        )
    return rows


COUNTIES = 90
STANDINGS: tuple[tuple[str, str, str, int], ...] = (
    ("2023-01-01", "2023-01-31", "98.72", 58),
    ("2023-02-01", "2023-02-28", "98.67", 61),
    ("2023-03-01", "2023-03-31", "98.61", 63),
    ("2023-04-01", "2023-04-30", "99.75", 27),
    ("2023-05-01", "2023-05-31", "99.71", 16),
    ("2023-01-01", "2023-05-31", "99.11", 34),
)
"""(from, to, the county's official one-net rate, its rank among 90): made up, to show the way from yellow to green."""


def ranks(county: str) -> list[Row]:
    """Return the made-up tables of ninety counties for each period."""
    rows = []
    for frm, to, value, place in STANDINGS:
        own = round(float(value) * 100)
        for rank in range(1, COUNTIES + 1):
            ahead, behind = max(place - rank, 0), max(rank - place, 0)
            hundredths = own + ahead * (9_999 - own) // max(place, 1) - behind * 2
            rows.append(
                {
                    "指标": "one_net_rate",
                    "地区": county if rank == place else f"演示县{rank:02}",
                    "数值": f"{hundredths // 100}.{hundredths % 100:02}",
                    "名次": str(rank),
                    "开始日期": frm,
                    "结束日期": to,
                }
            )
    return rows
