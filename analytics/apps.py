from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        from django.conf import settings

        from analytics.measuring import facts
        from analytics.records.retention import Kind, before_drop, register
        from analytics.windows.keeping import keep_uncounted
        from budgets.limits import names
        from models_registry import availability
        from models_registry.catalogue import compiler

        names.KNOWN |= {"model": lambda: set(compiler.model_names().values()), "provider": compiler.provider_names}
        availability.measure_by(facts.facts)

        def days() -> int:
            return int(settings.ANALYTICS_RETENTION_DAYS)

        register(Kind(name="records", table="analytics_record", days=days, is_partitioned=True))
        before_drop(keep_uncounted)
        register(Kind(name="feedback", table="analytics_feedback", days=days, column="reported_at"))
