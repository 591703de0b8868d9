"""What follows a transfer, on a machine: the page is told from inside the initrd, and the PC is switched off."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from qemu.single import SingleSpec, of_pair, run_machine
from qemu.vm import VM

pytestmark = pytest.mark.vm

PAIR = Path(__file__).resolve().parents[2] / ".cache" / "pair"
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
            vm.events.wait(vm.pump, (name,), ("crash", "error"), vm.deadline) for name in ("outcome", "report", "after")
        ]
        vm.wait_end(vm.deadline)
        server.shutdown()
    return asked, [event.fields for event in seen]


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
