"""What is recorded of a service item: one table for import, template, detail screen and differences (hall.md §2.1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from xinfu.catalog import codes as sets
from xinfu.catalog.codes import CodeSet


class Kind(StrEnum):
    TEXT = "text"
    IDENTIFIER = "identifier"
    CODE = "code"
    CODES = "codes"
    WHOLE = "whole"
    TERM = "term"
    FLAG = "flag"
    DAY = "day"
    LINK = "link"


class Need(StrEnum):
    """MUST: no row without it. EXPECTED: not null in the national exchange, its absence is shown. MAY: free."""

    MUST = "必填"
    EXPECTED = "应填"
    MAY = "选填"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute; `exchange` is its name in the national exchange tables."""

    field: str
    label: str
    group: str
    kind: Kind = Kind.TEXT
    need: Need = Need.MAY
    exchange: str = ""
    limit: int = 4000
    codes: CodeSet | None = None
    help: str = ""


BASIC, TERMS, WAYS, WHO = "基本信息", "办理时限", "到现场与网上办", "实施主体"
HOW, MATERIALS, MONEY, RESULT, WHERE = "条件与流程", "申请材料", "收费", "办理结果", "地点、时间与联系"
GROUPS = (BASIC, WHO, TERMS, WAYS, HOW, MATERIALS, MONEY, RESULT, WHERE)
K, N, A = Kind, Need, Attribute

COLUMNS: tuple[Attribute, ...] = (
    A("code", "实施编码", BASIC, K.IDENTIFIER, N.MUST, "task_code", 60, help="31 位：信用代码 18＋层级 1＋基本编码 12"),
    A("name", "事项名称", BASIC, K.TEXT, N.MUST, "task_name", 1000),
    A("main_name", "主项名称", BASIC, K.TEXT, N.MAY, "main_name", 1000),
    A("catalog_code", "基本编码", BASIC, K.IDENTIFIER, N.EXPECTED, "catalog_code", 20, help="国标 10 位，交换实际用 12 位"),
    A("local_code", "地方实施编码", BASIC, K.IDENTIFIER, N.MAY, "local_task_code", 50, help="如 许可-00123-000"),
    A("task_type", "事项类型", BASIC, K.CODE, N.MUST, "task_type", 2, sets.TASK_TYPE),
    A("project_type", "办件类型", BASIC, K.CODE, N.EXPECTED, "project_type", 1, sets.PROJECT_TYPE),
    A("server_types", "服务对象", BASIC, K.CODES, N.EXPECTED, "server_type", 20, sets.SERVER_TYPE),
    A("handle_types", "办理形式", BASIC, K.CODES, N.MAY, "handle_type", 20, sets.HANDLE_TYPE),
    A("since", "生效日期", BASIC, K.DAY, N.MAY, "plan_effective_date", help="不填：首次导入视为一直有效，变更自导入日起"),
    A("until", "取消日期", BASIC, K.DAY, N.MAY, "plan_cancel_date", help="最后一个有效日"),
    A("is_unified", "纳入2.0平台", BASIC, K.FLAG, N.MAY, "is_unified"),
    A("department_name", "实施主体", WHO, K.TEXT, N.EXPECTED, "dept_name", 200),
    A("department_code", "实施主体编码", WHO, K.IDENTIFIER, N.EXPECTED, "dept_code", 40),
    A("use_level", "行使层级", WHO, K.CODES, N.EXPECTED, "use_level", 20, sets.USE_LEVEL),
    A("statutory_days", "法定办结时限", TERMS, K.TERM, N.EXPECTED, "anticipate_day", help="数字，或 20个工作日、1个月、无期限"),
    A("statutory_kind", "法定时限单位", TERMS, K.CODE, N.MAY, "anticipate_type", 10, sets.DAY_KIND),
    A("promise_days", "承诺办结时限", TERMS, K.TERM, N.EXPECTED, "promise_day", help="不得长于法定；0 为即办"),
    A("promise_kind", "承诺时限单位", TERMS, K.CODE, N.MAY, "promise_type", 10, sets.DAY_KIND),
    A("accept_limit_days", "受理时限（工作日）", TERMS, K.WHOLE, N.MAY, "accept_limit_day"),
    A("visits", "到办事现场次数", WAYS, K.WHOLE, N.EXPECTED, "limit_scene_num", help="0 为跑零次"),
    A("visits_reason", "必须现场办理原因", WAYS, K.TEXT, N.MAY, "limit_scene_explain", 1000, help="次数大于 0 时须写"),
    A("visits_exempt", "不宜跑零次", WAYS, K.FLAG, N.MAY, "is_visit_exempt"),
    A("online_url", "网上办理地址", WAYS, K.LINK, N.MAY, "online_handle_url", 1000),
    A("online_depth", "网上办理深度", WAYS, K.CODES, N.MAY, "online_handle_depth", 20, sets.ONLINE_DEPTH),
    A("online_exempt", "不适宜网上办", WAYS, K.FLAG, N.MAY, "is_online_exempt"),
    A("mobile_url", "移动端办理地址", WAYS, K.LINK, N.MAY, "mobile_terminal_url", 1000),
    A("mobile_exempt", "不适宜掌上办", WAYS, K.FLAG, N.MAY, "is_mobile_exempt"),
    A("is_entry_center", "进驻政务大厅", WAYS, K.FLAG, N.EXPECTED, "is_entry_center"),
    A("is_self_service", "支持自助终端", WAYS, K.FLAG, N.MAY, "is_service_terminals"),
)  # fmt: skip

