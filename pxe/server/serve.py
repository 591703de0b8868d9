"""A boot server in one command: the tree, DHCP (or proxy DHCP) and TFTP by dnsmasq, and the tree by HTTP.

Everything it needs is checked first and named in one sentence. Nothing stays behind, however it ends: dnsmasq and the
server of files end with the command (`supervisor`), and so do its files (`workspace`). Nothing is promised before both
serve (`daemon`).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from kernel_cmdline import showable

from ..entries.loaders import LOADERS, boots_disk
from ..entries.room import Machine
from ..loop import Loop, told_to_end
from ..web import files
from ..wire import relay
from ..wire.message import Message
from ..wire.watch import Policy, Watch, WatchError
from . import addresses, beside, firewall, ports
from .clients import ClientEvent, Clients, read_line
from .daemon import DNSMASQ, FILES, Daemon, DaemonError, Kind, Readers
from .dnsmasq import BootServer, config, default_range
from .offers import Offer, instead, offers
from .patrol import InterfaceGone, Patrol
from .supervisor import Command, Task, User, other_user
from .watching import EVERY, Stuck, listens
from .workspace import Workspace, WorkspaceError, workspace

PROGRAMS = {"dnsmasq": "dnsmasq-base", "ip": "iproute2"}
"""The programs that are run, and the Debian packages that have them; those of the boot loaders are in their table."""

PACKAGES = tuple(PROGRAMS.values())

OTHER_DESCRIPTORS = 150
"""What dnsmasq wants beside those of its transfers (src/dnsmasq.c), and some."""

Say = Callable[[str], None]


class ServeError(Exception):
    """One sentence: why nothing is served, and what to do."""


@dataclass(frozen=True)
class Service:
    """What the administrator wants.

    `span` None: all of the network. `force`: give out addresses although another server does. `address`: which one of
    the interface's own is served from; None: chosen, and said. `everybody`: give addresses to those that do not boot
    from the network, too. `machines`: the PCs of the room, as far as they are named. `loaders`: what kinds of PC load
    first, by the names of their options. `http`: the port for the tree by HTTP; None: the usual one, if it is free.
    """

    interface: str
    proxy: bool = False
    span: tuple[IPv4Address, IPv4Address] | None = None
    force: bool = False
    address: IPv4Address | None = None
    everybody: bool = False
    machines: tuple[Machine, ...] = ()
    loaders: Mapping[str, str] = field(default_factory=dict)
    http: int | None = None


@dataclass(frozen=True)
class Servers:
    """What is run: dnsmasq by its words, and the tree by HTTP. `place` are the files of both, `claimed` is the claim of
    the interface, which both keep."""

    dnsmasq: Command
    files: Task
    listener: socket.socket
    place: Workspace
    claimed: int


@dataclass(frozen=True)
class Running:
    """A boot server that serves, for what hangs on its loop. `signal` is for dnsmasq; `handed_on` must be told what it
    is asked beside the wire; `learn` whose address (first) is that of which PC."""

    loop: Loop
    settings: BootServer
    signal: Callable[[signal.Signals], None]
    handed_on: Callable[[Message], None]
    learn: Callable[[str, str], None]
    say: Say


Attach = Callable[[Running], None]
Write = Callable[[BootServer], None]


def serve(service: Service, write: Write, say: Say, attach: Sequence[Attach] = ()) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; `write` makes the TFTP tree in the root that the settings name.

    What is in `attach` is called once, when dnsmasq serves. Raises ServeError, and what `write` raises.
    """
    os.umask(0o022)  # dnsmasq's user reads the files
    with contextlib.suppress(KeyboardInterrupt), told_to_end():
        try:
            _serve(service, write, partial(_shown, say), attach)
        except (
            addresses.AddressError,
            ports.PortError,
            WorkspaceError,
            DaemonError,
            InterfaceGone,
            WatchError,
        ) as error:
            raise ServeError(str(error)) from error


def _shown(say: Say, sentence: str) -> None:
    """Raises ServeError: a server that nobody can see does not go on."""
    try:
        say(sentence)
    except OSError as error:
        raise ServeError(f"ended: what it says can be shown no more ({error.strerror}).") from error


