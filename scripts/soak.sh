#!/usr/bin/env bash
# The long runs of what `make test` runs short: 10,000 racing confirmations and 200 kills, in release, on SQLite and PostgreSQL.
source "$(dirname "$0")/common.sh"
source scripts/postgres.sh

trap stop_postgres EXIT
scripts/setup.sh rust postgres node
start_postgres
say "Soak (this takes long)"
SOAK=1 cargo test --release --workspace --no-default-features --features ssr,demo --test all -- race:: kill:: --nocapture "$@"
