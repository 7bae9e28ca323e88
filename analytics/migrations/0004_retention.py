from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_row_security")]

    operations = [
        migrations.RunSQL(
            [(SQL / "functions.sql").read_text(), (SQL / "partitions.sql").read_text()], migrations.RunSQL.noop
        ),
        migrations.CreateModel(
            name="Pruning",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(help_text="what it was of, e.g. records", max_length=32)),
                (
                    "part",
                    models.CharField(help_text="the partition, or the table whose rows were deleted", max_length=80),
                ),
                ("until", models.DateTimeField(help_text="all of it was older than this")),
                ("rows", models.BigIntegerField(help_text="that are gone")),
                ("kept", models.BigIntegerField(help_text="rows of accounts under legal hold, which stayed")),
                (
                    "bytes",
                    models.BigIntegerField(
                        help_text="that the disk has back; 0 where rows were deleted: their table uses the room again"
                    ),
                ),
                ("reason", models.CharField(max_length=200)),
                ("pruned_at", models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
            options={
                "ordering": ["-pruned_at", "-id"],
            },
        ),
    ]
