-- Every transaction of this database with a number below it has ended, so that all it wrote is seen: the number of the first that is
-- open, this one's own among them, or else the first that has not begun. `pg_snapshot_xmin` would wait for those of the server's other
-- databases too, which write nothing here.
CREATE OR REPLACE FUNCTION transaction_horizon() RETURNS bigint
LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(
        least(
            (
                SELECT min(open.number::text::bigint) FROM pg_snapshot_xip(s) AS open (number)
                WHERE NOT EXISTS (
                    SELECT FROM pg_stat_activity
                    WHERE backend_xid = open.number::xid AND datname <> current_database()
                )
            ),
            pg_current_xact_id_if_assigned()::text::bigint
        ),
        pg_snapshot_xmax(s)::text::bigint
    )
    FROM pg_current_snapshot() AS s
$$;
