"""The kernel's filters that pick a udp-sender's packets; the real kernel runs them, over packets that are made here."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import pytest

from launcher.transfer import monitor
from launcher.transfer.announcement import DISCARD, Announcement, write_announcement
from launcher.transfer.heartbeat import Notice, notice_port, read_alive, read_notice, write_alive, write_notice
from launcher.transfer.liveness import EndNotice, Greeting, Packet
from launcher.transfer.monitor import (
    Captured,
    ReceiverMonitor,
    RivalMonitor,
    SenderMonitor,
    announcements,
    answers_to,
    attach,
    end_notices_from,
    first_slices_from,
    greetings_to,
    packets_from,
    replies_to,
    signs_of_life_from,
    strays_to,
)
from launcher.transfer.receiver_signals import Alive, Answer, FirstSlice, Stray
from launcher.transfer.rivals import AnotherWaits
from launcher.transfer.sender_signals import Answered, GoSaid

SENDER, OTHER, PORT = "10.77.1.1", "10.77.1.2", 9000
HELLO = b"\x05\x00" + bytes(26)


def packet(
    payload: bytes = HELLO,
    source: str = SENDER,
    port: int = PORT,
    protocol: int = 17,
    fragment: int = 0,
    options: int = 0,
    sent_from: int = PORT + 1,
) -> bytes:
    """An IPv4 packet (RFC 791) with `options` words of options, and UDP in it."""
    udp = struct.pack("!HHHH", sent_from, port, 8 + len(payload), 0) + payload
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45 + options, 0, 20 + len(udp), 1, fragment, 64, protocol, 0,
        socket.inet_aton(source), socket.inet_aton("255.255.255.255"),
    )  # fmt: skip
    return header + bytes(4 * options) + udp


class Filtered:
    """A socket that lets through what a filter accepts, as a packet socket would."""

    def __init__(self, program: bytes) -> None:
        self._in, self._out = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        attach(self._out, program)
        self._out.setblocking(False)

    def passes(self, data: bytes) -> bytes | None:
        """What comes of `data`; None for nothing."""
        self._in.send(data)
        try:
            return self._out.recv(1 << 16)
        except BlockingIOError:
            return None

    def close(self) -> None:
        self._in.close()
        self._out.close()


@pytest.fixture
def greetings() -> Iterator[Filtered]:
    """The filter of a sender that listens for another one."""
    one = Filtered(greetings_to(PORT))
    yield one
    one.close()


@pytest.fixture
def packets() -> Iterator[Filtered]:
    """The filter of a receiver that listens for its own sender."""
    one = Filtered(packets_from(SENDER, PORT))
    yield one
    one.close()


@pytest.fixture
def notices() -> Iterator[Filtered]:
    """The filter of a receiver for its sender's end notice."""
    one = Filtered(end_notices_from(SENDER, PORT))
    yield one
    one.close()


@pytest.mark.parametrize("options", [0, 1, 10])
def test_a_greeting_is_heard_whoever_it_is_from(greetings: Filtered, options: int) -> None:
    for source in (SENDER, OTHER):
        found = greetings.passes(packet(source=source, options=options))
        assert found is not None
        assert len(found) == 20
        assert found[12:16] == socket.inet_aton(source)


@pytest.mark.parametrize(
    "unwanted",
    [
        packet(port=PORT + 1),
        packet(protocol=6),
        packet(fragment=1),
        packet(sent_from=40000),
        packet(b"\x02\x00" + bytes(26)),
        packet(b"\x05\x01" + bytes(26)),
        packet(HELLO[:2]),
        packet(HELLO + b"x"),
        packet(b""),
        packet()[:20],
        b"",
    ],
    ids=["port", "tcp", "fragment", "source", "data", "other", "short", "long", "empty", "cut", "nothing"],
)
def test_what_is_no_greeting_is_not_heard(greetings: Filtered, unwanted: bytes) -> None:
    assert greetings.passes(unwanted) is None


@pytest.mark.parametrize("payload", [HELLO, b"\x02\x00" + bytes(1400), b""], ids=["greeting", "data", "empty"])
def test_everything_of_the_own_sender_is_heard(packets: Filtered, payload: bytes) -> None:
    assert packets.passes(packet(payload, port=PORT + 1)) is not None
    assert packets.passes(packet(payload)) is not None
    assert packets.passes(packet(payload, options=3)) is not None
    assert packets.passes(packet(payload, fragment=0x4000)) is not None  # "do not fragment" is no fragment


