# Debian packages: installed only when one is missing, without starting the services that they bring.
# shellcheck shell=bash

# Prints the packages of the lists given that are missing.
missing_packages() {
    local name command
    sed 's/#.*//' "$@" | while read -r name command; do
        [ -n "$name" ] || continue
        if [ -n "$command" ] && command -v "$command" >/dev/null; then continue; fi
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
    done
}

# Shows apt's progress (its status lines on file descriptor 3) as one line every ten per cent.
apt_progress() {
    awk -F: '$1 == "dlstatus" || $1 == "pmstatus" {
        mark = $1 int($3 / 10)
        if (mark != last) { printf "         %s %3d%%  %s\n", $1 == "dlstatus" ? "download" : "install ", $3, $4; fflush(); last = mark }
    }'
}

# Debian starts a service when its package is installed; this instance runs its own, so that is switched off meanwhile.
hold_services() {
    [ -e /usr/sbin/policy-rc.d ] && return
    printf '#!/bin/sh\nexit 101\n' | $SUDO tee /usr/sbin/policy-rc.d >/dev/null
    $SUDO chmod 755 /usr/sbin/policy-rc.d
    trap '$SUDO rm -f /usr/sbin/policy-rc.d' EXIT
}

install_packages() { # lists…
    local missing log
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    SUDO=
    if ! is_root; then
        command -v sudo >/dev/null || die "packages are missing and there is no sudo; as root run:" "apt-get install --no-install-recommends ${missing[*]}"
        SUDO=sudo
    fi
    step "Installing ${#missing[@]} Debian packages and what they need"
    log=$(mktemp)
    hold_services
    local apt=($SUDO env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get -y -q)
    "${apt[@]}" update </dev/null >"$log" 2>&1 || { tail -n 20 "$log" >&2; die "apt-get update failed"; }
    if ! "${apt[@]}" -o APT::Status-Fd=3 -o Acquire::Retries=3 install --no-install-recommends "${missing[@]}" \
        3> >(apt_progress) </dev/null >"$log" 2>&1; then
        tail -n 30 "$log" >&2
        die "apt-get could not install the packages (its last lines are above)"
    fi
    if [ -n "$(trap -p EXIT)" ]; then
        $SUDO rm -f /usr/sbin/policy-rc.d
        trap - EXIT
    fi
    rm -f "$log"
}
