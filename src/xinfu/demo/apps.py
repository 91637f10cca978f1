from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "xinfu.demo"
    verbose_name = "演示县"

    def ready(self) -> None:
        from xinfu.core import actor

        actor.name_jobs({"demo": "演示"})
