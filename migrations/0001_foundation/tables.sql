-- Foundation: organisations, people and how they sign in, connections, requests, bookings, events, and the outbox.
--
-- Read on both databases: UUID is a 16-byte value (BLOB on SQLite), every instant is a BIGINT of milliseconds since
-- 1970-01-01T00:00Z, JSON is TEXT parsed at the door. Every tenant table carries org_id, and a reference to another tenant
-- table goes over (org_id, id), so that a row of one organisation cannot point into another.

CREATE TABLE organisations (
    id UUID NOT NULL CONSTRAINT organisations_pk PRIMARY KEY,
    name TEXT NOT NULL,
    -- {"sign_in_providers": [...], "reminder_minutes": [1440, 60], ...}: organisation policies, absent keys take the default
    policies TEXT NOT NULL DEFAULT '{}',
    created_at BIGINT NOT NULL
);

CREATE TABLE people (
    id UUID NOT NULL CONSTRAINT people_pk PRIMARY KEY,
    org_id UUID NOT NULL CONSTRAINT people_org_fk REFERENCES organisations (id),
    -- Contact address, lower case. Never a key for signing in: identities are.
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    -- IANA name; NULL while nobody knows where this person lives. Unknown is never UTC.
    zone TEXT,
    role TEXT NOT NULL CONSTRAINT people_role_known CHECK (role IN ('admin', 'coordinator', 'interviewer')),
    -- [{"weekday": "mon", "start": "09:00", "end": "17:00"}, ...]
    weekly_hours TEXT NOT NULL,
    -- [{"date": "2027-03-14", "windows": [{"start": "10:00", "end": "13:00"}]}, ...]
    date_overrides TEXT NOT NULL DEFAULT '[]',
    -- most interviews on one local date and in one ISO week of theirs; NULL is no limit
    max_per_day INTEGER CONSTRAINT people_max_per_day_some CHECK (max_per_day > 0),
    max_per_week INTEGER CONSTRAINT people_max_per_week_some CHECK (max_per_week > 0),
    -- [1440, 60]: minutes before an interview at which their new requests remind; NULL is as the organisation has it
    reminder_minutes TEXT,
    theme TEXT NOT NULL DEFAULT 'auto',
    -- the step of the welcome they go on with, 1 to 3; 0 once it is done or was never theirs
    welcome_step INTEGER NOT NULL DEFAULT 0,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT people_org_id UNIQUE (org_id, id),
    CONSTRAINT people_email_once UNIQUE (org_id, email)
);

-- Who may sign in as a person: (issuer, subject), for Microsoft the tenant's issuer and "tid.oid".
CREATE TABLE identities (
    id UUID NOT NULL CONSTRAINT identities_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    person_id UUID NOT NULL,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT identities_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id),
    CONSTRAINT identities_subject_once UNIQUE (issuer, subject)
);

CREATE TABLE sessions (
    id UUID NOT NULL CONSTRAINT sessions_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    person_id UUID NOT NULL,
    -- SHA-256 of the cookie's 256-bit value
    token_hash BYTEA NOT NULL CONSTRAINT sessions_token_once UNIQUE,
    ip TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT sessions_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id)
);
CREATE INDEX sessions_by_person ON sessions (org_id, person_id);

