-- Keep a row as it was before it is amended. Its table's trigger says its name and which column has the transaction that wrote it.
CREATE OR REPLACE FUNCTION audit_keep_amended() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    was jsonb := to_jsonb(OLD);
BEGIN
    INSERT INTO audit_amendment ("table", account_id, arrived, row)
    VALUES (TG_ARGV[0], (was->>'account_id')::bigint, (was->>TG_ARGV[1])::bigint, was);
    RETURN NULL;
END
$$;
