-- The counters of money that these scopes have in the periods of this moment, locked in the order that everybody keeps.
CREATE FUNCTION running_money_counters(scopes text[]) RETURNS TABLE (id bigint, spent bigint, label text)
LANGUAGE sql AS $$
    SELECT c.id, c.spent, trim(l.kind || ' ' || l.subject) || ' per ' || l.period
    FROM budgets_limit l JOIN budgets_counter c ON c.limit_id = l.id AND c.measure = l.measure AND c.period = l.period
    WHERE l.measure = 'money' AND l.is_active AND l.kind || ':' || l.subject = ANY (scopes)
      AND c.period_start = budget_period_start(l.period, clock_timestamp())
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
$$;
