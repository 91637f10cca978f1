from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "xinfu.site"
    verbose_name = "门户"
