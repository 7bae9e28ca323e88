-- What is known of a request when it is let in, and of its answer when it is there. The ledger carries both as they
-- are: the first travels with the hold, the second with its settlement, and a record is the two side by side.
CREATE TYPE analytics_request AS (
    operation_id uuid,
    created_at timestamptz,
    account_id bigint,
    key_id bigint,
    user_id bigint,
    requested_model text,
    model text,
    policy text,
    task_type text,
    category text,
    complexity text,
    priority text,
    session text,
    tags text[],
    is_sandbox boolean,
    is_stream boolean,
    cost_estimated_nano bigint,
    catalogue_release integer,
    router_release integer,
    decision jsonb,
    ip inet,
    user_agent text
);

CREATE TYPE analytics_answer AS (
    model text,
    provider text,
    outcome text,
    error text,
    http_status smallint,
    latency_ms integer,
    ttft_ms integer,
    input_tokens bigint,
    output_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    reasoning_tokens bigint,
    is_usage_estimated boolean,
    cost_nano bigint,
    saved_nano bigint,
    reported_cost_nano bigint,
    is_cost_disputed boolean,
    fallback_used boolean,
    attempts jsonb
);
