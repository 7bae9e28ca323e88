-- The answer in the record of an expired hold: it costs what the operation's earlier hops did, and its own ceiling.
CREATE FUNCTION swept_answer(held budgets_hold) RETURNS analytics_answer
LANGUAGE sql STABLE AS $$
    SELECT unknown_answer(held.request, held.amount_nano + (
        SELECT coalesce(sum(e.amount_nano), 0)::bigint FROM budgets_ledgerentry e WHERE e.operation_id = held.operation_id
    ))
$$;

-- Settle one expired hold at its ceiling. Where its record cannot be written it is settled without one, and where even
-- that fails it is left for an hour; returns what was wrong, or null.
CREATE FUNCTION sweep_hold(operation uuid, hop_number int, amount bigint, token_count bigint) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    problem text;
BEGIN
    BEGIN
        PERFORM settle_many(
            ARRAY[operation], ARRAY[hop_number::smallint], ARRAY[amount], ARRAY[token_count], ARRAY['unknown'],
            ARRAY(SELECT swept_answer(h) FROM budgets_hold h WHERE h.operation_id = operation AND h.hop = hop_number), '{}', '{}'
        );
        RETURN NULL;
    EXCEPTION WHEN OTHERS THEN
        problem := format('hold %s hop %s has no record: %s', operation, hop_number, SQLERRM);
    END;
    BEGIN
        PERFORM settle_many(
            ARRAY[operation], ARRAY[hop_number::smallint], ARRAY[amount], ARRAY[token_count], ARRAY['unknown'],
            ARRAY[NULL]::analytics_answer[], '{}', '{}'
        );
    EXCEPTION WHEN OTHERS THEN
        problem := format('hold %s hop %s cannot be settled, left for an hour: %s', operation, hop_number, SQLERRM);
        UPDATE budgets_hold SET lease_until = clock_timestamp() + interval '1 hour'
        WHERE operation_id = operation AND hop = hop_number;
    END;
    RETURN problem;
END
$$;

-- Forget the slots that nobody has spoken of for so long that their operations have ended, and settle up to `most` holds past
-- their lease at their ceiling, with the outcome unknown and a record of what is known of the request. Returns how many it took in hand, and what was wrong with single ones; none stops the others. One sweeps
-- at a time, the rest come back with nothing.
CREATE FUNCTION sweep_holds(most int, OUT swept int, OUT problems text[])
LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    operations uuid[];
    hops smallint[];
    amounts bigint[];
    token_counts bigint[];
BEGIN
    PERFORM set_config('routerhub.scope', 'system', true);
    swept := 0;
    problems := '{}';
    IF NOT pg_try_advisory_xact_lock(hashtext('budgets.sweep_holds')) THEN
        RETURN;
    END IF;

    PERFORM free_slots(ARRAY(SELECT s.operation_id FROM budgets_slot s WHERE s.lease_until < moment - interval '1 hour'));

    SELECT array_agg(operation_id), array_agg(hop), array_agg(amount_nano), array_agg(tokens)
    INTO operations, hops, amounts, token_counts
    FROM (
        SELECT * FROM budgets_hold
        WHERE lease_until < moment
        ORDER BY lease_until
        LIMIT most
        FOR UPDATE SKIP LOCKED
    ) h;
    IF operations IS NULL THEN
        RETURN;
    END IF;

    swept := cardinality(operations);
    BEGIN
        PERFORM settle_many(operations, hops, amounts, token_counts, array_fill('unknown'::text, ARRAY[swept]), ARRAY(
            SELECT swept_answer(h)
            FROM unnest(operations, hops) WITH ORDINALITY AS i (operation_id, hop, item)
            JOIN budgets_hold h USING (operation_id, hop)
            ORDER BY i.item
        ), '{}', '{}');
        RETURN;
    EXCEPTION WHEN OTHERS THEN
        -- One of them is bad: each for itself. All their counters are locked first, in the order that everybody keeps.
        PERFORM FROM budgets_counter
        WHERE id IN (
            SELECT unnest(h.counters) FROM budgets_hold h
            JOIN unnest(operations, hops) AS i (operation_id, hop) USING (operation_id, hop)
        )
        ORDER BY id
        FOR NO KEY UPDATE;
    END;
    FOR item IN 1 .. swept LOOP
        problems := array_append(
            problems, sweep_hold(operations[item], hops[item], amounts[item], token_counts[item])
        );
    END LOOP;
    problems := array_remove(problems, NULL);
END
$$;
