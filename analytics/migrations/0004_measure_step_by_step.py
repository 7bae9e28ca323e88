from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_row_security")]

    operations = [
        migrations.DeleteModel("MeasuredFact"),
        migrations.DeleteModel("MeasuredLength"),
        migrations.CreateModel(
            name="Measuring",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("before", models.BigIntegerField(help_text="Records that earlier transactions wrote are measured.")),
                ("is_sandbox", models.BooleanField(help_text="Whether it is the sandbox that is measured.")),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="MeasuredFact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model", models.CharField(help_text="*: all models together", max_length=128)),
                ("deployment", models.CharField(help_text="*: all deployments together", max_length=200)),
                ("calls", models.FloatField()),
                ("successes", models.FloatField()),
                ("answers", models.FloatField(help_text="whole answers that are timed")),
                ("latency_ms", models.FloatField(help_text="of all answers together")),
                ("output_tokens", models.FloatField(help_text="of all answers together")),
                ("first_tokens", models.FloatField(help_text="answers that told when their first token came")),
                ("ttft_ms", models.FloatField(help_text="of all these together", verbose_name="time to first token")),
                ("measured_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["model", "deployment"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model", "deployment"), name="analytics_measured_once_at_a_deployment"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MeasuredLength",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("model", models.CharField(help_text="*: all models together", max_length=128)),
                ("category", models.CharField(help_text="*: all categories together", max_length=16)),
                ("complexity", models.CharField(help_text="*: all complexities together", max_length=16)),
                ("answers", models.PositiveIntegerField(help_text="about so many were measured")),
                ("median_output", models.PositiveIntegerField(help_text="output tokens that half of them do not pass")),
                ("high_output", models.PositiveIntegerField(help_text="output tokens that hardly any of them passes")),
                (
                    "usual_output",
                    models.PositiveIntegerField(
                        help_text="output tokens that an answer hardly ever passes, with a margin"
                    ),
                ),
                ("median_ms", models.PositiveIntegerField(help_text="median time of a whole answer")),
                ("tokens", models.JSONField(help_text="weights by output tokens")),
                ("times", models.JSONField(help_text="weights by milliseconds")),
                ("measured_at", models.DateTimeField()),
            ],
            options={
                "ordering": ["model", "category", "complexity"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("model", "category", "complexity"), name="analytics_length_of_one_sort"
                    )
                ],
            },
        ),
    ]
