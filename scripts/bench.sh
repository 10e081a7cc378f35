#!/usr/bin/env bash
# The figures of docs/benchmarks.md: ratios within one run, never times against a clock elsewhere.
source "$(dirname "$0")/common.sh"

scripts/setup.sh rust wasm leptos node
build_release
say "Benchmarks"
cargo bench --no-default-features --features ssr "$@"
