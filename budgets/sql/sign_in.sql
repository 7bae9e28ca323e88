-- Where tries to sign in are counted, in the shape of Django's cache in the database.
CREATE TABLE sign_in_cache (cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL);
CREATE INDEX sign_in_cache_expires ON sign_in_cache (expires);