@pytest.mark.parametrize(
    "unwanted",
    [packet(source=OTHER), packet(port=PORT + 2), packet(port=PORT - 1), packet(protocol=6), packet(fragment=0x2001)],
    ids=["address", "port above", "port below", "tcp", "fragment"],
)
def test_what_is_not_of_the_own_sender_is_not_heard(packets: Filtered, unwanted: bytes) -> None:
    assert packets.passes(unwanted) is None


NOTICE = Notice("5e5510", "read-error")
ANSWER, QUESTION = b"\x00\x07\0\0\0\0\0\x03" + bytes(24), b"\x00\x06" + bytes(14)


@pytest.mark.parametrize("options", [0, 10])
@pytest.mark.parametrize(
    ("program", "heard"),
    [
        (greetings_to(PORT), {HELLO}),
        (answers_to(PORT), {ANSWER}),
        (strays_to(PORT), {QUESTION, b"hi", b"\x00\x08" * 700}),
    ],
    ids=["greetings", "answers", "strays"],
)
def test_what_comes_to_the_port_base_is_one_of_three(program: bytes, heard: set[bytes], options: int) -> None:
    """An empty datagram, or one of a single byte, is none of them."""
    one = Filtered(program)
    for payload in (HELLO, ANSWER, QUESTION, b"hi", b"\x00\x08" * 700, b"", b"h"):
        for source in (SENDER, OTHER):
            found = one.passes(packet(payload, source=source, options=options))
            assert (found is not None) == (payload in heard), payload
    for unwanted in (*(packet(payload, port=PORT + 1) for payload in heard), packet(protocol=6), packet(fragment=1)):
        assert one.passes(unwanted) is None
    one.close()


def test_only_the_first_slice_of_the_own_sender_is_a_beginning(air: type[Air], own: SenderMonitor) -> None:
    def data(number: int, code: int = 8) -> bytes:
        return struct.pack("!HHIHHI", code, 0, number, 5, 0, 1456) + bytes(1456)

    filtered = Filtered(SLICES)
    assert filtered.passes(packet(data(0), options=2)) is not None
    for unwanted in (data(1), data(1 << 24), data(0, code=9), data(0)[:6], HELLO):
        assert filtered.passes(packet(unwanted)) is None
    assert filtered.passes(packet(data(0), source=OTHER)) is None
    filtered.close()
    air.packets[SLICES] = [Captured(at, packet(data(0)), MAC) for at in (5.0, 5.1, 5.2)]
    assert list(own.drain()) == [FirstSlice(5.2)]


def test_a_sign_of_life_comes_whole_and_only_of_the_own_sender() -> None:
    own = Filtered(signs_of_life_from(SENDER, PORT))
    data = write_alive("5e5510")
    found = own.passes(packet(data, port=notice_port(PORT)))
    assert found and found.endswith(data)
    for unwanted in (packet(data), packet(data, source=OTHER, port=notice_port(PORT)), packet(write_notice(NOTICE))):
        assert own.passes(unwanted) is None
    own.close()


@pytest.mark.parametrize(
    "data", [b"ULhi", b"ULhi{}", b'ULhi{"session":5}', b"ULhi[]", b"ULhi\xff", write_notice(Notice("s", "x"))]
)
def test_what_cannot_be_read_is_no_sign_of_a_session(data: bytes) -> None:
    assert read_alive(data) is None


def test_a_sign_of_life_is_read_as_it_was_written() -> None:
    assert read_alive(write_alive("5e5510")) == "5e5510"


@pytest.mark.parametrize("options", [0, 3])
def test_an_end_notice_comes_whole(notices: Filtered, options: int) -> None:
    data = write_notice(NOTICE)
    found = notices.passes(packet(data, port=notice_port(PORT), options=options))
    assert found is not None
    assert found.endswith(data)


@pytest.mark.parametrize(
    "unwanted",
    [
        packet(write_notice(NOTICE)),
        packet(write_notice(NOTICE), source=OTHER, port=notice_port(PORT)),
        packet(b"\x02\x00" + bytes(30), port=notice_port(PORT)),
    ],
    ids=["port", "address", "request"],
)
def test_what_is_no_end_notice_is_not_heard(notices: Filtered, unwanted: bytes) -> None:
    assert notices.passes(unwanted) is None


def test_an_end_notice_is_read_as_it_was_written() -> None:
    assert read_notice(write_notice(NOTICE)) == NOTICE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ULfw",
        b"ULfw[]",
        b'ULfw{"session":1,"kind":"x"}',
        b'ULfw{"session":"x"}',
        b'ULfw{"session":"x","kind":"\xff"}',
        b"ULfw" + b"[" * 100_000,
        write_notice(NOTICE)[1:],
    ],
)
def test_what_cannot_be_read_is_no_end_notice(data: bytes) -> None:
    assert read_notice(data) is None


