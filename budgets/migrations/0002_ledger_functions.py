from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent.parent / "sql"
FILES = (
    "keys",
    "tables",
    "limits",
    "counters",
    "earlier",
    "slots",
    "reserve_many",
    "corrections",
    "settle_many",
    "sweep_holds",
    "hours",
)


class Migration(migrations.Migration):
    dependencies = [("budgets", "0003_limit_scopes_periods_modes"), ("analytics", "0002_record_table")]

    operations = [
        migrations.RunSQL(
            [(SQL / f"{name}.sql").read_text() for name in FILES],
            """
            DROP FUNCTION add_hours, has_open_below, mark_hours;
            DROP TABLE budgets_hourmark;
            DROP FUNCTION sweep_holds, sweep_hold, swept_answer, settle_many, correct_many, reserve_many, free_slots,
                renew_slots, slot_lease, budget_refusal, open_counters, mark_paused,
                count_earlier, counted_as,
                budget_rate_fits_at, budget_carried, budget_measured, budget_period_end, budget_period_start, budget_midnight;
            DROP TYPE budget_refusal, budget_rate;
            DROP TRIGGER account_moves_zone ON budgets_account;
            DROP TRIGGER limit_is_set ON budgets_limit;
            DROP TRIGGER limit_was_set ON budgets_limit;
            DROP TRIGGER limits_changed ON budgets_limit;
            DROP FUNCTION limits_changed, limit_is_set, limit_was_set, limit_counts_anew, account_moves_zone;
            DROP TABLE budgets_limitset;
            DROP TRIGGER revocation_is_final ON budgets_apikey;
            DROP FUNCTION revocation_is_final;
            ALTER TABLE budgets_hold DROP COLUMN request, DROP CONSTRAINT budgets_hold_pkey, ADD PRIMARY KEY (id);
            """,
        ),
    ]
