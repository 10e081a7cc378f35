#!/usr/bin/env bash
# What can be judged without running anything: form, lints on both halves, documentation, dependencies.
source "$(dirname "$0")/common.sh"

scripts/setup.sh rust wasm deny

say "Formatting"
cargo fmt --all --check
say "Lints, server"
cargo clippy --workspace --all-targets --no-default-features --features ssr,demo -- -D warnings
say "Lints, browser"
cargo clippy --lib --target wasm32-unknown-unknown --no-default-features --features hydrate -- -D warnings
say "Documentation"
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --no-default-features --features ssr,demo
say "Licences, bans and sources of dependencies"
cargo deny --workspace check licenses bans sources
say "Advisories"
if cargo deny --workspace fetch db; then
  cargo deny --workspace check --disable-fetch advisories
else
  echo "NOT CHECKED: advisories, because their database could not be fetched. Everything else holds."
fi
