#!/bin/bash
# dracut module "udpcast": what the launcher needs to run, and every driver it may need.
#
# dracut (059, 106) sources this file and calls check, depends, installkernel and install. It resolves the
# dependencies of drivers, firmware, libraries; its own /init and hooks do not go in: /init is ours.
#
# initrd/image.py sets UDPCAST_EXTENSIONS: Python's shared objects, one "FILE PLACE" a line; the other modules come
# with dracut's --include. It sets UDPCAST_PROGRAMS: the programs that the launcher starts.

# called by dracut
check() {
    # Never in an image that was not asked for it by name.
    return 255
}

# called by dracut
depends() {
    return 0
}

# called by dracut
installkernel() {
    # "=path" means every driver below that directory of the kernel's module tree.
    local network=(
        =drivers/net/ethernet =drivers/net/phy =drivers/net/hyperv =drivers/net/vmxnet3
        virtio_net xen-netfront
        # Wired USB adapters; their neighbours in drivers/net/usb are modems and telephones.
        aqc111 asix ax88179_178a catc cdc_eem cdc_ether cdc_ncm cdc_subset ch9200 dm9601 kaweth lan78xx mcs7830
        pegasus r8152 r8153_ecm rndis_host rtl8150 smsc75xx smsc95xx sr9700 sr9800
    )
    local disks=(
        =drivers/ata =drivers/mmc =drivers/message/fusion =drivers/scsi
        nvme virtio_blk xen-blkfront mtip32xx sx8
        sd_mod sr_mod
        # Drivers ask for these by their purpose ("crc32c"), which no dependency shows.
        crc32c_generic crc32c-intel crct10dif_generic crct10dif-pclmul
    )
    local others=(
        =drivers/usb/host =drivers/usb/storage =drivers/virtio vmd pci-hyperv hv_vmbus
        # Keyboards; that of the PS/2 port is built into Debian's kernel.
        =drivers/hid hyperv-keyboard xen-kbdfront
        # The port that events may go to.
        virtio_console
        # Through it file systems' tools see one partition, and cannot write.
        loop
    )
    # Not for a PC's own disk and card: storage networks (Fibre Channel, iSCSI, FCoE), PCMCIA, tapes, disk targets,
    # tests; nor among the keyboards: instruments, tablets, sensors, game pads, and touch pads on an I2C bus, whose own
    # drivers are not here either (since 6.12 these need all of the graphics).
    local omit_drivers='.*_cs|lpfc|qla2xxx|qla4xxx|bfa|bna_fc|fnic|csiostor|be2iscsi|libiscsi.*|iscsi_.*|scsi_transport_iscsi|bnx2i|bnx2fc|cxgb[34]i|libcxgbi|qed[if]|cnic|fcoe|libfc.*|tcm_.*|efct|scsi_debug|scsi_dh_.*|st|ch|ses|osst|hid[_-]prodikeys|hid[_-]picolcd|wacom|hid[_-]sensor.*|hid[_-]nintendo|hid[_-]playstation|hid[_-]sony|hid[_-]steam|hid[_-]wiimote|i2c[_-]hid.*'
    omit_drivers="^($omit_drivers)\$"

    hostonly='' instmods "${network[@]}" "${disks[@]}" "${others[@]}"
}

# called by dracut
install() {
    local busybox applet extension place

    inst_simple "$moddir/init" /init
    inst_simple "$moddir/fstab" /etc/fstab
    inst_simple "$moddir/50-udpcast.rules" /usr/lib/udev/rules.d/50-udpcast.rules
    # What the DHCP server said, for the page that is told the result.
    ln -sfn /run/udpcast/resolv.conf "$initdir/etc/resolv.conf"
    # The tools of ntfs refuse to work where they cannot see what is mounted.
    ln -sfn /proc/self/mounts "$initdir/etc/mtab"
    inst_simple "$moddir/mtools.conf" /etc/mtools.conf

    inst_multiple busybox kmod pigz python3 udevadm
    # shellcheck disable=SC2086  # one word each
    inst_multiple $UDPCAST_PROGRAMS
    inst /lib/systemd/systemd-udevd
    inst_multiple /lib/udev/ata_id /lib/udev/cdrom_id /lib/udev/scsi_id
    inst_rules 60-block.rules 60-cdrom_id.rules 60-persistent-storage.rules 80-drivers.rules
    # pyudev's; and what udev loads drivers with, which since Debian 13 no program names as its library any more.
    inst_libdir_file 'libudev.so.1*' 'libkmod.so.2*'

    # Under the name of every program that has none of its own here.
    busybox=$(find_binary busybox)
    for applet in $("$busybox" --list); do
        [[ -e $initdir/usr/bin/$applet || -e $initdir/usr/sbin/$applet ]] || ln -s busybox "$initdir/usr/bin/$applet"
    done
    ln -sfn pigz "$initdir/usr/bin/gzip"
    ln -sfn pigz "$initdir/usr/bin/gunzip"
    for applet in insmod lsmod modinfo modprobe rmmod; do
        ln -sfn kmod "$initdir/usr/bin/$applet"
    done
    # The name by which the kernel itself asks for a driver.
    ln -sfn ../bin/kmod "$initdir/usr/sbin/modprobe"

    while read -r extension place; do
        [[ $extension ]] || continue
        # initrd/libraries.py brings their libraries: dracut looks for those of executable files only.
        inst "$extension" "$place"
    done <<< "$UDPCAST_EXTENSIONS"
}
