from pathlib import Path

from django.db import migrations

from budgets.models.limits import BY_SCOPE
from routerhub.tenancy.owners import by_account, by_user, seen_through, through
from routerhub.tenancy.policies import protected

SQL = Path(__file__).parent.parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("budgets", "0002_ledger_functions"), ("analytics", "0003_row_security")]

    operations = [
        migrations.RunSQL(
            (SQL / "accounts.sql").read_text(), "DROP FUNCTION accounts_of_user, accounts_of_key, owns_limit_of"
        ),
        protected("budgets_membership", by_account() | by_user()),
        protected("budgets_historicalmembership", by_account() | by_user()),
        protected("budgets_account", by_account("id")),
        protected("budgets_historicalaccount", by_account("id")),
        protected("budgets_apikey", by_account()),
        protected("budgets_historicalapikey", by_account()),
        protected("budgets_limit", BY_SCOPE),
        protected("budgets_historicallimit", BY_SCOPE),
        protected("budgets_counter", seen_through("limit_id", "budgets_limit")),
        protected("budgets_hold", by_account()),
        protected("budgets_ledgerentry", by_account()),
        protected("budgets_slot", through("key_id", "budgets_apikey")),
    ]
