#!/bin/sh
# What administrators do by sysfs: a bond of the two NICs that are given, looked at, changed, taken apart.
set -eu
cd /sys/class/net

echo +bond0 >bonding_masters
cat bonding_masters
echo active-backup >bond0/bonding/mode
echo 100 >bond0/bonding/miimon
ip link set bond0 up
for nic in "$1" "$2"; do
    ip link set "$nic" down
    echo "+$nic" >/sys/class/net/bond0/bonding/slaves
    until [ "$(cat "$nic/bonding_slave/mii_status")" = up ]; do sleep 0.05; done
done
cat bond0/bonding/slaves bond0/bonding/mode bond0/bonding/active_slave

echo "$2" >bond0/bonding/active_slave
grep -h . bond0/bonding/active_slave "$1/bonding_slave/state" "$2/bonding_slave/state"
basename "$(readlink -f "$1/master")"
echo "$1" >bond0/bonding/primary
grep 'Slave' /proc/net/bonding/bond0
[ "$(cat bond0/address)" = "$(cat "$1/address")" ] && echo "one address"
read -r mode number <bond0/bonding/mode
echo "mode $number is $mode"

echo +192.0.2.1 >bond0/bonding/arp_ip_target
echo 200 >bond0/bonding/arp_interval
cat bond0/bonding/arp_ip_target bond0/bonding/miimon
echo -192.0.2.1 >bond0/bonding/arp_ip_target
echo 100 >bond0/bonding/miimon

echo balance-rr >bond0/bonding/mode || echo "not with slaves"
echo 3 >bond0/bonding/ad_select || echo "no such policy"
ls bond0/bonding | wc -l
test -w bond0/bonding/mode && test -r bond0/bonding/mii_status && echo "permissions"

for nic in $(cat bond0/bonding/slaves); do
    echo "-$nic" >bond0/bonding/slaves
done
test -e "$1/bonding_slave" || echo "no slave any more"
wc -l </proc/net/bonding/bond0
echo -bond0 >bonding_masters
ls -d bond0 /proc/net/bonding/bond0 || echo gone
grep -c "$1:" /proc/net/dev
