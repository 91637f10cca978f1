"""工作报告: registered with the house at start-up."""

from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "xinfu.reports"
    verbose_name = "工作报告"

    def ready(self) -> None:
        from xinfu.core import actor, registry
        from xinfu.reports import access, sections

        sections.register()
        actor.name_jobs({"report": "生成报告"})
        registry.navigate("报告", "工作报告", "reports:list", access.Can.SEE, 10)
        registry.navigate("报告", "填报数据", "reports:entered", access.Can.SEE, 20)
        registry.navigate("报告", "核对稿件数字", "reports:checks", access.Can.CHECK, 30)
