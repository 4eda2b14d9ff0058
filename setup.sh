#!/usr/bin/env bash
# Makes this machine ready for bondlab: Debian packages, and a virtual environment with the locked versions.
#
# Run it as root on Debian 12 or later or Ubuntu 24.04 or later. It may be run again at any time: when nothing
# has changed it ends in well under a second, without the network.
#
# Environment:
#   BONDLAB_VENV      where the virtual environment is (default: .venv beside this file)
#   BONDLAB_PYTHON    the interpreter it is made with (default: /usr/bin/python3)
#   BONDLAB_SKIP_APT  1: install no Debian packages, only check for the programs
#   BONDLAB_MODULES   1: load the kernel's modules that the lab can use, now and at each boot (see load_modules)
#
# `setup.sh --packages` prints the names of the Debian packages, and does nothing.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" # nft and others are there, and not every root's PATH is
export LC_ALL=C

readonly ROOT="$PWD"
readonly LOG="$ROOT/.setup.log"
readonly PYTHON="${BONDLAB_PYTHON:-/usr/bin/python3}"
VENV="${BONDLAB_VENV:-$ROOT/.venv}"
[[ $VENV == /* ]] || VENV="$ROOT/$VENV"
readonly VENV
readonly STAMP="$VENV/bondlab-stamp"

readonly PACKAGES=(
    python3 python3-venv
    iproute2 nftables libnftables1 ethtool # interfaces, patch panels
    mininet                                # for its program mnexec; the Python part comes from the lock
    iperf3 iputils-ping tcpdump            # traffic and captures
    openvswitch-common                     # switches that speak LACP; the rest of it see open_vswitch
    kmod procps util-linux                 # modprobe, sysctl, unshare
    fuse3                                  # its library: bondfs
    snmp net-tools                         # what the HOWTO looks at bonds with: snmpwalk, ifconfig
    make shellcheck
    groff-base                             # manual pages are checked by it
)
# Not in every distribution; what needs one that is missing is skipped with the reason.
readonly OPTIONAL=(
    user-mode-linux # a guest with the kernel's own bonding driver: topology kernel_peer
    libteam-utils   # the team driver in such a guest: --driver=team
)

die() { # MESSAGE: one line that says what is wrong and what to do
    printf 'setup: error: %s\n' "$1" >&2
    exit 1
}

step() { printf 'setup: %s\n' "$1"; }

run() { # HINT COMMAND...: its output goes to the log, whose tail is shown when it fails
    local hint=$1 status=0
    shift
    printf '\n$ %s\n' "$*" >>"$LOG"
    "$@" </dev/null >>"$LOG" 2>&1 || status=$?
    ((status)) || return 0
    {
        printf '%s\n' "---- last lines of $LOG ----"
        tail -n 20 "$LOG"
        printf '%s\n' "----"
    } >&2
    die "'$*' ended with status $status: $hint"
}

check_machine() {
    [[ $(uname -s) == Linux ]] || die "needs Linux, this is $(uname -s): use a machine with Debian 12 or Ubuntu 24.04"
    ((EUID == 0)) || die "needs root, for network namespaces and TAP devices: run 'sudo $ROOT/setup.sh'"
    if [[ ${BONDLAB_SKIP_APT:-} != 1 ]] && ! { command -v apt-get && command -v dpkg-query; } >/dev/null; then
        die "no apt-get here: install what Debian calls '${PACKAGES[*]}' by hand, then BONDLAB_SKIP_APT=1 ./setup.sh"
    fi
    check_tun
}

check_tun() {
    [[ -c /dev/net/tun ]] || modprobe tun 2>/dev/null || true
    [[ -c /dev/net/tun ]] ||
        die "no /dev/net/tun: load it with 'modprobe tun', or start the container with --device /dev/net/tun"
    (: <>/dev/net/tun) 2>/dev/null ||
        die "/dev/net/tun cannot be opened: load it with 'modprobe tun', or allow the container that device"
}

check_python() {
    command -v "$PYTHON" >/dev/null || die "no $PYTHON: install python3 and python3-venv"
    "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        die "$PYTHON is $("$PYTHON" -V 2>&1): needs Python 3.11 or newer; BONDLAB_PYTHON names another one"
}

missing() { # PACKAGE...: prints those which are not installed
    local there
    # shellcheck disable=SC2016 # the dollars are dpkg's
    there=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
    comm -23 <(printf '%s\n' "$@" | sort) <(sed -n 's/^installed //p' <<<"$there" | sort)
}

# Right after a boot the machine's own updates may hold the lock.
readonly APT=(apt-get --quiet --yes -o DPkg::Lock::Timeout=300)

update_lists() { run "check the network and /etc/apt/sources.list*" "${APT[@]}" update; }

install_packages() {
    local missing optional package
    [[ ${BONDLAB_SKIP_APT:-} != 1 ]] || return 0
    mapfile -t missing < <(missing "${PACKAGES[@]}")
    # Looked for when the environment is made, not in vain at each start.
    optional=()
    venv_ready || mapfile -t optional < <(missing "${OPTIONAL[@]}")
    ((${#missing[@]} + ${#optional[@]})) || return 0
    export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
    update_lists
    for package in "${optional[@]}"; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            missing+=("$package")
        else
            step "this distribution has no $package: what needs it will be skipped"
        fi
    done
    ((${#missing[@]})) || return 0
    step "installing Debian packages: ${missing[*]}"
    run "see the lines above; on Ubuntu the component 'universe' must be enabled" \
        "${APT[@]}" install --no-install-recommends "${missing[@]}"
}

check_version() { # PROGRAM FOUND WANTED
    [[ $2 ]] || die "cannot tell the version of $1: needs $3 or newer"
    [[ $(printf '%s\n' "$3" "$2" | sort -V | head -n 1) == "$3" ]] || die "$1 is $2: needs $3 or newer"
}

check_tools() {
    local tool said
    for tool in ip tc nft ethtool mnexec iperf3 ping tcpdump modprobe sysctl unshare make shellcheck \
        ovsdb-server ovsdb-tool ovs-appctl; do
        command -v "$tool" >/dev/null || die "no program '$tool': install it (Debian packages: ${PACKAGES[*]})"
    done
    check_version iproute2 "$(ip -V | sed -n 's/.*iproute2-\([0-9][0-9.]*\).*/\1/p')" 5.15
    check_version nft "$(nft --version | sed -n 's/^nftables v\([0-9][0-9.]*\).*/\1/p')" 1.0
    said=$(unshare --net --mount --pid --fork true 2>&1) ||
        die "cannot make namespaces, though root (${said##*$'\n'}): a container needs --privileged"
}

# What the environment is made of; where any of it differs, it is made anew or brought up to date.
origin() { printf '%s %s %s\n' "$VENV" "$PYTHON" "$("$PYTHON" -V)"; }
contents() { cat requirements.lock pyproject.toml setup.sh | sha256sum; }

venv_ready() {
    [[ -x $VENV/bin/python && -x $VENV/bin/pytest && -f $STAMP && $(<"$STAMP") == "$(origin)"$'\n'"$(contents)" ]]
}

make_venv() {
    venv_ready && return 0
    local hint="check the network and pip's configuration, then run it again"
    local pip=("$VENV/bin/python" -m pip --disable-pip-version-check --no-input install --root-user-action=ignore)
    local made_here=""
    [[ -f $STAMP && $(head -n 1 "$STAMP") == "$(origin)" && -x $VENV/bin/python ]] && made_here=1
    if [[ ! $made_here ]]; then
        # --clear empties the directory: never one that is something else.
        if [[ -e $VENV && ! -f $VENV/pyvenv.cfg && $(ls -A "$VENV" 2>/dev/null || echo file) ]]; then
            die "$VENV is there and is no virtual environment: move it away, or set BONDLAB_VENV"
        fi
        step "making $VENV with $("$PYTHON" -V)"
        run "see the lines above" "$PYTHON" -m venv --clear "$VENV"
    fi
    rm -f "$STAMP" # until all is done again
    step "installing the versions of requirements.lock"
    # setuptools first, for what must be built from source without a build environment of unpinned tools.
    run "$hint" "${pip[@]}" --constraint requirements.lock setuptools
    run "$hint" "${pip[@]}" --no-build-isolation --no-deps --requirement requirements.lock
    step "installing bondlab"
    run "see the lines above" "${pip[@]}" --no-build-isolation --no-deps --editable .
    run "the lock lacks something: 'make relock'" "$VENV/bin/python" -m pip --disable-pip-version-check check
    run "the lock or the Debian packages lack something" "$VENV/bin/python" -c \
        "import ctypes, mfusepy, mininet.net, pydantic, rich, scapy.all, typer, yaml
ctypes.CDLL('libnftables.so.1')"
    { origin && contents; } >"$STAMP"
}

# The lab starts Open vSwitch by itself, in its namespaces. Installing the package with the switch daemon would
# start one for this machine too, now and at each boot. So the programs are taken out of the package and put into
# the virtual environment; a machine that has the package anyway lends its own.
readonly OVS_SCHEMA=share/openvswitch/vswitch.ovsschema

open_vswitch_there() {
    local program
    program=$(command -v ovs-vswitchd) && [[ -f ${program%/*/*}/$OVS_SCHEMA ]] && command -v ovs-vsctl >/dev/null
}

open_vswitch() ( # a subshell: it goes to another directory, and cleans up however it ends
    PATH="$VENV/bin:$PATH"
    if ! open_vswitch_there; then
        [[ ${BONDLAB_SKIP_APT:-} != 1 ]] ||
            die "no Open vSwitch: install it, so that ovs-vswitchd, ovs-vsctl and $OVS_SCHEMA are there"
        step "unpacking the programs of Open vSwitch"
        dir=$(mktemp -d)
        trap 'rm -rf "$dir"' EXIT
        cd "$dir"
        update_lists
        run "see the lines above" "${APT[@]}" -o APT::Sandbox::User=root download openvswitch-switch
        run "see the lines above" dpkg-deb --extract ./*.deb .
        install -m 755 usr/bin/ovs-vsctl usr/lib/openvswitch-switch/ovs-vswitchd "$VENV/bin/"
        install -D -m 644 "usr/$OVS_SCHEMA" "$VENV/$OVS_SCHEMA"
    fi
    check_version ovs-vswitchd "$(ovs-vswitchd --version | sed -n '1s/.*(Open vSwitch) \([0-9.]*\).*/\1/p')" 3.1
)

# As with Open vSwitch: installing the package would start an SNMP agent for this machine. Its libraries came with
# the package snmp.
snmp_agent() {
    if [[ -x $VENV/bin/snmpd || ${BONDLAB_SKIP_APT:-} == 1 ]] || command -v snmpd >/dev/null; then
        return 0
    fi
    unpack_snmp_agent || step "no SNMP agent: the cases about it will be skipped"
}

unpack_snmp_agent() (
    step "unpacking the SNMP agent"
    dir=$(mktemp -d)
    trap 'rm -rf "$dir"' EXIT
    cd "$dir" || exit
    update_lists
    # That of the libraries, if the distribution still has it.
    package=snmpd=$(dpkg-query -W -f='${Version}' snmp)
    apt-cache show "$package" >/dev/null 2>&1 || package=snmpd
    run "see the lines above" "${APT[@]}" -o APT::Sandbox::User=root download "$package"
    run "see the lines above" dpkg-deb --extract ./*.deb .
    run "the libraries of the package snmp do not fit" usr/sbin/snmpd --version
    install -m 755 usr/sbin/snmpd "$VENV/bin/"
)

# Only when asked to (BONDLAB_MODULES=1), as the Vagrantfile does for its machine: modules and their options are the
# business of a machine's owner. The lab also works without: bondd replaces bonding and 8021q, and Open vSwitch runs in
# user space.
readonly MODULES=(bonding 8021q openvswitch sch_netem)

keep_file() { # PATH TEXT: writes it unless it is there
    [[ -f $1 && $(<"$1") == "$2" ]] || printf '%s\n' "$2" >"$1"
}

load_modules() {
    local module there=()
    [[ ${BONDLAB_MODULES:-} == 1 ]] || return 0
    for module in "${MODULES[@]}"; do
        # Not what is built in, or not there.
        [[ $(modprobe --show-depends "$module" 2>/dev/null) != *insmod* ]] || there+=("$module")
    done
    ((${#there[@]})) || return 0
    mkdir -p /etc/modprobe.d /etc/modules-load.d
    keep_file /etc/modprobe.d/bondlab.conf "options bonding max_bonds=0" # no bond0 that nobody asked for
    keep_file /etc/modules-load.d/bondlab.conf "$(printf '%s\n' "${there[@]}")"
    for module in "${there[@]}"; do
        [[ ! -e /sys/module/$module ]] || continue
        step "loading the kernel's module $module"
        modprobe "$module" >>"$LOG" 2>&1 || step "the kernel refused it ($LOG); the lab does without"
    done
}

main() {
    if [[ ${1:-} == --packages ]]; then
        printf '%s\n' "${PACKAGES[@]}" "${OPTIONAL[@]}"
        return 0
    fi
    check_machine
    [[ ! -x $PYTHON ]] || check_python
    : >"$LOG"
    install_packages
    check_python
    check_tools
    make_venv
    open_vswitch
    snmp_agent
    load_modules
    step "ready: $VENV"
}

main "$@"
