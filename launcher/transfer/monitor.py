"""What can be heard of senders on the wire, beside udpcast itself: thin edges that make events of packets.

A receiver hears all that comes to the port base before the cast, and then its own sender (`SenderMonitor`): that it
greets, that its cast goes on or is over, that a cast begins, and, while one looks out, all of its packets. A sender
hears other ones that wait on the same port (`RivalMonitor`), and what its receivers answer (`ReceiverMonitor`). What
follows from that is decided in `receiver_waiting`, `receiver_liveness`, `rivals` and `sender_liveness`.

udp-receiver waits for ever for a sender that vanished, and does not look at another one. But a living udp-sender is
never quiet for long: before the cast it greets (``--rexmit-hello-interval``), and while it waits for a receiver that
does not answer it repeats its question each second. So silence on the wire tells a dead sender from a slow one.

Nor does a udp-receiver mind a sender that begins anew on the same PC: it takes the greetings of the new one for the old
one's, never connects, and would write the new cast's data behind the old cast's. A udp-sender greets before its cast
only, and without a pause; and it counts the slices of each cast from 0. So a greeting behind a pause before the cast,
or greetings in a silence of the cast, or one with the first slice behind it, tell the two apart.

A packet socket with a filter in the kernel sees the packets that arrive at the card, but not those that this PC sends.
The one that counts all packets is open only while nothing comes through udp-receiver; a cast that flows costs nothing.
Without the right to open a packet socket nothing is ever heard.
"""

from __future__ import annotations

import contextlib
import ctypes
import socket
import struct
import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from . import announcement
from .heartbeat import ALIVE, MAGIC, notice_port, read_alive, read_notice
from .liveness import EndNotice, Event, Greeting, Packet
from .receiver_signals import Alive, Answer, FirstSlice, Stray
from .rivals import AnotherWaits
from .sender_signals import Answered, GoSaid

_ETH_P_IP = 0x0800
_SO_ATTACH_FILTER = 26
_SO_TIMESTAMPNS = 35
_UDP = 17


class Captured(NamedTuple):
    """A packet, from its IPv4 header on: when it came (`time.monotonic`), and the MAC address that sent it."""

    at: float
    packet: bytes
    mac: str


class PacketSocket:
    """The packets that arrive at the card `nic` and pass the filter `program`; they wait until they are asked for."""

    def __init__(self, nic: str, program: bytes) -> None:
        self._socket = _listen(nic, program)

    def heard(self) -> Iterator[Captured]:
        """Those that came since, each with the kernel's time."""
        while self._socket:
            try:
                data, notes, _, (_, _, _, _, mac) = self._socket.recvmsg(_WHOLE, 64)
            except OSError:  # nothing more to read; or the card is down, which is silence as well
                return
            yield Captured(_steady(notes), data, mac.hex(":"))

    @property
    def hears(self) -> bool:
        """Whether it may hear anything."""
        return self._socket is not None

    def count(self) -> int:
        """How many came since: there may be very many."""
        found = 0
        if self._socket:
            with contextlib.suppress(OSError):
                while self._socket.recv(1):
                    found += 1
        return found

    def close(self) -> None:
        """Stop listening."""
        if self._socket:
            self._socket.close()


