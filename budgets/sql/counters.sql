-- When a day begins in a zone: where clocks go back over midnight the first time, where they skip it right after the gap.
-- An expression alone, as are the next two: PostgreSQL then puts them into the statement that asks.
CREATE FUNCTION budget_midnight(day timestamp, zone text) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN (day AT TIME ZONE zone - interval '1 hour') AT TIME ZONE zone = day
        THEN day AT TIME ZONE zone - interval '1 hour'
        ELSE day AT TIME ZONE zone
    END
$$;

-- When the period began that a moment is in, which is what it is known by; null outside a range. A limit in all has one period, from
-- the epoch on; periods of so many days follow each other from a day on which one begins.
CREATE FUNCTION budget_period_start(
    period text, moment timestamptz, zone text DEFAULT 'UTC', every_days int DEFAULT NULL, starts_on date DEFAULT NULL,
    ends_on date DEFAULT NULL
) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE period
        WHEN 'total' THEN 'epoch'::timestamptz
        WHEN 'minute' THEN date_trunc('minute', moment AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'
        WHEN 'hour' THEN moment - (moment AT TIME ZONE zone - date_trunc('hour', moment AT TIME ZONE zone))
        WHEN 'days' THEN budget_midnight(
            starts_on + every_days * floor(((moment AT TIME ZONE zone)::date - starts_on)::float / every_days)::int, zone
        )
        WHEN 'range' THEN CASE
            WHEN (moment AT TIME ZONE zone)::date BETWEEN starts_on AND ends_on THEN budget_midnight(starts_on, zone)
        END
        ELSE budget_midnight(date_trunc(period, moment AT TIME ZONE zone), zone)
    END
$$;

-- When a period that began at `start` ends; null for a limit in all.
CREATE FUNCTION budget_period_end(
    period text, start timestamptz, zone text DEFAULT 'UTC', every_days int DEFAULT NULL, ends_on date DEFAULT NULL
) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE period
        WHEN 'total' THEN NULL
        WHEN 'minute' THEN start + interval '1 minute'
        WHEN 'hour' THEN start + interval '1 hour'
        WHEN 'days' THEN budget_midnight((start AT TIME ZONE zone)::date + every_days, zone)
        WHEN 'range' THEN budget_midnight(ends_on + 1, zone)
        ELSE budget_midnight(date_trunc('day', start AT TIME ZONE zone) + ('1 ' || period)::interval, zone)
    END
$$;

-- Of three figures the one in a limit's own measure.
CREATE FUNCTION budget_measured(measure text, amount_nano bigint, tokens bigint, requests bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE measure WHEN 'money' THEN amount_nano WHEN 'tokens' THEN tokens ELSE requests END
$$;

-- Make the counters of the limits' present periods, each of its subject, where they are missing. In id order, so that two first
-- requests of a period cannot deadlock; nothing may be locked before.
CREATE FUNCTION open_counters(limit_ids bigint[], subjects text[], moment timestamptz) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO budgets_counter (limit_id, subject, measure, period, period_start, spent, reserved)
    SELECT l.id, coalesce(w.subject, ''), l.measure, l.period, p.start, 0, 0
    FROM unnest(limit_ids, subjects) AS w (id, subject) CROSS JOIN LATERAL (
        SELECT * FROM budgets_limit l WHERE l.id = w.id
    ) l CROSS JOIN LATERAL (
        SELECT budget_period_start(l.period, moment, l.zone, l.every_days, l.starts_on, l.ends_on) AS start
    ) p
    WHERE p.start IS NOT NULL
    ORDER BY 1, 2
    ON CONFLICT DO NOTHING
$$;

-- Of limits that pause, tell whoever decides when one passes its soft mark, or is below it again. `marks` are null for others. The
-- counters are locked by the caller.
CREATE FUNCTION mark_paused(counters bigint[], marks bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE budgets_counter c SET is_paused = c.spent >= m.mark
    FROM unnest(counters, marks) AS m (id, mark)
    WHERE c.id = m.id AND c.is_paused <> (c.spent >= m.mark);
    IF FOUND THEN
        PERFORM pg_notify('routerhub_changes', 'limits');
    END IF;
END
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