class Air:
    """What comes to one packet socket; `filters` are those of all that were opened."""

    filters: ClassVar[list[bytes]] = []
    packets: ClassVar[dict[bytes, list[Captured]]] = {}
    closed: ClassVar[list[bytes]] = []
    hears = True

    def __init__(self, nic: str, program: bytes) -> None:
        self.program = program
        self.filters.append(program)

    open = True

    def heard(self) -> Iterator[Captured]:
        yield from self.packets.pop(self.program, [])

    def count(self) -> int:
        return len(self.packets.pop(self.program, []))

    def close(self) -> None:
        self.closed.append(self.program)


END_NOTICES, GREETINGS = end_notices_from(SENDER, PORT), greetings_to(PORT)
ALIVE, SLICES = signs_of_life_from(SENDER, PORT), first_slices_from(SENDER, PORT)
BEFORE_THE_CAST = [GREETINGS, answers_to(PORT), strays_to(PORT)]
PACKETS = packets_from(SENDER, PORT)
MAC = "52:54:00:75:64:01"


@pytest.fixture
def air(monkeypatch: pytest.MonkeyPatch) -> type[Air]:
    monkeypatch.setattr(monitor, "PacketSocket", Air)
    Air.filters, Air.packets, Air.closed = [], {}, []
    return Air


@pytest.fixture
def own(air: type[Air]) -> SenderMonitor:
    """A sender that is listened to."""
    one = SenderMonitor("eth0", PORT)
    one.listen(SENDER)
    return one


def test_greetings_are_events_with_their_time_and_who_sent_them(air: type[Air], own: SenderMonitor) -> None:
    air.packets[GREETINGS] = [Captured(5.0, packet(), MAC), Captured(6.0, packet(options=2), MAC)]
    assert list(own.drain()) == [Greeting(5.0, SENDER, MAC), Greeting(6.0, SENDER, MAC)]
    assert list(own.drain()) == []


def test_an_end_notice_that_can_be_read_comes_first(air: type[Air], own: SenderMonitor) -> None:
    air.packets[GREETINGS] = [Captured(5.0, packet(), MAC)]
    air.packets[END_NOTICES] = [
        Captured(6.0, packet(write_notice(NOTICE), options=1), MAC), Captured(7.0, packet(b"ULfw?"), MAC)
    ]  # fmt: skip
    assert list(own.drain()) == [EndNotice(6.0, "5e5510", "read-error"), Greeting(5.0, SENDER, MAC)]
    assert list(own.drain()) == []


def test_what_was_said_before_is_no_news_but_who_greeted_is(air: type[Air], own: SenderMonitor) -> None:
    air.packets[GREETINGS] = [Captured(5.0, packet(), MAC)]
    air.packets[END_NOTICES] = [Captured(5.0, packet(write_notice(NOTICE)), MAC)]
    air.packets[ALIVE] = [Captured(5.0, packet(write_alive("s")), MAC)]
    own.listen(SENDER)
    assert list(own.drain()) == [Greeting(5.0, SENDER, MAC)]
    assert (air.filters, air.closed) == ([*BEFORE_THE_CAST, END_NOTICES, ALIVE, SLICES], [])


def test_all_that_comes_before_the_cast_is_told_with_who_sent_it(air: type[Air], own: SenderMonitor) -> None:
    air.packets[answers_to(PORT)] = [Captured(5.0, packet(ANSWER, source=OTHER, options=10)[:80], MAC)]
    air.packets[strays_to(PORT)] = [Captured(6.0, packet(QUESTION), MAC), Captured(7.0, packet(b"h", options=2), MAC)]
    air.packets[ALIVE] = [Captured(8.0, packet(write_alive("s"), options=1), MAC), Captured(9.0, packet(b"ULhi"), MAC)]
    assert list(own.drain()) == [
        *(Alive(8.0, "s"), Answer(5.0, OTHER, 3), Stray(6.0, SENDER, 9001, 6), Stray(7.0, SENDER, 9001, None)),
    ]
    own.stop_waiting()
    assert air.closed == BEFORE_THE_CAST[1:]
    air.packets[strays_to(PORT)] = [Captured(6.0, packet(QUESTION), MAC)]
    air.packets[GREETINGS] = [Captured(5.0, packet(), MAC)]
    assert list(own.drain()) == [Greeting(5.0, SENDER, MAC)]


