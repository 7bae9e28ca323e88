-- When a period began, in UTC. A limit in all has one period, from the epoch on.
CREATE FUNCTION budget_period_start(period text, moment timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE period
        WHEN 'total' THEN 'epoch'::timestamptz
        ELSE date_trunc(period, moment AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    END
$$;

-- When a period that began at `start` ends; null for a limit in all.
CREATE FUNCTION budget_period_end(period text, start timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE period
        WHEN 'total' THEN NULL
        ELSE ((start AT TIME ZONE 'UTC') + ('1 ' || period)::interval) AT TIME ZONE 'UTC'
    END
$$;

-- Of three figures the one in a limit's own measure.
CREATE FUNCTION budget_measured(measure text, amount_nano bigint, tokens bigint, requests bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE measure WHEN 'money' THEN amount_nano WHEN 'tokens' THEN tokens ELSE requests END
$$;

-- Make the counters of the limits' present periods, where they are missing. In id order, so that two first requests of a
-- period cannot deadlock; nothing may be locked before.
CREATE FUNCTION open_counters(limit_ids bigint[], moment timestamptz) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO budgets_counter (limit_id, measure, period, period_start, spent, reserved, share)
    SELECT id, measure, period, budget_period_start(period, moment), 0, 0, share
    FROM budgets_limit
    WHERE id = ANY (limit_ids)
    ORDER BY id
    ON CONFLICT DO NOTHING
$$;

-- What of the minute before still counts for a rate, which is kept over any minute and not over those of the clock: the
-- part of it that lies less than a minute back, as if it had come evenly. Rounded up, so that a rate is never passed by it.
CREATE FUNCTION budget_carried(used bigint, moment timestamptz) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT ceil(used * (60 - extract(second FROM moment)) / 60)::bigint
$$;

-- When a rate of `most` a minute has room for what is asked: null where it never has. `before` was used in the minute
-- before `start`, `used` since then.
CREATE FUNCTION budget_rate_fits_at(start timestamptz, most bigint, before bigint, used bigint, asked bigint)
RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT start + interval '1 minute' * CASE
        WHEN asked > most THEN NULL
        WHEN used + asked <= most THEN 1 - (most - asked - used)::float / before
        ELSE 2 - (most - asked)::float / used
    END
$$;
