-- Make the partitions of this month and the next `ahead` ones, where they are missing. Returns how many it made.
-- Rows of a month that has none go to the default partition, so nothing is lost when this comes late; such a month
-- keeps its rows there and gets no partition of its own.
CREATE OR REPLACE FUNCTION extend_record_partitions(ahead int) RETURNS int
LANGUAGE plpgsql AS $$
DECLARE
    month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    made int := 0;
    name text;
BEGIN
    FOR step IN 0 .. ahead LOOP
        name := 'analytics_record_' || to_char(month + make_interval(months => step), 'YYYY_MM');
        CONTINUE WHEN to_regclass(name) IS NOT NULL;
        CONTINUE WHEN EXISTS (
            SELECT FROM analytics_record_rest
            WHERE created_at >= (month + make_interval(months => step)) AT TIME ZONE 'UTC'
              AND created_at < (month + make_interval(months => step + 1)) AT TIME ZONE 'UTC'
        );
        EXECUTE format(
            'CREATE TABLE %I PARTITION OF analytics_record FOR VALUES FROM (%L) TO (%L)', name,
            (month + make_interval(months => step)) AT TIME ZONE 'UTC',
            (month + make_interval(months => step + 1)) AT TIME ZONE 'UTC'
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;

-- Write request records; settle_many calls it once for each settled request.
CREATE OR REPLACE FUNCTION record_many(records jsonb) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO analytics_record (
        operation_id, created_at, account_id, key_id, user_id, requested_model, model, provider, is_sandbox,
        policy, task_type, category, complexity, priority, session, tags, is_stream, outcome, error,
        http_status, latency_ms, ttft_ms, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
        reasoning_tokens, is_usage_estimated, cost_estimated_nano, cost_nano, fallback_used,
        catalogue_release, router_release, decision, attempts, ip, user_agent
    )
    SELECT r.operation_id, r.created_at, r.account_id, r.key_id, r.user_id, r.requested_model, r.model,
           r.provider, r.is_sandbox, r.policy, r.task_type, r.category, r.complexity, r.priority, r.session,
           r.tags, r.is_stream, r.outcome, r.error, r.http_status, r.latency_ms, r.ttft_ms, r.input_tokens,
           r.output_tokens, r.cache_read_tokens, r.cache_write_tokens, r.reasoning_tokens,
           r.is_usage_estimated, r.cost_estimated_nano, r.cost_nano, r.fallback_used, r.catalogue_release,
           r.router_release, r.decision, r.attempts, r.ip, r.user_agent
    FROM jsonb_populate_recordset(null::analytics_record, records) r
$$;
