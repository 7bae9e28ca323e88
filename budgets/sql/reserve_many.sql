-- The first of an item's limits that it did not fit into, with its figures. `item` counts from one.
CREATE TYPE budget_refusal AS (
    item int,
    limit_id bigint,
    kind text,
    subject text,
    measure text,
    period text,
    amount bigint,
    spent bigint,
    reserved bigint,
    asked bigint,
    resets_at timestamptz,
    retry_after_s int
);

-- `carried` is what of the minute before still counts, null where the limit is no rate; `most` is what its amount was.
CREATE FUNCTION budget_refusal(
    item int, counter_id bigint, most bigint, used bigint, asked bigint, carried bigint, moment timestamptz
) RETURNS budget_refusal
LANGUAGE sql STABLE AS $$
    SELECT ROW (
        item, l.id, l.kind, CASE WHEN l.kind = 'policy_task' OR l.subject = '*' THEN c.subject ELSE l.subject END, l.measure,
        l.period, most, c.spent + coalesce(carried, 0), used - coalesce(carried, 0) - c.spent, asked, e.ends,
        ceil(extract(epoch FROM e.ends - moment))
    )::budget_refusal
    FROM budgets_counter c JOIN budgets_limit l ON l.id = c.limit_id CROSS JOIN LATERAL (
        SELECT CASE
            WHEN carried IS NULL THEN budget_period_end(l.period, c.period_start, l.zone, l.every_days, l.ends_on)
            ELSE budget_rate_fits_at(c.period_start, most, (
                SELECT b.spent + b.reserved FROM budgets_counter b
                WHERE b.limit_id = l.id AND b.subject = c.subject
                  AND b.period_start = c.period_start - interval '1 minute'
                  AND b.period = l.period AND b.measure = l.measure
            ), used - carried, asked)
        END AS ends
    ) e
    WHERE c.id = counter_id
$$;

-- One of an item's rates after it was granted. `item` counts from one.
CREATE TYPE budget_rate AS (item int, measure text, amount bigint, remaining bigint);

-- Reserve the worst case of each item, in order of arrival, where it fits into every one of its limits.
--
-- `limit_ids` names each limit of the batch once, and of a limit of each once for each of its `subjects` (null: none is one of
-- each). `caps` stand for amounts that a policy has, null where the limit has its own. `places` says, for one item after the other,
-- which of them are its own (by position, from one), and `places_of` how many each item has. The ids are those of one set of limits: when
-- `set_number` is not the database's, `is_stale` is true and nothing was reserved.
--
-- `slots` say how many slots the item's key has, where its operation takes one: null where the key has no such limit, or the
-- operation has its slot already. These cost nothing more.
--
-- In the order of the items, `verdicts` are 'granted', 'refused' (see `refusals`), 'busy' (no slot is free; `in_use` says
-- how many are taken), 'held' (granted before, and not counted twice) or 'settled' (a hold of that name was settled,
-- nothing is held). `remaining` is what the tightest money limit leaves, null where none applies. `rates` are those of the items that were granted, as they stand after them;
-- `rates_reset_s` is in how many seconds all of them have their full room again.
--
-- A soft limit counts and refuses nothing, so it can be passed. A limit outside its days has the counter 0, which is none: it has
-- no end of room. What costs nothing finds room in every money limit.
--
-- The set of limits is held first, with all others who reserve, against whoever reckons up what a limit has seen already.
-- Keys with slots are locked next, and then every counter that the batch touches, in id order, so that batches never
-- wait for each other in a circle and nobody else changes a figure between the check and the write.
CREATE FUNCTION reserve_many(
    set_number bigint, limit_ids bigint[], places int[], places_of int[],
    operations uuid[], hops smallint[], accounts bigint[], keys bigint[], users bigint[],
    amounts bigint[], token_counts bigint[], leases_s float[], requests analytics_request[], slots int[],
    subjects text[] DEFAULT NULL, caps bigint[] DEFAULT NULL,
    OUT is_stale boolean, OUT verdicts text[], OUT remaining bigint[], OUT refusals budget_refusal[],
    OUT rates budget_rate[], OUT rates_reset_s int, OUT in_use int[]
)
LANGUAGE plpgsql AS $$
DECLARE
    moment timestamptz := clock_timestamp();
    most bigint[];
    is_hard boolean[];
    marks bigint[];
    measures text[];
    carried bigint[];
    counters bigint[] := '{}';
    rooms bigint[];
    counter record;
    first int := 1;
    last int;
    firsts int[];
    lasts int[];
    counters_of_items bigint[];
    at int;
    asked bigint;
    tightest bigint;
    limited bigint[];
    busy int[];
