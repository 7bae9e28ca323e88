-- Settle each item exactly once: hold away, amount from reserved to spent, ledger entry and request record written.
--
-- items: [{op, account, key, user, counters: [id], held, amount, tokens, outcome, record}]
-- returns the number of items settled now; the others were settled before, and nothing changes for them.
--
-- What an upstream asks beyond the hold is kept as overrun and not charged, so that no limit is ever passed. An item
-- without a hold (its reservation was lost in a crash of the database) is charged to the counters that it names. A null
-- record writes none: the hop of a request that went on elsewhere.
CREATE OR REPLACE FUNCTION settle_many(items jsonb) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    fresh uuid[];
    touched bigint[];
BEGIN
    -- Holds before counters, each in id order: the same order for everybody, the sweeper included.
    PERFORM FROM budgets_hold
    WHERE operation_id IN (SELECT (each ->> 'op')::uuid FROM jsonb_array_elements(items) each)
    ORDER BY operation_id
    FOR UPDATE;

    WITH entry AS (
        SELECT DISTINCT ON (op) (each ->> 'op')::uuid AS op, each AS item, h.counters, h.amount_nano AS held, h.tokens
        FROM jsonb_array_elements(items) each
        LEFT JOIN budgets_hold h ON h.operation_id = (each ->> 'op')::uuid
        ORDER BY op
    ), written AS (
        INSERT INTO budgets_ledgerentry
            (operation_id, account_id, key_id, user_id, amount_nano, overrun_nano, tokens, counters, outcome, settled_at)
        SELECT op, (item ->> 'account')::bigint, (item ->> 'key')::bigint, (item ->> 'user')::bigint,
               least((item ->> 'amount')::bigint, coalesce(held, (item ->> 'held')::bigint)),
               greatest(0, (item ->> 'amount')::bigint - coalesce(held, (item ->> 'held')::bigint)),
               least((item ->> 'tokens')::bigint, coalesce(tokens, (item ->> 'tokens')::bigint)),
               coalesce(counters, ARRAY(SELECT jsonb_array_elements_text(item -> 'counters')::bigint)),
               item ->> 'outcome', moment
        FROM entry
        ORDER BY op
        ON CONFLICT (operation_id) DO NOTHING
        RETURNING operation_id, counters
    )
    SELECT array_agg(operation_id), (SELECT array_agg(DISTINCT c) FROM written w, unnest(w.counters) c)
    INTO fresh, touched
    FROM written;

    IF fresh IS NULL THEN
        RETURN 0;
    END IF;

    PERFORM FROM budgets_counter WHERE id = ANY (touched) ORDER BY id FOR NO KEY UPDATE;

    WITH released AS (
        DELETE FROM budgets_hold WHERE operation_id = ANY (fresh) RETURNING operation_id, amount_nano, tokens
    ), moved AS (
        SELECT c.id,
               sum(budget_measured(bl.measure, e.amount_nano, e.tokens)) AS spent,
               sum(CASE WHEN r.operation_id IS NULL THEN 0
                   ELSE budget_measured(bl.measure, r.amount_nano, r.tokens) END) AS reserved
        FROM budgets_ledgerentry e
        LEFT JOIN released r USING (operation_id)
        CROSS JOIN unnest(e.counters) AS touch (id)
        JOIN budgets_counter c ON c.id = touch.id
        JOIN budgets_limit bl ON bl.id = c.limit_id
        WHERE e.operation_id = ANY (fresh)
        GROUP BY c.id
    )
    UPDATE budgets_counter c SET spent = c.spent + m.spent, reserved = c.reserved - m.reserved
    FROM moved m
    WHERE c.id = m.id;

    PERFORM record_many((
        SELECT jsonb_agg(once.record) FROM (
            SELECT DISTINCT ON (each ->> 'op') each -> 'record' AS record FROM jsonb_array_elements(items) each
            WHERE (each ->> 'op')::uuid = ANY (fresh) AND each -> 'record' <> 'null'
        ) once
    ));
    RETURN cardinality(fresh);
END
$$;
