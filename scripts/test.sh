#!/usr/bin/env bash
# Everything that must hold: Rust on SQLite and PostgreSQL, the sandbox against the vendors' SDKs, the browser specs.
# Goes on after a failure; the last line counts all steps together, and the exit code says whether any failed.
source "$(dirname "$0")/common.sh"
source scripts/postgres.sh

logs=$(mktemp -d)
passed=0
failed=0
summary=()
trap 'stop_postgres; rm -rf "$logs"' EXIT

# step NAME COUNTER COMMAND...: runs the command and lets COUNTER read "passed failed skipped" out of its output.
# A step that fails without a failed test (it did not build, it crashed) counts as one failure.
step() {
  local name=$1 counter=$2 log="$logs/log" code=0 ok bad skipped
  shift 2
  say "$name"
  "$@" 2>&1 | tee "$log" || code=$?
  read -r ok bad skipped < <("$counter" "$log")
  [ "$code" = 0 ] || [ "$bad" != 0 ] || bad=1
  [ "$code" != 0 ] || [ "$ok" != 0 ] || { echo "No test ran."; bad=1; }
  passed=$((passed + ok))
  failed=$((failed + bad))
  summary+=("$(printf '%-28s %5d passed %4d failed %4d skipped' "$name" "$ok" "$bad" "$skipped")")
}

# Each runner's own words for its counts.
count_nextest() {
  sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
    / tests? run: / { line = $0 }
    END {
      n = split(line, words, /[ ,]+/)
      for (i = 2; i <= n; i++) {
        if (words[i] ~ /^passed/) ok = words[i-1]
        if (words[i] ~ /^failed/ || words[i] ~ /^timed/) bad += words[i-1]
        if (words[i] ~ /^skipped/) skipped = words[i-1]
      }
      print ok + 0, bad + 0, skipped + 0
    }'
}
count_cargo() {
  awk '/^test result:/ { ok += $4; bad += $6; skipped += $8 } END { print ok + 0, bad + 0, skipped + 0 }' "$1"
}
count_summary() {
  awk '/^[0-9]+ passed, [0-9]+ failed/ { ok = $1; bad = $3 } END { print ok + 0, bad + 0, 0 }' "$1"
}
count_node() {
  awk '/^# pass /{ok=$3} /^# fail /{bad=$3} /^# (skipped|todo) /{skipped+=$3} END { print ok + 0, bad + 0, skipped + 0 }' "$1"
}
count_playwright() {
  awk '/^ +[0-9]+ passed/{ok=$1} /^ +[0-9]+ (failed|flaky|interrupted|did not run)/{bad+=$1} /^ +[0-9]+ skipped/{skipped=$1}
       END { print ok + 0, bad + 0, skipped + 0 }' "$1"
}

rust_tests() {
  local features=(--workspace --no-default-features --features ssr,demo)
  say "Building the programs that tests start"
  cargo build "${features[@]}" --bins
  export CONVENE_SANDBOX_BIN="$CARGO_TARGET_DIR/debug/convene-sandbox"
  export CONVENE_BIN="$CARGO_TARGET_DIR/debug/convene"
  if have cargo-nextest; then
    step "Rust" count_nextest cargo nextest run "${features[@]}" --no-fail-fast
    step "Rust, in documentation" count_cargo cargo test "${features[@]}" --doc --no-fail-fast
  else
    step "Rust" count_cargo cargo test "${features[@]}" --no-fail-fast
  fi
}

sandbox_judges() {
  step "Sandbox, by vendors' SDKs" count_node node --test --test-reporter=tap sandbox/judge/*.test.mjs
}

# Our iCalendar objects, read by a JavaScript calendar.
calendar_judge() {
  step "iCalendar, by ical.js" count_summary node tests/mail/judge.mjs
}

# The API as a program meets it, asked by its own description.
api_by_description() {
  step "API, by schemathesis" count_summary scripts/api.sh
}

browser_specs() {
  CHROMIUM=$(find_chromium)
  CONVENE_BINARY="$CARGO_TARGET_DIR/debug/convene"
  CONVENE_PORT=$(free_port)
  SANDBOX_PORT=$(free_ports 7)
  # A second demo, with an applicant-tracking system.
  CONVENE_ATS_PORT=$(free_port)
  SANDBOX_ATS_PORT=$(free_ports 7)
  export CHROMIUM CONVENE_BINARY CONVENE_PORT SANDBOX_PORT CONVENE_ATS_PORT SANDBOX_ATS_PORT
  # A folder of their own, so that a build meanwhile does not exchange files under running specs.
  export LEPTOS_SITE_ROOT=target/site-for-tests
  if build_quickly demo; then
    step "Browser" count_playwright npx playwright test --config end2end/playwright.config.ts
  else
    step "Browser (did not build)" count_playwright false
  fi
}

scripts/setup.sh rust wasm leptos node chromium postgres radicale schemathesis
start_postgres
rust_tests
sandbox_judges
calendar_judge
api_by_description
browser_specs

say "All steps"
printf '%s\n' "${summary[@]}"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
