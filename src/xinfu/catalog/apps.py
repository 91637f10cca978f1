from __future__ import annotations

from typing import TYPE_CHECKING

from django.apps import AppConfig

if TYPE_CHECKING:
    from xinfu.core.actor import Actor
    from xinfu.core.registry import Found


class CatalogConfig(AppConfig):
    name = "xinfu.catalog"
    verbose_name = "事项目录"

    def ready(self) -> None:
        from xinfu.catalog import access, local, mapping, snapshot  # noqa: F401 -- local registers
        from xinfu.core import actor, registry
        from xinfu.core.ui import news

        mapping.register_all()
        registry.snapshot_views.add(snapshot.VIEW.name, snapshot.VIEW)
        registry.navigate("事项", "事项目录", "catalog:list", access.Can.SEE, 10)
        registry.navigate("事项", "导入事项", "catalog:import", access.Can.IMPORT, 20)
        registry.searcher("items", "事项", _find)
        news.register("catalog.ItemBatch", access.Can.IMPORT, "事项导入", _batch_url)
        news.say({"items.imported": "导入事项", "items.import_undone": "撤销事项导入"})
        actor.name_jobs({"import_items": "导入事项"})


def _find(actor: Actor, asked: str, limit: int) -> list[Found]:
    from xinfu.catalog import screens

    return screens.find(actor, asked, limit)


def _batch_url(subject_id: str) -> str:
    from django.urls import reverse

    return reverse("catalog:batch", args=[subject_id])
