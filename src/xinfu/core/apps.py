from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "xinfu.core"
    verbose_name = "基础"

    def ready(self) -> None:
        from xinfu.core import permissions  # noqa: F401  (registers the grants)