class SenderMonitor:
    """Senders whose port base is `port`, as a receiver hears them at the card `nic`: before the cast all of them, and
    what is no sender's; from the cast on its own one."""

    def __init__(self, nic: str, port: int) -> None:
        self._nic = nic
        self._port = port
        self._address = ""
        self._greetings = PacketSocket(nic, greetings_to(port))
        self._waiting: tuple[PacketSocket, ...] = tuple(
            PacketSocket(nic, one) for one in (answers_to(port), strays_to(port))
        )
        self._words: tuple[PacketSocket, ...] = ()
        self._beginnings: tuple[PacketSocket, ...] = ()
        self._packets: tuple[PacketSocket, ...] = ()

    @property
    def hears(self) -> bool:
        """Whether this PC may hear anything beside udpcast."""
        return self._greetings.hears

    def listen(self, address: str) -> None:
        """Hear what the sender at `address` says beside its data from now on; what came before is no news."""
        if self._words and address == self._address:
            for one in (*self._words, *self._beginnings):
                list(one.heard())
            return
        self._stop_words()
        self._address = address
        filters = end_notices_from(address, self._port), signs_of_life_from(address, self._port)
        self._words = tuple(PacketSocket(self._nic, one) for one in filters)
        self._beginnings = (PacketSocket(self._nic, first_slices_from(address, self._port)),)

    def stop_waiting(self) -> None:
        """The cast has begun: hear only its sender."""
        for one in self._waiting:
            one.close()
        self._waiting = ()

    def stop_listening(self) -> None:
        """Hear nobody more, but count what is counted."""
        self._greetings.close()
        self.stop_waiting()
        self._stop_words()

    def _stop_words(self) -> None:
        for one in (*self._words, *self._beginnings):
            one.close()
        self._words = self._beginnings = ()

    def look_out(self, address: str | None) -> None:
        """Count the packets of the sender at `address`; without an address nothing is ever heard."""
        self.look_in()
        if address:
            self._packets = (PacketSocket(self._nic, packets_from(address, self._port)),)

    def look_in(self) -> None:
        """Count them no more."""
        for one in self._packets:
            one.close()
        self._packets = ()

    def drain(self) -> Iterator[Event]:
        """What was heard since: end notices first, for they say most."""
        for words in self._words:
            yield from (event for one in words.heard() if (event := _word(one)))
        yield from map(_greeting, self._greetings.heard())
        for waiting in self._waiting:
            yield from map(_answer_or_stray, waiting.heard())
        for beginning in self._beginnings:
            yield from (FirstSlice(one.at) for one in deque(beginning.heard(), maxlen=1))
        if sum(one.count() for one in self._packets):
            yield Packet(time.monotonic())

    def close(self) -> None:
        """Stop listening."""
        self.stop_listening()
        self.look_in()


class RivalMonitor:
    """Senders that wait for receivers on `port`, heard at the card `nic`: launchers' announce themselves, and every
    udp-sender greets when it starts, and then at intervals.

    That interval is udp-sender's ``--rexmit-hello-interval``: a second for the launcher's, and none for a plain one,
    which cannot be heard therefore. Nor can one that is casting.
    """

    def __init__(self, nic: str, port: int) -> None:
        self._port = port
        self._announcements = PacketSocket(nic, announcements())
        self._greetings = PacketSocket(nic, greetings_to(port))

    def drain(self) -> Iterator[Greeting | AnotherWaits]:
        """Who was heard since: announcements first, for they say more."""
        for one in self._announcements.heard():
            said = announcement.read_announcement(_payload(one.packet))
            if said and said.port == self._port:
                yield AnotherWaits(one.at, _source(one.packet), one.mac, said.token, said.waited)
        yield from map(_greeting, self._greetings.heard())

    def close(self) -> None:
        """Stop listening."""
        self._announcements.close()
        self._greetings.close()


class ReceiverMonitor:
    """What receivers say to this PC's udp-sender on `port`: that they have a part of the data or want it again, and the
    word that begins the cast. `hears`: whether anything can be heard at all."""

    def __init__(self, nic: str, port: int) -> None:
        self._replies = PacketSocket(nic, replies_to(port))
        self.hears = self._replies.hears

    def drain(self) -> Iterator[Answered | GoSaid]:
        """What was said since."""
        for one in self._replies.heard():
            said, address = int.from_bytes(_payload(one.packet)[:2], "big"), _source(one.packet)
            yield GoSaid(address) if said == _GO else Answered(address, whole=said == _OK)

    def close(self) -> None:
        """Stop listening."""
        self._replies.close()


def _greeting(heard: Captured) -> Greeting:
    return Greeting(heard.at, _source(heard.packet), heard.mac)


def _word(heard: Captured) -> EndNotice | Alive | None:
    """An end notice, or a sign of life."""
    notice, session = read_notice(_payload(heard.packet)), read_alive(_payload(heard.packet))
    if notice:
        return EndNotice(heard.at, notice.session, notice.kind)
    return Alive(heard.at, session) if session is not None else None


