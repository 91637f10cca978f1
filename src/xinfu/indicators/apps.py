from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "xinfu.indicators"
    verbose_name = "晾晒指标"

    def ready(self) -> None:
        from xinfu.core import actor, events, inbox, registry
        from xinfu.core.ui import news
        from xinfu.indicators import definitions, local, queries  # noqa: F401 -- local registers
        from xinfu.indicators.access import Can
        from xinfu.indicators.proposals import figures as proposal_figures
        from xinfu.indicators.proposals import notices as proposal_notices
        from xinfu.indicators.queries import proposals

        definitions.register()
        proposal_figures.register()
        inbox.register("proposals", proposals.todos)
        registry.searcher("proposals", "高频涉企事项建议", proposals.find_proposals)
        news.register(
            "indicators.Proposal",
            Can.SEE_PROPOSALS,
            "涉企建议",
            proposal_notices.url,
            proposal_notices.visible,
        )
        news.say(proposal_notices.EVENTS)
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
                ("落后指标分析", "indicators:review", Can.SEE),
                ("指标目录", "indicators:catalogue", Can.SEE),
                ("导入排名表", "indicators:ranks", Can.IMPORT),
                ("涉企事项建议", "indicators:proposals", Can.SEE_PROPOSALS),
            ]
        ):
            registry.navigate("指标", label, url_name, permission, order=10 * order)
        registry.searcher("indicators", "指标", queries.find)
