"""Every parameter the launcher knows: one row each, and all that is said of it stands in its row.

Reference, ``explain``, interview, screens, summary, ``transfer`` and the checks of append lines derive from this table.
The order of the rows is the order in which they are settled; what depends on several of them is in `rules`.

Origins: U UDPCast's own boot image, S SambaEdu's se3-clonage, P PXELINUX, K the kernel and dracut, O ours.
Names are matched without regard to case, and ``-`` equals ``_``. What nobody here acts on has its rows in `others`.
"""

from __future__ import annotations

from . import others, rows_after, rows_boot, rows_cast, rows_pc
from .row import Row

ROWS: tuple[Row, ...] = (
    *rows_boot.FIRST,
    *rows_pc.ROWS,
    *rows_cast.ROWS,
    *rows_after.ROWS,
    *rows_boot.LAST,
    *others.ROWS,
)