def _answer_or_stray(heard: Captured) -> Answer | Stray:
    start = _header_length(heard.packet)
    address = _source(heard.packet)
    (port,) = struct.unpack_from("!H", heard.packet, start)
    word = _payload(heard.packet)[:2]
    code = int.from_bytes(word, "big") if len(word) > 1 else None
    if code != _ANSWER:
        return Stray(heard.at, address, port, code)
    number = _payload(heard.packet)[4:8]
    return Answer(heard.at, address, int.from_bytes(number, "big", signed=True) if len(number) == 4 else None)


def _steady(notes: list[tuple[int, int, bytes]]) -> float:
    """The kernel's time of a packet, which is this PC's clock, on the clock that nobody sets."""
    for level, kind, data in notes:
        if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
            seconds, nanoseconds = struct.unpack("ll", data)
            return time.monotonic() - time.time() + float(seconds + nanoseconds / 1e9)
    return time.monotonic()


def _listen(nic: str, program: bytes) -> socket.socket | None:
    try:
        listener = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0)
    except (OSError, AttributeError):
        return None
    try:
        attach(listener, program)
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        listener.bind((nic, _ETH_P_IP))  # only now packets come, all through the filter
    except (OSError, ValueError):
        listener.close()
        return None
    return listener


def attach(listener: socket.socket, program: bytes) -> None:
    """Let the kernel drop what `program` does not accept (socket(7), SO_ATTACH_FILTER). Raises OSError."""
    memory = ctypes.create_string_buffer(program)
    header = struct.pack("HP", len(program) // 8, ctypes.addressof(memory))
    listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, header)


_LOAD_BYTE, _LOAD_HALF, _LOAD_WORD, _HEADER_LENGTH = 0x30, 0x28, 0x20, 0xB1
_LOAD_HALF_BEHIND, _LOAD_WORD_BEHIND = 0x48, 0x40
_AND, _EQUAL, _GREATER, _ANY_BIT, _GIVE = 0x54, 0x15, 0x25, 0x45, 0x06
_Step = tuple[int, int, bool | None]
_IS_UDP: tuple[_Step, ...] = ((_LOAD_BYTE, 9, None), (_EQUAL, _UDP, True))
_HAS_PORTS: tuple[_Step, ...] = ((_LOAD_HALF, 6, None), (_ANY_BIT, 0x1FFF, False))  # a later fragment has none
_HEADER, _WHOLE = 20, 1500  # how many bytes of a packet are wanted
_START = 80  # with the longest IPv4 header, the UDP header, and what follows
_OK, _GO = 0, 2  # CMD_OK and CMD_GO of its udpc-protoc.h; between them is CMD_RETRANSMIT
_ANSWER = 0x0007  # the first two bytes of its answer to a receiver
_DATA = 0x0008  # the same of its data; two bytes behind that stands the number of the slice (measured)
_HELLO = 0x0500  # the first two bytes of udp-sender's greeting, whatever its options (measured)
_HELLO_BYTES = 28  # (measured)


def packets_from(address: str, port: int) -> bytes:
    """The filter that accepts UDP over IPv4 from `address` to `port`, which is even, and the next one."""
    return _filter(*_from(address), *_to(port, either=True))


def greetings_to(port: int) -> bytes:
    """The filter that accepts well-formed greetings of any udp-sender to `port`: of their length, and from its port."""
    formed = ((_LOAD_HALF_BEHIND, 0, None), (_EQUAL, port + 1, True), (_LOAD_HALF_BEHIND, 4, None))
    return _filter(*_IS_UDP, *_HAS_PORTS, *_to(port), *formed, (_EQUAL, 8 + _HELLO_BYTES, True), *_GREETS)


def replies_to(port: int) -> bytes:
    """The filter that accepts what `ReceiverMonitor` hears on the port base `port`: udpcast's first three commands. A
    udp-receiver sends them from that port; a CMD_GO from another one begins no cast (measured)."""
    said = ((_LOAD_HALF_BEHIND, 0, None), (_EQUAL, port, True), (_LOAD_HALF_BEHIND, 8, None), (_GREATER, _GO, False))
    return _filter(*_IS_UDP, *_HAS_PORTS, *_to(port + 1), *said, wanted=_START)


