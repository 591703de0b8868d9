"""Link and address: the pure pieces, and every way it can go between namespaces with real servers and clients."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from launcher.model.machine import Nic
from launcher.model.plan import Address, AddressSource
from launcher.model.times import TIMES
from launcher.network.address import AddressJob, Phase
from launcher.network.dhcp import Lease, client_argv, read_lease
from tests import common

SCENARIOS = Path(__file__).with_name("network_scenarios.py")
MOUNTS = "mount -t tmpfs none /run && mount -t sysfs none /sys"  # shows the cards of the namespace


def scenario(name: str, directory: Path) -> dict[str, Any]:
    return common.scenario(SCENARIOS, name, directory, MOUNTS)


def test_a_lease_is_read() -> None:
    text = "event=bound\naddress=10.77.0.5\nnetmask=255.255.0.0\ngateway=10.77.0.1 10.77.0.2\nserver=10.77.0.3\n"
    wanted = Lease("bound", "10.77.0.5", "255.255.0.0", "10.77.0.1", "10.77.0.3", 600, "")
    assert read_lease(text + "lease=600\nmessage=\n") == wanted


def test_an_unfinished_lease_has_defaults() -> None:
    assert read_lease("event=deconfig\nlease=soon\nnetmask=") == Lease("deconfig")
    assert read_lease("") == Lease("")


def test_the_clients_command() -> None:
    run, script = Path("/run/udpcast"), Path("/lib/script")
    argv = client_argv("eth0", run, script, "01525400aabb01", None)
    assert shlex.join(argv) == (
        "env UDPCAST_RUN=/run/udpcast busybox udhcpc -f -i eth0 -s /lib/script -p /run/udpcast/udhcpc.pid "
        "-t 3 -T 2 -V udpcast-launcher -x 0x3d:01525400aabb01 -A 2"
    )
    kept = client_argv("eth0", run, script, None, "10.77.0.5")
    assert "-C" in kept
    assert kept[-3:] == ("-n", "-r", "10.77.0.5")


def test_it_is_told_for_how_long_a_link_is_still_waited_for(tmp_path: Path) -> None:
    job = AddressJob(Nic("seat", "52:54:00:00:00:01"), Address(AddressSource.DHCP), run=tmp_path)
    state = job.state
    job.close()
    assert (state.phase, round(state.seconds + state.left)) == (Phase.WAITING_FOR_LINK, TIMES.link)
    assert 0 < state.left < TIMES.link


@pytest.mark.netns
def test_dhcp_gives_an_address_and_stays_to_renew_it(tmp_path: Path) -> None:
    seen = scenario("dhcp", tmp_path)
    assert seen["phase"] == "done", seen
    assert seen["kernel"] == [seen["address"]] == seen["after"]
    assert seen["address"].startswith("10.77.0.1")
    assert seen["routes"] == ["10.77.0.1"]
    assert seen["sentence"] == f"seat has {seen['address']} from the DHCP server 10.77.0.1."
    assert seen["lease"].endswith("for 120 s.")
    assert (seen["ran"], seen["runs"]) == (True, False)


@pytest.mark.netns
def test_an_address_of_an_earlier_attempt_goes(tmp_path: Path) -> None:
    seen = scenario("another_address_was_there", tmp_path)
    assert seen["kernel"] == [seen["address"]]


@pytest.mark.netns
def test_without_a_server_the_sentence_says_how_long_and_how_often(tmp_path: Path) -> None:
    seen = scenario("no_server", tmp_path)
    assert seen["phase"] == "failed"
    assert seen["sentence"].startswith("No DHCP server answered on seat in 3 s (2 attempts).")
    assert seen["kind"] == "no-address"
    assert seen["attempts"] == 2
    assert seen["seconds"] >= 3
    assert seen["log"][-1] == seen["sentence"], "nothing is asked any more"
    assert "Asking for an address by DHCP on seat, attempt 2." in seen["log"]


@pytest.mark.netns
def test_a_server_that_comes_late_is_found(tmp_path: Path) -> None:
    seen = scenario("late_server", tmp_path)
    assert (seen["phase"], seen["kernel"]) == ("done", [seen["address"]])
    assert seen["names"] == "nameserver 10.77.0.53\n"


@pytest.mark.netns
@pytest.mark.parametrize("name", ["no_link", "no_link_given"])
def test_without_a_link(name: str, tmp_path: Path) -> None:
    seen = scenario(name, tmp_path)
    assert seen["phase"] == "failed"
    assert seen["sentence"].startswith("seat (52:54:00:aa:bb:01) has no link after 0 s. Plug in its cable")
    assert seen["kind"] == "no-link"
    assert seen["fields"] == {"nic": "seat", "mac": "52:54:00:aa:bb:01", "seconds": 0.5}
    assert not [line for line in seen["log"] if "udhcpc" in line]


@pytest.mark.netns
def test_a_link_that_comes_late_is_found(tmp_path: Path) -> None:
    seen = scenario("late_link", tmp_path)
    assert (seen["first"], seen["phase"], seen["kernel"]) == ("waiting-for-link", "done", ["10.77.0.9/24"])


@pytest.mark.netns
def test_a_card_that_went_away(tmp_path: Path) -> None:
    seen = scenario("no_card", tmp_path)
    assert seen["phase"] == "failed"
    assert seen["sentence"].startswith("eth7 could not be set up: ip: SIOCGIFFLAGS: No such device. ")


@pytest.mark.netns
def test_a_given_address_is_used_at_once_and_alone(tmp_path: Path) -> None:
    seen = scenario("given", tmp_path)
    assert seen["phase"] == "done"
    assert seen["kernel"] == ["10.77.0.9/24"]
    assert seen["routes"] == ["10.77.0.1"]
    assert seen["sentence"] == "seat has 10.77.0.9/24."
    *_, before, last = seen["log"]
    assert (before, last) == ("ip route replace default via 10.77.0.1 dev seat", seen["sentence"])
    assert not [line for line in seen["log"] if "udhcpc" in line]


@pytest.mark.netns
def test_a_given_address_is_alone_whatever_was_detected(tmp_path: Path) -> None:
    assert scenario("given_beside_one_that_came_after_detection", tmp_path)["kernel"] == ["10.77.0.9/24"]


@pytest.mark.netns
def test_a_wrong_gateway_is_no_reason_to_stop(tmp_path: Path) -> None:
    seen = scenario("given_with_a_wrong_gateway", tmp_path)
    assert (seen["phase"], seen["kernel"], seen["routes"]) == ("done", ["10.77.0.9/24"], [])


@pytest.mark.netns
def test_the_lease_of_a_given_address_is_renewed(tmp_path: Path) -> None:
    seen = scenario("given_lease", tmp_path)
    assert seen["lease"] == "10.77.0.1 leases 10.77.0.105 for 120 s."
    assert seen["kernel"] == ["10.77.0.105/24"]
    assert "52:54:00:aa:bb:01 10.77.0.105" in seen["leases"]
    assert "udhcpc: sending renew to server 10.77.0.1" in seen["log"]
    assert seen["names"] == "nameserver 10.77.0.53\n"


@pytest.mark.netns
def test_firmware_that_sent_an_identifier_keeps_its_lease(tmp_path: Path) -> None:
    seen = scenario("given_lease_of_firmware_with_an_identifier", tmp_path)
    assert seen["lease"] == f"10.77.0.1 leases {seen['given']} for 120 s."


@pytest.mark.netns
def test_another_address_changes_nothing(tmp_path: Path) -> None:
    seen = scenario("given_lease_and_another_offered", tmp_path)
    assert seen["lease"] == "10.77.0.1 would give 10.77.0.106; 10.77.0.105 is kept, and not renewed."
    assert (seen["phase"], seen["kernel"]) == ("done", ["10.77.0.105/24"])
    assert not seen["runs"]


@pytest.mark.netns
def test_a_lease_that_nobody_renews_keeps_its_address(tmp_path: Path) -> None:
    seen = scenario("given_lease_and_no_server", tmp_path)
    assert seen["lease"] == "The lease of 10.77.0.105 was not renewed by any server yet; it is kept."
    assert (seen["phase"], seen["kernel"]) == ("done", ["10.77.0.105/24"])


@pytest.mark.netns
def test_a_refusal_is_shown_with_the_servers_words_and_cannot_pass_for_a_lease(tmp_path: Path) -> None:
    seen = scenario("refused", tmp_path)
    assert (seen["phase"], seen["kernel"]) == ("failed", [])
    said = "No address for seat in 2 s. The DHCP server 10.77.0.1 refused seat: go event=bound away;$(reboot)."
    assert seen["sentence"].startswith(said)


@pytest.mark.netns
def test_an_address_that_can_be_nobodys_is_refused_with_the_servers_name(tmp_path: Path) -> None:
    seen = scenario("addresses_of_nobody", tmp_path)
    del seen["log"]
    assert len(seen) == 7
    for address, state in seen.items():
        assert (state["phase"], state["kernel"]) == ("asking", []), address
        assert f"The DHCP server 10.77.0.1 gave seat the address {address}/24: " in state["sentence"]


@pytest.mark.netns
def test_a_lease_with_an_odd_mask(tmp_path: Path) -> None:
    """Without one it is the class's, or one that covers server and gateway; of 32 bits, the gateway gets a route."""
    seen = scenario("odd_masks", tmp_path)
    assert seen["none"]["kernel"] == ["172.20.3.10/16"]
    assert (seen["wide"]["kernel"], seen["wide"]["routes"]) == (["192.168.3.10/22"], ["192.168.0.1"])
    assert seen["host"]["kernel"] == ["154.11.22.33/32"]
    assert seen["routes"] == ["default via 193.250.250.250 dev seat", "193.250.250.250 dev seat scope link"]


