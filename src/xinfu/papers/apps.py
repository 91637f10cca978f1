from django.apps import AppConfig


class PapersConfig(AppConfig):
    name = "xinfu.papers"
    verbose_name = "公文"
