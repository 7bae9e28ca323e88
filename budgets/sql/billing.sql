-- Close one month of an account: everything of it that stands on no billing record yet and belongs before its end, be it late or
-- not, stands on this one. One statement, so that what is committed meanwhile is on all of it or on none. What the sandbox made
-- up is never billed. Returns the record's id, null where there is nothing to bill. The account is locked by the caller.
CREATE FUNCTION close_billing(
    owner bigint, starts timestamptz, ends timestamptz, zone text, closer bigint, closer_name text, why text
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    WITH unbilled AS MATERIALIZED (
        SELECT e.* FROM budgets_ledgerentry e
        WHERE e.account_id = owner AND e.incurred_at < ends AND NOT e.is_sandbox
          AND NOT EXISTS (SELECT FROM budgets_billedentry b WHERE b.entry_id = e.id)
    ), record AS (
        INSERT INTO budgets_billingrecord
            (account_id, account, account_name, number, period_start, period_end, time_zone, total_nano, closed_at,
             author_id, author, reason)
        SELECT owner, a.slug, a.name,
               1 + coalesce((SELECT max(b.number) FROM budgets_billingrecord b WHERE b.account_id = owner), 0),
               starts, ends, zone, (SELECT sum(u.amount_nano) FROM unbilled u), clock_timestamp(), closer, closer_name, why
        FROM budgets_account a
        WHERE a.id = owner AND EXISTS (SELECT FROM unbilled)
        RETURNING id
    ), billed AS (
        INSERT INTO budgets_billedentry (entry_id, record_id, account_id)
        SELECT u.id, r.id, owner FROM unbilled u CROSS JOIN record r
    ), parts AS (
        SELECT u.kind, to_char(u.incurred_at AT TIME ZONE zone, 'YYYY-MM') AS month, u.incurred_at < starts AS is_late,
               u.model, u.key_id, u.user_id, coalesce((
                   SELECT substr(s, 8) FROM unnest(u.scopes) s WHERE s LIKE 'policy:%' LIMIT 1
               ), '') AS policy,
               count(*) AS entries, sum(u.input_tokens) AS input_tokens, sum(u.output_tokens) AS output_tokens,
               sum(u.amount_nano) AS amount_nano,
               coalesce(sum(u.amount_nano) FILTER (WHERE u.basis IN ('no_price', 'no_usage', 'held')), 0) AS by_ceiling_nano
        FROM unbilled u
        GROUP BY 1, 2, 3, 4, 5, 6, 7
    ), lines AS (
        INSERT INTO budgets_billingline
            (record_id, account_id, position, kind, month, is_late, model, key_id, key, user_id, "user", policy, entries,
             input_tokens, output_tokens, amount_nano, by_ceiling_nano)
        SELECT r.id, owner,
               row_number() OVER (
                   ORDER BY p.month, p.kind, p.model, k.name, w.username, p.policy, p.key_id, p.user_id, p.is_late
               ),
               p.kind, p.month, p.is_late, p.model, p.key_id, coalesce(k.name, ''), p.user_id, coalesce(w.username, ''),
               p.policy, p.entries, p.input_tokens, p.output_tokens, p.amount_nano, p.by_ceiling_nano
        FROM parts p CROSS JOIN record r
            LEFT JOIN budgets_apikey k ON k.id = p.key_id LEFT JOIN auth_user w ON w.id = p.user_id
    )
    SELECT id INTO made FROM record;
    RETURN made;
END
$$;
