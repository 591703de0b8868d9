"""A boot server in one command: the tree, DHCP (or proxy DHCP) and TFTP, with dnsmasq doing the serving.

Everything it needs is checked first and named in one sentence. Nothing stays behind: tree and leases are in a
temporary directory, and dnsmasq ends with the command.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shlex
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from kernel_cmdline import showable

from .clients import ClientEvent, Clients
from .dnsmasq import BootServer, config, default_range
from .loaders import LOADERS
from .loop import Lines, Loop, told_to_end
from .probe import find_server

PROGRAMS = {"dnsmasq": "dnsmasq-base", "ip": "iproute2"}
"""The programs that are run, and the Debian packages that have them; those of the boot loaders are in their table."""

PACKAGES = tuple(PROGRAMS.values())

Say = Callable[[str], None]


class ServeError(Exception):
    """One sentence: why nothing is served, and what to do."""


@dataclass(frozen=True)
class Service:
    """What the administrator wants.

    `span` None: all of the network. `force`: give out addresses although another server does.
    """

    interface: str
    proxy: bool = False
    span: tuple[IPv4Address, IPv4Address] | None = None
    force: bool = False


def serve(service: Service, write: Callable[[Path], None], say: Say) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; `write` makes the TFTP tree in the directory that it is given.

    Raises ServeError, and what `write` raises.
    """
    with contextlib.suppress(KeyboardInterrupt), told_to_end():
        _serve(service, write, say)


def _serve(service: Service, write: Callable[[Path], None], say: Say) -> None:
    dnsmasq = _dnsmasq()
    server = interface_address(service.interface)
    check_ports(service.interface, server.ip)
    with tempfile.TemporaryDirectory(prefix="udpcast-boot-") as name:
        directory = Path(name)
        directory.chmod(0o755)  # dnsmasq gives up root
        settings = _settings(service, server, directory)
        config(settings)  # what is wrong is told before the wire is asked, which takes seconds
        write(settings.tftp_root)
        alone = _is_alone(service, say)
        (directory / "dnsmasq.conf").write_text(config(replace(settings, authoritative=alone)))
        for line in _summary(settings):
            say(line)
        argv = [dnsmasq, f"--conf-file={directory / 'dnsmasq.conf'}"]
        with contextlib.closing(Loop()) as loop:
            _run(loop, argv, Clients(settings.tftp_root), say)


def interface_address(interface: str) -> IPv4Interface:
    """The first IPv4 address of the interface. Raises ServeError."""
    command = ["ip", "-j", "-4", "addr", "show", "dev", interface]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        names = ", ".join(name for _, name in socket.if_nameindex() if name != "lo")
        raise ServeError(f"there is no interface {interface}: use one of {names or 'those that `ip link` shows'}.")
    for entry in (entry for card in json.loads(done.stdout) for entry in card.get("addr_info", [])):
        return IPv4Interface(f"{entry['local']}/{entry['prefixlen']}")
    raise ServeError(
        f"{interface} has no IPv4 address: give it one first, "
        f"e.g. `ip addr add 10.77.0.1/24 broadcast + dev {interface}`, and `ip link set {interface} up`."
    )


def check_ports(interface: str, address: IPv4Address) -> None:
    """Raises ServeError when another server on this machine has the port of DHCP or of TFTP there."""
    for port, what, bound in ((67, "DHCP", ""), (69, "TFTP", str(address))):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
            try:
                probe.bind((bound, port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise ServeError(f"port {port} ({what}) cannot be used: {error.strerror}.") from error
                raise ServeError(
                    f"port {port} ({what}) on {interface} is in use by another server on this machine: "
                    f"stop it first; `ss -lunp sport = :{port}` names it."
                ) from error


def _dnsmasq() -> str:
    if os.geteuid() != 0:
        raise ServeError("a boot server listens on ports 67 and 69, which needs root: run this with sudo.")
    if missing := dict(_missing()):
        names, packages = list(missing), dict.fromkeys(package for wanted in missing.values() for package in wanted)
        what = f"{', '.join(names[:-1])} and {names[-1]} are" if len(names) > 1 else f"{names[0]} is"
        raise ServeError(f"{what} missing here: apt-get install {' '.join(packages)}")
    return str(_find("dnsmasq"))


def _missing() -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a boot server needs and this machine does not have, with its Debian packages."""
    for name, package in PROGRAMS.items():
        if _find(name) is None:
            yield name, (package,)
    for loader in LOADERS:
        if not all(any((place / name).is_file() for place in loader.places) for name in loader.files):
            yield loader.name, loader.packages


def _find(program: str) -> str | None:
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _is_alone(service: Service, say: Say) -> bool:
    """True when no DHCP server answers. Raises ServeError when one does and it would be in the way."""
    try:
        offer = find_server(service.interface)
    except OSError as error:
        raise ServeError(f"{service.interface} cannot be used: {error.strerror}; is it up?") from error
    if offer is None:
        if service.proxy:
            say(f"warning: no DHCP server answers on {service.interface}; beside --proxy one must give the addresses.")
        return True
    if not service.proxy and not service.force:
        raise ServeError(
            f"a DHCP server ({offer.server}) already answers on {service.interface}: two would give out addresses "
            "twice. Use --proxy to boot beside it, or --force if you know better."
        )
    return False


def _settings(service: Service, server: IPv4Interface, directory: Path) -> BootServer:
    first, last = service.span or ((None, None) if service.proxy else default_range(server))
    return BootServer(
        interface=service.interface,
        server=server,
        tftp_root=directory / "tftp",
        lease_file=directory / "leases",
        first=first,
        last=last,
        proxy=service.proxy,
        ping=True,
        user="root" if _in_user_namespace() else None,
    )


def _summary(settings: BootServer) -> Iterator[str]:
    if settings.proxy:
        addresses = "addresses come from the DHCP server that is there"
    else:
        addresses = f"addresses {settings.first} to {settings.last}"
    yield f"Boot server on {settings.interface} ({settings.server}): {addresses}."
    yield "BIOS machines that boot from the network now start the launcher, at every start. Ctrl-C ends it."


def _run(loop: Loop, argv: list[str], clients: Clients, say: Say) -> None:
    """Run dnsmasq until it ends or we are told to; raises ServeError when it ends by itself."""
    say(f"+ {shlex.join(argv)}")
    last = ""

    def read(line: str) -> None:
        nonlocal last
        last = line.strip()
        if event := clients.read(line):
            say(f"{time.strftime('%H:%M:%S')}  {row(event)}")

    def ended() -> None:
        loop.stop(ServeError(f"dnsmasq ended: {last.partition(': ')[2] or 'without a word'}."))

    with subprocess.Popen(argv, stderr=subprocess.PIPE, start_new_session=True) as process:
        try:
            assert process.stderr
            Lines(loop, process.stderr.fileno(), read, ended)
            loop.run()
        finally:
            process.terminate()


def row(event: ClientEvent) -> str:
    """One line of the display; a client may ask for a file by any name."""
    return showable(f"{event.mac or '?':17}  {event.address:15}  {event.text}")


def _in_user_namespace() -> bool:
    """True where root is not the machine's root, and so nobody else can be become (user_namespaces(7))."""
    try:
        return Path("/proc/self/uid_map").read_text().split() != ["0", "0", "4294967295"]
    except OSError:
        return False
