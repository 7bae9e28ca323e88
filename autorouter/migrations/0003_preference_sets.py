import autorouter.models
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from routerhub.tenancy.owners import by_account, by_member
from routerhub.tenancy.policies import protected


class Migration(migrations.Migration):
    dependencies = [
        ("autorouter", "0002_row_security"),
        ("budgets", "0003_row_security"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="preferences",
            options={"ordering": ["account", "user", "name"], "verbose_name_plural": "preferences"},
        ),
        migrations.AddField(
            model_name="historicalpreferences",
            name="account",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                help_text="Of all of its people, where it is no user's.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="budgets.account",
            ),
        ),
        migrations.AddField(
            model_name="historicalpreferences",
            name="is_active",
            field=models.BooleanField(
                default=True,
                help_text="The one of its owner's that counts, where a key pins no other.",
                verbose_name="active",
            ),
        ),
        migrations.AddField(
            model_name="historicalpreferences",
            name="name",
            field=models.CharField(default="default", max_length=64, validators=[autorouter.models.check_shown]),
        ),
        migrations.AddField(
            model_name="preferences",
            name="account",
            field=models.ForeignKey(
                blank=True,
                help_text="Of all of its people, where it is no user's.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="preferences",
                to="budgets.account",
            ),
        ),
        migrations.AddField(
            model_name="preferences",
            name="is_active",
            field=models.BooleanField(
                default=True,
                help_text="The one of its owner's that counts, where a key pins no other.",
                verbose_name="active",
            ),
        ),
        migrations.AddField(
            model_name="preferences",
            name="name",
            field=models.CharField(default="default", max_length=64, validators=[autorouter.models.check_shown]),
        ),
        migrations.AlterField(
            model_name="historicalpreferences",
            name="priority",
            field=models.CharField(
                blank=True,
                choices=[
                    ("balanced", "Balanced"),
                    ("speed", "Speed"),
                    ("cost", "Cost"),
                    ("quality", "Quality"),
                    ("privacy", "Privacy"),
                ],
                default="",
                help_text="Empty: as the account says, else balanced.",
                max_length=16,
                verbose_name="default priority",
            ),
        ),
        migrations.AlterField(
            model_name="preferences",
            name="priority",
            field=models.CharField(
                blank=True,
                choices=[
                    ("balanced", "Balanced"),
                    ("speed", "Speed"),
                    ("cost", "Cost"),
                    ("quality", "Quality"),
                    ("privacy", "Privacy"),
                ],
                default="",
                help_text="Empty: as the account says, else balanced.",
                max_length=16,
                verbose_name="default priority",
            ),
        ),
        migrations.AlterField(
            model_name="preferences",
            name="user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="preferences",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="preferences",
            constraint=models.CheckConstraint(
                condition=models.Q(("user__isnull", True), ("account__isnull", True), _connector="XOR"),
                name="preferences_of_one_owner",
                violation_error_message="Name a user or an account, and not both.",
            ),
        ),
        migrations.AddConstraint(
            model_name="preferences",
            constraint=models.UniqueConstraint(
                fields=("account", "user", "name"),
                name="one_set_of_a_name",
                nulls_distinct=False,
                violation_error_message="There is a set of this name already.",
            ),
        ),
        migrations.AddConstraint(
            model_name="preferences",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_active", True)),
                fields=("account", "user"),
                name="one_active_set",
                nulls_distinct=False,
            ),
        ),
        protected("autorouter_preferences", by_member() | by_account()),
        protected("autorouter_historicalpreferences", by_member() | by_account()),
    ]