def test_another_sender_is_listened_to_in_the_place_of_the_first(air: type[Air], own: SenderMonitor) -> None:
    own.listen(OTHER)
    assert air.closed == [END_NOTICES, ALIVE, SLICES]
    assert air.filters[6:] == [
        end_notices_from(OTHER, PORT),
        signs_of_life_from(OTHER, PORT),
        first_slices_from(OTHER, PORT),
    ]
    own.stop_listening()
    assert set(air.closed) == set(air.filters)


def test_packets_are_counted_only_while_one_looks_out(air: type[Air], own: SenderMonitor) -> None:
    air.packets[PACKETS] = [Captured(5.0, b"", MAC)]
    assert list(own.drain()) == []
    own.look_out(SENDER)
    (event,) = own.drain()
    assert isinstance(event, Packet)
    assert list(own.drain()) == []
    own.look_in()
    assert air.closed == [PACKETS]
    own.look_out(None)
    assert air.filters[7:] == [], "of nobody nothing can be heard"


SAID = Announcement(PORT, "it", 12.5)


def test_other_senders_are_heard_with_their_mac_address(air: type[Air]) -> None:
    rivals = RivalMonitor("eth0", PORT)
    air.packets[greetings_to(PORT)] = [Captured(5.0, packet(source=OTHER), MAC)]
    air.packets[announcements()] = [
        Captured(6.0, packet(write_announcement(one), source=OTHER, options=1) + bytes(5), MAC)
        for one in (SAID, replace(SAID, port=PORT + 100))
    ]
    assert list(rivals.drain()) == [AnotherWaits(6.0, OTHER, MAC, "it", 12.5), Greeting(5.0, OTHER, MAC)]
    rivals.close()
    assert air.closed == [announcements(), greetings_to(PORT)]


def test_what_receivers_say_to_udp_sender_is_told_apart(air: type[Air]) -> None:
    answers = ReceiverMonitor("eth0", PORT)
    said = {b"\0\0": Answered(OTHER), b"\0\1": Answered(OTHER, whole=False), b"\0\2": GoSaid(OTHER)}
    air.packets[replies_to(PORT)] = [
        Captured(5.0, packet(what + bytes(6), OTHER, PORT + 1, options=1), MAC) for what in said
    ]
    assert answers.hears
    assert list(answers.drain()) == list(said.values())
    answers.close()
    assert air.closed == [replies_to(PORT)]


def test_of_receivers_only_what_matters_is_heard() -> None:
    answers = Filtered(replies_to(PORT))
    for command in (0, 1, 2):
        said = struct.pack("!HHI", command, 0, 7)
        found = answers.passes(packet(said, port=PORT + 1, options=10, sent_from=PORT))
        assert found is not None and len(found) >= 60 + 8 + 2
        assert answers.passes(packet(said, port=PORT + 1, sent_from=40000)) is None, "nor does udp-sender mind it"
    for command in (3, 4, 5, 6, 7, 0x100):
        assert answers.passes(packet(struct.pack("!HHI", command, 0, 7), port=PORT + 1, sent_from=PORT)) is None
    for data, port, protocol in ((bytes(8), PORT, 17), (bytes(8), PORT + 1, 6), (b"", PORT + 1, 17)):
        assert answers.passes(packet(data, port=port, protocol=protocol, sent_from=PORT)) is None
    answers.close()


def test_announcements_come_whole() -> None:
    heard = Filtered(announcements())
    data = write_announcement(SAID)
    found = heard.passes(packet(data, port=DISCARD, options=2))
    assert found is not None and found.endswith(data)
    for unwanted in (packet(data), packet(HELLO, port=DISCARD), packet(data, port=DISCARD, protocol=6)):
        assert heard.passes(unwanted) is None
    heard.close()


def test_the_kernels_time_of_a_packet_is_on_the_steady_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = SimpleNamespace(time=lambda: 1_800_000_000.5, monotonic=lambda: 100.0)
    monkeypatch.setattr(monitor, "time", clocks)
    stamp = struct.pack("ll", 1_799_999_993, 250_000_000)  # 7.25 s ago
    assert abs(monitor._steady([(socket.SOL_SOCKET, 35, stamp)]) - 92.75) < 1e-6  # what floats leave
    assert monitor._steady([]) == 100.0


def test_without_a_card_nothing_is_heard() -> None:
    deaf = monitor.PacketSocket("no-such-card", GREETINGS)
    assert (list(deaf.heard()), deaf.count(), deaf.hears) == ([], 0, False)
    deaf.close()
