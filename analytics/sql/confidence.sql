-- How sure it is what a request is about, what else it may be about, and who says so: "table", "encoder", "model", or nobody.
ALTER TYPE analytics_request ADD ATTRIBUTE confidence real, ADD ATTRIBUTE second text, ADD ATTRIBUTE read_by text;
ALTER TABLE analytics_record
    ADD COLUMN confidence real,
    ADD COLUMN second text NOT NULL DEFAULT '',
    ADD COLUMN read_by text NOT NULL DEFAULT '';
