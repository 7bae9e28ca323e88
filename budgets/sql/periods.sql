-- When a period began, in UTC. A limit in all has one period, from the epoch on.
CREATE OR REPLACE FUNCTION budget_period_start(period text, moment timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE period
        WHEN 'total' THEN 'epoch'::timestamptz
        ELSE date_trunc(period, moment AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
    END
$$;

-- When a period that began at `start` ends; null for a limit in all.
CREATE OR REPLACE FUNCTION budget_period_end(period text, start timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE period
        WHEN 'total' THEN NULL
        ELSE ((start AT TIME ZONE 'UTC') + ('1 ' || period)::interval) AT TIME ZONE 'UTC'
    END
$$;

-- An amount in a limit's own measure.
CREATE OR REPLACE FUNCTION budget_measured(measure text, amount_nano bigint, tokens bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE measure WHEN 'money' THEN amount_nano WHEN 'tokens' THEN tokens ELSE 1 END
$$;
