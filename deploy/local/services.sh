# What runs, as folders for runit: service/<name>/run starts it, service/<name>/log keeps its output in log/<name>/.
# shellcheck shell=bash

# Writes standard input to a file of the owner's, by rename.
write_owned() { # path mode
    local new=$1.new
    rm -f "$new"
    (umask 077 && cat >"$new")
    chmod "$2" "$new"
    if is_root; then chown "$OWNER:" "$new"; fi
    mv "$new" "$1"
}

random_hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }

# A generated secret, made at first use; printed.
secret() { # name
    local file=$SECRETS/$1
    [ -s "$file" ] || random_hex 24 | write_owned "$file" 600
    cat "$file"
}

# The environment of a Kore process that carries these modules, as shell lines (modules/README.md, "Settings").
module_environment() { # shape modules…
    local kind=$1 m urls="" mine=" ${*:2} "
    for m in $(built_modules); do urls+="$m=http://127.0.0.1:$(module_port "$m" "$kind") "; done
    cat <<E2
export MALLOC_ARENA_MAX=2
export NADIR_PUBLIC_URL='$NADIR_URL'
export NADIR_REDIS='unix:$RUN/redis.sock'
export NADIR_JWKS_URL='http://127.0.0.1:$(module_port identity "$kind")/oauth2/jwks'
export NADIR_STATE='$NADIR_VAR/state'
export NADIR_DATA='$DATA'
export NADIR_MODULE_URLS='${urls% }'
E2
    for m in "${@:2}"; do printf "export NADIR_DB_%s_FILE='%s'\n" "${m^^}" "$SECRETS/db_$m"; done
    case $mine in *" identity "*)
        printf "export NADIR_IDENTITY_SECRET_FILE='%s'\n" "$SECRETS/identity" ;;
    esac
    # Where the tests' stand-in listens; a deployment sets nothing.
    case $mine in *" discovery "*)
        printf "export NADIR_WEBHOOK_INSIDE='http://127.0.0.1:%s/'\n" "$WEBHOOK_PORT"
        printf "export NADIR_HARVEST_INSIDE='http://127.0.0.1: %s/'\n" "$NADIR_URL" ;;
    esac
    case $mine in *" download "*)
        printf "export NADIR_LINK_SECRET_FILE='%s'\n" "$SECRETS/link"
        printf "export NADIR_S3_SECRET_FILE='%s'\n" "$SECRETS/s3"
        printf "export NADIR_ARCHIVE='%s'\n" "$NADIR_VAR/archive"
        printf "export NADIR_S3_INCOMING='%s'\n" "$NADIR_VAR/nginx/s3" ;;
    esac
    case $mine in *" billing "*)
        cat <<E2
export NADIR_STRIPE_API='http://127.0.0.1:$STRIPE_PORT'
export NADIR_STRIPE_SECRET_KEY_FILE='$SECRETS/stripe_secret_key'
export NADIR_STRIPE_PUBLISHABLE_KEY_FILE='$SECRETS/stripe_publishable_key'
export NADIR_STRIPE_WEBHOOK_SECRET_FILE='$SECRETS/stripe_webhook'
export NADIR_STRIPE_JS='$NADIR_URL/standin/stripe/v3/'
E2
    esac
}

# The gateway comes by the socket, which costs it a tenth less than a port; other modules and what watches come by the port.
kore_conf() { # service port modules…
    cat <<E2
server nadir {
    bind 127.0.0.1 $2
    unix $RUN/$1.sock
    tls no
}
load $APP/lib/nadir_kore.so nadir_kore_load
E2
    local m
    for m in "${@:3}"; do printf 'load %s/lib/%s.so %s_module_load\n' "$APP" "$m" "$m"; done
    cat <<'E2'
workers 1
worker_max_connections 1024
worker_rlimit_nofiles 4096
http_header_max 32768
http_header_timeout 60
http_body_max 67108864
http_body_timeout 600
http_body_disk_offload 0
http_keepalive_time 60
http_request_limit 4096
http_hsts_enable 0
domain * {
    attach nadir
    route ^/ nadir_dispatch
}
E2
}

# Defines a service from its run script's text (standard input). It starts when told to, and again whenever it ends.
define_service() { # name [control script for TERM]
    local name=$1 new=$NADIR_VAR/service.new/$1
    rm -rf "$new"
    mkdir -p "$new/log" "$new/control"
    cat >"$new/run"
    printf '#!/bin/sh\nexec svlogd %s\n' "'$LOGS/$name'" >"$new/log/run"
    if [ -n "${2:-}" ]; then printf '#!/bin/sh\n%s\n' "$2" >"$new/control/t"; chmod 755 "$new/control/t"; fi
    chmod 755 "$new/run" "$new/log/run"
    as_owner mkdir -p "$LOGS/$name"
    printf 's10000000\nn5\n' | write_owned "$LOGS/$name/config" 644
    if is_root; then chown -R "$OWNER:" "$new"; fi
    if [ ! -d "$SERVICES/$name" ]; then
        touch "$new/down"
        mv "$new" "$SERVICES/$name"
    else
        local file
        for file in run log/run control/t; do
            if [ -e "$new/$file" ]; then mv "$new/$file" "$SERVICES/$name/$file"; fi
        done
        rm -rf "$new"
    fi
    WANTED+=" $name "
}

