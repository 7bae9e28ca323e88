-- Put right what a sweep charged at its ceiling: one correction for each entry, and for ever. `items` has the place of
-- each entry's item in the other arrays. The entries and their counters are locked by the caller.
CREATE FUNCTION correct_many(
    entry_ids bigint[], items int[], amounts bigint[], token_counts bigint[], outcomes text[], answers analytics_answer[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    operations uuid[];
    corrections bigint[];
    corrected int[];
BEGIN
    WITH written AS (
        INSERT INTO budgets_ledgerentry AS known
            (operation_id, hop, kind, account_id, key_id, user_id, amount_nano, overrun_nano, tokens, counters, outcome,
             settled_at)
        SELECT e.operation_id, e.hop, 'correction', e.account_id, e.key_id, e.user_id,
               least(0, amounts[i.item] - e.amount_nano), greatest(0, amounts[i.item] - e.amount_nano),
               least(0, token_counts[i.item] - e.tokens), e.counters, outcomes[i.item], clock_timestamp()
        FROM unnest(entry_ids, items) AS i (id, item) JOIN budgets_ledgerentry e ON e.id = i.id
        WHERE e.id = ANY (entry_ids)
        ON CONFLICT (operation_id, hop, kind) DO NOTHING
        RETURNING known.operation_id, known.hop, known.amount_nano, known.tokens, known.counters
    ), moved AS (
        UPDATE budgets_counter c SET spent = c.spent + budget_measured(c.measure, m.amount, m.tokens, 0)
        FROM (
            SELECT t.id, sum(w.amount_nano)::bigint AS amount, sum(w.tokens)::bigint AS tokens
            FROM written w CROSS JOIN unnest(w.counters) AS t (id)
            GROUP BY t.id
        ) m
        WHERE c.id = m.id
    )
    SELECT array_agg(w.operation_id), array_agg(w.amount_nano), array_agg(i.item)
    INTO operations, corrections, corrected
    FROM written w
    JOIN budgets_ledgerentry e ON e.operation_id = w.operation_id AND e.hop = w.hop AND e.kind = 'charge'
    JOIN unnest(entry_ids, items) AS i (id, item) ON i.id = e.id;

    PERFORM amend_records(operations, corrections, ARRAY(SELECT answers[c.item] FROM unnest(corrected) AS c (item)));
END
$$;
