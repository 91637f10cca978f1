from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "xinfu.demo"
    verbose_name = "演示县"
