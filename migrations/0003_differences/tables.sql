-- Where a calendar, or an attendee in it, says something else of an interview than we do, and a person has to decide.
CREATE TABLE differences (
    id UUID NOT NULL CONSTRAINT differences_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    request_id UUID NOT NULL,
    booking_id UUID NOT NULL,
    event_id UUID NOT NULL,
    -- where it was found; the placement goes when the event leaves that calendar, what was found there stays
    placement_id UUID NOT NULL,
    -- whose calendar it is, and at which provider
    owner_id UUID NOT NULL,
    provider TEXT NOT NULL CONSTRAINT differences_provider_known CHECK (provider IN ('google', 'microsoft', 'apple')),
    kind TEXT NOT NULL CONSTRAINT differences_kind_known CHECK (kind IN ('moved', 'gone', 'collided', 'declined', 'candidate_declined')),
    -- JSON of what the calendar shows, see events/theirs.rs; NULL where it is about an answer
    theirs TEXT,
    -- who declined
    person_id UUID,
    -- JSON [{"person": ..., "because": code}, ...]: why the time cannot be followed, never what a busy entry is
    blockers TEXT NOT NULL DEFAULT '[]',
    found_at BIGINT NOT NULL,
    settled_at BIGINT,
    -- NULL where nobody decided: the calendars agree again, or another change answered it
    settled_by UUID,
    outcome TEXT CONSTRAINT differences_outcome_known CHECK (outcome IN ('ours', 'theirs', 'kept', 'withdrawn')),
    CONSTRAINT differences_person_iff_declined CHECK ((kind = 'declined') = (person_id IS NOT NULL)),
    CONSTRAINT differences_settled_whole CHECK ((settled_at IS NULL) = (outcome IS NULL)),
    CONSTRAINT differences_request_fk FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, id),
    CONSTRAINT differences_booking_fk FOREIGN KEY (org_id, booking_id) REFERENCES bookings (org_id, id),
    CONSTRAINT differences_event_fk FOREIGN KEY (org_id, event_id) REFERENCES events (org_id, id),
    CONSTRAINT differences_owner_fk FOREIGN KEY (org_id, owner_id) REFERENCES people (org_id, id),
    CONSTRAINT differences_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id)
);
-- One of a kind is open at a time, and of refusals one per person.
CREATE UNIQUE INDEX differences_one_open ON differences (event_id, kind) WHERE settled_at IS NULL AND person_id IS NULL;
CREATE UNIQUE INDEX differences_one_open_per_person ON differences (event_id, kind, person_id) WHERE settled_at IS NULL AND person_id IS NOT NULL;
CREATE INDEX differences_open ON differences (org_id, found_at) WHERE settled_at IS NULL;
CREATE INDEX differences_by_request ON differences (org_id, request_id);
