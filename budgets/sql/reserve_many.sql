-- Reserve the worst case of each item, in order of arrival, where it fits into every limit of its scopes.
--
-- items: [{op, account, key, user, scopes: ["account:7", ...], amount, tokens, lease_s, record}]
-- returns, in the same order: {granted: true, counters: [id], remaining} or
--   {granted: false, limit_id, kind, subject, measure, period, limit, spent, reserved, asked, resets_at}
--
-- Every counter that the batch touches is locked first, in id order, so that batches never wait for each other in a
-- circle and nobody else changes a figure between the check and the write.
CREATE OR REPLACE FUNCTION reserve_many(items jsonb) RETURNS jsonb[]
LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    item jsonb;
    counter record;
    mine int[];
    place int;
    asked bigint;
    refused int;
    remaining bigint;
    results jsonb[] := '{}';
    places jsonb := '{}';
    ids bigint[] := '{}';
    spent bigint[] := '{}';
    reserved bigint[] := '{}';
    added bigint[] := '{}';
    limits jsonb[] := '{}';
    amounts bigint[] := '{}';
    measures text[] := '{}';
BEGIN
    -- A period's first request makes its counter. Ordered, so that two first requests cannot deadlock.
    INSERT INTO budgets_counter (limit_id, period_start, spent, reserved)
    SELECT bl.id, budget_period_start(bl.period, moment), 0, 0
    FROM (SELECT DISTINCT jsonb_array_elements_text(each -> 'scopes') AS scope FROM jsonb_array_elements(items) each) s
    JOIN budgets_limit bl
        ON bl.kind = split_part(s.scope, ':', 1) AND bl.subject = substr(s.scope, strpos(s.scope, ':') + 1)
    WHERE bl.is_active AND NOT EXISTS (
        SELECT FROM budgets_counter c
        WHERE c.limit_id = bl.id AND c.period_start = budget_period_start(bl.period, moment)
    )
    ORDER BY bl.id
    ON CONFLICT DO NOTHING;

    FOR counter IN
        SELECT c.id, c.spent, c.reserved, bl.id AS limit_id, bl.kind, bl.subject, bl.measure, bl.period, bl.amount,
               bl.kind || ':' || bl.subject AS scope, budget_period_end(bl.period, c.period_start) AS resets_at
        FROM (SELECT DISTINCT jsonb_array_elements_text(each -> 'scopes') AS scope FROM jsonb_array_elements(items) each) s
        JOIN budgets_limit bl
            ON bl.kind = split_part(s.scope, ':', 1) AND bl.subject = substr(s.scope, strpos(s.scope, ':') + 1)
        JOIN budgets_counter c ON c.limit_id = bl.id AND c.period_start = budget_period_start(bl.period, moment)
        WHERE bl.is_active
        ORDER BY c.id
        FOR NO KEY UPDATE OF c
    LOOP
        ids := ids || counter.id;
        spent := spent || counter.spent;
        reserved := reserved || counter.reserved;
        added := added || 0::bigint;
        amounts := amounts || counter.amount;
        measures := measures || counter.measure::text;
        limits := limits || jsonb_build_object(
            'limit_id', counter.limit_id, 'kind', counter.kind, 'subject', counter.subject,
            'measure', counter.measure, 'period', counter.period, 'limit', counter.amount,
            'resets_at', counter.resets_at
        );
        places := jsonb_set(
            places, ARRAY[counter.scope], coalesce(places -> counter.scope, '[]') || to_jsonb(cardinality(ids))
        );
    END LOOP;

    FOR item IN SELECT jsonb_array_elements(items) LOOP
        SELECT coalesce(array_agg(DISTINCT p::int ORDER BY p::int), '{}') INTO mine
        FROM jsonb_array_elements_text(item -> 'scopes') scope,
             jsonb_array_elements_text(coalesce(places -> scope, '[]')) p;
        refused := NULL;
        FOREACH place IN ARRAY mine LOOP
            asked := budget_measured(measures[place], (item ->> 'amount')::bigint, (item ->> 'tokens')::bigint);
            IF spent[place] + reserved[place] + added[place] + asked > amounts[place] THEN
                refused := place;
                EXIT;
            END IF;
        END LOOP;
        IF refused IS NOT NULL THEN
            results := results || (limits[refused] || jsonb_build_object(
                'granted', false, 'spent', spent[refused],
                'reserved', reserved[refused] + added[refused], 'asked', asked
            ));
            CONTINUE;
        END IF;
        remaining := NULL;
        FOREACH place IN ARRAY mine LOOP
            asked := budget_measured(measures[place], (item ->> 'amount')::bigint, (item ->> 'tokens')::bigint);
            added[place] := added[place] + asked;
            IF measures[place] = 'money' THEN
                remaining := least(remaining, amounts[place] - spent[place] - reserved[place] - added[place]);
            END IF;
        END LOOP;
        results := results || jsonb_build_object(
            'granted', true, 'remaining', remaining,
            'counters', (SELECT coalesce(jsonb_agg(ids[p] ORDER BY p), '[]') FROM unnest(mine) p)
        );
    END LOOP;

    UPDATE budgets_counter c SET reserved = c.reserved + u.more
    FROM unnest(ids, added) AS u (id, more)
    WHERE c.id = u.id AND u.more > 0;

    INSERT INTO budgets_hold
        (operation_id, account_id, key_id, user_id, amount_nano, tokens, counters, created_at, lease_until, record)
    SELECT (i.item ->> 'op')::uuid, (i.item ->> 'account')::bigint, (i.item ->> 'key')::bigint,
           (i.item ->> 'user')::bigint, (i.item ->> 'amount')::bigint, (i.item ->> 'tokens')::bigint,
           ARRAY(SELECT jsonb_array_elements_text(results[i.at] -> 'counters')::bigint),
           moment, moment + make_interval(secs => (i.item ->> 'lease_s')::float), i.item -> 'record'
    FROM jsonb_array_elements(items) WITH ORDINALITY AS i (item, at)
    WHERE (results[i.at] ->> 'granted')::bool;

    RETURN results;
END
$$;
