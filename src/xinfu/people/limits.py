"""The local numbers of log-in (本地规定): 等保 asks for them without fixing them, so a county sets its own."""

from __future__ import annotations

from datetime import date

from xinfu.core import local
from xinfu.core.permissions import Can

DENGBAO = "GB/T 22239-2019 第三级 8.1.4.1 身份鉴别（要求有此限制，数值由本地规定）"

_NUMBERS = (
    ("people.account_failures", "同一账号连续失败几次后锁定", 5, "次", 1, 20),
    ("people.account_lock_minutes", "账号锁定时长", 15, "分钟", 1, 1440),
    ("people.address_failures", "同一来源地址失败几次后锁定", 30, "次", 5, 1000),
    ("people.address_lock_minutes", "来源地址锁定时长", 15, "分钟", 1, 1440),
    ("people.password_length", "密码最少位数", 10, "位", 8, 64),
    ("people.password_kinds", "密码最少含几类字符", 3, "类", 1, 4),
    ("people.password_days", "密码有效期", 90, "天", 7, 730),
    ("people.temporary_password_days", "临时密码有效期", 7, "天", 1, 60),
    ("people.login_log_days", "登录日志保存时间", 400, "天", 183, 3650),
    ("people.second_factor_grace_days", "须用第二步验证的人员，授予角色后几天内须启用", 0, "天", 0, 90),
)
for _code, _title, _default, _unit, _low, _high in _NUMBERS:
    local.declare(
        _code,
        title=_title,
        default=_default,
        unit=_unit,
        source=DENGBAO,
        check=local.whole(_low, _high),
        permission=Can.SET_LOCAL_RULES,
    )
local.declare(
    "people.deputy_days",
    title="一次代理最长天数",
    default=90,
    unit="天",
    source="本单位AB岗办法（默认值，未见上位规定）",
    check=local.whole(1, 366),
    permission=Can.SET_LOCAL_RULES,
)
local.declare(
    "people.second_factor_for",
    title="哪些人员登录须有第二步验证（双因子）",
    default="weighty",
    unit="",
    source="GB/T 22239-2019 第三级 8.1.4.1 d)（要求两种以上组合鉴别，人员范围由本地规定）",
    check=local.one_of({"weighty": "发布、评判、管理类角色", "staff": "全部工作人员"}),
    permission=Can.SET_LOCAL_RULES,
)
for _code, _title, _default, _unit, _low, _high in (
    ("people.token_overlap_hours", "更换接口令牌后原令牌继续有效", 24, "小时", 1, 168),
    ("people.token_warning_days", "接口令牌到期前几天提醒", 30, "天", 1, 180),
):
    local.declare(
        _code,
        title=_title,
        default=_default,
        unit=_unit,
        source="本单位接口管理办法（默认值，未见上位规定）",
        check=local.whole(_low, _high),
        permission=Can.SET_LOCAL_RULES,
    )


def number(code: str, day: date) -> int:
    """Return one local number in force on the day, such as `number("account_failures", today)`."""
    return int(local.on(f"people.{code}", day).value)