-- A sign-in under way: deleted by the statement that reads it, so that a state is used once.
CREATE TABLE oauth_attempts (
    state_hash BYTEA NOT NULL CONSTRAINT oauth_attempts_pk PRIMARY KEY,
    -- SHA-256 of the value in the browser's short-lived cookie
    browser_hash BYTEA NOT NULL,
    provider TEXT NOT NULL,
    purpose TEXT NOT NULL,
    nonce TEXT NOT NULL,
    -- PKCE verifier, encrypted like every other secret
    verifier TEXT NOT NULL,
    return_to TEXT NOT NULL,
    -- the browser's own zone (IANA), where its page could tell
    browser_zone TEXT,
    -- the person who was signed in when the attempt began, where the purpose needs one
    person_id UUID,
    -- the invitation that is being accepted, where it is one
    invitation_id UUID,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE TABLE connections (
    id UUID NOT NULL CONSTRAINT connections_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    person_id UUID NOT NULL,
    provider TEXT NOT NULL CONSTRAINT connections_provider_known CHECK (provider IN ('google', 'microsoft', 'apple')),
    -- the provider's stable account key (Google sub, Microsoft tid.oid), and what to show
    account_subject TEXT NOT NULL,
    account_email TEXT NOT NULL,
    personal_account BOOLEAN NOT NULL,
    status TEXT NOT NULL CONSTRAINT connections_status_known CHECK (status IN ('active', 'inactive', 'expired', 'error')),
    -- a sentence a person can act on; empty when all is well
    last_error TEXT NOT NULL DEFAULT '',
    -- space separated, as granted (never as asked)
    scopes TEXT NOT NULL,
    -- AES-256-GCM envelopes; NULL once disconnected
    access_token TEXT,
    refresh_token TEXT,
    access_expires_at BIGINT NOT NULL,
    -- rises with every stored token: a refresh writes only over the version it read
    token_version BIGINT NOT NULL DEFAULT 0,
    -- one refresh at a time: who holds it (random) and until when, by the database's clock
    refresh_owner TEXT,
    refresh_until BIGINT,
    is_primary BOOLEAN NOT NULL,
    connected_at BIGINT NOT NULL,
    last_synced_at BIGINT,
    CONSTRAINT connections_org_id UNIQUE (org_id, id),
    CONSTRAINT connections_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id),
    -- an account that was disconnected keeps its row, and what stands in its calendars, apart from the one that came after it
    CONSTRAINT connections_account_once UNIQUE (org_id, person_id, provider, account_subject)
);
-- Nobody has two accounts of one provider connected at a time.
CREATE UNIQUE INDEX connections_once ON connections (org_id, person_id, provider) WHERE status <> 'inactive';

-- A grant that is still to be handed back to its provider: the account was disconnected, everything of ours is over already.
CREATE TABLE revocations (
    id UUID NOT NULL CONSTRAINT revocations_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    provider TEXT NOT NULL,
    account_subject TEXT NOT NULL,
    -- encrypted like every other secret; the row goes with the provider's answer
    refresh_token TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT revocations_connection_fk FOREIGN KEY (org_id, connection_id) REFERENCES connections (org_id, id)
);

CREATE TABLE calendars (
    id UUID NOT NULL CONSTRAINT calendars_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    -- the provider's id, or 'primary' for the account's main calendar
    provider_id TEXT NOT NULL,
    name TEXT NOT NULL,
    -- as the provider paints it, '#rrggbb'; empty if it does not say
    colour TEXT NOT NULL DEFAULT '',
    access TEXT NOT NULL CONSTRAINT calendars_access_known CHECK (access IN ('free_busy', 'read', 'write', 'own')),
    is_read BOOLEAN NOT NULL,
    is_write_target BOOLEAN NOT NULL,
    -- made by us at its owner's wish
    is_ours BOOLEAN NOT NULL DEFAULT FALSE,
    -- whether the provider still named it when it was last asked
    is_listed BOOLEAN NOT NULL DEFAULT TRUE,
    CONSTRAINT calendars_connection_fk FOREIGN KEY (org_id, connection_id) REFERENCES connections (org_id, id) ON DELETE CASCADE,
    CONSTRAINT calendars_once UNIQUE (connection_id, provider_id)
);

-- The times somebody without a connected calendar gave by themselves, from a mail's link: their latest word.
CREATE TABLE given_times (
    person_id UUID NOT NULL CONSTRAINT given_times_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    -- JSON [[start, end], ...], milliseconds, sorted and disjoint: the weeks they spoke about, and when in them they can
    periods TEXT NOT NULL,
    windows TEXT NOT NULL,
    -- by whose clock they said it, and the zone database that made instants of it
    zone TEXT NOT NULL,
    tzdata TEXT NOT NULL,
    given_at BIGINT NOT NULL,
    CONSTRAINT given_times_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id)
);

