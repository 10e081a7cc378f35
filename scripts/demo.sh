#!/usr/bin/env bash
# Builds and starts Convene together with the sandbox. Arguments go to `convene demo`: --port, --sandbox-port, --folder.
source "$(dirname "$0")/common.sh"

scripts/setup.sh rust wasm leptos node
build_quickly demo
exec "$CARGO_TARGET_DIR/debug/convene" demo "$@"
