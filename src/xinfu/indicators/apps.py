from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "xinfu.indicators"
    verbose_name = "晾晒指标"

    def ready(self) -> None:
        from xinfu.core import actor, events, registry
        from xinfu.indicators import definitions, local, queries  # noqa: F401 -- local registers
        from xinfu.indicators.access import Can

        definitions.register()
        actor.name_jobs(
            {
                "figures": "计算指标",
                "import_ranks": "导入排名",
                "indicators": "指标",
                "snapshots": "数据快照",
            }
        )
        events.on("cases.imported", "xinfu.indicators.tasks.on_imported")
        events.on("items.imported", "xinfu.indicators.tasks.on_imported")
        for order, (label, url_name, permission) in enumerate(
            [
                ("指标看板", "indicators:board", Can.SEE),
                ("晾晒榜", "indicators:league", Can.SEE),
                ("公布的榜", "indicators:published", Can.SEE),
                ("周通报", "indicators:weekly", Can.SEE),
                ("月分析", "indicators:monthly", Can.SEE),
                ("指标目录", "indicators:catalogue", Can.SEE),
                ("导入排名表", "indicators:ranks", Can.IMPORT),
            ]
        ):
            registry.navigate("指标", label, url_name, permission, order=10 * order)
        registry.searcher("indicators", "指标", queries.find)
