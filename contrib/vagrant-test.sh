#!/usr/bin/env bash
# `make vagrant-test`: the lab, booted as docs/vagrant.md says, and the BladeCenter's cases in it for both drivers.
#
#   vagrant-test.sh [ARGUMENT OF PYTEST...]     for example: -k active_backup
#
# Builds the box (once), boots it, runs the cases, fetches the reports to artifacts/vagrant, halts and destroys.
# Its exit code is pytest's first one that is not 0. With BONDLAB_DRIVERS=kernel: for one driver only. A driver's run
# that takes longer than BONDLAB_LIMIT (default: 6h) is ended.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT REPORTS=artifacts/vagrant
cd "$ROOT"

if [[ ${1:-} != --inside ]]; then
    contrib/vagrant-setup.sh
    BONDLAB_BOX_FILE=${BONDLAB_BOX_FILE:-$(contrib/build-box.sh)}
    export BONDLAB_BOX_FILE
    exec contrib/vagrant-private.sh contrib/vagrant-test.sh --inside "$@"
fi
shift

said() { printf 'vagrant-test: %4d s: %s\n' "$SECONDS" "$1"; }

quietly() { # COMMAND...: its output is kept, and shown when it fails
    local status=0
    "$@" </dev/null >>"$REPORTS/vagrant.log" 2>&1 || status=$?
    ((status)) || return 0
    tr '\r' '\n' <"$REPORTS/vagrant.log" | tail -n 30 >&2
    printf 'vagrant-test: error: %s ended with status %d\n' "$*" "$status" >&2
    exit 1
}

in_vm() { ssh -F "$REPORTS/ssh_config" controller "$@"; }

mkdir -p "$REPORTS"
rm -f "$REPORTS"/*
said "booting $BONDLAB_BOX_FILE"
quietly vagrant up --no-color
said "it is up, and setup.sh has run"
vagrant ssh-config >"$REPORTS/ssh_config"
in_vm "cd /vagrant && sudo ./setup.sh; uname -rm; nproc; cat /sys/devices/system/clocksource/*/current_clocksource
    lsmod | grep -E '^(bonding|8021q|openvswitch|sch_netem) '; ip -br link" 2>&1 </dev/null | tee "$REPORTS/machine.txt"

status=0
for driver in ${BONDLAB_DRIVERS:-userspace kernel}; do
    said "the BladeCenter's cases, driver $driver"
    # By SIGINT: pytest still writes its reports then.
    command=(sudo timeout --signal=INT --kill-after=120 "${BONDLAB_LIMIT:-6h}"
        .venv/bin/pytest testcases/ --topo=bladecenter "--driver=$driver" -q
        "--junitxml=$REPORTS/$driver.xml" "--behaviours-json=$REPORTS/$driver.json" "$@")
    code=0
    in_vm "cd /vagrant && mkdir -p $REPORTS && ${command[*]@Q}" </dev/null 2>&1 | tee "$REPORTS/$driver.txt" || code=$?
    ((status)) || status=$code
    in_vm "sudo tar -C /vagrant -cf - artifacts" </dev/null | tar --no-same-owner -xf - ||
        said "its artifacts could not be fetched"
done
said "halting and destroying"
quietly vagrant halt --no-color
quietly vagrant destroy --force --no-color
said "done: $REPORTS"
exit "$status"
