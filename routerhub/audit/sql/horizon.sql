-- Every transaction of this database with a number below it has ended, so that the next statement sees all it wrote: the number of the
-- first that is open, this one's own among them, or else the first that had not begun. `pg_snapshot_xmin` would wait for those of the
-- server's other databases too, which write nothing here. One that nobody is at any more has ended since the snapshot, unless it is
-- prepared, or whoever is at it is hidden from this role.
CREATE OR REPLACE FUNCTION transaction_horizon() RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(
        least(
            (
                SELECT min(open.number::text::bigint) FROM pg_snapshot_xip(s) AS open (number)
                WHERE NOT EXISTS (
                    SELECT FROM pg_stat_activity WHERE backend_xid = open.number::xid AND datname <> current_database()
                ) AND (
                    EXISTS (SELECT FROM pg_stat_activity WHERE backend_xid = open.number::xid)
                    OR EXISTS (
                        SELECT FROM pg_stat_activity
                        WHERE datname = current_database() AND query = '<insufficient privilege>'
                    )
                    OR EXISTS (SELECT FROM pg_prepared_xacts WHERE database = current_database())
                )
            ),
            pg_current_xact_id_if_assigned()::text::bigint
        ),
        pg_snapshot_xmax(s)::text::bigint
    )
    FROM pg_current_snapshot() AS s
$$;
