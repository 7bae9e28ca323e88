-- Spend by the hour, rolled up from the ledger: each entry once, however often and whenever this runs.
--
-- Entries get their ids in one order and become visible in another, so that the largest id seen says nothing of smaller ones.
-- So the roll-up first marks: up to this id, and when every transaction that had a number by now has ended. Once that is so,
-- nothing below the mark can appear any more, and it is added. Who writes an entry has locked a hold, an entry or a counter
-- before, hence has its number before the entry has its id.
CREATE TABLE budgets_hourmark (
    id smallint PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    done_id bigint NOT NULL DEFAULT 0,
    next_id bigint NOT NULL DEFAULT 0,
    next_xid xid8 NOT NULL DEFAULT '0'
);
INSERT INTO budgets_hourmark DEFAULT VALUES;

-- Mark how far the ledger goes, where all that was marked before is in. In a transaction of its own: its number must be
-- younger than what it reads.
CREATE FUNCTION mark_hours() RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    last_id bigint := (SELECT max(id) FROM budgets_ledgerentry);
BEGIN
    UPDATE budgets_hourmark SET next_id = last_id, next_xid = pg_current_xact_id()
    WHERE done_id = next_id AND last_id > done_id;
END
$$;

-- Whether a transaction of this database with a number below `bound`, which one that has ended had, is still open. Snapshots show
-- those of the server's other databases too, which write nothing here.
CREATE FUNCTION has_open_below(bound xid8) RETURNS boolean
LANGUAGE sql VOLATILE AS $$
    SELECT EXISTS (
        SELECT FROM pg_snapshot_xip(pg_current_snapshot()) AS open (number)
        WHERE open.number < bound AND NOT EXISTS (
            SELECT FROM pg_stat_activity WHERE backend_xid = open.number::xid AND datname <> current_database()
        )
    )
$$;

-- Add the entries of up to `most` ids below the mark, if no transaction is open that may still write one. Returns whether it
-- came further. A correction belongs to the hour of what it corrects.
CREATE FUNCTION add_hours(most bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    mark budgets_hourmark;
    last_id bigint;
BEGIN
    SELECT * INTO mark FROM budgets_hourmark FOR UPDATE;
    IF mark.next_xid > pg_current_xact_id() THEN
        -- A backup was restored to a server that has not counted so far: its numbers say nothing here.
        UPDATE budgets_hourmark SET next_id = done_id, next_xid = '0';
        RETURN false;
    END IF;
    IF mark.done_id = mark.next_id OR has_open_below(mark.next_xid) THEN
        RETURN false;
    END IF;
    last_id := least(mark.next_id, mark.done_id + most);

    WITH entry AS (
        SELECT e.account_id, e.counters, e.amount_nano, e.tokens, e.kind, e.hop,
               date_trunc('hour', coalesce(charge.settled_at, e.settled_at), 'UTC') AS hour
        FROM budgets_ledgerentry e
        LEFT JOIN budgets_ledgerentry charge
            ON e.kind <> 'charge' AND charge.kind = 'charge'
           AND charge.operation_id = e.operation_id AND charge.hop = e.hop
        WHERE e.id > mark.done_id AND e.id <= last_id
    ), by_account AS (
        INSERT INTO budgets_accounthour AS known (account_id, hour, amount_nano, tokens, requests)
        SELECT account_id, hour, sum(amount_nano), sum(tokens), count(*) FILTER (WHERE kind = 'charge' AND hop = 0)
        FROM entry
        GROUP BY account_id, hour
        ON CONFLICT (account_id, hour) DO UPDATE SET
            amount_nano = known.amount_nano + excluded.amount_nano,
            tokens = known.tokens + excluded.tokens,
            requests = known.requests + excluded.requests
    )
    INSERT INTO budgets_limithour AS known (limit_id, hour, amount_nano, tokens, requests)
    SELECT c.limit_id, hour, sum(amount_nano), sum(tokens), count(*) FILTER (WHERE kind = 'charge')
    FROM entry CROSS JOIN unnest(counters) AS t (id) JOIN budgets_counter c ON c.id = t.id
    GROUP BY c.limit_id, hour
    ON CONFLICT (limit_id, hour) DO UPDATE SET
        amount_nano = known.amount_nano + excluded.amount_nano,
        tokens = known.tokens + excluded.tokens,
        requests = known.requests + excluded.requests;

    UPDATE budgets_hourmark SET done_id = last_id;
    RETURN true;
END
$$;