-- When a calendar is busy, as last read: intervals only, never a title.
CREATE TABLE busy_reads (
    connection_id UUID NOT NULL,
    -- the provider's id of the calendar, or 'primary'
    calendar TEXT NOT NULL,
    org_id UUID NOT NULL,
    window_start BIGINT NOT NULL,
    window_end BIGINT NOT NULL,
    -- JSON [[start, end], ...], milliseconds, sorted and disjoint
    intervals TEXT NOT NULL,
    read_at BIGINT NOT NULL,
    CONSTRAINT busy_reads_pk PRIMARY KEY (connection_id, calendar),
    CONSTRAINT busy_reads_connection_fk FOREIGN KEY (org_id, connection_id) REFERENCES connections (org_id, id) ON DELETE CASCADE
);

-- Who may ask a connection for busy times: one process at a time, and nobody while the provider wants to be left alone.
CREATE TABLE busy_turns (
    connection_id UUID NOT NULL CONSTRAINT busy_turns_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    -- a lease: who asks (random) and until when, by the database's clock
    owner TEXT,
    until BIGINT,
    -- the provider said "asked too often": nothing is asked before
    paused_until BIGINT,
    CONSTRAINT busy_turns_connection_fk FOREIGN KEY (org_id, connection_id) REFERENCES connections (org_id, id) ON DELETE CASCADE
);

-- What an organisation allowed for all of its people at once: the application permission of a Microsoft tenant, or what a Google
-- Workspace delegated to a service account.
CREATE TABLE organisation_access (
    org_id UUID NOT NULL CONSTRAINT organisation_access_org_fk REFERENCES organisations (id),
    provider TEXT NOT NULL CONSTRAINT organisation_access_provider_known CHECK (provider IN ('google', 'microsoft')),
    -- the tenant's id, or the service account's address
    account TEXT NOT NULL,
    -- whose mailbox showed that it works; at Google also whom requests act as
    subject TEXT NOT NULL,
    -- JSON ["example.com"], lower case: whose addresses it covers, by the whole part after the @
    domains TEXT NOT NULL,
    -- the service account's, encrypted like every other secret
    private_key TEXT,
    status TEXT NOT NULL CONSTRAINT organisation_access_status_known CHECK (status IN ('active', 'error')),
    last_error TEXT NOT NULL DEFAULT '',
    granted_by UUID NOT NULL,
    granted_at BIGINT NOT NULL,
    last_read_at BIGINT,
    -- who asks through it: see busy_turns
    turn_owner TEXT,
    turn_until BIGINT,
    paused_until BIGINT,
    CONSTRAINT organisation_access_pk PRIMARY KEY (org_id, provider),
    CONSTRAINT organisation_access_person_fk FOREIGN KEY (org_id, granted_by) REFERENCES people (org_id, id),
    CONSTRAINT organisation_access_key CHECK ((provider = 'google') = (private_key IS NOT NULL))
);

-- When somebody is busy, as the organisation's access last told: see busy_reads.
CREATE TABLE organisation_reads (
    org_id UUID NOT NULL,
    provider TEXT NOT NULL,
    person_id UUID NOT NULL,
    -- the mailbox that was asked about: another address is another calendar
    address TEXT NOT NULL,
    window_start BIGINT NOT NULL,
    window_end BIGINT NOT NULL,
    intervals TEXT NOT NULL,
    read_at BIGINT NOT NULL,
    CONSTRAINT organisation_reads_pk PRIMARY KEY (org_id, provider, person_id),
    CONSTRAINT organisation_reads_access_fk FOREIGN KEY (org_id, provider) REFERENCES organisation_access (org_id, provider) ON DELETE CASCADE,
    CONSTRAINT organisation_reads_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id)
);

-- An administrator is at Microsoft to allow it: deleted by the statement that reads it, so that a state is used once.
CREATE TABLE access_attempts (
    state_hash BYTEA NOT NULL CONSTRAINT access_attempts_pk PRIMARY KEY,
    -- SHA-256 of the value in the browser's short-lived cookie
    browser_hash BYTEA NOT NULL,
    org_id UUID NOT NULL,
    person_id UUID NOT NULL,
    session_id UUID,
    domains TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    CONSTRAINT access_attempts_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id)
);

