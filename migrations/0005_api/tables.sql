-- The API: its keys, the answers repeated to copies of one call, and the webhooks that tell other systems what happened.

CREATE TABLE api_keys (
    id UUID NOT NULL CONSTRAINT api_keys_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    name TEXT NOT NULL,
    -- SHA-256 of the key, which itself is nowhere
    token_hash BYTEA NOT NULL CONSTRAINT api_keys_token_once UNIQUE,
    -- the first characters of the key, to tell keys apart on a page
    hint TEXT NOT NULL,
    -- words separated by blanks: "requests:read requests:write"
    scopes TEXT NOT NULL,
    -- in whose name it acts
    coordinator_id UUID NOT NULL,
    created_by UUID NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT,
    last_used_at BIGINT,
    CONSTRAINT api_keys_org_id UNIQUE (org_id, id),
    CONSTRAINT api_keys_coordinator_fk FOREIGN KEY (org_id, coordinator_id) REFERENCES people (org_id, id),
    CONSTRAINT api_keys_creator_fk FOREIGN KEY (org_id, created_by) REFERENCES people (org_id, id)
);

-- One row per Idempotency-Key of a key; purged after 72 hours.
CREATE TABLE api_calls (
    org_id UUID NOT NULL,
    api_key_id UUID NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of method, address and body
    request_hash BYTEA NOT NULL,
    -- NULL while it is carried out
    status INTEGER,
    -- the answer, sealed; empty if it has no body
    body TEXT NOT NULL DEFAULT '',
    -- a copy that comes later than this may take over what was broken off
    lease_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT api_calls_pk PRIMARY KEY (api_key_id, key),
    CONSTRAINT api_calls_key_fk FOREIGN KEY (org_id, api_key_id) REFERENCES api_keys (org_id, id)
);
CREATE INDEX api_calls_age ON api_calls (created_at);

CREATE TABLE webhook_endpoints (
    id UUID NOT NULL CONSTRAINT webhook_endpoints_pk PRIMARY KEY,
    org_id UUID NOT NULL CONSTRAINT webhook_endpoints_org_fk REFERENCES organisations (id),
    url TEXT NOT NULL,
    -- words separated by blanks: "booking.created booking.moved"
    events TEXT NOT NULL,
    -- whsec_…, sealed
    secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- not told any more, and why: 'failing' or 'by_hand'
    disabled_at BIGINT,
    disabled_why TEXT NOT NULL DEFAULT '',
    -- failures in a row, and since when
    failures INTEGER NOT NULL DEFAULT 0,
    failing_since BIGINT,
    removed_at BIGINT,
    CONSTRAINT webhook_endpoints_org_id UNIQUE (org_id, id)
);

-- What one endpoint is told of one event. The payload holds ids and times, never names or addresses.
CREATE TABLE webhook_deliveries (
    id UUID NOT NULL CONSTRAINT webhook_deliveries_pk PRIMARY KEY,
    org_id UUID NOT NULL,
    endpoint_id UUID NOT NULL,
    event TEXT NOT NULL,
    payload TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT webhook_deliveries_status_known CHECK (status IN ('queued', 'delivered', 'failed')),
    attempts INTEGER NOT NULL DEFAULT 0,
    -- what the endpoint answered last; NULL if it did not
    last_status INTEGER,
    last_error TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    delivered_at BIGINT,
    CONSTRAINT webhook_deliveries_org_id UNIQUE (org_id, id),
    CONSTRAINT webhook_deliveries_endpoint_fk FOREIGN KEY (org_id, endpoint_id) REFERENCES webhook_endpoints (org_id, id)
);
CREATE INDEX webhook_deliveries_of_endpoint ON webhook_deliveries (org_id, endpoint_id, id);
