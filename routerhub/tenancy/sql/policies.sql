-- Give a partition the policies of its table: those of a table do not hold for who asks one of its partitions by name.
CREATE OR REPLACE FUNCTION protect_partition(whole regclass, part regclass) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    policy record;
BEGIN
    IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = whole) THEN
        RETURN;
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
    FOR policy IN
        SELECT polname AS name, CASE polcmd WHEN 'r' THEN 'SELECT' ELSE 'ALL' END AS command,
               replace(pg_get_expr(polqual, polrelid), whole || '.', part || '.') AS condition,
               obj_description(oid, 'pg_policy') AS owner
        FROM pg_policy WHERE polrelid = whole
    LOOP
        EXECUTE format('DROP POLICY IF EXISTS %I ON %s', policy.name, part);
        EXECUTE format('CREATE POLICY %I ON %s FOR %s USING (%s)', policy.name, part, policy.command, policy.condition);
        EXECUTE format('COMMENT ON POLICY %I ON %s IS %L', policy.name, part, policy.owner);
    END LOOP;
END
$$;

-- Whether a statement may see the row with this id.
CREATE OR REPLACE FUNCTION sees_row(of_table regclass, row_id bigint) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s WHERE id = $1)', of_table) INTO found USING row_id;
    RETURN found;
END
$$;