CREATE TABLE requests (
    id UUID NOT NULL CONSTRAINT requests_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    coordinator_id UUID NOT NULL,
    candidate_name TEXT NOT NULL,
    candidate_email TEXT NOT NULL,
    interview_type TEXT NOT NULL,
    duration_minutes INTEGER NOT NULL,
    step_minutes INTEGER NOT NULL,
    window_start BIGINT NOT NULL,
    window_end BIGINT NOT NULL,
    zone TEXT NOT NULL,
    buffer_before_minutes INTEGER NOT NULL,
    buffer_after_minutes INTEGER NOT NULL,
    min_notice_minutes INTEGER NOT NULL,
    -- until when before the start the candidate may still move or cancel
    change_notice_minutes INTEGER NOT NULL,
    location TEXT NOT NULL,
    -- the provider makes a video room (Google Meet, Teams) with the event
    video BOOLEAN NOT NULL,
    notes TEXT NOT NULL,
    -- how long before the interview people are reminded: JSON [1440, 60], minutes, longest first
    reminder_minutes TEXT NOT NULL DEFAULT '[]',
    -- the application it belongs to in the applicant-tracking system; empty where there is none
    application_id TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL CONSTRAINT requests_status_known CHECK (status IN ('open', 'booked', 'cancelled')),
    link_sent_at BIGINT,
    link_opened_at BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT requests_org_id UNIQUE (org_id, id),
    CONSTRAINT requests_coordinator_fk FOREIGN KEY (org_id, coordinator_id) REFERENCES people (org_id, id)
);
CREATE INDEX requests_by_state ON requests (org_id, status, created_at);

-- One seat of a panel: "all" needs everyone of its members, "any" needs that many of them.
CREATE TABLE seats (
    id UUID NOT NULL CONSTRAINT seats_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    request_id UUID NOT NULL,
    position INTEGER NOT NULL,
    kind TEXT NOT NULL CONSTRAINT seats_kind_known CHECK (kind IN ('all', 'any', 'optional')),
    needed INTEGER NOT NULL,
    CONSTRAINT seats_org_id UNIQUE (org_id, id),
    CONSTRAINT seats_request_fk FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, id)
);
CREATE INDEX seats_by_request ON seats (org_id, request_id);

CREATE TABLE seat_members (
    org_id UUID NOT NULL,
    seat_id UUID NOT NULL,
    person_id UUID NOT NULL,
    CONSTRAINT seat_members_pk PRIMARY KEY (seat_id, person_id),
    CONSTRAINT seat_members_seat_fk FOREIGN KEY (org_id, seat_id) REFERENCES seats (org_id, id),
    CONSTRAINT seat_members_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id)
);

-- Hours typed for somebody who is not connected; without a person, the request's own fallback windows.
CREATE TABLE manual_windows (
    id UUID NOT NULL CONSTRAINT manual_windows_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    request_id UUID NOT NULL,
    person_id UUID,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    -- what was meant: the zone, the wall times in it, and the zone database that made instants of them
    zone TEXT NOT NULL,
    local_start TEXT NOT NULL,
    local_end TEXT NOT NULL,
    tzdata TEXT NOT NULL,
    typed_by UUID NOT NULL,
    typed_at BIGINT NOT NULL,
    CONSTRAINT manual_windows_forward CHECK (ends_at > starts_at),
    CONSTRAINT manual_windows_request_fk FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, id),
    CONSTRAINT manual_windows_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id),
    CONSTRAINT manual_windows_typist_fk FOREIGN KEY (org_id, typed_by) REFERENCES people (org_id, id)
);
CREATE INDEX manual_windows_by_request ON manual_windows (org_id, request_id);

