from pathlib import Path


import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from decimal import Decimal
from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0002_ledger_functions"),
    ]

    operations = [
        migrations.CreateModel(
            name="BilledEntry",
            fields=[
                ("entry_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("account_id", models.BigIntegerField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="BillingLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_id", models.BigIntegerField()),
                ("position", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("charge", "Charge"), ("correction", "Correction"), ("credit", "Credit")],
                        max_length=16,
                    ),
                ),
                ("month", models.CharField(help_text="To which the entries belong, e.g. 2026-10.", max_length=7)),
                (
                    "is_late",
                    models.BooleanField(
                        help_text="They came after the record of their month was closed.", verbose_name="late"
                    ),
                ),
                ("model", models.CharField(blank=True, max_length=128)),
                ("key_id", models.BigIntegerField(null=True)),
                ("key", models.CharField(blank=True, max_length=100)),
                ("user_id", models.BigIntegerField(null=True)),
                ("user", models.CharField(blank=True, max_length=150)),
                ("policy", models.CharField(blank=True, max_length=160)),
                ("entries", models.PositiveIntegerField()),
                ("input_tokens", models.BigIntegerField()),
                ("output_tokens", models.BigIntegerField()),
                ("amount_nano", models.BigIntegerField()),
                (
                    "by_ceiling_nano",
                    models.BigIntegerField(
                        help_text="Of that, what was charged at a ceiling, since price or usage was missing."
                    ),
                ),
            ],
            options={
                "ordering": ["record", "position"],
            },
        ),
        migrations.CreateModel(
            name="BillingRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("account_id", models.BigIntegerField()),
                ("account", models.CharField(help_text="The account's slug when it was closed.", max_length=50)),
                ("account_name", models.CharField(max_length=100)),
                ("number", models.PositiveIntegerField(help_text="From 1 on without a gap, by account.")),
                ("period_start", models.DateTimeField()),
                ("period_end", models.DateTimeField(help_text="The first moment that is not in it any more.")),
                ("time_zone", models.CharField(max_length=64)),
                ("total_nano", models.BigIntegerField()),
                ("closed_at", models.DateTimeField()),
                ("author_id", models.BigIntegerField(null=True)),
                (
                    "author",
                    models.CharField(blank=True, help_text="Who closed it; empty: the product itself.", max_length=150),
                ),
                ("reason", models.CharField(max_length=1000)),
            ],
            options={
                "ordering": ["-closed_at", "-id"],
            },
        ),
        migrations.CreateModel(
            name="Reconciliation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("began_at", models.DateTimeField()),
                ("took_ms", models.PositiveIntegerField()),
                ("counters", models.PositiveIntegerField(help_text="So many were compared.")),
                ("differences", models.JSONField(default=list, help_text="Those that differed, with both figures.")),
                ("is_repair", models.BooleanField(default=False, verbose_name="repaired")),
                ("author_id", models.BigIntegerField(null=True)),
                ("author", models.CharField(blank=True, max_length=150)),
                ("address", models.GenericIPAddressField(null=True)),
                ("reason", models.CharField(max_length=1000)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.RemoveConstraint(
            model_name="ledgerentry",
            name="charges_add_and_corrections_give_back",
        ),
        migrations.RemoveIndex(
            model_name="ledgerentry",
            name="ledgerentry_account_time",
        ),
        migrations.AddField(
            model_name="account",
            name="missing_usage",
            field=models.CharField(
                choices=[
                    ("estimate", "What is counted here, marked as estimated"),
                    ("ceiling", "All that was held, marked as such"),
                ],
                default="estimate",
                help_text="What is charged where a provider does not tell what it used.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="account",
            name="unpriced_request_usd",
            field=models.DecimalField(
                blank=True,
                decimal_places=9,
                help_text="US dollars for each answer of a model that has no price: held, charged and marked. Empty: it is refused.",
                max_digits=18,
                null=True,
                validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                verbose_name="charge without a price",
            ),
        ),
        migrations.AddField(
            model_name="historicalaccount",
            name="missing_usage",
            field=models.CharField(
                choices=[
                    ("estimate", "What is counted here, marked as estimated"),
                    ("ceiling", "All that was held, marked as such"),
                ],
                default="estimate",
                help_text="What is charged where a provider does not tell what it used.",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="historicalaccount",
            name="unpriced_request_usd",
            field=models.DecimalField(
                blank=True,
                decimal_places=9,
                help_text="US dollars for each answer of a model that has no price: held, charged and marked. Empty: it is refused.",
                max_digits=18,
                null=True,
                validators=[django.core.validators.MinValueValidator(Decimal("0"))],
                verbose_name="charge without a price",
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="address",
            field=models.GenericIPAddressField(null=True),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="audio_input_tokens",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="audio_output_tokens",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="author",
            field=models.CharField(blank=True, db_default="", help_text="Of a credit: who gave it.", max_length=150),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="author_id",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="basis",
            field=models.CharField(
                blank=True,
                choices=[
                    ("priced", "Reported usage by price"),
                    ("estimated", "Counted usage by price"),
                    ("no_price", "The account's figure, there is no price"),
                    ("no_usage", "What was held, no usage was told"),
                    ("held", "What was held, nothing else is known"),
                ],
                default="",
                max_length=16,
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="cache_read_tokens",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="cache_write_1h_tokens",
            field=models.BigIntegerField(default=0, verbose_name="cache write tokens, 1 hour"),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="cache_write_tokens",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="category",
            field=models.CharField(blank=True, default="", max_length=16),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="deployment",
            field=models.CharField(
                blank=True,
                default="",
                help_text="With the next field: the row of prices that was applied.",
                max_length=255,
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="incurred_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                help_text="When it was reserved: it belongs to the periods and the month of that moment.",
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="input_tokens",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="model",
            field=models.CharField(blank=True, default="", max_length=128),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="output_tokens",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="priced_from",
            field=models.DateTimeField(
                help_text="Since when that row is in force. Empty: no row was applied.", null=True
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="provider",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="reason",
            field=models.CharField(blank=True, db_default="", max_length=1000),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="reasoning_tokens",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="refers_to",
            field=models.UUIDField(help_text="Of a credit: the operation that it is for.", null=True),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=160),
                default=list,
                help_text="Whose limits counted it, as kind:subject.",
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="task_type",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="ledgerentry",
            name="web_searches",
            field=models.BigIntegerField(default=0),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="kind",
            field=models.CharField(
                choices=[("charge", "Charge"), ("correction", "Correction"), ("credit", "Credit")], max_length=16
            ),
        ),
        migrations.AlterField(
            model_name="ledgerentry",
            name="outcome",
            field=models.CharField(
                blank=True,
                choices=[
                    ("success", "Success"),
                    ("failure", "Failure"),
                    ("abandoned", "Abandoned"),
                    ("unknown", "Unknown"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["account_id", "incurred_at"], name="ledgerentry_account_time"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(fields=["account_id", "-id"], name="ledgerentry_account"),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=django.contrib.postgres.indexes.BrinIndex(
                fields=["incurred_at"], name="ledgerentry_time", pages_per_range=32
            ),
        ),
        migrations.AddIndex(
            model_name="ledgerentry",
            index=models.Index(
                condition=models.Q(("refers_to__isnull", False)), fields=["refers_to"], name="ledgerentry_refers_to"
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("amount_nano__gte", 0), ("kind", "charge"), ("tokens__gte", 0)),
                    models.Q(("amount_nano__lte", 0), ("kind__in", ["correction", "credit"]), ("tokens__lte", 0)),
                    _connector="OR",
                ),
                name="charges_add_and_all_others_give_back",
            ),
        ),
        migrations.AddConstraint(
            model_name="ledgerentry",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "credit"), _negated=True),
                    models.Q(("reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="credits_have_a_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="billingrecord",
            constraint=models.UniqueConstraint(fields=("account_id", "number"), name="one_billing_record_per_number"),
        ),
        migrations.AddConstraint(
            model_name="billingrecord",
            constraint=models.UniqueConstraint(
                fields=("account_id", "period_start"), name="one_billing_record_per_month"
            ),
        ),
        migrations.AddField(
            model_name="billingline",
            name="record",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="lines", to="budgets.billingrecord"
            ),
        ),
        migrations.AddField(
            model_name="billedentry",
            name="record",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="billed", to="budgets.billingrecord"
            ),
        ),
        migrations.AddConstraint(
            model_name="billingline",
            constraint=models.UniqueConstraint(fields=("record", "position"), name="one_billing_line_per_position"),
        ),
        migrations.RunSQL(
            [(SQL / "append_only.sql").read_text(), (SQL / "billing.sql").read_text()],
            """
            DROP TRIGGER rows_are_final ON budgets_ledgerentry;
            DROP TRIGGER never_emptied ON budgets_ledgerentry;
            DROP TRIGGER rows_are_final ON budgets_billingrecord;
            DROP TRIGGER never_emptied ON budgets_billingrecord;
            DROP TRIGGER rows_are_final ON budgets_billingline;
            DROP TRIGGER never_emptied ON budgets_billingline;
            DROP TRIGGER rows_are_final ON budgets_billedentry;
            DROP TRIGGER never_emptied ON budgets_billedentry;
            DROP FUNCTION books_are_final, close_billing;
            """,
        ),
    ]
