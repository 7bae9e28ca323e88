-- The books are only ever added to, whoever writes and however: by page, API, import, a shell or a statement of one's own. There
-- is no exception but for a demonstration, which takes the trigger off (budgets/demonstration/entries.py): what was wrong is put
-- right by a further entry.
CREATE FUNCTION books_are_final() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to: no row of it is changed or deleted. Write a correction or a credit.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER rows_are_final BEFORE UPDATE OR DELETE ON budgets_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION books_are_final();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON budgets_ledgerentry
    FOR EACH STATEMENT EXECUTE FUNCTION books_are_final();
CREATE TRIGGER rows_are_final BEFORE UPDATE OR DELETE ON budgets_billingrecord
    FOR EACH ROW EXECUTE FUNCTION books_are_final();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON budgets_billingrecord
    FOR EACH STATEMENT EXECUTE FUNCTION books_are_final();
CREATE TRIGGER rows_are_final BEFORE UPDATE OR DELETE ON budgets_billingline
    FOR EACH ROW EXECUTE FUNCTION books_are_final();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON budgets_billingline
    FOR EACH STATEMENT EXECUTE FUNCTION books_are_final();
CREATE TRIGGER rows_are_final BEFORE UPDATE OR DELETE ON budgets_billedentry
    FOR EACH ROW EXECUTE FUNCTION books_are_final();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON budgets_billedentry
    FOR EACH STATEMENT EXECUTE FUNCTION books_are_final();
