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

-- A limit keeps the zone of its account, and has it at hand. Whoever makes one that counts what was spent earlier, or gives one other
-- periods, holds off all who reserve until it is committed: no hold can come up in between.
CREATE FUNCTION limit_is_set() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.zone := coalesce((SELECT timezone FROM budgets_account WHERE id = NEW.account_id), 'UTC');
    IF TG_OP = 'INSERT' OR limit_counts_anew(OLD, NEW) THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('budgets.limits', 0));
    END IF;
    RETURN NEW;
END
$$;

-- Whether a change makes a limit count what it did not before.
CREATE FUNCTION limit_counts_anew(before budgets_limit, now budgets_limit) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT now.is_active AND (before.zone <> now.zone OR now.counts_earlier AND (
        before.is_active, before.kind, before.subject, before.account_id, before.measure, before.period,
        before.every_days, before.starts_on, before.ends_on
    ) IS DISTINCT FROM (
        now.is_active, now.kind, now.subject, now.account_id, now.measure, now.period, now.every_days, now.starts_on, now.ends_on
    ))
$$;

-- It looks at what others spent and held, whoever sets the limit, and takes that back.
CREATE FUNCTION limit_was_set() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    before text := coalesce(current_setting('routerhub.scope', true), '');
    counts boolean := CASE TG_OP
        WHEN 'INSERT' THEN NEW.is_active AND NEW.counts_earlier ELSE limit_counts_anew(OLD, NEW)
    END;
BEGIN
    IF counts THEN
        PERFORM set_config('routerhub.scope', 'system', true);
        PERFORM count_earlier(NEW);
        PERFORM set_config('routerhub.scope', before, true);
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER limit_is_set BEFORE INSERT OR UPDATE ON budgets_limit FOR EACH ROW EXECUTE FUNCTION limit_is_set();
CREATE TRIGGER limit_was_set AFTER INSERT OR UPDATE ON budgets_limit FOR EACH ROW EXECUTE FUNCTION limit_was_set();

CREATE FUNCTION account_moves_zone() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budgets_limit SET zone = NEW.timezone WHERE account_id = NEW.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER account_moves_zone AFTER UPDATE OF timezone ON budgets_account
    FOR EACH ROW WHEN (OLD.timezone IS DISTINCT FROM NEW.timezone) EXECUTE FUNCTION account_moves_zone();
