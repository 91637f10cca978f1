from __future__ import annotations

from django.apps import AppConfig

EVENTS = {
    "cases.import_started": "上传办件文件",
    "cases.import_checked": "检查办件文件",
    "cases.import_confirmed": "确认导入办件",
    "cases.imported": "导入办件",
    "cases.undo_confirmed": "确认撤销办件导入",
    "cases.import_undone": "撤销办件导入",
    "cases.pushed": "推送办件",
    "cases.due_recomputed": "重算到期日",
    "case.closed": "办结",
    "case.paused": "登记停钟",
    "case.resumed": "登记恢复计时",
    "case.applicant_revealed": "查看申请者完整信息",
}


class CasesConfig(AppConfig):
    name = "xinfu.cases"
    verbose_name = "办件"

    def ready(self) -> None:
        from xinfu.cases import access, local, queries, snapshot  # noqa: F401 -- access and local register
        from xinfu.core import actor, inbox, registry
        from xinfu.core.ui import news

        registry.snapshot_views.add(snapshot.VIEW.name, snapshot.VIEW)
        registry.searcher("cases", "办件", queries.find)
        inbox.register("cases", queries.todos)
        registry.navigate("办件", "办件", "cases:list", access.Can.SEE, 10)
        registry.navigate("办件", "到期清单", "cases:due", access.Can.SEE, 20)
        registry.navigate("办件", "晨会单", "cases:morning", access.Can.SEE, 30)
        registry.navigate("办件", "数据质量", "cases:quality", access.Can.SEE, 40)
        registry.navigate("办件", "导入批次", "cases:batches", access.Can.IMPORT, 50)
        registry.navigate("办件", "导入办件", "cases:import", access.Can.IMPORT, 60)
        news.register("cases.ImportBatch", access.Can.IMPORT, "办件导入", _batch_url)
        news.say(EVENTS)
        actor.name_jobs({"cases": "办件", "import": "导入办件"})


def _batch_url(subject_id: str) -> str:
    from django.urls import reverse

    return reverse("cases:batch", args=[subject_id])
