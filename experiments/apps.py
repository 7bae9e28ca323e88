from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "experiments"
    verbose_name = "Experiments"

    def ready(self) -> None:
        from autorouter import keeping
        from experiments import selecting

        keeping.keep_by(selecting.keep)
