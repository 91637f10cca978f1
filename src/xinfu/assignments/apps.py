"""交办督办: registered with the house at start-up."""

from __future__ import annotations

from django.apps import AppConfig


class AssignmentsConfig(AppConfig):
    name = "xinfu.assignments"
    verbose_name = "交办督办"

    def ready(self) -> None:
        from xinfu.assignments import access, local_rules, queries  # noqa: F401 -- grants and local numbers register
        from xinfu.core import actor, inbox, registry

        inbox.register("assignments", queries.todos)
        inbox.register("meetings", queries.meeting_todos)
        registry.navigate("工作台", "交办督办", "assignments:list", access.Can.SEE, 40)
        registry.navigate("工作台", "会议", "assignments:meetings", access.Can.SEE, 45)
        actor.name_jobs({"assignments": "交办督办"})
