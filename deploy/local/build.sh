# Builds the C programs and the front offices, each only when something changed, and puts copies where the instance runs them.
# shellcheck shell=bash

# Passes on every tenth line of ninja's "[n/m] …", and whatever is not such a line.
ninja_progress() {
    awk '/^\[[0-9]+\/[0-9]+\]/ {
        split(substr($1, 2), n, /[\/\]]/); part = n[2] ? int(n[1] * 10 / n[2]) : 0
        if (part != last) { printf "         %s\n", $0; fflush(); last = part }
        next
    } /no work to do/ { next } { print; fflush() }'
}

build_c() { # targets… (none: everything but tests)
    mkdir -p "$NADIR_BUILD"
    (
        flock 9
        if [ ! -f "$NADIR_BUILD/build.ninja" ]; then
            step "Configuring the C build in $NADIR_BUILD"
            cmake -G Ninja -S "$REPO" -B "$NADIR_BUILD" ${NADIR_CMAKE:-} >"$NADIR_BUILD/configure.log" 2>&1 ||
                { tail -n 30 "$NADIR_BUILD/configure.log" >&2; rm -f "$NADIR_BUILD/build.ninja"; die "cmake failed"; }
        fi
        step "Building the C programs"
        # NADIR_KEEP_GOING: in the middle of work on one part, start what the others could be built to.
        ninja -C "$NADIR_BUILD" -k $([ -n "${NADIR_KEEP_GOING:-}" ] && echo 0 || echo 1) "$@" 2>&1 | grep -v '^ninja: Entering' | ninja_progress ||
            { [ -n "${NADIR_KEEP_GOING:-}" ] || die "the C build failed"; warn "parts of the C build failed"; }
    ) 9>"$NADIR_BUILD/.lock"
}

# One checksum over everything that the front offices are built from.
front_office_state() {
    cd "$REPO"
    find front-offices backoffice/web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -print0 |
        LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -d' ' -f1
}

# Debian 12 has Node 18; the front offices' builder asks for 20.19. A pinned newer one comes from the npm registry then.
newer_node() {
    if node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'; then return; fi
    local home=$NADIR_BUILD/node
    if ! cmp -s "$HERE/node/package-lock.json" "$home/package-lock.json"; then
        step "Fetching Node from the npm registry (the system's $(node --version) is too old to build the front offices)"
        mkdir -p "$home"
        cp "$HERE/node/package.json" "$home/"
        cp "$HERE/node/package-lock.json" "$home/package-lock.json.new"
        (cd "$home" && mv package-lock.json.new package-lock.json && npm_quietly "$home.log" ci --ignore-scripts --no-audit --no-fund) ||
            { rm -f "$home/package-lock.json"; exit 1; }
    fi
    PATH=$(echo "$home"/node_modules/node-linux-*/bin):$PATH
    node --version >/dev/null 2>&1 && [ -e "${PATH%%:*}/node" ] ||
        { rm -f "$home/package-lock.json"; tail -n 20 "$home.log" >&2; die "there is no Node 20.19 or newer here, and none could be fetched"; }
}

# The result lies in the checkout, so its lock and stamps do too, whatever NADIR_BUILD is.
build_front_offices() {
    [ -f "$REPO/front-offices/package.json" ] || return 0
    local notes=$REPO/build/front-offices
    mkdir -p "$notes"
    (
        flock 9
        local state lock
        state=$(front_office_state)
        [ "$(cat "$notes/built" 2>/dev/null)" = "$state" ] && [ -d "$REPO/front-offices/portal/dist" ] && return 0
        newer_node
        cd "$REPO/front-offices"
        lock=$(sha256sum package-lock.json | cut -d' ' -f1)
        if [ "$(cat "$notes/packages" 2>/dev/null)" != "$lock" ] || [ ! -d node_modules/vite ]; then
            step "Fetching the front offices' npm packages"
            npm_quietly "$notes/npm-ci.log" ci --ignore-scripts --no-audit --no-fund
            echo "$lock" >"$notes/packages"
        fi
        step "Building the front offices"
        if (npm_quietly "$notes/npm-build.log" run build); then
            echo "$state" >"$notes/built"
        else
            [ -n "${NADIR_KEEP_GOING:-}" ] || exit 1
            warn "the front offices could not be built"
        fi
    ) 9>"$notes/.lock"
}
npm_quietly() { # log arguments…
    local log=$1
    shift
    # The system's certificates, so that a mirror or proxy that the system trusts is trusted here too.
    npm_config_cafile=${npm_config_cafile:-/etc/ssl/certs/ca-certificates.crt} npm "$@" >"$log" 2>&1 </dev/null || { tail -n 40 "$log" >&2; die "npm $1 failed (its last lines are above)"; }
}

# Copies what changed, by rename, so that a running process keeps the file that it has mapped.
stage_folder() { # from to
    local from=$1 to=$2 file
    mkdir -p "$to"
    (cd "$from" && find . -type f -not -name '*.a' -not -path '*/node_modules/*' -print0) | while IFS= read -r -d '' file; do
        if ! cmp -s "$from/$file" "$to/$file"; then
            mkdir -p "$(dirname "$to/$file")"
            cp -p "$from/$file" "$to/$file.new"
            mv "$to/$file.new" "$to/$file"
        fi
    done
    (cd "$to" && find . -type f -print0) | while IFS= read -r -d '' file; do
        [ -e "$from/$file" ] || rm -f "$to/$file"
    done
    chmod -R u=rwX,go=rX "$to"
}

# The instance runs from copies under var/: a rebuild does not disturb it, and its user need not reach the checkout.
stage() {
    stage_folder "$NADIR_BUILD/lib" "$APP/lib"
    stage_folder "$NADIR_BUILD/bin" "$APP/bin"
    stage_folder "$HERE/service" "$APP/service"
    local pair
    for pair in portal=front-offices/portal/dist backoffice=backoffice/web/dist benchmark=front-offices/benchmark/dist \
        algorithms=processing/algorithms standins=tests/standins; do
        if [ -d "$REPO/${pair#*=}" ]; then stage_folder "$REPO/${pair#*=}" "$APP/${pair%%=*}"; fi
    done
}