def _serve(service: Service, write: Write, say: Say, attach: Sequence[Attach]) -> None:
    dnsmasq = _dnsmasq()
    server = _address(service, say)
    user = other_user()
    with contextlib.ExitStack() as stack:
        claimed = stack.enter_context(ports.claim(service.interface))
        place = stack.enter_context(workspace(user, say))
        ports.check(service.interface, server.ip, _ports(service))
        listener = stack.enter_context(_listener(service, server.ip, say))
        settings = _settings(service, server, place, user, listener)
        config(settings)  # what is wrong is told before the wire is asked, which takes seconds
        if few := too_few(settings, len(service.machines)):
            say(f"warning: {few}")
        for warning in firewall.warnings(service.interface, server, [*_netfilter(service), ("tcp", settings.http)]):
            say(f"warning: {warning}")
        with _temporary_files(place.path):
            write(settings)
        settings = replace(settings, offers=_offers(service, settings.tftp_root))
        _hand_over(settings.lease_file, user)
        servers = Servers(
            Command((dnsmasq, f"--conf-file={place.config}"), user, settings.transfers + OTHER_DESCRIPTORS),
            Task(files.NAME, partial(files.serve, listener, Path("/")), settings.tftp_root, user, files.DESCRIPTORS),
            listener,
            place,
            claimed.fileno(),
        )
        with (
            contextlib.closing(Watch(service.interface, server.ip, _policy(service, server), say)) as watch,
            contextlib.closing(Loop()) as loop,
        ):
            settings = replace(settings, port=watch.port)
            place.config.write_bytes(os.fsencode(config(settings)))
            behind = [("udp", watch.port)] if watch.port else []
            for warning in firewall.warnings("lo", IPv4Interface(f"{relay.DNSMASQ}/8"), behind):
                say(f"warning: {warning}")
            watch.look()
            if service.proxy:
                settings, sentence = beside.fitted(settings, watch.next_servers, service.loaders)
                place.config.write_bytes(os.fsencode(config(settings)))
                if sentence:
                    say(f"warning: {sentence}")

            def show(event: ClientEvent) -> None:
                say(f"{time.strftime('%H:%M:%S')}  {row(named(event, service.machines))}")

            def listen(running: Running) -> None:
                watch.attach(running.loop, running.handed_on)
                if service.proxy:
                    stack.enter_context(beside.answering(running.settings, running.loop, show, running.learn))

            _run(loop, servers, settings, say, [*attach, listen], service.machines)


