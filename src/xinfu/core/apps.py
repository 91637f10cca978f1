from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "xinfu.core"
    verbose_name = "基础"

    def ready(self) -> None:
        from xinfu.core import actor, messages, permissions  # noqa: F401 -- grants and local numbers register

        actor.name_jobs({"tick": "定时任务", "tidy": "清理", "messages": "短信"})