# A Kore process with these modules.
define_kore() { # service shape port modules…
    local name=$1 kind=$2 port=$3
    shift 3
    kore_conf "$name" "$port" "$@" | write_owned "$CONF/$name.conf" 600
    module_environment "$kind" "$@" | write_owned "$CONF/$name.env" 600
    define_service "$name" <<E2
#!/bin/sh
exec 2>&1
'$APP/service/clear-orphans' "\$PWD" kore
rm -f '$RUN/$name.sock'
. '$CONF/$name.env'
exec kore -f -n -r -q -c '$CONF/$name.conf'
E2
}

define_stores() {
    # A killed PostgreSQL or Redis leaves a lock or children behind; with the children gone the stale lock may go too.
    define_service postgres "kill -INT \$(head -n 1 '$NADIR_VAR/pg/postmaster.pid')" <<E2
#!/bin/sh
exec 2>&1
'$APP/service/clear-orphans' '$NADIR_VAR/pg' postgres
rm -f '$NADIR_VAR/pg/postmaster.pid'
exec '$PG/postgres' -D '$NADIR_VAR/pg'
E2
    define_service redis <<E2
#!/bin/sh
exec 2>&1
'$APP/service/clear-orphans' '$NADIR_VAR/redis' redis-server
exec redis-server '$CONF/redis.conf'
E2
}

define_gateway() { # shape
    nginx_conf "$1" | write_owned "$CONF/nginx.conf" 600
    define_service nginx <<E2
#!/bin/sh
exec 2>&1
'$APP/service/clear-orphans' "\$PWD" nginx
exec nginx -e stderr -p '$NADIR_VAR/nginx' -c '$CONF/nginx.conf'
E2
}

define_programs() { # shape
    if [ -f "$APP/standins/stripe/server.py" ]; then
        define_service stripe <<E2
#!/bin/sh
exec 2>&1
export NADIR_STRIPE_SECRET_KEY_FILE='$SECRETS/stripe_secret_key'
export NADIR_STRIPE_PUBLISHABLE_KEY_FILE='$SECRETS/stripe_publishable_key'
export NADIR_STRIPE_WEBHOOK_SECRET_FILE='$SECRETS/stripe_webhook'
export NADIR_STATE='$NADIR_VAR/state'
export NADIR_STRIPE_WEBHOOK_URL='http://127.0.0.1:$(module_port billing "$1")/billing/v1/webhooks/stripe'
exec /usr/bin/python3 '$APP/standins/stripe/server.py' --port $STRIPE_PORT
E2
    fi
    if [ -x "$APP/bin/nadir-runner" ] && [ -f "$APP/lib/processing.so" ]; then
        module_environment "$1" processing | write_owned "$CONF/runner.env" 600
        define_service runner <<E2
#!/bin/sh
exec 2>&1
'$APP/service/clear-orphans' "\$PWD" nadir-runner
. '$CONF/runner.env'
export PATH='$APP/bin':"\$PATH"
export NADIR_ALGORITHMS='$APP/algorithms'
exec '$APP/bin/nadir-runner'
E2
    fi
    if [ -x "$APP/bin/nadir-cutter" ] && [ -x "$APP/bin/nadir-cut" ] && [ -f "$APP/lib/download.so" ]; then
        module_environment "$1" download | write_owned "$CONF/cutter.env" 600
        define_service cutter <<E2
#!/bin/sh
exec 2>&1
'$APP/service/clear-orphans' "\$PWD" nadir-cutter
. '$CONF/cutter.env'
exec '$APP/bin/nadir-cutter'
E2
    fi
    if [ -x "$APP/bin/nadir-keeper" ] && [ -f "$APP/lib/download.so" ]; then
        module_environment "$1" download | write_owned "$CONF/keeper.env" 600
        define_service keeper <<E2
#!/bin/sh
exec 2>&1
'$APP/service/clear-orphans' "\$PWD" nadir-keeper
. '$CONF/keeper.env'
exec '$APP/bin/nadir-keeper'
E2
    fi
    if [ -x "$APP/bin/nadir-catalogue" ] && [ -f "$APP/lib/discovery.so" ]; then
        module_environment "$1" discovery | write_owned "$CONF/exporter.env" 600
        define_service exporter <<E2
#!/bin/sh
exec 2>&1
'$APP/service/clear-orphans' "\$PWD" nadir-catalogue
. '$CONF/exporter.env'
exec '$APP/bin/nadir-catalogue' work
E2
    fi
}

