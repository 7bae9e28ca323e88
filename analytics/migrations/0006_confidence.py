from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0005_amendments")]

    operations = [
        migrations.RunSQL(
            [(SQL / "confidence.sql").read_text(), (SQL / "functions.sql").read_text()],
            """
            ALTER TABLE analytics_record DROP COLUMN confidence, DROP COLUMN second, DROP COLUMN read_by;
            ALTER TYPE analytics_request
                DROP ATTRIBUTE confidence, DROP ATTRIBUTE second, DROP ATTRIBUTE read_by;
            """,
        ),
        migrations.AddField(
            model_name="selection",
            name="confidence",
            field=models.FloatField(help_text="how likely the category is", null=True),
        ),
        migrations.AddField(
            model_name="selection",
            name="read_by",
            field=models.CharField(blank=True, default="", help_text="who found the category", max_length=8),
        ),
        migrations.AddField(
            model_name="selection",
            name="second",
            field=models.CharField(blank=True, default="", max_length=16, verbose_name="second category"),
        ),
    ]
