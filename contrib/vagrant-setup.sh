#!/usr/bin/env bash
# Installs Vagrant with its libvirt provider and what contrib/build-box.sh needs (Debian 12 or newer; root).
#
# Apart from setup.sh, because running the lab needs none of it. The parts of libvirt are chosen so that no service
# is installed or started: contrib/vagrant-private.sh runs one beside a command. Who wants libvirt as a service of
# this machine installs libvirt-daemon-system himself.
set -euo pipefail

readonly PACKAGES=(
    vagrant vagrant-libvirt rsync openssh-client
    libvirt-daemon libvirt-daemon-driver-qemu libvirt-clients dnsmasq-base iptables
    qemu-system-x86 qemu-utils
    mmdebstrap extlinux fdisk e2fsprogs # the box
)

there=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${PACKAGES[@]}" 2>/dev/null || true)
mapfile -t missing < <(comm -23 <(printf '%s\n' "${PACKAGES[@]}" | sort) <(sed -n 's/^installed //p' <<<"$there" | sort))
((${#missing[@]})) || exit 0
((EUID == 0)) || { echo "vagrant-setup: error: needs root, to install ${missing[*]}" >&2 && exit 1; }
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
apt=(apt-get --quiet --yes -o DPkg::Lock::Timeout=300)
printf 'vagrant-setup: installing Debian packages: %s\n' "${missing[*]}"
"${apt[@]}" update >/dev/null
"${apt[@]}" install --no-install-recommends "${missing[@]}" >/dev/null
