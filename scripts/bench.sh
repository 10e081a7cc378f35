#!/usr/bin/env bash
# The figures of docs/benchmarks.md: ratios within one run, never times against a clock elsewhere.
source "$(dirname "$0")/common.sh"

scripts/setup.sh rust wasm leptos node
build_release
cargo build --release --no-default-features --features ssr --example bare_axum
export CONVENE_BINARY="$CARGO_TARGET_DIR/release/convene" BARE_BINARY="$CARGO_TARGET_DIR/release/examples/bare_axum"
LEPTOS_SITE_ROOT="$PWD/target/site"
export LEPTOS_SITE_ROOT
say "Benchmarks"
# With the sandbox, which one of them asks.
cargo bench --no-default-features --features ssr,demo "$@"
