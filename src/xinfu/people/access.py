"""Who may do what with departments, people, accounts and roles (三员分立: system, security, audit apart)."""

from __future__ import annotations

from enum import StrEnum

from xinfu.core.access import Role, grant
from xinfu.core.permissions import OFFICE, STAFF

SEPARATE = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})
"""The three administrators: nobody holds two of them, and no deputy stands in for one."""

WEIGHTY = SEPARATE | OFFICE | {Role.UNIT_LIAISON}
"""Roles that publish, judge or administer: their log-in has two steps wherever the installation asks for it."""


class Can(StrEnum):
    SEE = "people.see"
    SEE_CONTACT = "people.see_contact"
    MANAGE = "people.manage"
    OPEN_ACCOUNTS = "people.open_accounts"
    SEE_ACCOUNTS = "people.see_accounts"
    SECURE = "people.secure"
    SEE_LOGINS = "people.see_logins"
    GIVE_ROLES = "people.give_roles"
    SEE_MATRIX = "people.see_matrix"
    VIEW_AS = "people.view_as"
    SET_DEPUTY = "people.set_deputy"
    TOKENS = "people.tokens"
    LINK_PROVIDERS = "people.link_providers"
    SEE_TOKENS = "people.see_tokens"
    SEE_ORGANISATIONS = "people.see_organisations"
    ORGANISATIONS = "people.organisations"


CHIEFS = frozenset({Role.UNIT_LIAISON, Role.WINDOW_CHIEF, Role.TOWN_CLERK})

grant(
    {
        Can.SEE: ("查看机构、窗口和人员", OFFICE | SEPARATE | CHIEFS),
        Can.SEE_CONTACT: ("查看人员完整电话", {Role.SYSTEM_ADMIN, Role.GENERAL} | CHIEFS),
        Can.MANAGE: ("维护机构、窗口和人员", {Role.SYSTEM_ADMIN}),
        Can.OPEN_ACCOUNTS: ("开立、停用账号和重置密码", {Role.SYSTEM_ADMIN}),
        Can.SEE_ACCOUNTS: ("查看账号", SEPARATE),
        Can.SECURE: ("解锁账号、结束他人会话、重置第二步验证", {Role.SECURITY_ADMIN}),
        Can.SEE_LOGINS: ("查看登录日志", {Role.SECURITY_ADMIN, Role.AUDITOR}),
        Can.GIVE_ROLES: ("授予和收回角色", {Role.SECURITY_ADMIN}),
        Can.SEE_MATRIX: ("查看谁能做什么", STAFF),
        Can.VIEW_AS: ("以某角色查看导航", SEPARATE),
        Can.SET_DEPUTY: ("设定本人的代理人", STAFF),
        Can.TOKENS: ("签发、更换和撤销接口令牌", {Role.SYSTEM_ADMIN}),
        Can.LINK_PROVIDERS: ("关联账号与统一认证", {Role.SYSTEM_ADMIN}),
        Can.SEE_TOKENS: ("查看接口令牌", SEPARATE),
        Can.SEE_ORGANISATIONS: ("查看外部单位", OFFICE | SEPARATE),
        Can.ORGANISATIONS: ("登记外部单位", {Role.SYSTEM_ADMIN, Role.INTERMEDIARY, Role.TRADING}),
    }
)
