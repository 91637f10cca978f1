"""What people tells the house: navigation, search, inbox, and how its events read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from xinfu.core import inbox, registry
from xinfu.core.actor import Actor, Kind
from xinfu.core.inbox import Todo
from xinfu.core.registry import Found
from xinfu.core.ui import news
from xinfu.people.access import Can

GROUP = "机构人员"
EVENTS = {
    "department.added": "登记机构",
    "department.renamed": "机构改名",
    "department.changed": "修改机构",
    "department.moved": "调整上级机构",
    "department.closed": "撤销机构",
    "department.reopened": "恢复机构",
    "window.added": "登记窗口",
    "window.changed": "修改窗口",
    "window.closed": "撤销窗口",
    "person.added": "登记人员",
    "person.changed": "修改人员",
    "person.moved": "人员转岗",
    "person.left": "人员离岗",
    "person.phone_shown": "查看完整电话",
    "role.given": "授予角色",
    "role.ended": "收回角色",
    "deputy.set": "设定代理",
    "deputy.ended": "结束代理",
    "deputy.acted": "开始代为办理",
    "deputy.rested": "恢复本人办理",
    "account.opened": "开立账号",
    "account.closed": "停用账号",
    "account.reopened": "恢复账号",
    "account.password_reset": "重置密码",
    "account.password_changed": "修改密码",
    "account.logged_in": "登录",
    "account.logged_out": "退出登录",
    "account.login_failed": "登录失败",
    "account.locked": "账号锁定",
    "account.unlocked": "解锁账号",
    "account.session_ended": "结束会话",
    "account.sessions_ended": "结束全部会话",
    "account.type_size_chosen": "选择字号",
    "address.locked": "来源地址锁定",
    "logins.tidied": "清理登录记录",
    "organisation.added": "登记外部单位",
    "organisation.changed": "修改外部单位",
    "organisation.closed": "停用外部单位",
    "token.issued": "签发令牌",
    "token.revoked": "撤销令牌",
    "account.codes_begun": "开始启用动态口令",
    "account.codes_on": "启用动态口令",
    "account.codes_off": "停用动态口令",
    "account.recovery_codes_made": "重新生成恢复码",
    "account.passkey_added": "登记通行密钥",
    "account.passkey_removed": "移除通行密钥",
    "account.factors_reset": "重置第二步验证",
    "token.rotated": "更换令牌",
    "account.provider_allowed": "关联统一认证",
    "account.provider_bound": "绑定统一认证",
    "account.provider_removed": "解除统一认证关联",
    "Department.loaded": "导入机构名单",
    "Window.loaded": "导入窗口名单",
    "Person.loaded": "导入人员名单",
    "RoleGrant.loaded": "导入角色名单",
    "Organisation.loaded": "导入外部单位名单",
}


def register() -> None:
    """Register everything once, at start-up."""
    entries = (
        ("机构", "people:departments", Can.SEE),
        ("窗口", "people:windows", Can.SEE),
        ("人员", "people:people", Can.SEE),
        ("外部单位", "people:organisations", Can.SEE_ORGANISATIONS),
        ("账号", "people:accounts", Can.SEE_ACCOUNTS),
        ("在线用户", "people:online", Can.SEE_ACCOUNTS),
        ("登录日志", "people:logins", Can.SEE_LOGINS),
        ("接口令牌", "people:tokens", Can.SEE_TOKENS),
        ("谁能做什么", "people:may", Can.SEE_MATRIX),
    )
    for order, (label, url_name, permission) in enumerate(entries, 10):
        registry.navigate(GROUP, label, url_name, permission, order)
    registry.navigate("工作台", "我的账号", "people:account", "signed_in", 90)
    registry.searcher("people", "机构和人员", find)
    inbox.register("people", duties)
    inbox.register("tokens", ending_tokens)
    inbox.register("second_factor", second_factor)
    news.say(EVENTS)


def find(actor: Actor, text: str, limit: int) -> list[Found]:
    """Return visible units, windows and people that the words name."""
    from xinfu.people import queries

    found = [
        Found(unit.name, unit.get_kind_display(), reverse("people:department", args=[unit.pk]), "机构")
        for unit in queries.find_departments(actor, text)[:limit]
    ]
    found += [
        Found(window.name, window.department.name, reverse("people:window", args=[window.pk]), "窗口")
        for window in queries.find_windows(actor, text)[: limit - len(found)]
    ]
    if not actor.may(Can.SEE):
        return found
    return found + [
        Found(person.name, person.department.name, reverse("people:person", args=[person.pk]), "人员")
        for person in queries.find_people(actor, text)[: limit - len(found)]
    ]


def duties(actor: Actor, now: datetime) -> Iterable[Todo]:
    """Remind a deputy whom they stand in for today (I7): their 待办 shows after switching."""
    from xinfu.people import queries

    if actor.kind != Kind.PERSON or actor.id is None or actor.behalf_of:
        return
    today = timezone.localdate()
    for duty in queries.duties(actor.id, today):
        if duty.since <= today:
            yield Todo(
                verb="代为办理",
                title=f"{duty.person.name}（{duty.person.department.short_name}）的事项",
                url=reverse("people:account"),
                asked_by=duty.person.name,
                due_on=duty.until,
                arrived_at=None,
                why="代理",
                kind="代理",
                consequence=f"代理期至 {duty.until}，其间由代理人办理。",
            )


def ending_tokens(actor: Actor, now: datetime) -> Iterable[Todo]:
    """Remind who may replace them of the tokens that end soon."""
    from xinfu.people import queries

    if not actor.may(Can.TOKENS):
        return
    for token in queries.ending_tokens(actor, timezone.localdate(now)):
        yield Todo(
            verb="更换",
            title=f"“{token.name}”的接口令牌",
            url=reverse("people:rotate_token", args=[token.pk]),
            asked_by="系统",
            due_on=token.ends_on,
            arrived_at=None,
            why="令牌即将到期",
            kind="接口令牌",
            consequence="到期后该系统不能再调用接口。",
        )


def second_factor(actor: Actor, now: datetime) -> Iterable[Todo]:
    """Remind who must enrol a second factor within their days of grace."""
    from xinfu.people import queries, session

    if settings.SECOND_FACTOR != "required" or actor.kind != Kind.PERSON or actor.behalf_of:
        return
    due = session.second_due_on(actor, timezone.localdate(now))
    if due is not None and due > timezone.localdate(now) and not queries.has_factor_of(actor):
        yield Todo(
            verb="启用",
            title="登录的第二步验证（动态口令或通行密钥）",
            url=reverse("people:security"),
            asked_by="系统",
            due_on=due,
            arrived_at=None,
            why="角色要求",
            kind="登录安全",
            consequence="到期未启用的，登录后须先启用才能办理业务。",
        )
