from django.apps import AppConfig


class CasesConfig(AppConfig):
    name = "xinfu.cases"
    verbose_name = "办件"
