"""Who may what, made from the grant tables of all apps."""

from __future__ import annotations

from dataclasses import dataclass

from django.apps import apps

from xinfu.core import access, registry
from xinfu.core.access import ROLE_LABELS, Role


@dataclass(frozen=True, slots=True)
class MayRow:
    """One permission: its code and label, and for each role of the table whether it has it."""

    code: str
    label: str
    cells: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class MayTable:
    """Who may what: roles with their reach as columns, permissions by app as rows."""

    roles: tuple[tuple[Role, str, str], ...]
    apps: tuple[tuple[str, tuple[MayRow, ...]], ...]


def may_table(role: Role | None = None) -> MayTable:
    """Return the matrix made from the grant tables of all apps, or one role's column of it."""
    shown = [role] if role else list(Role)
    names = {config.label: config.verbose_name for config in apps.get_app_configs()}
    by_app: dict[str, list[MayRow]] = {}
    for code, (label, having) in access.grants().items():
        row = MayRow(code, label, tuple(one in having for one in shown))
        app = code.split(".")[0]
        by_app.setdefault(str(names.get(app, app)), []).append(row)
    return MayTable(
        tuple((one, ROLE_LABELS[one][0], str(ROLE_LABELS[one][1])) for one in shown),
        tuple((app, tuple(rows)) for app, rows in sorted(by_app.items())),
    )


def view_of(role: Role) -> list[tuple[str, list[registry.NavItem]]]:
    """Return the navigation that a role sees, by group, in order (以该角色查看)."""
    having = access.permissions_of(role)
    items = sorted(registry.navigation, key=lambda item: (item.order, item.label))
    groups: dict[str, list[registry.NavItem]] = {}
    for item in items:
        if item.permission in having or item.permission in ("signed_in", "public"):
            groups.setdefault(item.group, []).append(item)
    return list(groups.items())
