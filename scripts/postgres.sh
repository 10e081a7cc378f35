# Sourced: a throw-away PostgreSQL cluster in a temporary folder, for as long as the script that started it runs.

# PostgreSQL refuses to run as root; then it runs as the user Debian made for it, or as nobody.
as_postgres() {
  if [ "$(id -u)" != 0 ]; then
    "$@"
  elif id postgres >/dev/null 2>&1; then
    runuser -u postgres -- "$@"
  else
    runuser -u nobody -- "$@"
  fi
}

# Sets TEST_POSTGRES_URL.
start_postgres() {
  local binaries port
  binaries=$(find_postgres) || stop "PostgreSQL's initdb is missing"
  port=$(free_port)
  postgres_folder=$(mktemp -d /tmp/convene-postgres.XXXXXX)
  # The folder must belong to whoever runs the server, and its binaries must not trip over where we are.
  [ "$(id -u)" != 0 ] || chown "$(as_postgres id -u)" "$postgres_folder"
  say "Starting a throw-away PostgreSQL in $postgres_folder"
  (
    cd "$postgres_folder"
    as_postgres "$binaries/initdb" -D data -U convene -A trust -E UTF8 --locale=C --no-sync >initdb.log 2>&1 &&
      # Nobody pulls this machine's plug between two tests.
      as_postgres "$binaries/pg_ctl" -D data -l server.log -w -t 60 start \
        -o "-p $port -c listen_addresses=127.0.0.1 -k $postgres_folder -c fsync=off -c max_connections=400" >/dev/null
  ) || stop "PostgreSQL did not start; see $postgres_folder"
  postgres_binaries=$binaries
  export TEST_POSTGRES_URL="postgres://convene@127.0.0.1:$port/postgres"
}

stop_postgres() {
  [ -n "${postgres_folder:-}" ] || return 0
  (cd "$postgres_folder" && as_postgres "$postgres_binaries/pg_ctl" -D data -m immediate stop >/dev/null 2>&1) || true
  rm -rf "$postgres_folder"
  postgres_folder=
}
