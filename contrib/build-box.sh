#!/usr/bin/env bash
# Builds a Vagrant box for the libvirt provider from Debian packages and the wheels of requirements.lock, for labs
# that cannot reach the public boxes: `vagrant up` with it needs no network at all.
#
#   build-box.sh [DIRECTORY]     default: artifacts/box; prints the path of the box
#
# The name of the box holds a digest of all that it is made from, so one that is there is not built again.
# Beside it lies its checksum, BOX.sha256. Needs root, loop devices and the programs of contrib/vagrant-setup.sh.
#
# Environment:
#   BONDLAB_SUITE     Debian's release (default: bookworm; its python3 must be this machine's version)
#   BONDLAB_MIRROR    where the packages come from (default: what this machine's apt uses)
#   BONDLAB_DISK      size of the disk (default: 8G; the box holds what is used of it)
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly SUITE=${BONDLAB_SUITE:-bookworm}
readonly MIRROR=${BONDLAB_MIRROR:-}
readonly DISK=${BONDLAB_DISK:-8G}
readonly PYTHON=${BONDLAB_PYTHON:-/usr/bin/python3}
export PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
export LC_ALL=C

die() {
    printf 'build-box: error: %s\n' "$1" >&2
    exit 1
}

step() { printf 'build-box: %s\n' "$1" >&2; }

# The system: what Vagrant, the lab and a network engineer in it need.
readonly SYSTEM=(
    systemd-sysv systemd-resolved systemd-timesyncd udev dbus linux-image-cloud-amd64 openssh-server sudo rsync
    ca-certificates python3 less vim-tiny
)

# What setup.sh would download to take programs out of; a machine that has them is asked for nothing.
readonly UNPACKED=(openvswitch-switch snmpd)

# What the name of a box is made of.
digest() {
    { "$ROOT/setup.sh" --packages && cat "$ROOT/requirements.lock" "${BASH_SOURCE[0]}" && echo "$SUITE $MIRROR $DISK"; } |
        sha256sum | cut -c1-8
}

