from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "xinfu.people"
    verbose_name = "机构人员"
