-- What the records come to, see docs/windows.md. Money is nano-dollars, times are milliseconds, satisfaction is thousandths.
CREATE TYPE analytics_figures AS (
    requests bigint,
    successes bigint,
    failures bigint,
    refused bigint,
    abandoned bigint,
    unknown bigint,
    fallbacks bigint,
    reported bigint,
    cached bigint,
    input_tokens bigint,
    output_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    reasoning_tokens bigint,
    cost_nano bigint,
    cache_saved_nano bigint,
    compared_nano bigint,
    best_nano bigint,
    good_nano bigint,
    asked_nano bigint,
    timed bigint,
    latency_ms bigint,
    ttft_ms bigint,
    first_tokens bigint,
    output_ms bigint,
    streamed_tokens bigint,
    rated bigint,
    satisfaction bigint,
    -- How many of each kind; null where there was none.
    errors jsonb,
    -- How many values lie in each bucket, as bucket * 2^32 + count; a bucket may be there more than once.
    latencies bigint[],
    first_token_times bigint[]
);

-- By one dimension; '' is all together. Grains are minutes; a start is a moment of UTC. Account 0 is all accounts.
CREATE TABLE analytics_window (
    grain smallint NOT NULL,
    start timestamptz NOT NULL,
    account_id bigint NOT NULL,
    is_sandbox boolean NOT NULL,
    dimension text NOT NULL,
    value text NOT NULL,
    LIKE analytics_figures,
    PRIMARY KEY (grain, account_id, dimension, start, value, is_sandbox)
) PARTITION BY LIST (grain);
CREATE INDEX analytics_window_start ON analytics_window (dimension, start);
CREATE TABLE analytics_window_5min PARTITION OF analytics_window FOR VALUES IN (5);
CREATE TABLE analytics_window_quarter PARTITION OF analytics_window FOR VALUES IN (15);
CREATE TABLE analytics_window_hour PARTITION OF analytics_window FOR VALUES IN (60);
CREATE TABLE analytics_window_day PARTITION OF analytics_window FOR VALUES IN (1440);

-- By all dimensions that have one value, so that any of them can be filtered and grouped by together.
CREATE TABLE analytics_cross (
    grain smallint NOT NULL,
    start timestamptz NOT NULL,
    account_id bigint NOT NULL,
    is_sandbox boolean NOT NULL,
    "user" text NOT NULL,
    key text NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    deployment text NOT NULL,
    policy text NOT NULL,
    task_type text NOT NULL,
    category text NOT NULL,
    complexity text NOT NULL,
    worker text NOT NULL,
    LIKE analytics_figures
) PARTITION BY LIST (grain);
CREATE INDEX analytics_cross_account ON analytics_cross (account_id, start);
CREATE INDEX analytics_cross_start ON analytics_cross (start);
CREATE TABLE analytics_cross_5min PARTITION OF analytics_cross FOR VALUES IN (5);
CREATE TABLE analytics_cross_quarter PARTITION OF analytics_cross FOR VALUES IN (15);
CREATE TABLE analytics_cross_day PARTITION OF analytics_cross FOR VALUES IN (1440);

-- What is rolled up goes by the transaction that wrote it.
CREATE INDEX analytics_record_written ON analytics_record (written_in);
ALTER TABLE analytics_feedback ADD COLUMN written_in xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX analytics_feedback_written ON analytics_feedback (written_in);

CREATE OR REPLACE FUNCTION note_writing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.written_in := pg_current_xact_id();
    RETURN NEW;
END
$$;
CREATE TRIGGER written BEFORE UPDATE ON analytics_feedback FOR EACH ROW EXECUTE FUNCTION note_writing();

-- Counts of each kind, put together. Null where there is none.
CREATE OR REPLACE FUNCTION sum_errors(counts jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT jsonb_object_agg(kind, number)
    FROM (
        SELECT kind, sum(number::bigint) AS number
        FROM jsonb_array_elements(counts) AS part, jsonb_each_text(part) AS each (kind, number) GROUP BY kind
    ) AS together
$$;

CREATE OR REPLACE FUNCTION count_errors(kinds text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT jsonb_object_agg(kind, number)
    FROM (SELECT kind, count(*) AS number FROM unnest(kinds) AS kind GROUP BY kind) AS together
$$;

-- Each bucket once.
CREATE OR REPLACE FUNCTION tidy_buckets(buckets bigint[]) RETURNS bigint[]
LANGUAGE sql IMMUTABLE STRICT AS $$
    SELECT array_agg((bucket << 32) + number ORDER BY bucket)
    FROM (
        SELECT each >> 32 AS bucket, sum(each & 4294967295)::bigint AS number FROM unnest(buckets) AS each GROUP BY 1
    ) AS together
$$;

CREATE OR REPLACE FUNCTION tidy_many_buckets(buckets bigint[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    RETURN CASE WHEN cardinality(buckets) > 16 THEN tidy_buckets(buckets) ELSE buckets END;
END
$$;

-- There are 914 buckets up to a day: tidied now and then, what is summed up stays short.
CREATE OR REPLACE FUNCTION add_buckets(known bigint[], further bigint[]) RETURNS bigint[]
LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
    IF cardinality(known) > 2048 THEN
        RETURN tidy_buckets(known || further);
    END IF;
    RETURN known || further;
END
$$;

CREATE AGGREGATE sum_buckets(bigint[]) (SFUNC = add_buckets, STYPE = bigint[], FINALFUNC = tidy_many_buckets);

-- The sum of whole numbers that stays one: half the time of PostgreSQL's own, which goes through numeric.
CREATE AGGREGATE total(bigint) (SFUNC = int8pl, STYPE = bigint, INITCOND = '0', COMBINEFUNC = int8pl, PARALLEL = SAFE);
