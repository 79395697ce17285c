# Shared by the scripts here; to be sourced, after `set -euo pipefail`.
# shellcheck shell=bash

say() { printf '%s\n' "$*"; }

fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# Runs a command as root: directly, or through sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        return 1
    fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Installs those of the named Debian packages that are missing; asks nothing when none is.
need_packages() {
    local package missing=()
    for package in "$@"; do
        is_installed "$package" || missing+=("$package")
    done
    [ "${#missing[@]}" -eq 0 ] && return 0
    command -v apt-get >/dev/null || fail "these packages are missing: ${missing[*]}"
    say "installing ${missing[*]}"
    install_packages "${missing[@]}" || fail "cannot install them; run 'apt-get install ${missing[*]}' as root"
}

install_packages() {
    local attempt log
    log=$(mktemp)
    for attempt in 1 2 3; do
        if { apt_get update && apt_get install --yes --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
            rm -f "$log"
            return 0
        fi
        [ "$attempt" -eq 3 ] || sleep $((attempt * 5))
    done
    tail -n 20 "$log" >&2
    rm -f "$log"
    return 1
}

apt_get() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 "$@"; }

need_swift() {
    command -v swift >/dev/null && return 0
    local folder
    for folder in /opt/swift/usr/bin /usr/local/swift/usr/bin "$HOME/.local/share/swiftly/bin"; do
        if [ -x "$folder/swift" ]; then
            PATH="$folder:$PATH"
            return 0
        fi
    done
    fail "swift is not installed; get Swift 6.2 or newer from https://www.swift.org/install/linux/"
}

# Builds both programs; `bin` is where they are then.
bin=
build_release() {
    say "building (the first time takes some minutes)"
    swift build -c release --product aliyunfs
    swift build -c release --product alipan-emulator
    bin=$(swift build -c release --show-bin-path)
}

# Mount points that lie in a folder or are it, the deepest first. Reads the kernel's table, so nothing can hang.
mounts_under() {
    awk -v folder="$1" '$5 == folder || index($5, folder "/") == 1 { print length($5), $5 }' /proc/self/mountinfo |
        sort -rn | cut -d ' ' -f 2-
}

is_mounted() { awk -v place="$1" '$5 == place { found = 1 } END { exit !found }' /proc/self/mountinfo; }

# Takes a mount away, whoever still uses it.
unmount_now() {
    if [ "$(id -u)" -eq 0 ]; then umount -l "$1"; else fusermount3 -u -z "$1"; fi
}

is_running() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

# Ends a process in order, and after ten seconds in any case.
stop_process() {
    local pid=$1 tick
    is_running "$pid" || return 0
    kill "$pid" 2>/dev/null || return 0
    for tick in $(seq 100); do
        is_running "$pid" || return 0
        sleep 0.1
    done
    say "process $pid did not end within 10 s: killed"
    kill -KILL "$pid" 2>/dev/null || true
}
