# Shared by the programs in this folder: settings, messages, the table of modules, and the user that everything runs as.
# shellcheck shell=bash
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPO=$(cd "$HERE/../.." && pwd)

# In the order of modules/README.md: the n-th listens on NADIR_PORT_BASE + n in the modular shape.
MODULES=(identity billing discovery view download processing sharing services statistics backoffice)
OWNER=nadir # the system user that everything runs as when root starts it
export STARTED=${STARTED:-$EPOCHSECONDS} # one clock for a program and those that it calls

say() { printf '%s\n' "$*"; }
step() { printf '[%3ds] %s\n' $((EPOCHSECONDS - STARTED)) "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '       %s\n' "$line" >&2; done
    exit 1
}

is_root() { [ "$(id -u)" -eq 0 ]; }

# Runs a command as the user that owns the instance, without privileges.
as_owner() {
    if is_root; then
        setpriv --reuid="$OWNER" --regid="$OWNER" --init-groups --inh-caps=-all --no-new-privs \
            env HOME="${NADIR_VAR:-/}" USER="$OWNER" LOGNAME="$OWNER" "$@"
    else
        "$@"
    fi
}
owner_name() { if is_root; then echo "$OWNER"; else id -un; fi; }

# The first folder on the way to $1 that the owner cannot enter; nothing when the way is open.
closed_folder() {
    local path=$1 part="" name
    local IFS=/
    for name in ${path#/}; do
        part="$part/$name"
        [ -e "$part" ] || return 0
        [ -d "$part" ] || return 0
        as_owner test -x "$part" || { echo "$part"; return 0; }
    done
}

# Fixes NADIR_VAR and what follows from it. An existing instance is found again by the link <repo>/var.
settle() {
    NADIR_BUILD=${NADIR_BUILD:-$REPO/build}
    NADIR_PORT=${NADIR_PORT:-8080}
    NADIR_PORT_BASE=${NADIR_PORT_BASE:-18100}
    NADIR_VAR=$(realpath -m "${NADIR_VAR:-$REPO/var}")
    for name in NADIR_PORT NADIR_PORT_BASE; do
        [[ ${!name} =~ ^[0-9]{2,5}$ ]] && [ "${!name}" -le 65500 ] || die "$name must be a port number, not '${!name}'"
    done
    SERVICES=$NADIR_VAR/service
    CONF=$NADIR_VAR/conf
    LOGS=$NADIR_VAR/log
    APP=$NADIR_VAR/app
    SECRETS=$NADIR_VAR/secrets
    DATA=$NADIR_VAR/data
    STRIPE_PORT=$((NADIR_PORT_BASE + 20))
    WEBHOOK_PORT=$((NADIR_PORT_BASE + 21))
    # A Unix socket's path may have 107 bytes: a deep NADIR_VAR keeps its sockets in a short folder instead.
    RUN=$NADIR_VAR/run
    if [ ${#RUN} -gt 80 ]; then
        RUN=/tmp/nadir-$(id -u "$(owner_name)" 2>/dev/null || id -u)-$(printf %s "$NADIR_VAR" | sha256sum | cut -c1-12)
    fi
    local host=127.0.0.1
    if getent ahosts localhost >/dev/null 2>&1; then host=localhost; fi
    NADIR_URL=http://$host:$NADIR_PORT
}

# The shape that the instance was last started in.
shape() { cat "$NADIR_VAR/shape" 2>/dev/null || echo monolith; }

# Modules that are built, in table order.
built_modules() {
    local m
    for m in "${MODULES[@]}"; do if [ -f "$APP/lib/$m.so" ]; then echo "$m"; fi; done
}

module_port() { # module shape
    local i
    [ "$2" = modular ] || { echo "$NADIR_PORT_BASE"; return; }
    for i in "${!MODULES[@]}"; do
        if [ "${MODULES[$i]}" = "$1" ]; then echo $((NADIR_PORT_BASE + i + 1)); fi
    done
}

# The pid of this instance's supervisor; fails when it does not run.
supervisor() {
    local pid
    pid=$(cat "$NADIR_VAR/supervisor.pid" 2>/dev/null) || return 1
    [ -n "$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -qF "runsvdir -P $SERVICES" || return 1
    echo "$pid"
}

service_is_up() { as_owner sv status "$SERVICES/$1" 2>/dev/null | grep -q '^run:'; }
service_names() { ls "$SERVICES" 2>/dev/null || true; }

listens() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Waits until a command succeeds: await SECONDS COMMAND…
await() {
    local until=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}

# Work that is done once for a given input (standard input): var/<name>.done keeps the checksum of what it was done for.
unchanged() { [ "$(sha256sum)" = "$(cat "$NADIR_VAR/$1.done" 2>/dev/null)" ]; }
remember() { sha256sum >"$NADIR_VAR/$1.done"; }
