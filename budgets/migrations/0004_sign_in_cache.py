from django.db import migrations


class Migration(migrations.Migration):
    """Where tries to sign in are counted, in the shape of Django's cache in the database."""

    dependencies = [("budgets", "0003_members_and_scopes")]

    operations = [
        migrations.RunSQL(
            [
                "CREATE TABLE sign_in_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL,"
                " expires timestamptz NOT NULL)",
                "CREATE INDEX sign_in_cache_expires ON sign_in_cache (expires)",
            ],
            "DROP TABLE sign_in_cache",
        ),
    ]
