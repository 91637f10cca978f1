from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "xinfu.indicators"
    verbose_name = "晾晒指标"

    def ready(self) -> None:
        from xinfu.core import events
        from xinfu.indicators import access, definitions, local  # noqa: F401 -- registers

        definitions.register()
        events.on("cases.imported", "xinfu.indicators.tasks.on_imported")
        events.on("items.imported", "xinfu.indicators.tasks.on_imported")
