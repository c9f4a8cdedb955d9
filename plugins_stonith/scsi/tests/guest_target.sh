#!/bin/sh
# PID 1 of a User-Mode Linux guest: two disks of the kernel's own SCSI target (LIO), each seen through two loopback
# adapters, as two nodes would see them. HB_MODULES: folder with lib/modules; HB_PYTHON and HB_SCRIPT: what to run then.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null # the kernel may have done it
mount -t tmpfs tmpfs /run
for module in target_core_mod tcm_loop sd_mod; do modprobe -d "$HB_MODULES" "$module" || echo "no module $module"; done
mount -t configfs configfs /sys/kernel/config 2>/dev/null
cd /sys/kernel/config/target || { echo "no target"; exec poweroff -nf; }
mkdir -p /run/target/pr
echo /run/target > dbroot
for disk in 0 1; do
  mkdir -p "core/rd_mcp_0/disk$disk"
  echo rd_pages=256 > "core/rd_mcp_0/disk$disk/control"
  echo 1 > "core/rd_mcp_0/disk$disk/enable"
done
for node in 1 2; do
  tpg="loopback/naa.500140500000000$node/tpgt_1"
  mkdir -p "$tpg"
  echo "naa.60014050000000a$node" > "$tpg/nexus"
  for disk in 0 1; do
    mkdir "$tpg/lun/lun_$disk"
    ln -s "/sys/kernel/config/target/core/rd_mcp_0/disk$disk" "$tpg/lun/lun_$disk/x"
  done
done
tries=0
while [ "$(ls /sys/block | grep -c '^sd')" -lt 4 ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done
PYTHONDONTWRITEBYTECODE=1 "$HB_PYTHON" "$HB_SCRIPT" 2>&1
exec poweroff -nf
