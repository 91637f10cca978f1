from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "xinfu.catalog"
    verbose_name = "事项目录"
