"""What follows a transfer, on a machine: the page is told from inside the initrd, and the PC is switched off."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from qemu.classroom.single import SingleSpec, of_pair, run_machine
from qemu.host.event_loop import Deadline
from qemu.machine.storage import Bus
from qemu.machine.vm import VM
from tests.common import PAIR

LINE = (
    "auto=yes umode=rcv disk=/dev/sda start_timeout=5 after=reboot,poweroff "
    "remontee_info=y page_remontee=http://10.77.0.1:8909/tftp/remontee_udpcast.php num_op=7"
)


def tell(vm: VM) -> tuple[list[str], list[dict[str, object]]]:
    """The page's requests, and what the machine said of its end, until it is switched off."""
    asked: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<br>Remontee effectuee.<br>")

    with HTTPServer(("10.77.0.1", 8909), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        seen = [
            vm.events.wait(vm.loop, (name,), ("crash", "error"), vm.deadline) for name in ("outcome", "report", "after")
        ]
        vm.wait_end(vm.deadline)
        server.shutdown()
    return asked, [event.fields for event in seen]


@pytest.mark.faults
def test_a_receiver_that_found_no_sender_tells_the_page_and_is_switched_off(tmp_path: Path) -> None:
    kernel, initrd = of_pair(PAIR)
    spec = SingleSpec(kernel, initrd, LINE, disks=(1 << 28,), deadline=150.0)
    asked, (outcome, report, after) = run_machine(spec, tell, tmp_path / "artefacts")
    assert outcome["kind"] == "no-sender"
    assert (report["ok"], report["status"]) == (True, 200)
    [path] = asked
    assert path.startswith("/tftp/remontee_udpcast.php?debut=")
    assert "&succes=n&mac=52-54-00-" in path
    assert path.endswith("&num_op=7&umode=rcv")
    assert after["action"] == "poweroff"


def hang(vm: VM) -> tuple[list[dict[str, object]], float]:
    """Let the disk answer no more requests; what the machine said, and how long its end took."""

    def wait(name: str) -> dict[str, object]:
        return vm.events.wait(vm.loop, (name,), ("crash", "error"), vm.deadline).fields

    wait("transfer")
    limits = {"bps-total": 1}  # one more request, and the next one in hours
    vm.qmp.execute("qom-set", path="/objects/rate0", property="limits", value=limits, deadline=Deadline(10))
    seen = [wait("outcome"), wait("after")]
    began = time.monotonic()
    vm.wait_end(Deadline(60))
    return seen, time.monotonic() - began


@pytest.mark.faults
@pytest.mark.parametrize(
    ("action", "bus", "disk"), [("reboot", Bus.VIRTIO, "/dev/vda"), ("poweroff", Bus.SCSI, "/dev/sda")]
)
def test_a_pc_whose_disk_hangs_for_ever_is_restarted_all_the_same(
    action: str, bus: Bus, disk: str, tmp_path: Path
) -> None:
    """The launcher's process cannot end, since a thread of it waits for the disk, and /init waits for the launcher."""
    kernel, initrd = of_pair(PAIR)
    line = f"auto=yes umode=snd disk={disk} blank=yes after={action}"
    spec = SingleSpec(kernel, initrd, line, disks=(1 << 28,), bus=bus, rate=10**9, deadline=450.0)
    (outcome, after), seconds = run_machine(spec, hang, tmp_path / "artefacts")
    assert outcome["kind"] == "read-error"
    assert "has not answered for 30" in str(outcome["sentence"])
    assert (after["action"], seconds < 30) == (action, True)
