-- How long a slot is taken after the last word of the process that has it, which says so every ten seconds.
CREATE FUNCTION slot_lease() RETURNS interval LANGUAGE sql IMMUTABLE RETURN interval '30 seconds';

-- These operations are under way still. What was given back stays so.
CREATE FUNCTION renew_slots(operations uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('routerhub.scope', 'system', true);
    PERFORM FROM budgets_slot WHERE operation_id = ANY (operations) ORDER BY operation_id FOR UPDATE;
    UPDATE budgets_slot SET lease_until = clock_timestamp() + slot_lease() WHERE operation_id = ANY (operations);
END
$$;

-- Give back the slots of these operations. Each is locked in the order of its name; one that is gone already changes nothing.
CREATE FUNCTION free_slots(operations uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('routerhub.scope', 'system', true);
    PERFORM FROM budgets_slot WHERE operation_id = ANY (operations) ORDER BY operation_id FOR UPDATE;
    DELETE FROM budgets_slot WHERE operation_id = ANY (operations);
END
$$;
