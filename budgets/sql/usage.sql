-- What a charge is made of, as it comes with its settlement: who answered, by which row of prices (a deployment and the moment
-- from which the row is in force name it), by what rule, and the tokens of each class.
CREATE TYPE budget_usage AS (
    model text,
    provider text,
    deployment text,
    priced_from timestamptz,
    basis text,
    input_tokens bigint,
    cache_read_tokens bigint,
    cache_write_tokens bigint,
    cache_write_1h_tokens bigint,
    audio_input_tokens bigint,
    output_tokens bigint,
    reasoning_tokens bigint,
    audio_output_tokens bigint,
    web_searches bigint
);
