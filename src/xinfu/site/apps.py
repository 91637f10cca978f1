from django.apps import AppConfig

from xinfu.core.permissions import Can


class SiteConfig(AppConfig):
    name = "xinfu.site"
    verbose_name = "门户"

    def ready(self) -> None:
        from xinfu.core import inbox, registry
        from xinfu.core.ui import news
        from xinfu.site import access, limits, queries, words  # noqa: F401  (grants and local numbers register)

        news.name(words.EVENTS)

        inbox.register("site.suggestions", queries.suggestion_todos)

        from xinfu.site.screens import outbox

        inbox.register("site.messages", outbox.todos)
        registry.navigate("系统", "短信", "site:messages", Can.MESSAGES, 40)
        registry.navigate("工作台", "待办", "site:home", "signed_in", 10)
        registry.navigate("工作台", "已办", "site:done", "signed_in", 20)
        registry.navigate("工作台", "我的视图", "site:views", "signed_in", 30)
        registry.navigate("工作台", "下载中心", "site:downloads", "signed_in", 90)
        registry.navigate("系统", "本地规定", "site:local_rules", Can.SEE_LOCAL_RULES, 10)
        registry.navigate("系统", "操作日志", "site:journal", Can.SEE_JOURNAL, 20)
        registry.navigate("系统", "系统状态", "site:status", Can.SEE_STATUS, 30)
        news.register("core.LocalRule", Can.SEE_LOCAL_RULES, "本地规定")
        news.register("core.BulkRun", "signed_in", "批量办理", lambda key: f"/bulk/{key}/")
        news.register("core.CountyDay", "signed_in", "作息调整")
        news.say({"local.rule_set": "设定取值", "calendar.day_set": "调整工作日"})
        news.register("site.Suggestion", "signed_in", "投诉建议", lambda key: "/suggestions/")
        news.say({"suggestion.answered": "已答复"})