def announcements() -> bytes:
    """The filter that accepts the announcements of launchers' senders, whole."""
    magic = int.from_bytes(announcement.MAGIC, "big")
    says = ((_LOAD_WORD_BEHIND, 8, None), (_EQUAL, magic, True))
    return _filter(*_IS_UDP, *_HAS_PORTS, *_to(announcement.DISCARD), *says, wanted=_WHOLE)


def answers_to(port: int) -> bytes:
    """The filter that accepts a udp-sender's answers to a receiver at `port`."""
    return _filter(*_IS_UDP, *_HAS_PORTS, *_to(port), *_SAYS, (_EQUAL, _ANSWER, True), wanted=_START)


def strays_to(port: int) -> bytes:
    """The filter that accepts whatever else comes to `port`, and has two bytes."""
    nothing_known = (_EQUAL, _HELLO, False), (_EQUAL, _ANSWER, False)
    return _filter(*_IS_UDP, *_HAS_PORTS, *_to(port), *_SAYS, *nothing_known, wanted=_START)


def signs_of_life_from(address: str, port: int) -> bytes:
    """The filter that accepts the signs of life of a launcher at `address` whose port base is `port`, whole."""
    return _filter(*_from(address), *_to(notice_port(port)), *_begins(ALIVE), wanted=_WHOLE)


def first_slices_from(address: str, port: int) -> bytes:
    """The filter that accepts data of the first slice of a cast of the udp-sender at `address`: it counts from 0."""
    data = (*_SAYS, (_EQUAL, _DATA, True), (_LOAD_WORD_BEHIND, 12, None), (_EQUAL, 0, True))
    return _filter(*_from(address), *_to(port), *data)


def end_notices_from(address: str, port: int) -> bytes:
    """The filter that accepts the end notices of a launcher at `address` whose port base is `port`, whole."""
    return _filter(*_from(address), *_to(notice_port(port)), *_begins(MAGIC), wanted=_WHOLE)


_SAYS: tuple[_Step, ...] = ((_LOAD_HALF_BEHIND, 8, None),)
_GREETS: tuple[_Step, ...] = (*_SAYS, (_EQUAL, _HELLO, True))


def _begins(magic: bytes) -> tuple[_Step, ...]:
    return (_LOAD_WORD_BEHIND, 8, None), (_EQUAL, int.from_bytes(magic, "big"), True)


def _from(address: str) -> tuple[_Step, ...]:
    number = int.from_bytes(socket.inet_pton(socket.AF_INET, address), "big")
    return (*_IS_UDP, (_LOAD_WORD, 12, None), (_EQUAL, number, True), *_HAS_PORTS)


def _to(port: int, either: bool = False) -> tuple[_Step, ...]:
    even = ((_AND, 0xFFFE, None),) if either else ()
    return (_HEADER_LENGTH, 0, None), (_LOAD_HALF_BEHIND, 2, None), *even, (_EQUAL, port, True)


def _filter(*steps: _Step, wanted: int = _HEADER) -> bytes:
    """A classic BPF program (bpf(4), linux/filter.h) that accepts a packet for which all is so, its first `wanted`
    bytes.

    A step is an instruction, its operand, and what a comparison must be. Offsets are those of the IPv4 header (RFC
    791), with which the packets of such a socket begin, and behind it those of the UDP header.
    """
    code = []
    for number, (what, operand, truth) in enumerate(steps):
        refuse = len(steps) - number  # so many instructions are between this one and the last
        if_true, if_false = (0, 0) if truth is None else (0, refuse) if truth else (refuse, 0)
        code.append(struct.pack("HBBI", what, if_true, if_false, operand))
    return b"".join((*code, struct.pack("HBBI", _GIVE, 0, 0, wanted), struct.pack("HBBI", _GIVE, 0, 0, 0)))


def _source(packet: bytes) -> str:
    return socket.inet_ntoa(packet[12:16])


def _header_length(packet: bytes) -> int:
    return (packet[0] & 15) * 4


def _payload(packet: bytes) -> bytes:
    """What is behind the IPv4 header, whose length it says, and the UDP header, as far as the datagram goes: a short
    frame is padded."""
    begin = _header_length(packet)
    return packet[begin + 8 : begin + int.from_bytes(packet[begin + 4 : begin + 6], "big")]
