-- What Django's models cannot say of the ledger's tables.

-- A hold is named by operation and hop. Its `id` is for Django's pages, which know no key of two columns, and has no
-- index. What a record will say of the request travels with the hold.
ALTER TABLE budgets_hold
    DROP CONSTRAINT budgets_hold_pkey,
    ADD PRIMARY KEY (operation_id, hop),
    ADD COLUMN request analytics_request NOT NULL;

-- Holds come and go, so that most of the table is always dead: it is cleaned after so many, whatever its size.
ALTER TABLE budgets_hold SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- A counter is written by every batch. With half of its page free, that touches no index.
ALTER TABLE budgets_counter SET (
    fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000
);
