-- What should stand on calendars compared with what does.

-- When a calendar was last compared as a whole, and what was found: JSON {"standing": 12, "missing": 1, ...}.
ALTER TABLE cursors ADD COLUMN compared_at BIGINT;
ALTER TABLE cursors ADD COLUMN found TEXT NOT NULL DEFAULT '{}';

-- An event on a calendar that carries our marker and should not be there.
CREATE TABLE strays (
    id UUID NOT NULL CONSTRAINT strays_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    calendar TEXT NOT NULL,
    -- 'copy' of an event that stands there once already, 'unknown' to this database
    kind TEXT NOT NULL CONSTRAINT strays_kind_known CHECK (kind IN ('copy', 'unknown')),
    provider_id TEXT NOT NULL,
    -- what the marker says; for a copy the event
    marker TEXT NOT NULL,
    -- NULL for whole days
    starts_at BIGINT,
    ends_at BIGINT,
    found_at BIGINT NOT NULL,
    -- when it was taken off, or was seen gone
    settled_at BIGINT,
    CONSTRAINT strays_connection_fk FOREIGN KEY (org_id, connection_id) REFERENCES connections (org_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX strays_open_once ON strays (connection_id, calendar, provider_id) WHERE settled_at IS NULL;
