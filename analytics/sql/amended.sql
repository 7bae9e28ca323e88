-- What a sweep had to assume is kept as it was when what really happened replaces it: it was sealed. Of one transaction only what
-- it came to is.
CREATE OR REPLACE TRIGGER keep_amended AFTER UPDATE ON analytics_record
    FOR EACH ROW WHEN (OLD.outcome = 'unknown' AND OLD.written_in <> NEW.written_in)
    EXECUTE FUNCTION audit_keep_amended('analytics_record', 'written_in');
