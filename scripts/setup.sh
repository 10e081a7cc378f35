#!/usr/bin/env bash
# Finds or installs what building and testing take: scripts/setup.sh rust wasm leptos node chromium postgres radicale schemathesis deny
# Says what it installs; stops with one line if it cannot.
source "$(dirname "$0")/common.sh"

readonly RUST_AT_LEAST=1.95 LEPTOS_VERSION=0.3.10 NODE_AT_LEAST=20 RADICALE_VERSION=3.9.0

# at_least HAVE WANT
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]; }

# Installing distribution packages takes root.
apt_install() {
  have apt-get && [ "$(id -u)" = 0 ] || return 1
  say "Installing $* (apt)"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

need_rust() {
  have cargo || stop "Rust is missing; install $RUST_AT_LEAST or newer from https://rustup.rs"
  local version
  version=$(rustc --version | cut -d' ' -f2)
  at_least "$version" "$RUST_AT_LEAST" || stop "Rust $version is too old; run: rustup update stable"
}

need_wasm() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] && return
  have rustup || stop "Rust's wasm32-unknown-unknown target is missing, and so is rustup to add it"
  say "Adding Rust's WASM target"
  rustup target add wasm32-unknown-unknown || stop "the WASM target could not be added; is the network there?"
}

need_leptos() {
  if [ "$(cargo leptos --version 2>/dev/null | awk '{print $NF}')" != "$LEPTOS_VERSION" ]; then
    say "Installing cargo-leptos $LEPTOS_VERSION (several minutes, once)"
    cargo install cargo-leptos --version "$LEPTOS_VERSION" --locked || stop "cargo-leptos could not be installed"
  fi
  # The program must be of the very version of the library, or it refuses its output.
  local locked
  locked=$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/version = |"/, ""); print }' Cargo.lock)
  if [ "$(wasm-bindgen --version 2>/dev/null | awk '{print $NF}')" != "$locked" ]; then
    say "Installing wasm-bindgen $locked (a few minutes, once)"
    cargo install wasm-bindgen-cli --version "$locked" --force || stop "wasm-bindgen-cli $locked could not be installed"
  fi
}

need_node() {
  have node && have npm || apt_install nodejs npm || stop "Node is missing; install $NODE_AT_LEAST or newer from https://nodejs.org"
  at_least "$(node --version | tr -d v)" "$NODE_AT_LEAST" || stop "Node $(node --version) is too old; install $NODE_AT_LEAST or newer"
  # npm writes the hidden lock file last, so it is older than ours only if our list changed since.
  if [ ! node_modules/.package-lock.json -nt package-lock.json ]; then
    say "Installing the npm packages (Tailwind, Playwright, the vendors' SDKs)"
    npm ci --no-audit --no-fund || stop "npm ci failed; is the network there?"
    touch node_modules/.package-lock.json
  fi
}

need_chromium() {
  find_chromium >/dev/null || apt_install chromium || true
  find_chromium >/dev/null || stop "Chromium is missing; install it, or say where it is: CHROMIUM=/path/to/chromium"
}

need_postgres() {
  find_postgres >/dev/null || apt_install postgresql || true
  find_postgres >/dev/null || stop "PostgreSQL's initdb is missing; install the package postgresql (no server needs to run)"
}

# A real CalDAV server for the tests, in a virtual environment of its own.
need_radicale() {
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/convene/radicale-$RADICALE_VERSION"
  "$folder/bin/python" -c 'import radicale' 2>/dev/null && return
  have python3 || apt_install python3 python3-venv || stop "Python 3 is missing; the tests start a CalDAV server written in it"
  say "Installing Radicale $RADICALE_VERSION, a CalDAV server for the tests"
  rm -rf "$folder"
  python3 -m venv "$folder" || { apt_install python3-venv && python3 -m venv "$folder"; } ||
    stop "Python's venv module is missing; install the package python3-venv"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "radicale==$RADICALE_VERSION" ||
    stop "Radicale $RADICALE_VERSION could not be installed; is the network there?"
}

# What asks the API everything that its description allows, in a virtual environment of its own.
need_schemathesis() {
  source scripts/schemathesis.sh
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/convene/schemathesis-$SCHEMATHESIS_VERSION"
  find_schemathesis >/dev/null && return
  have python3 || apt_install python3 python3-venv || stop "Python 3 is missing; the tests of the API are written in it"
  say "Installing schemathesis $SCHEMATHESIS_VERSION, which tests the API by its description"
  rm -rf "$folder"
  python3 -m venv "$folder" || { apt_install python3-venv && python3 -m venv "$folder"; } ||
    stop "Python's venv module is missing; install the package python3-venv"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$SCHEMATHESIS_VERSION" ||
    stop "schemathesis $SCHEMATHESIS_VERSION could not be installed; is the network there?"
}

need_deny() {
  have cargo-deny && return
  say "Installing cargo-deny (several minutes, once)"
  cargo install cargo-deny --locked || cargo install cargo-deny || stop "cargo-deny could not be installed"
}

for tool in "$@"; do
  "need_$tool"
done
