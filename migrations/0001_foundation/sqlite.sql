-- The overlap rule on SQLite: nobody is taken twice at one moment. Safe because writers begin IMMEDIATE and there is one at a
-- time. Half open, so 10:00-11:00 and 11:00-12:00 do not touch.
CREATE TRIGGER occupancies_no_overlap_insert BEFORE INSERT ON occupancies
WHEN EXISTS (SELECT 1 FROM occupancies o WHERE o.person_id = NEW.person_id
             AND o.taken_from < NEW.taken_until AND o.taken_until > NEW.taken_from)
BEGIN
    SELECT RAISE(ABORT, 'occupancies_no_overlap');
END;
CREATE TRIGGER occupancies_no_overlap_update BEFORE UPDATE ON occupancies
WHEN EXISTS (SELECT 1 FROM occupancies o WHERE o.person_id = NEW.person_id AND o.id <> NEW.id
             AND o.taken_from < NEW.taken_until AND o.taken_until > NEW.taken_from)
BEGIN
    SELECT RAISE(ABORT, 'occupancies_no_overlap');
END;

-- The audit log is append only.
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log_append_only');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log_append_only');
END;
