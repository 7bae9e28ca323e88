from django.db import migrations

from routerhub.tenancy.owners import by_account, by_member
from routerhub.tenancy.policies import protected


class Migration(migrations.Migration):
    dependencies = [("autorouter", "0001_initial"), ("budgets", "0003_row_security")]

    operations = [
        protected("autorouter_preferences", by_member()),
        protected("autorouter_historicalpreferences", by_member()),
        protected("autorouter_session", by_account()),
    ]
