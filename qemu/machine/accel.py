"""Which accelerator to use, found out by running a machine.

/dev/kvm may exist, open, and create a machine that never runs: under some nested hypervisors the firmware still
runs and the kernel hangs on its first instructions in long mode. So nothing less than a booted kernel is proof. The
probe boots the kernel without any initrd: it ends in a panic, which restarts the machine, which ends QEMU. That takes
1 to 2 s where KVM works; where it takes longer than TCG would, KVM is no help anyway.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .spec import QEMU, SpecError

VARIABLE = "UDPCAST_ACCEL"
PROBE_SECONDS = 8.0
_APPEND = "console=ttyS0 panic=-1 quiet"


def choose(kernel: Path) -> str:
    """``kvm`` or ``tcg``; says on standard error which one and why.

    Asked once per run: the answer goes into the environment, so that every process started from here inherits it.
    Raises SpecError when the variable holds something else.
    """
    told = os.environ.get(VARIABLE)
    if told is not None:
        if told not in {"kvm", "tcg"}:
            raise SpecError(f'{VARIABLE}="{told}" is not known: kvm or tcg.')
        return told
    answer, reason = decide(kernel)
    print(f"accelerator: {answer.upper()} ({reason}; {VARIABLE}=kvm|tcg overrides)", file=sys.stderr, flush=True)
    os.environ[VARIABLE] = answer
    return answer


def decide(kernel: Path, device: Path = Path("/dev/kvm"), seconds: float = PROBE_SECONDS) -> tuple[str, str]:
    """The accelerator and the reason for it, in words."""
    if not os.access(device, os.R_OK | os.W_OK):
        why = "may not be opened" if device.exists() else "does not exist"
        return "tcg", f"emulation, many times slower: {device} {why}"
    problem = probe("kvm", kernel, seconds)
    return ("tcg", f"emulation, many times slower: {problem}") if problem else ("kvm", "it booted a kernel")


def probe(accel: str, kernel: Path, seconds: float = PROBE_SECONDS) -> str:
    """Boot `kernel` up to its panic for want of a root; an empty text when it came so far, else why not."""
    process = subprocess.Popen(
        [
            *("setpriv", "--pdeathsig", "KILL", QEMU, "-nodefaults", "-no-user-config", "-display", "none"),
            *("-machine", "q35", "-accel", accel, "-m", "256M", "-no-reboot", "-serial", "stdio"),
            *("-kernel", str(kernel), "-append", _APPEND),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return f"a machine with {accel} did not run a kernel to its end within {seconds:.0f} s"
    text = output.decode(errors="replace")
    if process.returncode == 0 and "Kernel panic" in text:
        return ""
    lines = text.strip().splitlines()
    return f"a machine with {accel} ended with: {lines[-1] if lines else f'exit status {process.returncode}'}"
