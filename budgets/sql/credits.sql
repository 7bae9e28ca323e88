-- The counters of money that an account's entry of these scopes counts in, in the periods of this moment, locked in the order that
-- everybody keeps.
CREATE FUNCTION running_money_counters(account bigint, scopes text[]) RETURNS TABLE (id bigint, spent bigint, limit_id bigint)
LANGUAGE sql AS $$
    SELECT c.id, c.spent, l.id
    FROM budgets_limit l CROSS JOIN LATERAL counted_as(l, account, scopes) AS s (subject)
    JOIN budgets_counter c ON c.limit_id = l.id AND c.subject = s.subject AND c.measure = l.measure AND c.period = l.period
    WHERE l.measure = 'money' AND l.is_active
      AND c.period_start = budget_period_start(l.period, clock_timestamp(), l.zone, l.every_days, l.starts_on, l.ends_on)
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
$$;
