-- The accounts that a statement may see for somebody of whom only this is known, as an array in text: the one way in before a
-- scope is known. Both look across accounts, and take that back before they answer.

-- Those that a person is a member of.
CREATE OR REPLACE FUNCTION accounts_of_user(person bigint) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    before text := coalesce(current_setting('routerhub.scope', true), '');
    found bigint[];
BEGIN
    PERFORM set_config('routerhub.scope', 'system', true);
    found := ARRAY(SELECT account_id FROM budgets_membership WHERE user_id = person);
    PERFORM set_config('routerhub.scope', before, true);
    RETURN found;
END
$$;

-- That of the key with this digest, also of its secret before the last rotation.
CREATE OR REPLACE FUNCTION accounts_of_key(given text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    before text := coalesce(current_setting('routerhub.scope', true), '');
    found bigint[];
BEGIN
    PERFORM set_config('routerhub.scope', 'system', true);
    found := ARRAY(SELECT account_id FROM budgets_apikey WHERE digest = given OR previous_digest = given);
    PERFORM set_config('routerhub.scope', before, true);
    RETURN found;
END
$$;

-- Whether a statement asks for the account, the key or the person that a limit is of.
CREATE OR REPLACE FUNCTION owns_limit_of(kind text, subject text) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN CASE kind
        WHEN 'account' THEN EXISTS (SELECT FROM budgets_account WHERE id::text = subject)
        WHEN 'key' THEN EXISTS (SELECT FROM budgets_apikey WHERE id::text = subject)
        WHEN 'user' THEN subject = nullif(current_setting('routerhub.user', true), '')
            OR EXISTS (SELECT FROM budgets_membership WHERE user_id::text = subject)
    END;
END
$$;
