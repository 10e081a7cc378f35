-- The overlap rule on PostgreSQL: nobody is taken twice at one moment. Half open, so 10:00-11:00 and 11:00-12:00 do not touch.
CREATE EXTENSION IF NOT EXISTS btree_gist;
ALTER TABLE occupancies ADD CONSTRAINT occupancies_no_overlap
    EXCLUDE USING gist (person_id WITH =, int8range(taken_from, taken_until, '[)') WITH &&);

-- The audit log is append only.
CREATE FUNCTION audit_log_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log_append_only';
END $$;
CREATE TRIGGER audit_log_no_change BEFORE UPDATE OR DELETE ON audit_log
    FOR EACH ROW EXECUTE FUNCTION audit_log_append_only();
CREATE TRIGGER audit_log_no_truncation BEFORE TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_append_only();
