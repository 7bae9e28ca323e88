-- Give back the slots of these operations. Each is locked in the order of its name; one that is gone already changes nothing.
CREATE FUNCTION free_slots(operations uuid[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM budgets_slot WHERE operation_id = ANY (operations) ORDER BY operation_id FOR UPDATE;
    DELETE FROM budgets_slot WHERE operation_id = ANY (operations);
END
$$;