DETAILS: tuple[Attribute, ...] = (
    A("by_law", "设定依据", BASIC, need=N.EXPECTED, exchange="by_law"),
    A("division_code", "行政区划", BASIC, K.IDENTIFIER, exchange="area_code", limit=12),
    A("handle_item", "业务办理项编码", BASIC, K.IDENTIFIER, exchange="task_handle_item", limit=62),
    A("local_catalog_code", "地方基本编码", BASIC, K.IDENTIFIER, exchange="local_catalog_code", limit=50),
    A("user_topic_type", "自然人主题分类", BASIC, exchange="user_topic_type", limit=200),
    A("corp_topic_type", "法人主题分类", BASIC, exchange="corp_topic_type", limit=200),
    A("task_state", "来源中的事项状态", BASIC, exchange="task_state", limit=20),
    A("task_version", "来源中的版本号", BASIC, exchange="task_version", limit=20),
    A("dept_type", "实施主体性质", WHO, K.CODE, N.EXPECTED, "dept_type", 1, sets.DEPT_TYPE),
    A("authority_scope", "权限划分", WHO, exchange="authority_scope"),
    A("exercise_content", "行使内容", WHO, exchange="exercise_content"),
    A("power_source", "权力来源", WHO, K.CODE, N.EXPECTED, "power_source", 2, sets.POWER_SOURCE),
    A("entrust_name", "委托部门", WHO, exchange="entrust_name", limit=200),
    A("other_dept", "联办机构", WHO, exchange="other_dept", limit=400),
    A("town_code", "乡镇街道代码", WHO, K.IDENTIFIER, exchange="town_code", limit=18),
    A("town_name", "乡镇街道", WHO, exchange="town_name", limit=200),
    A("village_code", "村（社区）代码", WHO, K.IDENTIFIER, exchange="village_code", limit=18),
    A("village_name", "村（社区）", WHO, exchange="village_name", limit=200),
    A("statutory_explain", "法定时限说明", TERMS, exchange="anticipate_explain", limit=1000),
    A("promise_explain", "承诺时限说明", TERMS, exchange="promise_explain", limit=1000),
    A("special_procedure", "特别程序", TERMS, need=N.EXPECTED, exchange="special_procedure", limit=1000),
    A("is_online", "是否网办", WAYS, K.FLAG, N.EXPECTED, "is_online"),
    A("link_addr", "电脑端跳转地址", WAYS, exchange="link_addr", limit=1000),
    A("is_single_login", "单点登录", WAYS, K.FLAG, exchange="is_single_login"),
    A("app_is_single_login", "移动端单点登录", WAYS, K.FLAG, exchange="app_is_single_login"),
    A("is_schedule", "支持预约", WAYS, K.FLAG, exchange="is_schedule"),
    A("is_express", "支持物流快递", WAYS, K.FLAG, exchange="is_express"),
    A("handle_area", "通办范围", WAYS, exchange="handle_area", limit=40, help="全国、跨省、跨市、跨县"),
    A("accept_condition", "受理条件", HOW, need=N.EXPECTED, exchange="accept_condition"),
    A("handle_flow", "办理流程", HOW, need=N.EXPECTED, exchange="handle_flow"),
    A("limit_explain", "数量限制", HOW, exchange="limit_explain", limit=1000),
    A("service_type", "中介服务", HOW, exchange="service_type", limit=500),
    A("materials", "申请材料", MATERIALS, exchange="materials", limit=20000, help="一行一份"),
    A("is_fee", "是否收费", MONEY, K.FLAG, N.EXPECTED, "is_fee"),
    A("fee_basis", "收费依据", MONEY, exchange="fee_basis"),
    A("fee_stand", "收费标准", MONEY, exchange="fee_stand"),
    A("desc_explain", "收费减免", MONEY, exchange="desc_explain"),
    A("is_pay_online", "支持网上支付", MONEY, K.FLAG, exchange="is_pay_online"),
    A("result_name", "结果名称", RESULT, exchange="result_name", limit=500),
    A("result_type", "结果类型", RESULT, need=N.EXPECTED, exchange="result_type", limit=20),
    A("transact_addr", "办理地点", WHERE, need=N.EXPECTED, exchange="transact_addr"),
    A("transact_time", "办理时间", WHERE, need=N.EXPECTED, exchange="transact_time", limit=1000),
    A("link_way", "咨询方式", WHERE, need=N.EXPECTED, exchange="link_way", limit=1000),
    A("supervise_way", "监督投诉方式", WHERE, need=N.EXPECTED, exchange="supervise_way", limit=1000),
)  # fmt: skip

