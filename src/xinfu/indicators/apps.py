from django.apps import AppConfig


class IndicatorsConfig(AppConfig):
    name = "xinfu.indicators"
    verbose_name = "晾晒指标"
