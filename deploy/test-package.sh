#!/usr/bin/env bash
# Shows that the Debian package works, on this very machine: installs it with apt, starts the unit's own command line as
# its own user, asks /readyz, removes it, and looks that the data are still there. Then it takes everything away again.
#
# Needs root and apt; a container of Debian 12 will do. Where systemd is process 1, it starts the service, otherwise
# this script does what the unit says. Refuses a machine that has an exchange already.
#
#   cargo xtask dist && sudo deploy/test-package.sh dist/switchboard_*.deb
set -euo pipefail

package=$(realpath "${1:?which package? deploy/test-package.sh dist/switchboard_*.deb}")
port=${TEST_PORT:-18480}
unit=/lib/systemd/system/switchboard.service
data=/var/lib/switchboard
say() { printf '== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "only root may install"
[ ! -e "$data" ] && [ ! -e /usr/bin/switchboard ] || fail "there is an exchange on this machine already"

pid=
clean() {
    [ -z "$pid" ] || kill -KILL "$pid" 2> /dev/null || true
    apt-get purge --yes --quiet=2 switchboard > /dev/null 2>&1 || true
    rm -rf "$data" /etc/switchboard
    deluser --quiet --system switchboard > /dev/null 2>&1 || true
}
trap clean EXIT

say "apt install $(basename "$package")"
DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "$package"
getent passwd switchboard || fail "there is no user switchboard"
[ "$(stat -c '%U:%G %a' "$data")" = "switchboard:switchboard 700" ] || fail "$data is not the user's own"
[ "$(stat -c '%U:%G %a' /etc/switchboard/switchboard.env)" = "root:switchboard 640" ] || fail "secrets are readable"
[ ! -e /etc/systemd/system/multi-user.target.wants/switchboard.service ] || fail "it was enabled without asking"
if command -v systemd-analyze > /dev/null; then
    systemd-analyze verify "$unit" && say "systemd-analyze verify: nothing to complain"
fi

say "settings, as an operator writes them"
cat > /etc/switchboard/switchboard.env << END
SWITCHBOARD_LISTEN=127.0.0.1:$port
SWITCHBOARD_MEDIA_AGENT_PORT=0
SWITCHBOARD_MEDIA_PORTS=${TEST_PORTS:-42000-42031}
SWITCHBOARD_ADMIN_EMAIL=admin@example.com
SWITCHBOARD_ADMIN_PASSWORD=correct horse battery staple
END

start() {
    if [ -d /run/systemd/system ]; then
        systemctl start switchboard
        return
    fi
    # The unit's own words: its command line, its user, its environment, its umask, its limit of files.
    local command user umask files
    command=$(sed -n 's/^ExecStart=//p' "$unit")
    user=$(sed -n 's/^User=//p' "$unit")
    umask=$(sed -n 's/^UMask=//p' "$unit")
    files=$(sed -n 's/^LimitNOFILE=//p' "$unit")
    local environment=()
    while IFS= read -r line; do
        case "$line" in '' | '#'*) ;; *) environment+=("$line") ;; esac
    done < "$(sed -n 's/^EnvironmentFile=-\{0,1\}//p' "$unit")"
    say "as $user: $command"
    # shellcheck disable=SC2086  # systemd splits the command line at spaces as well
    # A container may not raise the limit of files; then it gets what there is.
    (umask "$umask" && { ulimit -n "$files" 2> /dev/null || ulimit -n "$(ulimit -Hn)"; } && cd / && exec setpriv --reuid "$user" --regid "$user" --init-groups \
        --no-new-privs --bounding-set=-all --inh-caps=-all env -i PATH=/usr/bin:/bin "${environment[@]}" $command) &
    pid=$!
}

stop() {
    if [ -d /run/systemd/system ]; then
        systemctl stop switchboard
    else
        kill -TERM "$pid"
        wait "$pid" || fail "it did not end well after SIGTERM ($?)"
        pid=
    fi
}

ready() {
    for _ in $(seq 100); do
        if curl --fail --silent "http://127.0.0.1:$port/readyz"; then
            echo
            return
        fi
        sleep 0.2
    done
    fail "/readyz did not become ready"
}

start
ready
[ -z "$pid" ] || say "runs as $(ps -o user= -p "$pid")"
curl --fail --silent --output /dev/null "http://127.0.0.1:$port/" || fail "there is no console"
curl --fail --silent "http://127.0.0.1:$port/metrics" | grep '^switchboard_build_info'
stop
[ -s "$data/switchboard.db" ] || fail "there is no database in $data"
say "the data: $(ls -lA "$data" | tail -n +2 | awk '{print $1, $3, $9}' | tr '\n' ';')"
before=$(find "$data" -type f -exec sha256sum {} + | sort)

say "apt remove"
apt-get remove --yes switchboard
[ ! -e /usr/bin/switchboard ] || fail "the binary is still there"
[ "$(find "$data" -type f -exec sha256sum {} + | sort)" = "$before" ] || fail "removing touched the data"
[ -e /etc/switchboard/switchboard.env ] || fail "removing took the settings"

say "installed again: it goes on with the same data"
DEBIAN_FRONTEND=noninteractive apt-get install --yes --quiet=2 --no-install-recommends "$package" > /dev/null
start
ready
stop

say "apt purge"
apt-get purge --yes switchboard
[ -s "$data/switchboard.db" ] || fail "purging took the data"
[ ! -e /etc/switchboard/switchboard.env ] || fail "purging left the settings"
say "PASSED: installed, started as its own user, ready, removed and purged; the data were kept"
