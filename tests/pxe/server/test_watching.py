"""What keeps PCs from booting is said once, and again when it is over."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface

from pxe.server.hearing import Ask, Knock
from pxe.server.watching import (
    AGAIN_AFTER,
    DEAF_AFTER,
    MOST,
    SILENT_AFTER,
    STUCK_AFTER,
    Deaf,
    Facts,
    Full,
    Link,
    Silence,
    Stuck,
    unread,
)

SERVER = IPv4Interface("10.77.0.1/24")
GOOD = Facts()
ASK = Ask("52:54:00:aa:bb:01", 4711, 67)


def test_the_interface_is_told_of_when_it_changes() -> None:
    link = Link("eth1", SERVER)
    looks = (
        (GOOD, ""),
        (replace(GOOD, link=False), "eth1 has no link"),
        (replace(GOOD, link=False), ""),
        (replace(GOOD, link=False, up=False), "`ip link set eth1 up`"),
        (replace(GOOD, address=False), "`ip addr add 10.77.0.1/24 broadcast + dev eth1`"),
        (GOOD, "eth1 is as it should be again"),
        (GOOD, ""),
    )
    for seen, part in looks:
        said = link.look(seen)
        assert (part in said) if part else not said


def test_silence_is_said_and_then_more_rarely() -> None:
    silence = Silence("eth1", 1000.0)
    said = [second for second in range(6 * 3600) if silence.look(1000.0 + second)]
    assert said == [*map(int, SILENT_AFTER), 2 * int(SILENT_AFTER[-1])]
    silence.asked()
    assert not silence.look(1e9)


def test_silence_says_how_long() -> None:
    assert Silence("eth1", 0).look(60.2).startswith("Nobody has asked to boot for 60 s. ")


def test_a_question_that_is_not_heard_is_said() -> None:
    deaf = Deaf("eth1")
    deaf.asked(ASK, 0.0)
    assert deaf.look(GOOD, DEAF_AFTER - 1) == []
    [said] = deaf.look(GOOD, DEAF_AFTER)
    assert said.startswith(
        "52:54:00:aa:bb:01 asks to boot, but dnsmasq does not hear it: something on this machine drops"
    )
    assert "UDP port 67 on eth1" in said
    assert deaf.look(GOOD, DEAF_AFTER + 1) == []
    deaf.asked(replace(ASK, number=4712), 10.0)
    assert deaf.look(GOOD, 100.0) == []
    deaf.asked(replace(ASK, number=4713), AGAIN_AFTER)
    assert deaf.look(GOOD, AGAIN_AFTER + 100) != []


def test_a_connection_that_never_is_there_is_said_when_the_client_repeats_itself() -> None:
    deaf, knock = Deaf("eth1"), Knock("10.77.0.9", 2070)
    for now in (0.0, 1.0, 3.0):
        deaf.knocked(knock, now)
    once = Deaf("eth1")
    once.knocked(knock, 0.0)  # got an answer, or has gone
    assert once.unopened(80, DEAF_AFTER) == []
    assert deaf.unopened(80, DEAF_AFTER - 1) == []
    [said] = deaf.unopened(80, DEAF_AFTER)
    assert said.startswith("10.77.0.9 asks for files by HTTP, but gets no answer: something on this machine drops TCP")
    assert "let TCP port 80 in there" in said
    assert deaf.unopened(80, 100.0) == []
    for now in (1000.0, 1001.0):
        deaf.knocked(knock, now)
    deaf.opened("10.77.0.9")
    assert deaf.unopened(80, 2000.0) == []


def test_a_loader_that_asks_for_nothing_by_http_is_said_once() -> None:
    stuck = Stuck({"lpxelinux.0": "Do so."})
    for address in ("10.77.0.8", "10.77.0.9"):
        stuck.loaded(address, "lpxelinux.0", 0.0)
    stuck.loaded("10.77.0.7", "pxelinux.0", 0.0)
    stuck.by_http("10.77.0.8")
    assert stuck.look(STUCK_AFTER - 1) == []
    assert stuck.look(STUCK_AFTER) == [("10.77.0.9", "loaded lpxelinux.0, and asks for nothing by HTTP. Do so.")]
    assert stuck.look(2 * STUCK_AFTER) == []


def test_whoever_knocks_without_end_fills_no_memory() -> None:
    deaf = Deaf("eth1")
    for port in range(2 * MOST):
        deaf.knocked(Knock("10.77.0.9", port), 0.0)
    assert len(deaf._knocks) == MOST


def test_a_question_for_a_proxy_is_no_firewalls_matter() -> None:
    deaf = Deaf("eth1")
    [said] = deaf.elsewhere(replace(ASK, port=4011), 0.0)
    assert said.startswith("52:54:00:aa:bb:01 asks for its boot file at UDP port 4011, where this server listens only")
    assert "firewall" not in said
    assert not deaf.elsewhere(replace(ASK, port=4011, number=4712), AGAIN_AFTER - 1)
    assert not deaf.look(GOOD, DEAF_AFTER)


def test_what_is_logged_or_lies_unread_is_not_dropped() -> None:
    for line in (
        "dnsmasq-dhcp[42]: 4711 vendor class: PXEClient:Arch:00000:UNDI:002001",
        "dnsmasq-dhcp[42]: no address range available for DHCP request via eth1",
    ):
        deaf = Deaf("eth1")
        deaf.asked(ASK, 0.0)
        deaf.logged(line)
        assert deaf.look(GOOD, DEAF_AFTER) == []
    deaf = Deaf("eth1")
    deaf.asked(ASK, 0.0)
    assert deaf.look(replace(GOOD, unread=frozenset({67})), DEAF_AFTER) == []


def test_what_dnsmasq_does_not_hear_over_the_loopback_is_said() -> None:
    ask = replace(ASK, port=701)
    deaf = Deaf("eth1", 701)
    deaf.asked(ask, 0.0)
    [said] = deaf.look(GOOD, DEAF_AFTER)
    assert "something on this machine drops UDP port 701 on lo, most likely a firewall" in said
    assert "let all that comes over lo in there" in said
    deaf = Deaf("eth1", 701)
    deaf.asked(ask, 0.0)
    [said] = deaf.look(replace(GOOD, unread=frozenset({701})), DEAF_AFTER)
    assert said.endswith("asks to boot, but dnsmasq does not hear it: it hangs, or was stopped.")


def test_a_file_that_is_not_answered_is_said_unless_it_lies_unread() -> None:
    deaf = Deaf("eth1")
    assert deaf.unanswered("10.77.0.9", "pxelinux.0", replace(GOOD, unread=frozenset({69})), 0.0) == []
    [said] = deaf.unanswered("10.77.0.9", "pxelinux.0", GOOD, 0.0)
    assert said.startswith("10.77.0.9 asks for pxelinux.0, but gets no answer: ")
    assert deaf.unanswered("10.77.0.8", "pxelinux.0", GOOD, 1.0) == []


def test_the_limit_of_transfers_is_said_and_its_end() -> None:
    full, waiting = Full(400), replace(GOOD, unread=frozenset({69}))
    assert [bool(full.look(seen)) for seen in (waiting, GOOD, waiting, waiting, waiting, GOOD, GOOD)] == [
        *(False, False, False, True, False, True, False)
    ]
    full.look(waiting)
    assert "400 transfers" in full.look(waiting)


UDP = """\
   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
  313: 00000000:0043 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 6125 2 0000000000000000 0
  315: 01004D0A:0045 00000000:0000 07 00000000:00000240 00:00000000 00000000     0        0 6130 2 0000000000000000 0
  316: 0200000A:0045 00000000:0000 07 00000000:00000240 00:00000000 00000000     0        0 6131 2 0000000000000000 0
  317: 00000000:0FAB 00000000:0000 07 00000240:00000001 00:00000000 00000000     0        0 6131 2 0000000000000000 0
"""


def test_what_lies_unread() -> None:
    assert unread(UDP.splitlines(), SERVER) == {69, 4011}
