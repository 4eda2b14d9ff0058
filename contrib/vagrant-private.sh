#!/usr/bin/env bash
# Runs a command (without one: a shell) beside a libvirtd of its own, in namespaces of its own for network, mounts and
# processes: the bridges, address leases, packet filter and machines that it makes are there and end with it, also
# when it is killed. This machine's own libvirt, if it has one, is not seen. Needs root; contrib/vagrant-setup.sh.
#
#   vagrant-private.sh COMMAND...      for example: vagrant-private.sh vagrant up
#
# Vagrant's boxes and notes of its machines live as long as the command; VAGRANT_HOME keeps the boxes elsewhere.
# Standard input is the command's. TMPDIR must have room for twice the box and the machines' disks (6 GB).
set -euo pipefail
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT

die() {
    printf 'vagrant-private: error: %s\n' "$1" >&2
    exit 1
}

# libvirt's places are fixed when it is compiled, so a directory is put over each of them.
readonly PLACES=(/etc/libvirt /var/lib/libvirt /var/cache/libvirt /var/log/libvirt)

outside() {
    local program place state status=0
    ((EUID == 0)) || die "needs root, to make namespaces"
    for program in libvirtd virsh dnsmasq iptables qemu-system-x86_64 vagrant; do
        command -v "$program" >/dev/null || die "no program '$program': run contrib/vagrant-setup.sh"
    done
    # One at a time: the first to end would take the directories away from the other one.
    exec 9>>/run/lock/bondlab-vagrant
    flock --nonblock 9 || die "another one is running"
    for state in "${TMPDIR:-/tmp}"/bondlab-vagrant.*; do
        [[ ! -O $state ]] || clean "$state" # of one that was killed
    done
    state=$(mktemp -d --tmpdir bondlab-vagrant.XXXXXX)
    for place in "${PLACES[@]}"; do
        [[ -d $place ]] || { echo "$place" >>"$state/made" && mkdir -p "$place"; }
    done
    # Ctrl-C ends the command first; then this goes on. Any other signal ends this, and with it all in the namespaces.
    trap : INT
    setpriv --pdeathsig KILL unshare --net --mount --pid --fork --kill-child --mount-proc \
        "${BASH_SOURCE[0]}" --inside "$state" "$@" 9>&- || status=$?
    clean "$state"
    exit "$status"
}

clean() { # STATE: away with it, and with the places that were made for it
    [[ ! -f $1/made ]] || xargs --delimiter '\n' rmdir --ignore-fail-on-non-empty <"$1/made" || true
    rm -rf "$1"
}

inside() { # STATE COMMAND...
    local state=$1 place file
    shift
    ip link set lo up
    for place in "${PLACES[@]}"; do
        mkdir -p "$state$place"
        [[ $place != /etc/* ]] || cp -a "$place/." "$state$place"
        mount --bind "$state$place" "$place"
    done
    mount -t tmpfs -o mode=755 tmpfs /run
    mkdir -p /run/libvirt /run/lock
    # The user that libvirt looks for, though its machines do not run as him; seen in here only.
    for file in passwd group; do
        cp "/etc/$file" "$state/$file"
        mount --bind "$state/$file" "/etc/$file"
    done
    getent group libvirt-qemu >/dev/null || echo 'libvirt-qemu:x:64055:' >>/etc/group
    getent passwd libvirt-qemu >/dev/null || echo 'libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin' >>/etc/passwd
    # Neither systemd nor polkit is asked for anything; machines run as root.
    cat >/etc/libvirt/qemu.conf <<'END'
user = "root"
group = "root"
stdio_handler = "file"
security_driver = "none"
cgroup_controllers = [ ]
namespaces = [ ]
END
    printf 'auth_unix_ro = "none"\nauth_unix_rw = "none"\n' >/etc/libvirt/libvirtd.conf
    libvirtd --daemon || die "libvirtd did not start"
    # It goes into the background before it listens.
    timeout 60 sh -c 'until virsh --quiet --connect qemu:///system list >/dev/null 2>&1; do sleep 0.2; done' ||
        die "libvirtd does not answer"
    export VAGRANT_HOME="${VAGRANT_HOME:-$state/home}" VAGRANT_DOTFILE_PATH="$state/machines"
    export VAGRANT_CHECKPOINT_DISABLE=1 VAGRANT_DEFAULT_PROVIDER=libvirt LIBVIRT_DEFAULT_URI=qemu:///system
    cd "$ROOT"
    "$@" # not in its place: this is the process whose end ends all others
}

if [[ ${1:-} == --inside ]]; then
    shift
    inside "$@"
else
    (($#)) || set -- bash
    outside "$@"
fi
