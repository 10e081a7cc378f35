-- What operators see: whose calendars fail again and again, and how much waited when.

-- Each try that failed at somebody's calendar, kept for an hour or until the same thing works.
CREATE TABLE sync_failures (
    id UUID NOT NULL CONSTRAINT sync_failures_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    person_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    -- reading it, or writing to it
    direction TEXT NOT NULL CONSTRAINT sync_failures_direction_known CHECK (direction IN ('in', 'out')),
    failed_at BIGINT NOT NULL,
    CONSTRAINT sync_failures_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id),
    CONSTRAINT sync_failures_connection_fk FOREIGN KEY (org_id, connection_id) REFERENCES connections (org_id, id) ON DELETE CASCADE
);
CREATE INDEX sync_failures_by_person ON sync_failures (person_id, failed_at);
CREATE INDEX sync_failures_by_connection ON sync_failures (connection_id, direction);

-- One row for each person with such failures. Whoever counts them holds it, so that two processes never count past each other.
CREATE TABLE sync_alerts (
    person_id UUID NOT NULL CONSTRAINT sync_alerts_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    -- of the last failure, with its reason, a code
    connection_id UUID NOT NULL,
    reason TEXT NOT NULL,
    last_failed_at BIGINT NOT NULL,
    -- since when administrators know; NULL while there are few
    raised_at BIGINT,
    CONSTRAINT sync_alerts_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id),
    CONSTRAINT sync_alerts_connection_fk FOREIGN KEY (org_id, connection_id) REFERENCES connections (org_id, id) ON DELETE CASCADE
);
CREATE INDEX sync_alerts_by_org ON sync_alerts (org_id, raised_at);

-- How many jobs of a kind were due or running at the start of five minutes. No row is none.
CREATE TABLE queue_samples (
    org_id UUID NOT NULL CONSTRAINT queue_samples_org_fk REFERENCES organisations (id),
    taken_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    waiting BIGINT NOT NULL,
    CONSTRAINT queue_samples_pk PRIMARY KEY (org_id, taken_at, kind)
);
