"""Rows of the table `parameters.ROWS`: what this PC is in the cast, its disk, its card and its address."""

from __future__ import annotations

from ..sentence import say
from . import reading as r
from . import rules
from .properties import SELECTORS
from .questions import Choice
from .row import Row, Taken
from .selectors import can_have_blanks

ROWS: tuple[Row, ...] = (
    Row(
        "umode",
        "snd, rcv (also send, receive, sender, receiver)",
        "the role: snd is the sender, whose disk is read; rcv is a receiver, whose disk is overwritten; absent: a "
        "screen asks",
        "U",
        title=say("What is this PC?"),
        parse=r.word("umode", r.ROLES),
        choices=r.choose(
            Choice("snd", say("SENDER"), say("its disk is read and sent to all receivers")),
            Choice("rcv", say("RECEIVER"), say("its disk is OVERWRITTEN with the sender's")),
        ),
        fills="role",
        taken=Taken(meaning="the role"),
    ),
    Row(
        "disk",
        f"/dev/sda, sda, /dev/sda2, /dev/disk/by-*/..., {', '.join(f'{name}:...' for name in SELECTORS)}; several with "
        "commas",
        "the disk or partition to send or to overwrite: the first selector that matches exactly one. model: is a part "
        "of the model, with blanks or underscores; size: is what the disk is sold as (500G: 10^9 bytes each), or what "
        "lsblk prints (465.8G, or 465.8GiB), or bounds: size:>=200G, size:<1T, size:200G-600G. hctl: is "
        "host:channel:target:lun (2:0:0:0, as `lsblk -o HCTL` prints it); the host's number may change between boots. "
        "Absent: the only disk that is possible, else a screen asks",
        "U O",
        aliases=("fdrive",),
        title=say("Which disk?"),
        label=say("Disk"),
        parse=r.read_disk,
        blanks=can_have_blanks,
        choices=r.disks,
        only=r.only_disk,
        warns=rules.chosen_disk,
        fills="target",
        taken=Taken(
            "PATH",
            "a block device or an image file that is there; a receiver overwrites it from its beginning, so an image "
            "file is made before, as large as the sender's disk (truncate -s 500107862016 room.img). A receiver's new "
            "file whose name ends in .zst is a stored image: it keeps the stream, ready to be cast again",
            parse=r.read_path,
            missing=r.no_path,
        ),
    ),
    Row(
        "nic",
        "eth0, a MAC address, BOOTIF",
        "the network card to use where BOOTIF names none; absent: the one that ip= names, or the only one with a link, "
        "else a screen asks",
        "O",
        aliases=("mac",),
        title=say("Which network card?"),
        label=say("Card"),
        parse=r.read_nic,
        choices=r.nics,
        only=rules.only_card,
        stands_for="BOOTIF",
        overruled=rules.card_by_bootif,
        warns=rules.drivers_unused,
        fills="nic",
        taken=Taken(
            "eth0, or a MAC address",
            "a card that has its IPv4 address; may be left out where only one has",
            parse=r.read_nic_in_use,
            only=r.only_nic_in_use,
            missing=r.no_nic_in_use,
        ),
    ),
    Row(
        "BOOTIF",
        "01-aa-bb-cc-dd-ee-ff",
        "the card that PXE-booted; added by `ipappend 2` or `ipappend 3`, and in GRUB by "
        "`BOOTIF=01-$net_default_mac`. One that names no card of this PC is a warning, and chooses none",
        "P",
        example="01-52-54-00-12-34-56",
        parse=r.read_bootif,
        fills="nic",
    ),
    Row(
        "rd.bootif",
        "0, 1 (also no, yes, off, on)",
        "0: BOOTIF does not choose the card; default 1",
        "K",
        parse=r.read_bootif_switch,
        fills="nic",
    ),
    Row(
        "dhcp",
        "yes, no",
        "no: no DHCP server is asked; ip and netmask give the address. yes (the default): DHCP gives it where ip does "
        "not",
        "U",
        bare="of live systems; means nothing here",
        parse=r.word("dhcp", r.YES_NO),
        fills="address",
    ),
    Row(
        "ip",
        "client:server:gateway:netmask (PXELINUX), the kernel's and dracut's forms, or a bare address",
        "the address; added by `ipappend 1` or `ipappend 3`. It is used at once, and a lease that PXE got is renewed. "
        "Of several, the one that names the chosen card counts. Absent: DHCP, or with dhcp=no a screen asks",
        "P K S",
        title=say("The IP address of this PC, such as 10.0.0.7/24 (or: dhcp)"),
        label=say("Address"),
        parse=r.read_address,
        default=r.address_by_dhcp,
        when=rules.address_is_of_a_card,
        overruled=rules.address_of_card,
        warns=rules.beside_ip_unused,
        fills="address",
    ),
    Row(
        "netmask",
        "255.255.255.0 or 24",
        "the network mask, where ip has none",
        "S K",
        title=say("The network mask"),
        parse=r.read_netmask,
        default=r.usual_mask,
        when=rules.prefix_is_open,
        fills="address",
    ),
    Row(
        "gateway",
        "an address, or none",
        "the gateway, where ip has none; default none",
        "S K",
        example="10.0.0.1",
        title=say("The gateway (or: none)"),
        parse=r.read_gateway,
        default=r.otherwise("none"),
        when=rules.gateway_is_open,
        fills="address",
    ),
)