# The key pair that every Vagrant ships; the first `vagrant up` replaces it by one of the machine's own.
insecure_key() {
    local file
    for file in {/usr/share/rubygems-integration/all,/opt/vagrant/embedded/gems,/opt/vagrant/embedded/gems/*}/gems/vagrant-*/keys/vagrant.pub; do
        [[ ! -f $file ]] || { cat "$file" && return; }
    done
    die "no vagrant.pub of Vagrant's here: run contrib/vagrant-setup.sh"
}

make_wheels() { # DIRECTORY
    "$PYTHON" -m venv "$1.venv"
    local pip=("$1.venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input)
    "${pip[@]}" install --constraint "$ROOT/requirements.lock" setuptools
    "${pip[@]}" wheel --no-build-isolation --no-deps --wheel-dir "$1" --requirement "$ROOT/requirements.lock"
    rm -rf "$1.venv"
}

# Runs inside mmdebstrap when the packages are installed; $1 is the new system.
write_customisation() { # DIRECTORY
    cat >"$1/customise" <<'END'
set -eu
r=$1 work=$2
chroot "$r" useradd --create-home --shell /bin/bash vagrant
chroot "$r" sh -c 'echo vagrant:vagrant | chpasswd; echo root:vagrant | chpasswd'
install -d -m 700 "$r/home/vagrant/.ssh"
install -m 600 "$work/vagrant.pub" "$r/home/vagrant/.ssh/authorized_keys"
chroot "$r" chown -R vagrant:vagrant /home/vagrant/.ssh
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' >"$r/etc/sudoers.d/vagrant"
chmod 440 "$r/etc/sudoers.d/vagrant"
echo bondlab >"$r/etc/hostname"
printf '127.0.0.1 localhost bondlab\n::1 localhost\n' >"$r/etc/hosts"
echo 'LABEL=root / ext4 errors=remount-ro 0 1' >"$r/etc/fstab"

# The first NIC is Vagrant's; all others are the lab's and are left alone.
printf '[Match]\nName=eth0\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\n' >"$r/etc/systemd/network/10-eth0.network"
chroot "$r" systemctl --quiet enable systemd-networkd systemd-resolved ssh
echo 'UseDNS no' >"$r/etc/ssh/sshd_config.d/vagrant.conf"
# Host keys and the machine's id are made at the first boot, so that two machines of one box never share them.
rm -f "$r"/etc/ssh/ssh_host_*
: >"$r/etc/machine-id"
cat >"$r/etc/systemd/system/ssh-hostkeys.service" <<UNIT
[Unit]
Before=ssh.service
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
[Install]
WantedBy=multi-user.target
UNIT
chroot "$r" systemctl --quiet enable ssh-hostkeys
# The lab starts these in its own namespaces; the machine's own would only be in the way.
chroot "$r" systemctl --quiet mask openvswitch-switch ovsdb-server ovs-vswitchd snmpd
# Nothing here can reach an archive, and a timer that tries costs time.
chroot "$r" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer

install -d "$r/opt/bondlab"
cp -r "$work/wheels" "$r/opt/bondlab/wheels"
printf '# PIP_NO_INDEX=0 asks the index again\n[global]\nno-index = true\nfind-links = /opt/bondlab/wheels\n' \
    >"$r/etc/pip.conf"
chroot "$r" python3 -c 'import sys; print("cp%d%d" % sys.version_info[:2])' >"$work/python"

mkdir -p "$r/boot/extlinux"
# Emulated processors are taken for unsynchronised otherwise, and each look at the clock becomes an access to a device.
# The links are kept by the packages of the kernel.
cat >"$r/boot/extlinux/extlinux.conf" <<LOADER
DEFAULT linux
TIMEOUT 1
PROMPT 0
LABEL linux
    LINUX /vmlinuz
    INITRD /initrd.img
    APPEND root=LABEL=root ro net.ifnames=0 tsc=reliable console=tty0 console=ttyS0,115200
LOADER
rm -rf "$r"/var/lib/apt/lists/* "$r"/var/cache/apt/*.bin "$r"/usr/share/doc/* "$r"/usr/share/man/*
END
}

make_system() { # DIRECTORY
    local packages
    packages=$("$ROOT/setup.sh" --packages | paste -sd,),$(IFS=,; echo "${SYSTEM[*]}"),$(IFS=,; echo "${UNPACKED[*]}")
    mmdebstrap --quiet --variant=minbase --include="$packages" \
        --customize-hook="sh $1/customise \"\$1\" $1" "$SUITE" "$1/root.tar" ${MIRROR:+"$MIRROR"} </dev/null >&2
    [[ $(<"$1/python") == "$("$PYTHON" -c 'import sys; print("cp%d%d" % sys.version_info[:2])')" ]] ||
        die "the box's python3 is $(<"$1/python"), the wheels are for $("$PYTHON" -V): set BONDLAB_PYTHON"
}

# One partition, formatted and mounted by its offset: needs no udev and no partition scan. The loop device goes
# with the mount, and the mount with this process's namespace.
readonly START=2048 # sectors of 512 bytes
make_disk() { # DIRECTORY
    local disk=$1/disk.raw offset=$((START * 512))
    truncate -s "$DISK" "$disk"
    printf 'label: dos\nstart=%d, type=83, bootable\n' "$START" | sfdisk --quiet "$disk"
    # Without what the boot loader cannot read.
    mkfs.ext4 -q -F -L root -O '^64bit,^metadata_csum' -E "offset=$offset" "$disk" \
        "$((($(stat -c %s "$disk") - offset) / 1024))k"
    mkdir "$1/mnt"
    mount -o "loop,offset=$offset" "$disk" "$1/mnt"
    tar -C "$1/mnt" --numeric-owner -xf "$1/root.tar"
    ln -sf /run/systemd/resolve/stub-resolv.conf "$1/mnt/etc/resolv.conf" # not what the building machine has
    extlinux --install "$1/mnt/boot/extlinux" >&2
    umount "$1/mnt"
    dd if=/usr/lib/EXTLINUX/mbr.bin of="$disk" bs=440 count=1 conv=notrunc status=none
    qemu-img convert -O qcow2 "$disk" "$1/box.img"
}

pack() { # DIRECTORY BOX
    local size
    size=$(qemu-img info --output=json "$1/box.img" | "$PYTHON" -c \
        'import json, sys; print(-(-json.load(sys.stdin)["virtual-size"] // 2**30))')
    printf '{"provider":"libvirt","format":"qcow2","virtual_size":%d,"architecture":"amd64"}\n' "$size" \
        >"$1/metadata.json"
    tar -C "$1" --sparse -cf - metadata.json box.img | gzip -3 >"$2.part"
    mv "$2.part" "$2"
    (cd "${2%/*}" && sha256sum "${2##*/}" >"${2##*/}.sha256")
}

main() {
    local out=${1:-$ROOT/artifacts/box} box program
    ((EUID == 0)) || die "needs root, to make another system's files"
    for program in mmdebstrap qemu-img sfdisk mkfs.ext4 extlinux; do
        command -v "$program" >/dev/null || die "no program '$program': run contrib/vagrant-setup.sh"
    done
    mkdir -p "$out"
    out=$(cd "$out" && pwd)
    box="$out/bondlab-$SUITE-$(digest).box"
    if [[ ! -f $box || ! -f $box.sha256 ]]; then
        # A namespace of its own: what is mounted for this goes with it, however it ends.
        if [[ ! ${BONDLAB_BOX_PRIVATE:-} ]]; then
            exec env BONDLAB_BOX_PRIVATE=1 unshare --mount "$ROOT/contrib/build-box.sh" "$out"
        fi
        WORK=$(mktemp -d "$out/build.XXXXXX")
        trap 'cd /; umount "$WORK/mnt" 2>/dev/null || true; rm -rf "$WORK"' EXIT
        insecure_key >"$WORK/vagrant.pub"
        step "making the wheels of requirements.lock"
        make_wheels "$WORK/wheels"
        step "installing Debian's packages in the box"
        write_customisation "$WORK"
        make_system "$WORK"
        step "making its disk"
        make_disk "$WORK"
        step "packing it"
        pack "$WORK" "$box"
    fi
    printf '%s\n' "$box"
}

main "$@"
