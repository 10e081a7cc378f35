# Sourced by the other scripts: where things are, and how they speak.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/convene/target}"
export PATH="$HOME/.cargo/bin:$PATH"

say() { printf '\n== %s\n' "$*"; }
stop() {
  printf 'Cannot go on: %s\n' "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# The site (style sheet, script, WASM) and the program, as they are shipped: hashed, split, compressed.
# $1: a feature of the program beyond the usual ones.
build_release() {
  say "Building Convene (release; the first time takes a while)"
  cargo leptos build --release --split -P ${1:+--bin-features "$1"}
}

# The same without optimising, for the browser specs: it shares its dependencies with the Rust tests.
# Its site has a folder of its own, so that a release built meanwhile does not exchange files under running specs.
build_for_tests() {
  say "Building Convene for the browser"
  export LEPTOS_SITE_ROOT=target/site-for-tests
  cargo leptos build --split --bin-features "$1"
}

# A port nobody listens on.
free_port() {
  node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'
}

# The first of $1..$1+count-1 consecutive free ports ($1 = count), for the sandbox.
free_ports() {
  node -e '
    const net = require("net"), count = Number(process.argv[1]);
    const free = (port) => new Promise((done) => {
      const s = net.createServer().once("error", () => done(false)).listen(port, "127.0.0.1", () => s.close(() => done(true)));
    });
    (async () => {
      for (;;) {
        const base = 20000 + Math.floor(Math.random() * 30000);
        const all = await Promise.all([...Array(count).keys()].map((i) => free(base + i)));
        if (all.every(Boolean)) return console.log(base);
      }
    })()' "$1"
}

# Where Chromium is; CHROMIUM says so, or the usual names.
find_chromium() {
  local name
  for name in ${CHROMIUM:-} chromium chromium-browser google-chrome google-chrome-stable; do
    if have "$name"; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# The folder with initdb and pg_ctl, which Debian keeps off PATH.
find_postgres() {
  local folder
  if have initdb; then
    dirname "$(command -v initdb)"
    return
  fi
  for folder in $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin 2>/dev/null | sort -rV); do
    if [ -x "$folder/initdb" ]; then
      echo "$folder"
      return
    fi
  done
  return 1
}
