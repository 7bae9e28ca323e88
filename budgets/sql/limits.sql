-- The set of limits has a number that every change moves, so that a process can name limits by their ids and the
-- database can tell whether the process knows them all. The number follows the clock: no two sets share one, not even
-- after a backup was restored.
CREATE TABLE budgets_limitset (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    number bigint NOT NULL
);
INSERT INTO budgets_limitset (number) VALUES (0);

CREATE FUNCTION limits_changed() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budgets_limitset SET number = greatest(number + 1, (extract(epoch FROM clock_timestamp()) * 1e6)::bigint);
    PERFORM pg_notify('routerhub_changes', 'limits');
    RETURN NULL;
END
$$;

CREATE TRIGGER limits_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON budgets_limit
    FOR EACH STATEMENT EXECUTE FUNCTION limits_changed();

-- A limit keeps the zone of its account, and has it at hand.
CREATE FUNCTION limit_keeps_zone() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.zone := coalesce((SELECT timezone FROM budgets_account WHERE id = NEW.account_id), 'UTC');
    RETURN NEW;
END
$$;

CREATE TRIGGER limit_keeps_zone BEFORE INSERT OR UPDATE ON budgets_limit
    FOR EACH ROW EXECUTE FUNCTION limit_keeps_zone();

CREATE FUNCTION account_moves_zone() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budgets_limit SET zone = NEW.timezone WHERE account_id = NEW.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER account_moves_zone AFTER UPDATE OF timezone ON budgets_account
    FOR EACH ROW WHEN (OLD.timezone IS DISTINCT FROM NEW.timezone) EXECUTE FUNCTION account_moves_zone();
