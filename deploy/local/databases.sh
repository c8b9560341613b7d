# The instance's own PostgreSQL and Redis: created once under var/, reached by Unix sockets only.
# shellcheck shell=bash

PG=/usr/lib/postgresql/15/bin

psql_admin() { psql -X -q -v ON_ERROR_STOP=1 -h "$RUN" -U postgres "$@"; }

create_cluster() {
    [ -f "$NADIR_VAR/pg/PG_VERSION" ] && return
    step "Creating the PostgreSQL cluster"
    rm -rf "$NADIR_VAR/pg" "$NADIR_VAR"/*.done
    as_owner "$PG/initdb" -D "$NADIR_VAR/pg" -U postgres --encoding=UTF8 --locale=C.UTF-8 --auth=scram-sha-256 --data-checksums \
        --pwfile="$SECRETS/postgres" >"$LOGS/initdb.log" 2>&1 || { tail -n 20 "$LOGS/initdb.log" >&2; die "initdb failed"; }
    # The superuser comes in as the operating system's user; modules come with their passwords.
    printf '%s\n' 'local all postgres peer map=owner' 'local all all scram-sha-256' | write_owned "$NADIR_VAR/pg/pg_hba.conf" 600
    printf 'owner %s postgres\n' "$(owner_name)" root | write_owned "$NADIR_VAR/pg/pg_ident.conf" 600
    as_owner rm -f "$NADIR_VAR/pg/postmaster.pid"
}

# A quarter of the machine's memory, 4 GiB at the most: a search that finds its pages there neither copies nor checks them again.
# Only what is used of it is taken.
shared_buffers() {
    local mb
    mb=$(($(awk '/^MemTotal:/ { print $2 }' /proc/meminfo) / 4096))
    echo "$((mb < 128 ? 128 : mb > 4096 ? 4096 : mb))MB"
}

configure_postgres() {
    write_owned "$NADIR_VAR/pg/nadir.conf" 600 <<E2
listen_addresses = ''
unix_socket_directories = '$RUN'
unix_socket_permissions = 0777
max_connections = 250
shared_buffers = ${NADIR_PG_BUFFERS:-$(shared_buffers)}
max_wal_size = 512MB
password_encryption = scram-sha-256
log_destination = stderr
logging_collector = off
log_line_prefix = '%m [%p] %u@%d '
log_min_duration_statement = 2s
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
idle_in_transaction_session_timeout = 60s
jit = off
E2
    grep -q '^include .nadir.conf' "$NADIR_VAR/pg/postgresql.conf" || echo "include 'nadir.conf'" >>"$NADIR_VAR/pg/postgresql.conf"
}

configure_redis() {
    as_owner mkdir -p "$NADIR_VAR/redis"
    write_owned "$CONF/redis.conf" 600 <<E2
port 0
unixsocket $RUN/redis.sock
unixsocketperm 700
dir $NADIR_VAR/redis
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
daemonize no
logfile ""
E2
}

# The extensions that a module's database needs and that only the superuser may create.
extensions_of() {
    case $1 in
        discovery) echo postgis btree_gist pg_trgm ;;
        billing) echo postgis btree_gist ;;
        view) echo postgis ;;
        *) ;;
    esac
}

# A role that may connect to its own database only, the database, and its migrations.
create_database() { # module
    local m=$1 role=nadir_$1 password
    password=$(secret "db_password_$m")
    if [ -z "$(psql_admin -d postgres -At -c "SELECT 1 FROM pg_database WHERE datname = '$role'")" ]; then
        printf "SELECT NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '%s') AS fresh \\\\gset\n\\\\if :fresh\nCREATE ROLE %s LOGIN;\n\\\\endif\nALTER ROLE %s PASSWORD '%s';\n" \
            "$role" "$role" "$role" "$password" | psql_admin -d postgres
        psql_admin -d postgres -c "CREATE DATABASE $role OWNER $role" -c "REVOKE ALL ON DATABASE $role FROM PUBLIC"
    fi
    local extension
    for extension in $(extensions_of "$m"); do
        psql_admin -d "$role" -c "SET client_min_messages = warning" -c "CREATE EXTENSION IF NOT EXISTS $extension"
    done
    printf 'host=%s dbname=%s user=%s password=%s application_name=%s' "$RUN" "$role" "$role" "$password" "$m" |
        write_owned "$SECRETS/db_$m" 600
    local folders=("$REPO/migrations/common")
    case $m in view | download | processing) folders+=("$REPO/migrations/rights") ;; esac
    "$HERE/migrate" "$(cat "$SECRETS/db_$m")" "${folders[@]}" "$REPO/migrations/$m" || die "the migrations of $m failed"
}

postgres_answers() { psql_admin -d postgres -c 'SELECT 1'; }
redis_answers() { [ "$(redis-cli -s "$RUN/redis.sock" ping 2>/dev/null)" = PONG ]; }

await_stores() {
    await 60 postgres_answers || die "PostgreSQL does not answer" "$(tail -n 5 "$LOGS/postgres/current" 2>/dev/null)"
    await 30 redis_answers || die "Redis does not answer" "$(tail -n 5 "$LOGS/redis/current" 2>/dev/null)"
}

prepare_databases() {
    local m
    await_stores
    databases_state | unchanged databases && return
    step "Preparing the databases"
    psql_admin -d postgres -c "REVOKE ALL ON DATABASE postgres, template1 FROM PUBLIC"
    for m in $(built_modules); do create_database "$m"; done
    databases_state | remember databases
}
# What the databases were made from.
databases_state() {
    built_modules
    echo "$RUN"
    cat "$HERE/databases.sh" "$REPO"/migrations/*/*.sql
}
