-- Put right what a sweep charged at its ceiling: one correction for each entry, and for ever. It belongs to the month and the
-- model of the charge, and tells the tokens that this did not know. What was credited meanwhile is not given back twice.
-- `items` has the place of each entry's item in the batch, and `touched` their counters. Entries and counters are locked by
-- the caller.
CREATE FUNCTION correct_many(
    entries bigint[], items int[], touched bigint[], operations uuid[], hops smallint[], amounts bigint[],
    token_counts bigint[], outcomes text[], answers analytics_answer[], usages budget_usage[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    corrected int[];
    corrections bigint[];
BEGIN
    WITH written AS (
        INSERT INTO budgets_ledgerentry
            (operation_id, hop, kind, account_id, key_id, user_id, amount_nano, overrun_nano, tokens, is_sandbox,
             counters, outcome, settled_at, incurred_at, task_type, category, scopes, model, provider, deployment, priced_from,
             basis, input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, audio_input_tokens,
             output_tokens, reasoning_tokens, audio_output_tokens, web_searches)
        SELECT e.operation_id, e.hop, 'correction', e.account_id, e.key_id, e.user_id,
               greatest(least(0, amounts[i.item] - e.amount_nano), -g.charged), greatest(0, amounts[i.item] - e.amount_nano),
               least(0, token_counts[i.item] - e.tokens), e.is_sandbox, e.counters, outcomes[i.item], clock_timestamp(),
               e.incurred_at, e.task_type, e.category, e.scopes, e.model, e.provider, coalesce((t.u).deployment, ''),
               (t.u).priced_from, coalesce((t.u).basis, 'held'),
               coalesce((t.u).input_tokens, 0), coalesce((t.u).cache_read_tokens, 0), coalesce((t.u).cache_write_tokens, 0),
               coalesce((t.u).cache_write_1h_tokens, 0), coalesce((t.u).audio_input_tokens, 0),
               coalesce((t.u).output_tokens, 0), coalesce((t.u).reasoning_tokens, 0),
               coalesce((t.u).audio_output_tokens, 0), coalesce((t.u).web_searches, 0)
        FROM unnest(entries, items) AS i (id, item) JOIN budgets_ledgerentry e ON e.id = i.id
            CROSS JOIN LATERAL (SELECT usages[i.item] AS u OFFSET 0) t
            CROSS JOIN LATERAL (
                SELECT (SELECT sum(o.amount_nano) FROM budgets_ledgerentry o WHERE o.operation_id = e.operation_id)
                    + coalesce((SELECT sum(o.amount_nano) FROM budgets_ledgerentry o WHERE o.refers_to = e.operation_id), 0)
                    AS charged
            ) g
        WHERE e.id = ANY (entries)
        ON CONFLICT (operation_id, hop, kind) DO NOTHING
        RETURNING operation_id, hop, amount_nano, tokens, is_sandbox, counters
    ), moved AS (
        UPDATE budgets_counter c SET
            spent = c.spent + budget_measured(c.measure, m.amount, m.tokens, 0),
            sandbox = c.sandbox + budget_measured(c.measure, m.sandbox_amount, m.sandbox_tokens, 0)
        FROM (
            SELECT t.id, sum(w.amount_nano)::bigint AS amount, sum(w.tokens)::bigint AS tokens,
                   coalesce(sum(w.amount_nano) FILTER (WHERE w.is_sandbox), 0)::bigint AS sandbox_amount,
                   coalesce(sum(w.tokens) FILTER (WHERE w.is_sandbox), 0)::bigint AS sandbox_tokens
            FROM written w CROSS JOIN unnest(w.counters) AS t (id)
            GROUP BY t.id
        ) m
        WHERE c.id = m.id AND c.id = ANY (touched)
    )
    SELECT array_agg(i.item), array_agg(w.amount_nano)
    INTO corrected, corrections
    FROM written w JOIN unnest(items) AS i (item) ON operations[i.item] = w.operation_id AND hops[i.item] = w.hop;

    PERFORM amend_records(
        ARRAY(SELECT operations[c.item] FROM unnest(corrected) AS c (item)), corrections,
        ARRAY(SELECT answers[c.item] FROM unnest(corrected) AS c (item))
    );
END
$$;
