#!/usr/bin/env bash
# The long runs: tests marked `#[ignore = "soak"]`, in release, on SQLite and PostgreSQL.
source "$(dirname "$0")/common.sh"
source scripts/postgres.sh

trap stop_postgres EXIT
scripts/setup.sh rust postgres node
start_postgres
say "Soak (this takes long)"
cargo test --release --workspace --no-default-features --features ssr,demo -- --ignored --nocapture "$@"