@contextlib.contextmanager
def _temporary_files(folder: Path) -> Iterator[None]:
    """They are in `folder` meanwhile, which is cleared away also behind a boot server that was killed."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _listener(service: Service, server: IPv4Address, say: Say) -> socket.socket:
    listener, sentence = ports.web(service.interface, server, service.http)
    if sentence:
        say(sentence)
    return listener


def _offers(service: Service, root: Path) -> tuple[Offer, ...]:
    """Raises ServeError for a loader that was chosen and is not there."""
    found = offers({path.name for path in root.iterdir()}, service.loaders)
    for one in found:
        if (wanted := service.loaders.get(one.kind.option)) and not one.file:
            raise ServeError(
                f"--{one.kind.option} {wanted}: the tree has no such loader, or not all of it: {one.remedy}."
            )
    return found


def _policy(service: Service, own: IPv4Interface) -> Policy:
    return Policy(service.proxy, service.force, service.everybody, service.machines, own)


def _address(service: Service, say: Say) -> IPv4Interface:
    there = addresses.on_interface(service.interface)
    chosen = addresses.choose(service.interface, there, service.address, service.span)
    if chosen.why:
        say(chosen.why)
    return chosen.address


def _ports(service: Service) -> tuple[ports.Port, ...]:
    return (ports.DHCP, ports.TFTP, *([ports.PXE] if service.proxy else []))


def _netfilter(service: Service) -> list[tuple[str, int]]:
    """What has to pass the firewall. DHCP does so only beside another server: else it is spoken below it (`watch`)."""
    return [("udp", port.number) for port in _ports(service) if service.proxy or port is not ports.DHCP]


def _hand_over(lease_file: Path, user: User | None) -> None:
    """dnsmasq writes its leases as its own user."""
    lease_file.touch()
    if user:
        os.chown(lease_file, user.uid, user.gid)


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
    if not any(loader.is_installed() for loader in LOADERS):
        yield LOADERS[0].name, LOADERS[0].packages


def _find(program: str) -> str | None:
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _settings(
    service: Service, server: IPv4Interface, place: Workspace, user: User | None, listener: socket.socket
) -> BootServer:
    first, last = service.span or ((None, None) if service.proxy else default_range(server))
    return BootServer(
        interface=service.interface,
        server=server,
        tftp_root=place.path / "tftp",
        lease_file=place.path / "leases",
        first=first,
        last=last,
        proxy=service.proxy,
        user=None if user else "root",
        transfers=transfers_for(int(last) - int(first) + 1 if first and last else server.network.num_addresses),
        http=listener.getsockname()[1],
    )


def transfers_for(clients: int) -> int:
    """How many transfers dnsmasq may have at once: a client that breaks off and asks again leaves one for a minute."""
    return min(max(4 * clients, 200), 2000)


def too_few(settings: BootServer, machines: int) -> str:
    """What to say where the room has more PCs than there are addresses; "" where it has not."""
    if settings.first is None or settings.last is None:
        return ""
    there = int(settings.last) - int(settings.first) + 1
    there -= settings.first <= settings.server.ip <= settings.last
    if machines <= there:
        return ""
    return (
        f"the room has {machines} PCs, but --range has {there} address{'' if there == 1 else 'es'}: the last PCs get "
        "none. Give it a longer one."
    )


def _summary(settings: BootServer) -> Iterator[str]:
    if settings.proxy:
        addresses = "addresses come from the DHCP server that is there"
    else:
        addresses = f"addresses {settings.first} to {settings.last}"
    yield f"Boot server on {settings.interface} ({settings.server}): {addresses}."
    if not settings.proxy:
        yield "These addresses must be free: in no reservation and no pool of another server (--range takes others)."
    offered = ", ".join(f"{one.kind.name} ({one.file})" for one in settings.offers if one.file)
    yield f"These PCs can boot from the network now: {offered}. By HTTP the files are at {settings.url}."


def _run(
    loop: Loop,
    servers: Servers,
    settings: BootServer,
    say: Say,
    attach: Sequence[Attach],
    machines: Sequence[Machine],
) -> None:
    """Run both servers until one ends or we are told to; raises DaemonError when one ends by itself."""

    def tell(sentence: str) -> None:
        say(f"{time.strftime('%H:%M:%S')}  {showable(sentence)}")

    patrol = Patrol(loop, settings, tell)
    clients = Clients(settings.tftp_root, patrol.transfers, partial(boots_disk, settings.tftp_root), settings.offers)
    stuck = Stuck(instead(settings.offers))
    waited_for = {DNSMASQ, FILES}

    def ready(kind: Kind) -> None:
        waited_for.discard(kind)
        if waited_for:
            return
        if not listens(settings.server, ports.TFTP.number):
            loop.stop(DaemonError(f"dnsmasq does not listen at {settings.server.ip}, port {ports.TFTP.number} (TFTP)."))
            return
        for line in _summary(settings):
            say(line)
        for each in attach:
            each(Running(loop, settings, daemon.signal, patrol.handed_on, clients.learn, say))
        say("Ready. Ctrl-C ends it.")

    def show(event: ClientEvent | None) -> None:
        if event:
            tell(row(named(event, machines)))

    def read(line: str) -> None:
        patrol.logged(line)
        event = clients.read(line)
        show(event)
        if event and event.loaded:
            stuck.loaded(event.address, event.loaded, time.monotonic())

    def by_http(line: str) -> None:
        if said := read_line(line):
            if said[0] == files.Said.OPENED.value:
                patrol.opened(said[1])
                stuck.by_http(said[1])
            show(clients.by_http(*said))

    def look() -> None:
        for address, text in stuck.look(time.monotonic()):
            show(clients.at(address, text))

    loop.every(EVERY, look)
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.closing(patrol))
        kept = (servers.listener.fileno(), servers.claimed)
        readers = Readers(partial(ready, FILES), by_http)
        stack.enter_context(contextlib.closing(Daemon(loop, FILES, servers.files, (_nothing, kept), readers)))
        servers.listener.close()
        work = servers.place
        readers = Readers(partial(ready, DNSMASQ), read)
        keeping = (work.clear, (work.lock, servers.claimed))
        daemon = stack.enter_context(contextlib.closing(Daemon(loop, DNSMASQ, servers.dnsmasq, keeping, readers)))
        loop.run()


def _nothing() -> None:
    """What there is to clear is cleared by dnsmasq's keeper."""


def named(event: ClientEvent, machines: Sequence[Machine]) -> ClientEvent:
    """With the name that the room gives the PC."""
    name = next((one.name for one in machines if one.mac == event.mac), "")
    return replace(event, text=f"{name} {event.text}") if name else event


def row(event: ClientEvent) -> str:
    """One line of the display; a client may ask for a file by any name."""
    return showable(f"{event.mac or '?':17}  {event.address:15}  {event.text}")