-- Somebody is asked to connect their calendar (or, with the role of a coordinator, to arrange interviews too). The link's token
-- is derived from the salt with a key that is not in the database; only its hash is here.
CREATE TABLE invitations (
    id UUID NOT NULL CONSTRAINT invitations_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    person_id UUID NOT NULL,
    role TEXT NOT NULL CONSTRAINT invitations_role_known CHECK (role IN ('coordinator', 'interviewer')),
    invited_by UUID NOT NULL,
    -- the request that made somebody ask, where one did
    request_id UUID,
    token_hash BYTEA NOT NULL CONSTRAINT invitations_token_once UNIQUE,
    salt BYTEA NOT NULL,
    key_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- when it was last mailed
    sent_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    -- set once, by the statement that redeems it
    accepted_at BIGINT,
    CONSTRAINT invitations_org_id UNIQUE (org_id, id),
    CONSTRAINT invitations_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id),
    CONSTRAINT invitations_inviter_fk FOREIGN KEY (org_id, invited_by) REFERENCES people (org_id, id),
    CONSTRAINT invitations_request_fk FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, id)
);
-- Nobody has two invitations that could be redeemed.
CREATE UNIQUE INDEX invitations_one_open ON invitations (org_id, person_id) WHERE revoked_at IS NULL AND accepted_at IS NULL;

-- The candidate's link. The token is derived from the salt with a key that is not in the database; only its hash is here.
CREATE TABLE booking_links (
    id UUID NOT NULL CONSTRAINT booking_links_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    request_id UUID NOT NULL,
    token_hash BYTEA NOT NULL CONSTRAINT booking_links_token_once UNIQUE,
    salt BYTEA NOT NULL,
    key_id TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT booking_links_request_fk FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, id)
);
CREATE INDEX booking_links_by_request ON booking_links (org_id, request_id);

CREATE TABLE bookings (
    id UUID NOT NULL CONSTRAINT bookings_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    request_id UUID NOT NULL,
    status TEXT NOT NULL CONSTRAINT bookings_status_known CHECK (status IN ('held', 'confirmed', 'cancelled', 'released')),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    -- what the candidate chose by: their zone, the wall time it showed, and the zone database that said so
    candidate_zone TEXT NOT NULL,
    local_start TEXT NOT NULL,
    tzdata TEXT NOT NULL,
    -- a held booking is confirmed or offered anew before this
    hold_until BIGINT,
    created_at BIGINT NOT NULL,
    CONSTRAINT bookings_forward CHECK (ends_at > starts_at),
    CONSTRAINT bookings_org_id UNIQUE (org_id, id),
    CONSTRAINT bookings_request_fk FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, id)
);
-- A request has at most one living booking.
CREATE UNIQUE INDEX bookings_one_live ON bookings (request_id) WHERE status IN ('held', 'confirmed');
CREATE INDEX bookings_by_start ON bookings (org_id, status, starts_at);

-- Moves, cancellations and confirmations are records.
CREATE TABLE booking_changes (
    id UUID NOT NULL CONSTRAINT booking_changes_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    booking_id UUID NOT NULL,
    kind TEXT NOT NULL CONSTRAINT booking_changes_kind_known CHECK (kind IN ('booked', 'held', 'confirmed', 'moved', 'swapped', 'cancelled', 'released')),
    -- 'candidate', 'coordinator' or 'system'
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    reason TEXT NOT NULL DEFAULT '',
    from_start BIGINT,
    to_start BIGINT,
    -- who left and who came, where people were swapped
    from_person UUID,
    to_person UUID,
    at BIGINT NOT NULL,
    CONSTRAINT booking_changes_booking_fk FOREIGN KEY (org_id, booking_id) REFERENCES bookings (org_id, id)
);
CREATE INDEX booking_changes_by_booking ON booking_changes (org_id, booking_id, at);

-- The first answer to a form's idempotency key, replayed to every repeat.
CREATE TABLE idempotency_keys (
    org_id UUID NOT NULL CONSTRAINT idempotency_keys_org_fk REFERENCES organisations (id),
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    parameters_hash BYTEA NOT NULL,
    result TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT idempotency_keys_pk PRIMARY KEY (org_id, scope, key)
);

