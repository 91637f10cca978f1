from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "xinfu.catalog"
    verbose_name = "事项目录"

    def ready(self) -> None:
        from xinfu.catalog import access, local, mapping, snapshot  # noqa: F401 -- access and local register
        from xinfu.core import registry

        mapping.register_shipped()
        registry.snapshot_views.add(snapshot.VIEW.name, snapshot.VIEW)
