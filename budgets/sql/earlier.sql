-- Which of a limit's counters a request is counted in, by its scopes: '' where the limit has one alone, none where it counts others.
CREATE FUNCTION counted_as(l budgets_limit, account bigint, scopes text[]) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT CASE
        WHEN l.subject <> '*' THEN ''
        WHEN l.account_id IS NULL THEN account || '/' || substr(s, length(l.kind) + 2)
        ELSE substr(s, length(l.kind) + 2)
    END
    FROM unnest(scopes) AS s
    WHERE (l.account_id IS NULL OR l.account_id = account)
      AND CASE WHEN l.subject = '*' THEN starts_with(s, l.kind || ':') ELSE s = l.kind || ':' || l.subject END
    LIMIT 1
$$;

-- Let a limit count what its running period has seen without it: what is charged from the ledger, as its counters' `earlier`, and
-- open holds, which from now on name the counter and settle into it. Where its counters are there already, what names them counts
-- once. Of requests an operation counts one, in its first hop.
--
-- Nobody reserves meanwhile (see limit_is_set). Holds are locked before entries are read, so each is seen as one or the other.
CREATE FUNCTION count_earlier(l budgets_limit) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    start timestamptz := budget_period_start(l.period, clock_timestamp(), l.zone, l.every_days, l.starts_on, l.ends_on);
    owner bigint := coalesce(l.account_id, CASE WHEN l.kind = 'account' AND l.subject <> '*' THEN l.subject::bigint END);
    known bigint[] := ARRAY(
        SELECT id FROM budgets_counter
        WHERE limit_id = l.id AND period_start = start AND period = l.period AND measure = l.measure
    );
BEGIN
    IF start IS NULL OR l.kind = 'policy_task' THEN
        RETURN;
    END IF;
    PERFORM FROM budgets_hold h
    WHERE h.created_at >= start AND (owner IS NULL OR h.account_id = owner)
    ORDER BY h.operation_id, h.hop
    FOR UPDATE;
    PERFORM FROM budgets_counter WHERE id = ANY (known) ORDER BY id FOR NO KEY UPDATE;

    INSERT INTO budgets_counter AS c (limit_id, subject, measure, period, period_start, spent, reserved, sandbox, earlier, share)
    SELECT l.id, w.subject, l.measure, l.period, start, greatest(0, sum(w.spent)), 0, greatest(0, sum(w.sandbox)),
           greatest(0, sum(w.spent)), l.share
    FROM (
        SELECT s.subject,
            budget_measured(
                l.measure, sum(e.amount_nano)::bigint, sum(e.tokens)::bigint, count(DISTINCT e.operation_id)
            ) AS spent,
            coalesce(budget_measured(
                l.measure, sum(e.amount_nano) FILTER (WHERE e.is_sandbox)::bigint,
                sum(e.tokens) FILTER (WHERE e.is_sandbox)::bigint, count(DISTINCT e.operation_id) FILTER (WHERE e.is_sandbox)
            ), 0) AS sandbox
        FROM budgets_ledgerentry e CROSS JOIN LATERAL counted_as(l, e.account_id, e.scopes) AS s (subject)
        WHERE e.incurred_at >= start AND (owner IS NULL OR e.account_id = owner) AND NOT e.counters && known
          AND (l.measure <> 'requests' OR known = '{}' OR NOT EXISTS (
              SELECT FROM budgets_ledgerentry o WHERE o.operation_id = e.operation_id AND o.counters && known
          ))
        GROUP BY s.subject
        UNION ALL
        SELECT s.subject, 0, 0
        FROM budgets_hold h CROSS JOIN LATERAL counted_as(l, h.account_id, (h.request).scopes) AS s (subject)
        WHERE h.created_at >= start AND (owner IS NULL OR h.account_id = owner)
    ) w
    GROUP BY w.subject
    ON CONFLICT (limit_id, subject, period_start, period, measure)
        DO UPDATE SET spent = c.spent - c.earlier + excluded.earlier, earlier = excluded.earlier;

    WITH named AS (
        SELECT h.operation_id, h.hop, h.amount_nano, h.tokens, c.id AS counter
        FROM budgets_hold h CROSS JOIN LATERAL counted_as(l, h.account_id, (h.request).scopes) AS s (subject)
        JOIN budgets_counter c ON c.limit_id = l.id AND c.subject = s.subject AND c.period_start = start
            AND c.period = l.period AND c.measure = l.measure
        WHERE h.created_at >= start AND (owner IS NULL OR h.account_id = owner) AND NOT h.counters && ARRAY[c.id]
          AND (l.measure <> 'requests' OR NOT EXISTS (
              SELECT FROM budgets_ledgerentry o
              WHERE o.operation_id = h.operation_id AND EXISTS (SELECT FROM counted_as(l, o.account_id, o.scopes))
          ) AND NOT EXISTS (
              SELECT FROM budgets_hold o
              WHERE o.operation_id = h.operation_id AND o.hop < h.hop
                AND EXISTS (SELECT FROM counted_as(l, o.account_id, (o.request).scopes))
          ))
    ), moved AS (
        UPDATE budgets_hold h SET counters = h.counters || n.counter
        FROM named n WHERE h.operation_id = n.operation_id AND h.hop = n.hop
    )
    UPDATE budgets_counter c SET reserved = c.reserved + m.held
    FROM (
        SELECT counter, sum(budget_measured(l.measure, amount_nano, tokens, 1))::bigint AS held FROM named GROUP BY counter
    ) m
    WHERE c.id = m.counter;
END
$$;