define_services() { # shape
    local m
    WANTED=""
    rm -rf "$NADIR_VAR/service.new"
    define_stores
    if [ "$1" = modular ]; then
        for m in $(built_modules); do define_kore "$m" modular "$(module_port "$m" modular)" "$m"; done
    else
        # shellcheck disable=SC2046
        define_kore monolith monolith "$NADIR_PORT_BASE" $(built_modules)
    fi
    define_programs "$1"
    define_gateway "$1"
}

# Ends services of another shape or of an earlier version of this program.
retire_services() {
    local name
    for name in $(service_names); do
        case $WANTED in
            *" $name "*) ;;
            *)
                if service_is_up "$name"; then step "Stopping $name"; fi
                as_owner sv -w 20 force-stop "$SERVICES/$name" >/dev/null 2>&1 || true
                as_owner sv -w 5 exit "$SERVICES/$name" >/dev/null 2>&1 || true
                await 10 rm -rf "${SERVICES:?}/$name" # runsv may still be writing its last state
                ;;
        esac
    done
}

# What a service runs from, as one checksum: when it differs from what was started, the service is started anew.
service_state() { # name
    local files=("$SERVICES/$1/run") m
    case $1 in
        postgres) files+=("$NADIR_VAR/pg/nadir.conf") ;;
        redis) files+=("$CONF/redis.conf") ;;
        stripe) files+=("$APP"/standins/stripe/*) ;;
        runner | cutter | keeper | exporter) files+=("$CONF/$1.env" "$APP"/bin/* "$APP"/lib/libnadir*) ;;
        nginx) ;;
        *)
            files+=("$CONF/$1.conf" "$CONF/$1.env" "$APP"/lib/*nadir*.so "$APP"/bin/*)
            for m in $(built_modules); do
                if [ "$1" = "$m" ] || [ "$1" = monolith ]; then files+=("$APP/lib/$m.so"); fi
            done
            ;;
    esac
    { cat "${files[@]}" 2>/dev/null || true; } | sha256sum | cut -d' ' -f1
}

start_supervisor() {
    supervisor >/dev/null && return
    # What a machine that went down left: nothing starts before its turn.
    local name
    for name in $(service_names); do touch "$SERVICES/$name/down"; done
    (
        cd "$NADIR_VAR"
        as_owner env -i PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin HOME="$NADIR_VAR" LANG=C.UTF-8 TMPDIR="$NADIR_VAR/tmp" \
            setsid sh -c 'echo $$ >"$1/supervisor.pid"; exec runsvdir -P "$2"' sh "$NADIR_VAR" "$SERVICES" \
            </dev/null >>"$LOGS/supervisor.log" 2>&1 9>&- &
    )
    await 10 supervisor || die "runit did not start" "$(tail -n 5 "$LOGS/supervisor.log" 2>/dev/null)"
}

supervised() { [ -p "$SERVICES/$1/supervise/ok" ] && as_owner sv status "$SERVICES/$1" | grep -qv 'unable to open'; }

# Starts a service, or starts it anew when what it runs from has changed.
start_service() { # name
    local name=$1 state
    state=$(service_state "$name")
    await 15 supervised "$name" || die "runit does not see the service $name" "$(tail -n 5 "$LOGS/supervisor.log")"
    if service_is_up "$name" && [ "$(cat "$SERVICES/$name/state" 2>/dev/null)" != "$state" ]; then
        step "Restarting $name"
        as_owner sv -w 30 force-stop "$SERVICES/$name" >/dev/null || true
    fi
    echo "$state" >"$SERVICES/$name/state"
    rm -f "$SERVICES/$name/down"
    as_owner sv up "$SERVICES/$name" >/dev/null
}

# Ports that something else already uses, told before anything starts.
check_ports() { # shape
    local m
    service_is_up nginx || ! listens "$NADIR_PORT" ||
        die "port $NADIR_PORT is in use; choose another for the gateway: NADIR_PORT=8090 deploy/local/up"
    local pairs=()
    if [ "$1" = modular ]; then
        for m in $(built_modules); do pairs+=("$m:$(module_port "$m" modular)"); done
    else
        pairs+=("monolith:$NADIR_PORT_BASE")
    fi
    if [ -d "$SERVICES/stripe" ]; then pairs+=("stripe:$STRIPE_PORT"); fi
    for m in "${pairs[@]}"; do
        service_is_up "${m%%:*}" || ! listens "${m##*:}" ||
            die "port ${m##*:} (${m%%:*}) is in use; move all internal ports: NADIR_PORT_BASE=18200 deploy/local/up"
    done
}
