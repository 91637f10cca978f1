"""公文: registered with the house at start-up."""

from __future__ import annotations

from django.apps import AppConfig


class PapersConfig(AppConfig):
    name = "xinfu.papers"
    verbose_name = "公文"

    def ready(self) -> None:
        from xinfu.core import inbox, local, registry
        from xinfu.core.ui import news
        from xinfu.papers import access, notices, queries, rules

        registry.navigate("公文", "公文", "papers:list", access.Can.SEE, 10)
        registry.navigate("公文", "拟稿", "papers:new", access.Can.DRAFT, 20)
        inbox.register("papers", notices.todos)
        registry.searcher("papers", "公文", queries.find)
        news.register("papers.Paper", access.Can.SEE, "公文", notices.paper_url, queries.visible_ids)
        news.say(notices.EVENTS)
        for code, title, default in (
            ("papers.prefix", "机关代字", "新政务"),
            ("papers.prefix_letter", "函的机关代字", "新政务函"),
            ("papers.prefix_minutes", "会议纪要的机关代字", "新政务纪"),
        ):
            local.declare(
                code,
                title=title,
                default=default,
                unit="",
                source=f"{rules.STANDARD}第7.2.5条；代字由本机关自定",
                check=rules.check_prefix,
                permission="core.set_local_rules",
            )
