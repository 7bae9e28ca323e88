-- A revocation is final, whoever writes and however: by page, API, import, restore or a shell.
CREATE FUNCTION revocation_is_final() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Key % is revoked, and stays so: make a new one.', OLD.prefix USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER revocation_is_final BEFORE UPDATE ON budgets_apikey
    FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
    EXECUTE FUNCTION revocation_is_final();
