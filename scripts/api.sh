#!/usr/bin/env bash
# Asks a running Convene whatever its own description of the API allows, and much that it does not: schemathesis must find no failure
# of the server, no answer that is not described, and nothing let in without a key. Bounded, and the same every time.
source "$(dirname "$0")/common.sh"
source scripts/schemathesis.sh

program="${CONVENE_BIN:-$CARGO_TARGET_DIR/debug/convene}"
[ -x "$program" ] || stop "$program is not built"
st=$(find_schemathesis) || stop "schemathesis is missing; run: scripts/setup.sh schemathesis"

folder=$(mktemp -d)
served=
port=$(free_port)
base="http://127.0.0.1:$port"
trap '[ -z "$served" ] || { kill "$served"; wait "$served"; } 2>/dev/null; rm -rf "$folder"' EXIT

export DATABASE_URL="sqlite://$folder/convene.db?mode=rwc" BASE_URL="$base" LISTEN="127.0.0.1:$port"
TOKEN_ENCRYPTION_KEY=$(node -e 'console.log(require("crypto").randomBytes(32).toString("hex"))')
export TOKEN_ENCRYPTION_KEY
# Nobody is signed in, written to, or told anything: the addresses lead nowhere.
export GOOGLE_CLIENT_ID=client GOOGLE_CLIENT_SECRET=secret GOOGLE_BASE_URL="http://127.0.0.1:9" SMTP_URL="smtp://127.0.0.1:9"
export MAIL_FROM="Interviews <interviews@example.com>" API_CALLS_PER_MINUTE=0 RUST_LOG=error
"$program" serve >"$folder/log" 2>&1 &
served=$!
for _ in $(seq 100); do
  curl --silent --fail --output /dev/null "$base/readyz" && break
  sleep 0.1
done

# A key for everything, as an administrator would make one.
key=$("$(dirname "$st")/python" - "$folder/convene.db" <<'PY'
import base64, hashlib, json, os, sqlite3, sys, time, uuid
now = int(time.time() * 1000)
db = sqlite3.connect(sys.argv[1], timeout=10)
org, ana, ben = (uuid.uuid4().bytes for _ in range(3))
hours = json.dumps([{"weekday": day, "start": "09:00", "end": "17:00"} for day in ("mon", "tue", "wed", "thu", "fri")])
db.execute("INSERT INTO organisations (id, name, created_at) VALUES (?, 'Northwind', ?)", (org, now))
for person, name, role in ((ana, "ana", "admin"), (ben, "ben", "interviewer")):
    db.execute(
        "INSERT INTO people (id, org_id, email, name, zone, role, weekly_hours, created_at) VALUES (?, ?, ?, ?, 'UTC', ?, ?, ?)",
        (person, org, f"{name}@example.com", name.title(), role, hours, now),
    )
token = base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode()
scopes = " ".join(
    ["availability:read"]
    + [f"{noun}:{verb}" for noun in ("requests", "bookings", "interviewers", "connections", "webhooks") for verb in ("read", "write")]
)
db.execute(
    "INSERT INTO api_keys (id, org_id, name, token_hash, hint, scopes, coordinator_id, created_by, created_at)"
    " VALUES (?, ?, 'schemathesis', ?, 'cnv_', ?, ?, ?, ?)",
    (uuid.uuid4().bytes, org, hashlib.sha256(token.encode()).digest(), scopes, ana, ana, now),
)
db.commit()
print(f"cnv_{token}")
PY
)

# What only a person can know (a time that is offered, a zone that exists) is not in the description, so that not everything it
# allows is accepted.
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance
checks+=,response_schema_conformance,negative_data_rejection,missing_required_header,unsupported_method,ignored_auth
code=0
"$st" run "$base/api/v1/openapi.json" --header "Authorization: Bearer $key" --checks "$checks" --seed 4711 \
  --max-examples "${API_EXAMPLES:-15}" --phases examples,coverage,fuzzing --generation-database=none --continue-on-failure \
  --report junit --report-junit-path "$folder/junit.xml" --no-color || code=$?
grep -E '"level":"ERROR"|ERROR|panicked' "$folder/log" | head -20 || true

"$(dirname "$st")/python" - "$folder/junit.xml" "$code" <<'PY'
import sys, xml.etree.ElementTree as tree
cases = list(tree.parse(sys.argv[1]).iter("testcase"))
bad = sum(any(case.find(word) is not None for word in ("failure", "error")) for case in cases)
bad = bad or (1 if sys.argv[2] != "0" else 0)
print(f"{len(cases) - bad} passed, {bad} failed")
sys.exit(1 if bad else 0)
PY
