from django.apps import AppConfig


class ReportsConfig(AppConfig):
    name = "xinfu.reports"
    verbose_name = "工作报告"