@pytest.mark.netns
def test_a_given_address_of_32_bits_has_a_gateway_and_a_broadcast_address(tmp_path: Path) -> None:
    seen = scenario("given_with_a_mask_of_32_bits", tmp_path)
    assert (seen["kernel"], seen["routes"]) == (["154.11.22.33/32"], ["193.250.250.250"])
    assert seen["broadcast"] == "255.255.255.255"


@pytest.mark.netns
def test_an_address_that_is_there_without_a_broadcast_address_gets_one(tmp_path: Path) -> None:
    seen = scenario("given_where_it_is_without_broadcast", tmp_path)
    assert (seen["kernel"], seen["broadcast"]) == (["10.77.0.9/24"], "10.77.0.255")


@pytest.mark.netns
def test_a_client_that_ends_says_why(tmp_path: Path) -> None:
    seen = scenario("the_client_ends", tmp_path)
    assert seen["phase"] == "failed"
    assert seen["sentence"] == "The DHCP client ended on seat: udhcpc: socket: Operation not permitted."


@pytest.mark.netns
def test_the_client_of_a_crashed_launcher_is_ended(tmp_path: Path) -> None:
    seen = scenario("an_older_client", tmp_path)
    assert (seen["phase"], seen["gone"], seen["runs"]) == ("done", True, True)


@pytest.mark.netns
def test_links_are_raised_and_read(tmp_path: Path) -> None:
    seen = scenario("links", tmp_path)
    assert (seen["before"], seen["after"], seen["absent"]) == (False, True, False)
    assert "ip link set dev seat up" in seen["log"]


@pytest.mark.netns
def test_multicast_needs_no_default_route(tmp_path: Path) -> None:
    """Udpcast with --interface needs a broadcast address on the card, and no route but that to its own network."""
    seen = scenario("multicast_without_a_route", tmp_path)
    assert seen["routes"] == []
    assert seen["same"], seen["said"]


@pytest.mark.field
def test_a_file_is_fetched_from_the_server_that_dhcp_names(tmp_path: Path) -> None:
    seen = scenario("fetched", tmp_path)
    assert seen["boot_server"] == "10.77.0.1"
    assert seen["tftp"] == seen["http"] == ["port=9004\n", ""]
    assert seen["no_tftp"][0] == "" and "server error: (1) file" in seen["no_tftp"][1]
    assert seen["no_http"] == ["", "Reason: server returned error: HTTP/1.0 404 File not found."]
    assert seen["silent"] == ["", "No whole answer came within 3 s."]
