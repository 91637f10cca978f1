from __future__ import annotations

from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "xinfu.cases"
    verbose_name = "办件"

    def ready(self) -> None:
        from xinfu.cases import access, local, queries, snapshot  # noqa: F401 -- access and local register
        from xinfu.core import inbox, registry
        from xinfu.core.ui import news

        registry.snapshot_views.add(snapshot.VIEW.name, snapshot.VIEW)
        registry.searcher("cases", "办件", queries.find)
        inbox.register("cases", queries.todos)
        news.register("cases.ImportBatch", access.Can.IMPORT, "办件导入")
        news.say({"cases.imported": "导入办件", "cases.import_undone": "撤销办件导入"})
