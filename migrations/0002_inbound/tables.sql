-- What happens on calendars without us: what each placement showed when it was last looked at, how far each calendar has been read,
-- and who pushes.

-- What the calendar showed when it was last written or looked at: 'at' this time, 'whole_days', 'gone'; empty for nothing yet.
ALTER TABLE placements ADD COLUMN seen TEXT NOT NULL DEFAULT '' CONSTRAINT placements_seen_known CHECK (seen IN ('', 'at', 'whole_days', 'gone'));
ALTER TABLE placements ADD COLUMN seen_starts_at BIGINT;
ALTER TABLE placements ADD COLUMN seen_ends_at BIGINT;
-- What attendees had answered then: JSON {"address": "accepted", ...}, addresses in small letters.
ALTER TABLE placements ADD COLUMN seen_answers TEXT NOT NULL DEFAULT '{}';
ALTER TABLE placements ADD COLUMN looked_at BIGINT;

-- How far a calendar of a connection has been read.
CREATE TABLE cursors (
    connection_id UUID NOT NULL,
    -- the provider's id of the calendar, or 'primary'
    calendar TEXT NOT NULL,
    org_id UUID NOT NULL,
    -- the provider's own word for it; NULL until everything was read once, or when the provider forgot
    cursor TEXT,
    -- it tells of what lies before this instant only
    reaches BIGINT,
    -- when everything was last read, and when anything was
    complete_at BIGINT,
    pulled_at BIGINT,
    -- when so much had vanished at once that a person has to say whether that is meant, and how much
    stopped_at BIGINT,
    missing INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT cursors_pk PRIMARY KEY (connection_id, calendar),
    CONSTRAINT cursors_connection_fk FOREIGN KEY (org_id, connection_id) REFERENCES connections (org_id, id) ON DELETE CASCADE
);

-- A provider pushes when something changes on a calendar. The row is there before the provider is asked, for its first push may
-- come before its answer.
CREATE TABLE channels (
    id UUID NOT NULL CONSTRAINT channels_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    calendar TEXT NOT NULL,
    provider TEXT NOT NULL CONSTRAINT channels_provider_known CHECK (provider IN ('google', 'microsoft')),
    -- SHA-256 of what the provider hands back with every push
    token_hash BYTEA NOT NULL,
    -- what the provider calls the channel and what it watches; empty until its answer
    remote_id TEXT NOT NULL DEFAULT '',
    resource TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL CONSTRAINT channels_status_known CHECK (status IN ('opening', 'live', 'ended')),
    -- half of its life is over: another is to take its place, or it is to be made longer
    renew_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    pushed_at BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT channels_connection_fk FOREIGN KEY (org_id, connection_id) REFERENCES connections (org_id, id) ON DELETE CASCADE
);
CREATE INDEX channels_by_calendar ON channels (connection_id, calendar, status);
CREATE INDEX channels_by_remote ON channels (provider, remote_id);
