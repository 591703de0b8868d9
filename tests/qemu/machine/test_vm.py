"""A machine's life around QEMU, with programs in QEMU's place that misbehave."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from qemu.host.event_loop import Deadline, DeadlinePassed, EventLoop
from qemu.machine import accel
from qemu.machine.spec import MachineSpec, SpecError
from qemu.machine.vm import VM, LostMachine

FAKE = """#!{python}
import json, re, socket, sys
paths = dict(re.findall(r"id=(\\w+),path=([^, ]+)", " ".join(sys.argv)))
ports = {{name: socket.socket(socket.AF_UNIX) for name in paths}}
for name, port in ports.items():
    port.connect(paths[name])
qmp = ports["qmp"].makefile("rw")
def say(message):
    qmp.write(json.dumps(message) + "\\n")
    qmp.flush()
say({{"QMP": {{}}}})
for line in qmp:
    command = json.loads(line)["execute"]
    {body}
    say({{"return": {{}}}})
"""


@pytest.fixture
def vm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VM:
    (tmp_path / "bin").mkdir()
    (tmp_path / "vm").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return VM(MachineSpec("seat"), tmp_path / "vm", EventLoop(), Deadline(20))


def fake(vm: VM, text: str) -> None:
    program = vm.directory.parent / "bin/qemu-system-x86_64"
    program.write_text(text)
    program.chmod(0o755)


def fake_qemu(vm: VM, body: str) -> None:
    fake(vm, FAKE.format(python="/usr/bin/python3", body=body))


def pid_is_gone(vm: VM) -> bool:
    process = vm._process
    assert process is not None
    return process.poll() is not None


def test_qemu_that_ends_at_once_is_a_lost_machine_with_its_last_words(vm: VM) -> None:
    fake(vm, "#!/bin/sh\necho first >&2\necho could not open disk image >&2\nexit 1\n")
    with pytest.raises(LostMachine, match="seat is gone: QEMU ended with status 1; QEMU said: could not open disk"):
        vm.__enter__()
    assert pid_is_gone(vm)


def test_qemu_that_never_comes_is_killed(vm: VM) -> None:
    fake(vm, "#!/bin/sh\nexec sleep 600\n")
    vm.deadline = Deadline(0.5)
    with pytest.raises(DeadlinePassed, match="QEMU's start"):
        vm.__enter__()
    assert pid_is_gone(vm)
    assert sorted(path.name for path in vm.directory.iterdir()) == ["qemu.log"]


def test_all_is_left_clean_whatever_is_raised_inside(vm: VM) -> None:
    fake_qemu(vm, "if command == 'quit': sys.exit(0)")
    with pytest.raises(KeyboardInterrupt), vm:
        assert vm.running
        raise KeyboardInterrupt
    assert pid_is_gone(vm)
    assert not vm.running
    assert sorted(path.name for path in vm.directory.iterdir()) == ["qemu.log"]
    vm.stop()


def test_a_machine_that_does_not_quit_is_killed(vm: VM) -> None:
    fake_qemu(vm, "")
    with vm:
        pass
    assert pid_is_gone(vm)


def test_what_was_said_before_the_end_is_kept(vm: VM) -> None:
    word = """b'{"event": "outcome", "t": 1}\\n' * 5000"""
    says = f"ports['events'].sendall({word}); ports['console'].sendall(b'bye')"
    body = f"if command == 'cont': {says}; sys.exit(3)"
    fake_qemu(vm, body)
    with pytest.raises(Exception, match="closed its monitor"):
        vm.__enter__()
    assert len(vm.events.events) == 5000
    assert vm.console.transcript == b"bye"


def test_waiting_for_a_machine_that_vanishes_is_not_waiting_for_the_deadline(vm: VM) -> None:
    fake_qemu(vm, "if command == 'stop': say({'return': {}}); sys.exit(7)")
    with vm:
        vm.qmp.execute("stop", deadline=Deadline(5))
        with pytest.raises(LostMachine, match="status 7"):
            vm.wait(lambda: False, Deadline(600), "the moon")


def test_artefacts_explain_a_failure(vm: VM, tmp_path: Path) -> None:
    fake_qemu(vm, "if command == 'quit': sys.exit(0)")
    with vm:
        vm.console.feed(b"hello\r\n")
        names = {path.name for path in vm.artefacts(tmp_path / "kept")}
    assert {"transcript.txt", "screen.txt", "events.jsonl", "qemu-command.sh", "qemu.log"} <= names
    assert (tmp_path / "kept/screen.txt").read_text() == "hello\n"
    assert "qemu-system-x86_64" in (tmp_path / "kept/qemu-command.sh").read_text()


def test_a_path_too_long_for_a_socket_is_no_hang(tmp_path: Path) -> None:
    directory = tmp_path / ("x" * 120)
    directory.mkdir()
    with pytest.raises(OSError, match="path too long"):
        VM(MachineSpec("seat"), directory, EventLoop(), Deadline(5)).__enter__()


def test_the_accelerator_can_be_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(accel.VARIABLE, "tcg")
    assert accel.choose(Path("/nonexistent")) == "tcg"
    monkeypatch.setenv(accel.VARIABLE, "xen")
    with pytest.raises(SpecError, match="UDPCAST_ACCEL"):
        accel.choose(Path("/nonexistent"))


def test_without_kvm_the_reason_is_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(accel.VARIABLE, "")
    monkeypatch.delenv(accel.VARIABLE)
    monkeypatch.setattr(accel, "decide", lambda kernel: ("tcg", "slow: /dev/kvm does not exist"))
    assert accel.choose(Path("/k")) == accel.choose(Path("/k")) == "tcg"
    assert capsys.readouterr().err.count("accelerator: TCG (slow: /dev/kvm does not exist") == 1


def test_a_missing_device_is_told_from_a_forbidden_one(tmp_path: Path) -> None:
    assert accel.decide(Path("/k"), tmp_path / "kvm") == (
        "tcg",
        f"emulation, many times slower: {tmp_path / 'kvm'} does not exist",
    )


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("echo 'Kernel panic'; exit 0", ""),
        ("exec sleep 600", "did not run a kernel to its end within 1 s"),
        ("echo no such accelerator; exit 1", "ended with: no such accelerator"),
        ("exit 0", "ended with: exit status 0"),
    ],
)
def test_only_a_kernel_that_ran_to_its_end_is_proof(vm: VM, program: str, words: str) -> None:
    fake(vm, f"#!/bin/sh\n{program}\n")
    problem = accel.probe("kvm", Path("/k"), 1.0)
    assert words in problem
    assert bool(problem) == bool(words)


def test_sockets_are_listened_on_before_qemu_starts(vm: VM) -> None:
    """QEMU connects as a client; nothing has to be tried again until it is there."""
    with vm._listening() as listeners:
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(vm.ports.console))
        assert len(listeners) == 3
        client.close()
