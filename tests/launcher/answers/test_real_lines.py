"""Lines as boot servers have them: what is right in them stays right, alone and around parameters of ours."""

from __future__ import annotations

import pytest

from launcher.answers.explain import check

SCHOOL = (
    "initrd=udprd root=01:00 persoparams=oui lang=FR kbmap=FR dhcp=yes compr=lzop port=9002 umode=rcv disk=/dev/sda "
    'auto_reboot=success enableDiskmodule=yes diskmodule=AUTO netmodule=AUTO udpcparam="--start-timeout=300 --nokbd"'
)
LINES = {
    "UDPCast's documentation": "load_ramdisk=1 initrd=initrd-udpcast root=01:00",
    "SambaEdu, UDPCast": SCHOOL,
    "SambaEdu, SystemRescueCd": "rescue64 initrd=initram.igz scandelay=5 setkmap=fr netboot=http://10.0.0.1/sysrcd.dat "
    "autoruns=2,3 ar_source=http://10.0.0.1/s/ ar_nowait dodhcp work=udpcast3.sh compr=gzip port=9004 umode=snd "
    'disk=sda auto_reboot=always remontee_info=y page_remontee=http://10.0.0.1/r num_op=7 udpcparam="--min-receivers=3 '
    '--max-wait=60" hostname=pc7 url_authorized_keys=http://10.0.0.1/k',
    "SambaEdu, SliTaz": "initrd=rootfs.gz rw root=/dev/null lang=fr_FR kmap=fr-latin1 vga=normal sound=no screen=text "
    "src_part=sda1 dest_part=sda2 nom_image=x auto_reboot=never delais_reboot=90",
    "FOG": "loglevel=4 initrd=init.xz root=/dev/ram0 rw ramdisk_size=275000 web=http://10.0.0.1/fog/ consoleblank=0 "
    "rootfstype=ext4 nvme_core.default_ps_max_latency_us=0 mac=02:00:00:00:00:0a ftp=10.0.0.1 "
    "storage=10.0.0.1:/images/ storageip=10.0.0.1 osid=9 irqpoll hostname=pc7 chkdsk=0 img=w10 imgType=n "
    "imgPartitionType=all imgid=1 imgFormat=5 PIGZ_COMP=-6 hostearly=1 port=63100 mcastMaxWait=600 mc=yes type=down "
    "mode=manreg fdrive=/dev/sda shutdown=1 keymap=fr",
    "Clonezilla": "initrd=initrd.img boot=live username=user union=overlay config components quiet loglevel=0 noswap "
    'edd=on nomodeset enforcing=0 noeject locales=en_US.UTF-8 keyboard-layouts=NONE ocs_prerun="dhclient -v eth0" '
    'ocs_live_run="ocs-sr -g auto -e1 auto -e2 -r -j2 -p reboot restoredisk img sda" ocs_live_extra_param="" '
    "ocs_live_batch=no vga=788 net.ifnames=0 nosplash noprompt i915.blacklist=yes radeonhd.blacklist=yes "
    "nouveau.blacklist=yes vmwgfx.enable_fbdev=1 fetch=tftp://10.0.0.1/filesystem.squashfs toram=filesystem.squashfs",
    "DRBL": "initrd=initrd-pxe.img devfs=nomount drblthincli=off selinux=0 quiet text 1 edd=on clientdir=node_root "
    'ocs_opt="-b -g auto -p poweroff startdisk"',
    "Debian Live": "initrd=initrd.img boot=live components splash quiet toram fetch=http://10.0.0.1/f.squashfs "
    "hostname=pc7 user-fullname=x noautologin persistence nopersistence",
    "Debian's installer": "initrd=initrd.gz priority=critical url=10.0.0.1/p.cfg netcfg/dhcp_timeout=60 "
    "interface=auto hostname=pc7 domain=x locale=fr_FR keymap=fr tasks=kde-desktop theme=dark vga=788 "
    "keyboard-configuration/xkb-keymap=fr DEBIAN_FRONTEND=text --- quiet",
    "dracut": "ro root=live:http://10.0.0.1/s.img rd.live.image rd.live.ram=1 rd.lvm=0 rd.luks=0 rd.md=0 rd.dm=0 "
    "rd.neednet=1 rd.shell rd.debug rd.retry=10 nameserver=10.0.0.1 ifname=lan:02:00:00:00:00:0a bootdev=lan "
    "rd.route=10.1.0.0/16:10.0.0.1:lan rhgb quiet",
    "Anaconda": "initrd=initrd.img ksdevice=bootif lang=en_US kssendmac text "
    "inst.repo=http://10.0.0.1/r inst.ks.sendmac",
    "Ubuntu": "initrd=initrd root=/dev/ram0 ramdisk_size=1500000 boot=casper autoinstall ds=nocloud-net;s=http://x/ "
    "cloud-config-url=/dev/null only-ubiquity maybe-ubiquity noprompt fsck.mode=skip quiet splash ---",
    "a kernel": "BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet splash intel_iommu=on iommu=pt mitigations=off nvme.x=1 "
    "console=tty0 console=ttyS0,115200n8 pcie_aspm=off acpi_osi=Linux processor.max_cstate=1 crashkernel=auto "
    "nvidia-drm.modeset=1 amd_iommu=on isolcpus=1-3 nohz_full=1-3 rcu_nocbs=1-3 systemd.unit=rescue.target audit=0",
    "PXELINUX": "initrd=udpcast-initrd auto BOOT_IMAGE=udpcast-linux ip=10.0.0.7:10.0.0.1:10.0.0.1:255.0.0.0 "
    "BOOTIF=01-02-00-00-00-00-0a SYSUUID=4c4c4544-0042-3510-8056-b4c04f4d3132 CPU=6PVXL SYSVENDOR=Dell_Inc. SYSSKU=x",
}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
@pytest.mark.parametrize(
    "around",
    [
        "{line}",
        "umode=rcv disk=/dev/sda {line}",
        'disk="model:Samsung SSD" {line}',
        "udpcparam=--nokbd {line}",
        'auto=yes umode=snd {line} verify=no retry=1 after=reboot "disk=serial:S 1"',
    ],
)
def test_nothing_in_it_is_wrong(line: str, around: str) -> None:
    errors, warnings = check(around.format(line=line))
    assert errors == []
    known = ("overridden", "Words of ")  # the second is what test_moving is about
    assert [warning for warning in warnings if not any(word in warning for word in known)] == []
