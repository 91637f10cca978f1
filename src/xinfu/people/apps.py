from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "xinfu.people"
    verbose_name = "机构人员"

    def ready(self) -> None:
        from xinfu.people import access, limits, telling  # noqa: F401  (registers grants and local numbers)

        telling.register()
