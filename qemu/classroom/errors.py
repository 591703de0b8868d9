"""What can keep a run of machines from a result."""

from __future__ import annotations

from kernel_cmdline import CommandLineError
from pxe.tree.tree import TreeError

from ..disks.tools import DiskError
from ..host.event_loop import DeadlinePassed
from ..host.network import NetworkError
from ..machine.qmp import QmpError
from ..machine.refusal import Refused
from ..machine.spec import SpecError
from ..machine.vm import LostMachine
from .faults import FaultError

HARNESS_ERRORS = (
    *(SpecError, NetworkError, TreeError, DiskError, QmpError, LostMachine, Refused, DeadlinePassed),
    *(CommandLineError, FaultError, OSError),
)
"""Each of them is one sentence."""
