from django.apps import AppConfig


class ExperimentsConfig(AppConfig):
    name = "experiments"
    verbose_name = "Experiments"

    def ready(self) -> None:
        from autorouter.viewsets import decisions
        from experiments import selecting

        decisions.keep_by(selecting.keep)