ATTRIBUTES: dict[str, Attribute] = {a.field: a for a in (*COLUMNS, *DETAILS)}
COLUMN_FIELDS = frozenset(a.field for a in COLUMNS)
# Not part of what a version says: when it holds, and whose it is.
OUTSIDE = frozenset({"code", "since", "until"})
MUST = tuple(a.field for a in ATTRIBUTES.values() if a.need == Need.MUST)


def label(field: str) -> str:
    """Return what people call a field; the name itself where it is nobody's."""
    known = ATTRIBUTES.get(field)
    return known.label if known else field


def missing(fields: dict[str, object]) -> list[Attribute]:
    """Return what the national exchange does not allow to be empty and this item lacks.

    A term is not missing where it is 无期限; 0 and 否 are values.
    """
    lacking = []
    for attribute in ATTRIBUTES.values():
        value = fields.get(attribute.field)
        empty = value is None or value == ""
        unlimited = attribute.kind == Kind.TERM and fields.get(f"{attribute.field[:-5]}_kind") == "none"
        if attribute.need == Need.EXPECTED and empty and not unlimited:
            lacking.append(attribute)
    return lacking


def shown(field: str, value: object) -> str:
    """Return a value as a person reads it: labels for codes, 是 and 否, days with dashes."""
    attribute = ATTRIBUTES.get(field)
    if value is None or value == "":
        return "—"
    if isinstance(value, bool):
        return "是" if value else "否"
    if attribute is None or attribute.codes is None:
        return str(value)
    codes = attribute.codes
    return "、".join(codes.label(code) for code in str(value).split(","))
