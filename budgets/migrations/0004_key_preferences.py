import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("autorouter", "0003_preference_sets"),
        ("budgets", "0003_row_security"),
    ]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="preferences",
            field=models.ForeignKey(
                blank=True,
                help_text="The set of its person's or its account's by which its requests go. Empty: the active one.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="keys",
                to="autorouter.preferences",
            ),
        ),
        migrations.AddField(
            model_name="historicalapikey",
            name="preferences",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                help_text="The set of its person's or its account's by which its requests go. Empty: the active one.",
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="autorouter.preferences",
            ),
        ),
    ]
