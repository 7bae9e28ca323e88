-- One row per request, in weekly partitions by time, with the account in the key so that it can be distributed.
CREATE TABLE analytics_record (
    operation_id uuid NOT NULL,
    created_at timestamptz NOT NULL,
    account_id bigint NOT NULL,
    key_id bigint,
    user_id bigint,
    requested_model text NOT NULL,
    model text NOT NULL,
    provider text NOT NULL,
    is_sandbox boolean NOT NULL,
    policy text NOT NULL,
    task_type text NOT NULL,
    category text NOT NULL,
    complexity text NOT NULL,
    priority text NOT NULL,
    session text NOT NULL,
    tags text[] NOT NULL,
    is_stream boolean NOT NULL,
    outcome text NOT NULL,
    error text NOT NULL,
    http_status smallint,
    latency_ms integer NOT NULL,
    ttft_ms integer,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cache_read_tokens bigint NOT NULL,
    cache_write_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    is_usage_estimated boolean NOT NULL,
    cost_estimated_nano bigint NOT NULL,
    cost_nano bigint NOT NULL,
    saved_nano bigint,
    reported_cost_nano bigint,
    is_cost_disputed boolean NOT NULL,
    fallback_used boolean NOT NULL,
    catalogue_release integer NOT NULL,
    router_release integer NOT NULL,
    decision jsonb NOT NULL,
    attempts jsonb NOT NULL,
    ip inet,
    user_agent text NOT NULL,
    task_id text NOT NULL DEFAULT '',
    worker text NOT NULL DEFAULT '',
    cost_basis text NOT NULL DEFAULT '',
    deployment text NOT NULL DEFAULT '',
    error_kind text NOT NULL DEFAULT '',
    metadata jsonb NOT NULL DEFAULT '{}',
    is_reported boolean NOT NULL DEFAULT false,
    experiment bigint,
    phase smallint,
    variant text NOT NULL DEFAULT '',
    unit text NOT NULL DEFAULT '',
    propensity real,
    -- The transaction that wrote it last: what is rolled up goes by it, since time stamps overtake slow transactions.
    written_in xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (created_at, account_id, operation_id)
) PARTITION BY RANGE (created_at);

CREATE INDEX analytics_record_account_time ON analytics_record (account_id, created_at DESC);
-- What the list of requests is sorted by beside the time, and the last of equal ones first.
CREATE INDEX analytics_record_cost ON analytics_record (cost_nano, operation_id DESC);
CREATE INDEX analytics_record_latency ON analytics_record (latency_ms, operation_id DESC);
CREATE INDEX analytics_record_experiment ON analytics_record (experiment, created_at) WHERE experiment IS NOT NULL;
CREATE INDEX analytics_record_operation ON analytics_record (operation_id);
CREATE TABLE analytics_record_rest PARTITION OF analytics_record DEFAULT;