-- What goes on calendars. One UID for life; SEQUENCE only grows.
CREATE TABLE events (
    id UUID NOT NULL CONSTRAINT events_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    kind TEXT NOT NULL CONSTRAINT events_kind_known CHECK (kind IN ('interview', 'practice', 'assignment', 'follow_up', 'reminder')),
    booking_id UUID,
    uid TEXT NOT NULL CONSTRAINT events_uid_once UNIQUE,
    sequence INTEGER NOT NULL,
    -- rises with every change of what should stand on calendars; a placement records the one it carries
    revision BIGINT NOT NULL,
    owner_id UUID NOT NULL,
    summary TEXT NOT NULL,
    description TEXT NOT NULL,
    location TEXT NOT NULL,
    video BOOLEAN NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    zone TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT events_status_known CHECK (status IN ('tentative', 'confirmed', 'cancelled')),
    -- who invites the attendees, decided once: 'provider' (the calendar it stands on) or 'mail' (our own iMIP message)
    inviter TEXT NOT NULL CONSTRAINT events_inviter_known CHECK (inviter IN ('provider', 'mail')),
    -- its owner wanted no events of this kind in calendars when it was made
    kept_off BOOLEAN NOT NULL,
    -- the ORGANIZER of its calendar objects, the same for the event's whole life
    organizer_email TEXT NOT NULL,
    organizer_name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT events_org_id UNIQUE (org_id, id),
    CONSTRAINT events_booking_fk FOREIGN KEY (org_id, booking_id) REFERENCES bookings (org_id, id),
    CONSTRAINT events_owner_fk FOREIGN KEY (org_id, owner_id) REFERENCES people (org_id, id)
);
CREATE INDEX events_by_booking ON events (org_id, booking_id);

CREATE TABLE event_participants (
    id UUID NOT NULL CONSTRAINT event_participants_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    event_id UUID NOT NULL,
    -- NULL for a candidate
    person_id UUID,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL CONSTRAINT event_participants_role_known CHECK (role IN ('organizer', 'candidate', 'interviewer', 'optional')),
    CONSTRAINT event_participants_event_fk FOREIGN KEY (org_id, event_id) REFERENCES events (org_id, id),
    CONSTRAINT event_participants_once UNIQUE (event_id, email)
);

-- What somebody wants of events of a kind. Without a row they are put into calendars, and alert as those do of themselves.
CREATE TABLE sync_preferences (
    org_id UUID NOT NULL,
    person_id UUID NOT NULL,
    kind TEXT NOT NULL CONSTRAINT sync_preferences_kind_known CHECK (kind IN ('interview', 'practice', 'assignment', 'follow_up', 'reminder')),
    is_synced BOOLEAN NOT NULL,
    -- 'default' is the calendar's own, else 'none' or minutes before the start
    alert TEXT NOT NULL CONSTRAINT sync_preferences_alert_known CHECK (alert IN ('default', 'none', '0', '5', '10', '15', '30', '60', '1440')),
    CONSTRAINT sync_preferences_pk PRIMARY KEY (person_id, kind),
    CONSTRAINT sync_preferences_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id)
);

-- Where an event stands on one connection. Kept as a tombstone until the provider confirmed it is gone.
CREATE TABLE placements (
    id UUID NOT NULL CONSTRAINT placements_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    event_id UUID NOT NULL,
    connection_id UUID NOT NULL,
    calendar TEXT NOT NULL,
    -- empty until the provider's receipt
    provider_id TEXT NOT NULL DEFAULT '',
    etag TEXT NOT NULL DEFAULT '',
    join_url TEXT NOT NULL DEFAULT '',
    -- the UID under which the provider mails the event
    ical_uid TEXT NOT NULL DEFAULT '',
    -- rises when the event was deleted by hand and is made anew: the provider's id follows from it
    generation INTEGER NOT NULL DEFAULT 0,
    -- when an event was sent whose receipt has not come: it may still appear
    unconfirmed_since BIGINT,
    -- the event's revision that stands there; 0 is none yet
    placed_revision BIGINT NOT NULL DEFAULT 0,
    removed_at BIGINT,
    -- when its owner wanted the event off this calendar although it takes place; the row goes once it is off
    withdrawn_at BIGINT,
    last_synced_at BIGINT,
    -- why it does not stand there as it should, a code
    last_error TEXT NOT NULL DEFAULT '',
    CONSTRAINT placements_event_fk FOREIGN KEY (org_id, event_id) REFERENCES events (org_id, id),
    CONSTRAINT placements_connection_fk FOREIGN KEY (org_id, connection_id) REFERENCES connections (org_id, id),
    CONSTRAINT placements_once UNIQUE (event_id, connection_id)
);

