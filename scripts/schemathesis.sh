# Sourced: where schemathesis is, which asks an API whatever its description allows.

readonly SCHEMATHESIS_VERSION=4.32.5

find_schemathesis() {
  local program="${XDG_CACHE_HOME:-$HOME/.cache}/convene/schemathesis-$SCHEMATHESIS_VERSION/bin/st"
  [ -x "$program" ] && "$program" --version >/dev/null 2>&1 && echo "$program"
}
