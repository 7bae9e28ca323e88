-- Write request records, each of a request and its answer. An operation has one record: a second one changes nothing,
-- but that what really happened replaces what a sweep had to assume.
CREATE OR REPLACE FUNCTION record_many(requests analytics_request[], answers analytics_answer[]) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_column
BEGIN
    PERFORM set_config('routerhub.scope', 'system', true);
    INSERT INTO analytics_record AS known (
        operation_id, created_at, account_id, key_id, user_id, requested_model, policy, task_type, category,
        complexity, priority, session, tags, is_sandbox, is_stream, cost_estimated_nano, catalogue_release, router_release,
        decision, ip, user_agent, model, provider, outcome, error, http_status, latency_ms, ttft_ms,
        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, is_usage_estimated,
        cost_nano, saved_nano, reported_cost_nano, is_cost_disputed, fallback_used, attempts, task_id, worker, cost_basis,
        deployment, error_kind, metadata, experiment, phase, variant, unit, propensity, confidence, second, read_by
    )
    SELECT
        operation_id, created_at, account_id, key_id, user_id, requested_model, policy, task_type, category,
        complexity, priority, session, tags, is_sandbox, is_stream, cost_estimated_nano, catalogue_release, router_release,
        decision, ip, user_agent, model, provider, outcome, error, http_status, latency_ms, ttft_ms,
        input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, is_usage_estimated,
        cost_nano, saved_nano, reported_cost_nano, is_cost_disputed, fallback_used, attempts, coalesce(task_id, ''),
        coalesce(worker, ''), coalesce(cost_basis, ''), coalesce(deployment, ''), coalesce(error_kind, ''),
        coalesce(metadata, '{}'), experiment, phase, coalesce(variant, ''), coalesce(unit, ''), propensity, confidence,
        coalesce(second, ''), coalesce(read_by, '')
    FROM unnest(requests, answers) AS record (
        operation_id, created_at, account_id, key_id, user_id, requested_model, intended_model, policy, task_type,
        category, complexity, priority, session, tags, is_sandbox, is_stream, cost_estimated_nano, catalogue_release,
        router_release, decision, ip, user_agent, scopes, task_id, worker, metadata, experiment, phase, variant, unit,
        propensity, confidence, second, read_by, model, provider, outcome, error, http_status, latency_ms, ttft_ms, input_tokens, output_tokens,
        cache_read_tokens, cache_write_tokens, reasoning_tokens, is_usage_estimated, cost_nano, saved_nano,
        reported_cost_nano, is_cost_disputed, fallback_used, attempts, cost_basis, deployment, error_kind
    )
    ON CONFLICT (created_at, account_id, operation_id) DO UPDATE SET
        model = excluded.model,
        provider = excluded.provider,
        outcome = excluded.outcome,
        error = excluded.error,
        http_status = excluded.http_status,
        latency_ms = excluded.latency_ms,
        ttft_ms = excluded.ttft_ms,
        input_tokens = excluded.input_tokens,
        output_tokens = excluded.output_tokens,
        cache_read_tokens = excluded.cache_read_tokens,
        cache_write_tokens = excluded.cache_write_tokens,
        reasoning_tokens = excluded.reasoning_tokens,
        is_usage_estimated = excluded.is_usage_estimated,
        cost_nano = excluded.cost_nano,
        saved_nano = excluded.saved_nano,
        reported_cost_nano = excluded.reported_cost_nano,
        is_cost_disputed = excluded.is_cost_disputed,
        fallback_used = excluded.fallback_used,
        attempts = excluded.attempts,
        cost_basis = excluded.cost_basis,
        deployment = excluded.deployment,
        error_kind = excluded.error_kind,
        written_in = excluded.written_in
    WHERE known.outcome = 'unknown';
END
$$;

-- Write what really happened into records that a sweep had to guess. Without an answer (the request went on elsewhere)
-- only what this part of it cost is put right, by `corrections`.
CREATE OR REPLACE FUNCTION amend_records(operations uuid[], corrections bigint[], answers analytics_answer[]) RETURNS void
LANGUAGE sql AS $$
    UPDATE analytics_record r SET cost_nano = r.cost_nano + a.correction, written_in = pg_current_xact_id()
    FROM unnest(operations, corrections) WITH ORDINALITY AS a (operation_id, correction, item)
    WHERE r.operation_id = a.operation_id AND r.operation_id = ANY (operations) AND r.outcome = 'unknown'
      AND answers[a.item] IS NOT DISTINCT FROM NULL;

    UPDATE analytics_record r SET
        model = a.model,
        provider = a.provider,
        outcome = a.outcome,
        error = a.error,
        http_status = a.http_status,
        latency_ms = a.latency_ms,
        ttft_ms = a.ttft_ms,
        input_tokens = a.input_tokens,
        output_tokens = a.output_tokens,
        cache_read_tokens = a.cache_read_tokens,
        cache_write_tokens = a.cache_write_tokens,
        reasoning_tokens = a.reasoning_tokens,
        is_usage_estimated = a.is_usage_estimated,
        cost_nano = a.cost_nano,
        saved_nano = a.saved_nano,
        reported_cost_nano = a.reported_cost_nano,
        is_cost_disputed = a.is_cost_disputed,
        fallback_used = a.fallback_used,
        attempts = a.attempts,
        cost_basis = coalesce(a.cost_basis, ''),
        deployment = coalesce(a.deployment, ''),
        error_kind = coalesce(a.error_kind, ''),
        written_in = pg_current_xact_id()
    FROM unnest(operations, answers) AS a (
        operation_id,
        model, provider, outcome, error, http_status, latency_ms, ttft_ms, input_tokens, output_tokens,
        cache_read_tokens, cache_write_tokens, reasoning_tokens, is_usage_estimated, cost_nano, saved_nano,
        reported_cost_nano, is_cost_disputed, fallback_used, attempts, cost_basis, deployment, error_kind
    )
    WHERE r.operation_id = a.operation_id AND r.operation_id = ANY (operations) AND r.outcome = 'unknown'
      AND a.outcome IS NOT NULL
$$;

-- The answer that a record has when its process died before it could tell.
CREATE OR REPLACE FUNCTION unknown_answer(request analytics_request, cost_nano bigint) RETURNS analytics_answer
LANGUAGE sql IMMUTABLE AS $$
    SELECT ROW (
        request.model, '', 'unknown', 'The process died before the answer was settled.', NULL, 0, NULL,
        0, 0, 0, 0, 0, true, cost_nano, NULL, NULL, false, false, '[]', 'held', '', 'process_died'
    )::analytics_answer
$$;