-- Who is taken when by held and confirmed events, buffers included. The overlap rule is in constraints.sql of each database.
CREATE TABLE occupancies (
    id UUID NOT NULL CONSTRAINT occupancies_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    person_id UUID NOT NULL,
    booking_id UUID NOT NULL,
    -- [taken_from, taken_until): the interview with its buffers
    taken_from BIGINT NOT NULL,
    taken_until BIGINT NOT NULL,
    -- [starts_at, ends_at): the interview itself
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    CONSTRAINT occupancies_forward CHECK (taken_until > taken_from AND taken_from <= starts_at AND starts_at < ends_at AND ends_at <= taken_until),
    CONSTRAINT occupancies_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id),
    CONSTRAINT occupancies_booking_fk FOREIGN KEY (org_id, booking_id) REFERENCES bookings (org_id, id)
);
CREATE INDEX occupancies_by_person ON occupancies (person_id, taken_from);
CREATE INDEX occupancies_by_booking ON occupancies (booking_id);

-- Why somebody sits in a booking, as it was when they were chosen. Kept when the booking ends.
CREATE TABLE sittings (
    booking_id UUID NOT NULL,
    org_id UUID NOT NULL,
    person_id UUID NOT NULL,
    -- JSON, see booking/sitting.rs: numbers and rules, never what a busy entry is
    why TEXT NOT NULL,
    CONSTRAINT sittings_pk PRIMARY KEY (booking_id, person_id),
    CONSTRAINT sittings_booking_fk FOREIGN KEY (org_id, booking_id) REFERENCES bookings (org_id, id),
    CONSTRAINT sittings_person_fk FOREIGN KEY (org_id, person_id) REFERENCES people (org_id, id)
);

-- The outbox: promises written in the transaction that made them true.
CREATE TABLE jobs (
    id UUID NOT NULL CONSTRAINT jobs_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    kind TEXT NOT NULL,
    -- what it is about (an event's or message's id): jobs of one subject run one at a time, oldest first
    subject TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT jobs_status_known CHECK (status IN ('queued', 'running', 'parked', 'done', 'dead', 'superseded')),
    attempts INTEGER NOT NULL DEFAULT 0,
    run_at BIGINT NOT NULL,
    -- a lease: rises with every claim; completing is conditional on it
    epoch BIGINT NOT NULL DEFAULT 0,
    lease_owner TEXT,
    lease_until BIGINT,
    -- a parked job waits for this connection to work again
    parked_for UUID,
    -- why it did not succeed, a code
    last_error TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    finished_at BIGINT,
    CONSTRAINT jobs_org_fk FOREIGN KEY (org_id) REFERENCES organisations (id)
);
CREATE INDEX jobs_due ON jobs (status, run_at);
CREATE INDEX jobs_by_subject ON jobs (org_id, subject, created_at);
CREATE UNIQUE INDEX jobs_one_running ON jobs (org_id, subject) WHERE status = 'running';

-- Each e-mail and its fate.
CREATE TABLE messages (
    id UUID NOT NULL CONSTRAINT messages_pk PRIMARY KEY,
    org_id UUID NOT NULL CONSTRAINT messages_org_fk REFERENCES organisations (id),
    booking_id UUID,
    request_id UUID,
    kind TEXT NOT NULL,
    to_email TEXT NOT NULL,
    to_name TEXT NOT NULL,
    reply_to TEXT NOT NULL DEFAULT '',
    -- what it is about and the how-manieth of its kind: the Message-ID follows from these, so a repeat has the same one
    about TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    message_id TEXT NOT NULL CONSTRAINT messages_message_id_once UNIQUE,
    subject TEXT NOT NULL,
    -- AES-256-GCM envelopes: bodies hold links
    text_body TEXT NOT NULL,
    html_body TEXT NOT NULL,
    ics_method TEXT NOT NULL DEFAULT '',
    ics TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL CONSTRAINT messages_status_known CHECK (status IN ('queued', 'sent', 'failed')),
    -- why it failed, a code
    last_error TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    -- when it may go at the earliest: an address is sent a few mails an hour
    due_at BIGINT NOT NULL,
    sent_at BIGINT
);
CREATE INDEX messages_by_request ON messages (org_id, request_id, created_at);
CREATE INDEX messages_by_recipient ON messages (to_email, due_at);