BEGIN
    PERFORM set_config('routerhub.scope', 'system', true);
    PERFORM pg_advisory_xact_lock_shared(hashtextextended('budgets.limits', 0));
    is_stale := set_number IS DISTINCT FROM (SELECT number FROM budgets_limitset);
    IF is_stale THEN
        RETURN;
    END IF;

    -- Who counts a key's slots has the key to itself until its batch is committed. To give one back takes no lock.
    IF array_remove(slots, NULL) <> '{}' THEN
        limited := ARRAY(SELECT DISTINCT keys[i.item] FROM unnest(slots) WITH ORDINALITY AS i (most, item)
                         WHERE i.most IS NOT NULL ORDER BY 1);
        FOR at IN 1 .. cardinality(limited) LOOP
            PERFORM pg_advisory_xact_lock(hashtextextended('budgets.slots', limited[at]));
        END LOOP;
        busy := ARRAY(
            SELECT (SELECT count(*) FROM budgets_slot s WHERE s.key_id = k.id AND s.lease_until > moment)
            FROM unnest(limited) WITH ORDINALITY AS k (id, place) ORDER BY place
        );
    END IF;

    -- Each limit's amount, measure and present counter, by its place; and of a rate what it carries over from the minute
    -- before, as that stands: its last holds may be on their way still. A subquery for each look-up: joins are planned by
    -- the size of tables that are empty when they are planned, and full soon after.
    WHILE cardinality(counters) < cardinality(limit_ids) LOOP
        SELECT array_agg(l.amount ORDER BY w.place), array_agg(l.mode <> 'soft' ORDER BY w.place),
               array_agg(l.mark ORDER BY w.place), array_agg(l.measure ORDER BY w.place),
               array_agg(l.carried ORDER BY w.place), array_agg(l.counter ORDER BY w.place)
        INTO most, is_hard, marks, measures, carried, counters
        FROM unnest(limit_ids, subjects, caps) WITH ORDINALITY AS w (id, subject, cap, place) CROSS JOIN LATERAL (
            SELECT coalesce(w.cap, l.amount) AS amount, l.mode, l.measure::text,
                   CASE WHEN l.mode = 'pause' THEN ceil(l.amount::numeric * l.soft_percent / 100)::bigint END AS mark,
            CASE WHEN l.period = 'minute' AND l.measure <> 'money' THEN coalesce((
                SELECT budget_carried(c.spent + c.reserved, moment) FROM budgets_counter c
                WHERE c.limit_id = l.id AND c.subject = coalesce(w.subject, '')
                  AND c.period_start = budget_period_start(l.period, moment) - interval '1 minute'
                  AND c.period = l.period AND c.measure = l.measure
            ), 0) END AS carried, coalesce((
                SELECT c.id FROM budgets_counter c
                WHERE c.limit_id = l.id AND c.subject = coalesce(w.subject, '')
                  AND c.period_start = budget_period_start(l.period, moment, l.zone, l.every_days, l.starts_on, l.ends_on)
                  AND c.period = l.period AND c.measure = l.measure
            ), CASE
                WHEN l.period = 'range' AND budget_period_start(l.period, moment, l.zone, l.every_days, l.starts_on, l.ends_on) IS NULL
                THEN 0
            END) AS counter
            FROM budgets_limit l
            WHERE l.id = w.id AND l.is_active
            LIMIT 1
        ) l;
        -- A limit that went away since its set was looked at: the next look will tell.
        IF cardinality(counters) IS DISTINCT FROM cardinality(limit_ids) THEN
            is_stale := true;
            RETURN;
        END IF;
        IF array_position(counters, NULL) IS NOT NULL THEN
            PERFORM open_counters(limit_ids, subjects, moment);
            counters := '{}';
        END IF;
    END LOOP;

    rooms := most;
    -- Of a limit that is dealt out, this database has its share. It is read under the lock under which it is moved.
    FOR counter IN
        SELECT id, spent + reserved AS used, share FROM budgets_counter WHERE id = ANY (counters) ORDER BY id
        FOR NO KEY UPDATE
    LOOP
        at := array_position(counters, counter.id);
        most[at] := coalesce(counter.share, most[at]);
        rooms[at] := most[at] - counter.used - coalesce(carried[at], 0);
    END LOOP;
    IF array_remove(marks, NULL) <> '{}' THEN
        PERFORM mark_paused(counters, marks);
    END IF;

    verdicts := ARRAY(
        SELECT CASE
            WHEN (SELECT true FROM budgets_hold h WHERE h.operation_id = i.operation_id AND h.hop = i.hop) THEN 'held'
            WHEN (SELECT true FROM budgets_ledgerentry e
                  WHERE e.operation_id = i.operation_id AND e.hop = i.hop AND e.kind = 'charge') THEN 'settled'
            ELSE 'granted'
        END
        FROM unnest(operations, hops) WITH ORDINALITY AS i (operation_id, hop, item)
        ORDER BY item
    );
    remaining := array_fill(NULL::bigint, ARRAY[cardinality(operations)]);
    refusals := '{}';
    rates := '{}';
    rates_reset_s := ceil(120 - extract(second FROM moment));
    in_use := array_fill(NULL::int, ARRAY[cardinality(operations)]);
    counters_of_items := array_fill(NULL::bigint, ARRAY[cardinality(places)]);

    FOR item IN 1 .. cardinality(operations) LOOP
        last := first + places_of[item] - 1;
        firsts[item] := first;
        lasts[item] := last;
        FOR place IN first .. last LOOP
            EXIT WHEN verdicts[item] <> 'granted';
            at := places[place];
            asked := budget_measured(measures[at], amounts[item], token_counts[item], 1);
            IF is_hard[at] AND counters[at] > 0 AND asked > greatest(0, rooms[at]) THEN
                verdicts[item] := 'refused';
                refusals := refusals || budget_refusal(
                    item, counters[at], most[at], most[at] - rooms[at], asked, carried[at], moment
                );
            END IF;
        END LOOP;
        IF slots[item] IS NOT NULL AND verdicts[item] = 'granted' THEN
            at := array_position(limited, keys[item]);
            in_use[item] := busy[at];
            IF busy[at] >= slots[item] THEN
                verdicts[item] := 'busy';
            ELSE
                busy[at] := busy[at] + 1;
            END IF;
        END IF;
        tightest := NULL;
        FOR place IN first .. last LOOP
            at := places[place];
            counters_of_items[place] := counters[at];
            IF verdicts[item] = 'granted' THEN
                rooms[at] := rooms[at] - budget_measured(measures[at], amounts[item], token_counts[item], 1);
            END IF;
            IF counters[at] = 0 OR NOT is_hard[at] THEN
                CONTINUE;
            ELSIF measures[at] = 'money' THEN
                tightest := least(tightest, greatest(0, rooms[at]));
            ELSIF carried[at] IS NOT NULL AND verdicts[item] NOT IN ('refused', 'busy') THEN
                rates := rates || ROW (item, measures[at], most[at], greatest(0, rooms[at]))::budget_rate;
            END IF;
        END LOOP;
        remaining[item] := tightest;
        first := last + 1;
    END LOOP;

    UPDATE budgets_counter SET
        reserved = most[array_position(counters, id)] - rooms[array_position(counters, id)]
            - coalesce(carried[array_position(counters, id)], 0) - spent
    WHERE id = ANY (counters);

    INSERT INTO budgets_hold
        (operation_id, hop, account_id, key_id, user_id, amount_nano, tokens, created_at, lease_until, counters, request)
    SELECT i.operation_id, i.hop, i.account_id, i.key_id, i.user_id, i.amount_nano, i.tokens,
           moment, moment + make_interval(secs => i.lease_s), counters_of_items[i.first:i.last], requests[i.item]
    FROM unnest(operations, hops, accounts, keys, users, amounts, token_counts, leases_s, verdicts, firsts, lasts)
        WITH ORDINALITY AS i (operation_id, hop, account_id, key_id, user_id, amount_nano, tokens, lease_s, verdict,
                              first, last, item)
    WHERE i.verdict = 'granted';

    IF limited IS NOT NULL THEN
        INSERT INTO budgets_slot (operation_id, key_id, lease_until)
        SELECT i.operation_id, i.key_id, moment + slot_lease()
        FROM unnest(operations, keys, verdicts, slots) AS i (operation_id, key_id, verdict, most)
        WHERE i.verdict = 'granted' AND i.most IS NOT NULL
        ON CONFLICT (operation_id) DO NOTHING;
    END IF;
END
$$;
