"""manage docs [--check]: write docs/reference from the code, or tell what is out of date."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import URLResolver, get_resolver

from xinfu.core import access, events, local, tasks
from xinfu.core.access import ROLE_LABELS
from xinfu.core.flow import Flow
from xinfu.indicators import reference
from xinfu.site.api import api

FOLDER = Path(settings.ROOT) / "docs" / "reference"
NOTE = "<!-- 由 ./run manage docs 从代码生成，请勿手改 -->\n\n"


def flows() -> dict[str, str]:
    """Return flows/<app>.md of every app that has a flow."""
    pages = {}
    for config in apps.get_app_configs():
        if not config.name.startswith("xinfu."):
            continue
        try:
            module = import_module(f"{config.name}.flow")
        except ModuleNotFoundError:
            continue
        found = [(name, flow) for name, flow in sorted(vars(module).items()) if isinstance(flow, Flow)]
        if found:
            parts = [_flow(name, flow) for name, flow in found]
            pages[f"flows/{config.label}.md"] = f"# {config.verbose_name}：流程\n\n" + "\n".join(parts)
    return pages


def _flow(name: str, flow: Flow) -> str:
    rows = "".join(
        f"| {m.label} | `{m.name}` | {'、'.join(sorted(m.sources))} | {m.target} | `{m.permission}` |\n"
        for m in flow.moves
    )
    return (
        f"## {name}\n\n```mermaid\n{flow.mermaid()}```\n\n"
        f"| 动作 | 标识 | 从 | 到 | 权限 |\n|---|---|---|---|---|\n{rows}"
    )


def permissions() -> str:
    """Return who may what, from the grant tables."""
    lines = ["# 权限：谁能做什么\n", "| 权限 | 标识 | 角色 |", "|---|---|---|"]
    for permission, (label, roles) in access.grants().items():
        names = "、".join(ROLE_LABELS[r][0] for r in ROLE_LABELS if r in roles)
        lines.append(f"| {label} | `{permission}` | {names} |")
    lines += ["\n## 角色的数据范围\n", "| 角色 | 标识 | 数据范围 |", "|---|---|---|"]
    lines += [f"| {label} | `{role}` | {reach} |" for role, (label, reach) in ROLE_LABELS.items()]
    return "\n".join(lines) + "\n"


def _views(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, object]]:
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _views(entry, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern), getattr(entry.callback, "permission", None)


def _operations() -> Iterator[tuple[str, str, object]]:
    guards = {
        api.get_openapi_operation_id(operation): getattr(operation.view_func, "permission", "")
        for router in api._get_bound_routers()  # noqa: SLF001 -- ninja tells its routers nowhere else
        for view in router.path_operations.values()
        for operation in view.operations
    }
    for path, methods in api.get_openapi_schema(path_prefix="/api/v1/")["paths"].items():
        for method, told in methods.items():
            yield method.upper(), path, guards[told["operationId"]]


def doors() -> str:
    """Return every address of the screens and the API with the permission that opens it."""
    words = {"public": "任何人", "signed_in": "登录的人"} | {
        p: label for p, (label, _) in access.grants().items()
    }

    def line(address: str, guard: object) -> str:
        return f"| `{address}` | {words.get(str(guard), '')} | `{guard}` |"

    screens = sorted(line(f"/{route}", guard) for route, guard in _views(get_resolver()) if guard is not None)
    operations = sorted(line(f"{method} {path}", guard) for method, path, guard in _operations())
    head = ["| 地址 | 谁能打开 | 权限 |", "|---|---|---|"]
    parts = ["# 地址与权限\n", "## 页面\n", *head, *screens, "\n## 接口\n", *head, *operations]
    return "\n".join(parts) + "\n"


def schedule() -> str:
    lines = ["# 定时任务\n", "| 任务 | 标识 | 时间（cron，北京时间） | 调用 |", "|---|---|---|---|"]
    lines += [
        f"| {line.label} | `{line.name}` | `{line.cron}` | `{line.call}` |" for line in tasks.schedule()
    ]
    lines += ["\n## 事件的接收者\n", "| 接收者 | 事件 |", "|---|---|"]
    lines += [
        f"| `{handler}` | {'、'.join(sorted(names))} |"
        for handler, names in sorted(events.listeners().items())
    ]
    return "\n".join(lines) + "\n"


def local_rules() -> str:
    lines = [
        "# 本地规定：由县自己设定、有生效日期的数\n",
        "公开的规则没有给出这些数；下面是默认值和它的来历，界面上标“本地规定”。\n",
        "| 规定 | 标识 | 默认 | 单位 | 默认值的来历 |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {d.title} | `{d.code}` | {d.default} | {d.unit} | {d.source} |" for d in local.declared()]
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Return every generated page by its path under docs/reference."""
    made = {
        **flows(),
        "permissions.md": permissions(),
        "addresses.md": doors(),
        "schedule.md": schedule(),
        "local-rules.md": local_rules(),
        "indicators.md": reference.page(),
    }
    return {name: NOTE + text for name, text in made.items()}


class Command(BaseCommand):
    help = "从代码生成 docs/reference；--check 只比较"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="不写，只报告过时的页")

    def handle(self, *args: Any, **options: Any) -> None:
        stale = []
        for name, text in pages().items():
            path = FOLDER / name
            if path.exists() and path.read_text(encoding="utf-8") == text:
                continue
            stale.append(name)
            if not options["check"]:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
        if options["check"] and stale:
            raise CommandError("这些页与代码不符，请运行 ./run fix：" + "、".join(stale))
        self.stdout.write("文档与代码一致。" if not stale else f"已更新：{'、'.join(stale)}")