-- What the applicant-tracking system is told of a request: each thing once, in order.
CREATE TABLE ats_notes (
    id UUID NOT NULL CONSTRAINT ats_notes_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    request_id UUID NOT NULL,
    application_id TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ats_notes_kind_known CHECK (kind IN ('link_sent', 'booked', 'moved', 'cancelled')),
    -- what it tells of: the same thing is told once
    key TEXT NOT NULL,
    -- ends with the note's own id, by which it is found there again
    body TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT ats_notes_status_known CHECK (status IN ('queued', 'written', 'failed')),
    -- the promise to write it
    job_id UUID NOT NULL,
    -- when it was sent and no answer came: it may stand there, so it is looked for before it is sent again
    unconfirmed_since BIGINT,
    -- the id it got there
    remote_id TEXT NOT NULL DEFAULT '',
    -- why it is not written, a code
    last_error TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    posted_at BIGINT,
    CONSTRAINT ats_notes_once UNIQUE (org_id, key),
    CONSTRAINT ats_notes_request_fk FOREIGN KEY (org_id, request_id) REFERENCES requests (org_id, id)
);
CREATE INDEX ats_notes_by_request ON ats_notes (org_id, request_id, created_at);

-- How often in a row the applicant-tracking system did not answer, and until when it is left alone. No row: all is well.
CREATE TABLE ats_breakers (
    org_id UUID NOT NULL CONSTRAINT ats_breakers_pk PRIMARY KEY CONSTRAINT ats_breakers_org_fk REFERENCES organisations (id),
    failures INTEGER NOT NULL,
    -- the first of them
    since BIGINT NOT NULL,
    -- NULL while calls are still made
    open_until BIGINT,
    pause_ms BIGINT NOT NULL,
    -- one call may ask whether it answers again, until then
    probe_until BIGINT
);

-- Who did what. Append only: triggers refuse change and deletion. The rows of an organisation are a chain (store/ledger.rs).
CREATE TABLE audit_log (
    id UUID NOT NULL CONSTRAINT audit_log_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    -- counted from 1 in each organisation, without a gap
    seq BIGINT NOT NULL,
    actor_kind TEXT NOT NULL,
    actor_id UUID,
    action TEXT NOT NULL,
    -- prefixed id of what it was done to
    subject TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '{}',
    ip TEXT NOT NULL DEFAULT '',
    user_agent TEXT NOT NULL DEFAULT '',
    at BIGINT NOT NULL,
    -- SHA-256 over the hash before it and this row, in lower-case hex
    hash TEXT NOT NULL,
    CONSTRAINT audit_log_seq UNIQUE (org_id, seq)
);
CREATE INDEX audit_log_by_time ON audit_log (org_id, at);
CREATE INDEX audit_log_by_subject ON audit_log (org_id, subject, action, seq);

-- Where the chain of each organisation ends. No reference to organisations on purpose: its check would lock that row at the very
-- end of a transaction, out of order.
CREATE TABLE audit_heads (
    org_id UUID NOT NULL CONSTRAINT audit_heads_pk PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash TEXT NOT NULL
);

-- Counters of the rate limits, shared by every process: one row per (limit, key, window).
CREATE TABLE rate_windows (
    bucket TEXT NOT NULL,
    key_hash BYTEA NOT NULL,
    window_start BIGINT NOT NULL,
    hits INTEGER NOT NULL,
    CONSTRAINT rate_windows_pk PRIMARY KEY (bucket, key_hash, window_start)
);

-- One row per encryption key ever used here: a known value sealed with it, so that a wrong key is noticed at start.
CREATE TABLE key_canaries (
    key_id TEXT NOT NULL CONSTRAINT key_canaries_pk PRIMARY KEY,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
