"""The boot server's HTTP, as a process of its own for a virtual room: ``python3 -m qemu.host.web ADDRESS TREE``.

What it says are the lines of `pxe.web.files`.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from pxe.web.files import serve


def main(address: str, tree: str) -> int:
    """Serve until it is ended."""
    with socket.create_server((address, 80)) as listener:
        listener.setblocking(False)  # it is accepted from until there is nobody more
        return serve(listener, Path(tree), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
