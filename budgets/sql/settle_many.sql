-- Settle each hold exactly once: hold away, amount from reserved to spent, ledger entry and request record written.
--
-- What an upstream asks beyond the hold is kept as overrun and not charged, so that no limit is ever passed. A null
-- answer writes no record: the hop of a request that went on elsewhere. What was settled before stays as it is, unless a
-- sweep charged it at its ceiling: then the difference is corrected, once. `missing` are the places, from one, of items
-- that have neither hold nor entry.
--
-- `usages` say what each charge is made of; null where nobody lived to tell: then the entry
-- names the model that was about to be called.
--
-- `slots` are the operations that end with this and had a slot of their key: it is free again.
--
-- Holds are locked before entries and entries before counters, each in the order of their names: the same for everybody.
CREATE FUNCTION settle_many(
    operations uuid[], hops smallint[], amounts bigint[], token_counts bigint[], outcomes text[],
    answers analytics_answer[], slots uuid[], usages budget_usage[], OUT missing int[]
)
LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    items int[];
    holds tid[];
    requests analytics_request[];
    swept bigint[];
    swept_items int[];
    touched bigint[];
BEGIN
    PERFORM set_config('routerhub.scope', 'system', true);
    missing := '{}';

    SELECT array_agg(i.item), array_agg(h.ctid), array_agg(h.request) FILTER (WHERE answers[i.item] IS DISTINCT FROM NULL)
    INTO items, holds, requests
    FROM (
        SELECT DISTINCT ON (operation_id, hop) *
        FROM unnest(operations, hops) WITH ORDINALITY AS i (operation_id, hop, item)
        ORDER BY operation_id, hop, item
    ) i CROSS JOIN LATERAL (
        SELECT h.ctid, h.request FROM budgets_hold h
        WHERE h.operation_id = i.operation_id AND h.hop = i.hop
        FOR UPDATE
    ) h;

    -- Rare: settled before, swept, or never held.
    IF cardinality(holds) IS DISTINCT FROM cardinality(operations) THEN
        SELECT array_agg(e.id), array_agg(i.item)
        INTO swept, swept_items
        FROM (
            SELECT DISTINCT ON (operation_id, hop) *
            FROM unnest(operations, hops) WITH ORDINALITY AS i (operation_id, hop, item)
            ORDER BY operation_id, hop, item
        ) i CROSS JOIN LATERAL (
            SELECT e.id FROM budgets_ledgerentry e
            WHERE e.operation_id = i.operation_id AND e.hop = i.hop AND e.kind = 'charge' AND e.outcome = 'unknown'
            FOR NO KEY UPDATE
        ) e;
        missing := ARRAY(
            SELECT i.item
            FROM unnest(operations, hops) WITH ORDINALITY AS i (operation_id, hop, item)
            WHERE (SELECT true FROM budgets_hold h WHERE h.operation_id = i.operation_id AND h.hop = i.hop) IS NULL
              AND (SELECT true FROM budgets_ledgerentry e
                   WHERE e.operation_id = i.operation_id AND e.hop = i.hop AND e.kind = 'charge') IS NULL
        );
    END IF;

    touched := ARRAY(
        SELECT unnest(counters) FROM budgets_hold WHERE ctid = ANY (holds)
        UNION
        SELECT unnest(counters) FROM budgets_ledgerentry WHERE id = ANY (swept)
    );
    PERFORM FROM budgets_counter WHERE id = ANY (touched) ORDER BY id FOR NO KEY UPDATE;

    WITH freed AS (
        DELETE FROM budgets_hold h USING unnest(holds, items) AS i (ctid, item)
        WHERE h.ctid = i.ctid AND h.ctid = ANY (holds)
        RETURNING i.item, operation_id, hop, account_id, key_id, user_id, counters,
            amount_nano AS held, least(amount_nano, amounts[i.item]) AS charged,
            greatest(0, amounts[i.item] - amount_nano) AS overrun,
            tokens AS held_tokens, least(tokens, token_counts[i.item]) AS tokens, (request).is_sandbox, created_at,
            (request).model AS wanted, (request).task_type, (request).category, (request).scopes
    ), written AS (
        INSERT INTO budgets_ledgerentry
            (operation_id, hop, kind, account_id, key_id, user_id, amount_nano, overrun_nano, tokens, is_sandbox,
             counters, outcome, settled_at, incurred_at, task_type, category, scopes, model, provider, deployment, priced_from,
             basis, input_tokens, cache_read_tokens, cache_write_tokens, cache_write_1h_tokens, audio_input_tokens,
             output_tokens, reasoning_tokens, audio_output_tokens, web_searches)
        SELECT operation_id, hop, 'charge', account_id, key_id, user_id, charged, overrun, tokens, is_sandbox,
               counters, outcomes[item], moment, created_at, coalesce(task_type, ''), coalesce(category, ''), coalesce(scopes, '{}'),
               coalesce((t.u).model, wanted, ''), coalesce((t.u).provider, ''), coalesce((t.u).deployment, ''),
               (t.u).priced_from, coalesce((t.u).basis, CASE WHEN charged > 0 THEN 'held' ELSE '' END),
               coalesce((t.u).input_tokens, 0), coalesce((t.u).cache_read_tokens, 0), coalesce((t.u).cache_write_tokens, 0),
               coalesce((t.u).cache_write_1h_tokens, 0), coalesce((t.u).audio_input_tokens, 0),
               coalesce((t.u).output_tokens, 0), coalesce((t.u).reasoning_tokens, 0),
               coalesce((t.u).audio_output_tokens, 0), coalesce((t.u).web_searches, 0)
        FROM freed CROSS JOIN LATERAL (SELECT usages[freed.item] AS u OFFSET 0) t
    )
    UPDATE budgets_counter c SET
        spent = c.spent + budget_measured(c.measure, m.charged, m.tokens, m.requests),
        reserved = c.reserved - budget_measured(c.measure, m.held, m.held_tokens, m.requests),
        sandbox = c.sandbox + budget_measured(c.measure, m.sandbox_charged, m.sandbox_tokens, m.sandbox_requests)
    FROM (
        SELECT t.id, sum(charged)::bigint AS charged, sum(tokens)::bigint AS tokens, sum(held)::bigint AS held,
               sum(held_tokens)::bigint AS held_tokens, count(*) AS requests,
               coalesce(sum(charged) FILTER (WHERE is_sandbox), 0)::bigint AS sandbox_charged,
               coalesce(sum(tokens) FILTER (WHERE is_sandbox), 0)::bigint AS sandbox_tokens,
               count(*) FILTER (WHERE is_sandbox) AS sandbox_requests
        FROM freed CROSS JOIN unnest(freed.counters) AS t (id)
        GROUP BY t.id
    ) m
    WHERE c.id = m.id AND c.id = ANY (touched);

    IF slots <> '{}' THEN
        PERFORM free_slots(slots);
    END IF;
    IF swept IS NOT NULL THEN
        PERFORM correct_many(swept, swept_items, touched, operations, hops, amounts, token_counts, outcomes, answers, usages);
    END IF;
    IF requests IS NOT NULL THEN
        PERFORM record_many(requests, ARRAY(
            SELECT answers[i.item] FROM unnest(items) AS i (item) WHERE answers[i.item] IS DISTINCT FROM NULL
        ));
    END IF;
END
$$;
