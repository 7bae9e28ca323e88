-- Tables in partitions by the ISO week of `created_at`, in UTC. Each has a default partition, <table>_rest, for rows of a
-- week that nobody made one for, so that nothing is lost.

-- Make the partition of the week that begins on this Monday, with the rows of it that the default partition has. Returns how many
-- those were; null where the partition is there already.
-- It is attached, not made in place: so those who read and write the table wait for nothing but its default partition.
CREATE OR REPLACE FUNCTION make_partition(whole regclass, monday timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    rest text := whole || '_rest';
    name text := whole || to_char(monday AT TIME ZONE 'UTC', '"_"IYYY"w"IW');
    next_monday timestamptz := ((monday AT TIME ZONE 'UTC') + interval '7 days') AT TIME ZONE 'UTC';
    moved bigint;
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', rest);
    EXECUTE format('CREATE TABLE %I (LIKE %s INCLUDING ALL)', name, whole);
    EXECUTE format(
        'WITH moved AS (DELETE FROM %s WHERE created_at >= %L AND created_at < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        rest, monday, next_monday, name
    );
    GET DIAGNOSTICS moved = ROW_COUNT;
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', whole, name, monday, next_monday);
    PERFORM protect_partition(whole, name::regclass);
    RETURN moved;
END
$$;

-- Make the partitions of this week and the next `ahead` ones, where they are missing. Returns how many it made.
CREATE OR REPLACE FUNCTION extend_partitions(whole regclass, ahead int) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    monday timestamp := date_trunc('week', now() AT TIME ZONE 'UTC');
    made int := 0;
BEGIN
    FOR step IN 0 .. ahead LOOP
        IF make_partition(whole, (monday + make_interval(weeks => step)) AT TIME ZONE 'UTC') IS NOT NULL THEN
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END
$$;
