"""SambaEdu's page that is told the result of a transfer (``remontee_info``, ``page_remontee``, ``num_op``).

What is sent is what se3-clonage's scripts send (udpcast_clonage.sh and ntfsclone_udpcast.sh on its boot media, read in
2026; the receiving side is sources/www/tftp/remontee_udpcast.php in SambaEdu/se3-clonage): one GET with, in this order,
``debut`` and ``fin`` (``date +%s``: seconds since 1970, by the PC's clock), ``succes`` (``y`` or ``n``), ``mac`` (the
value of ``mac=`` on the line, which se3-clonage writes in lower case with dashes), ``num_op`` and ``umode`` (``snd`` or
``rcv``).
"""

from __future__ import annotations

import re

from .errors import AnswerError

_URL = re.compile(
    r"http://([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9._-]*[A-Za-z0-9])(?::([0-9]{1,5}))?([/?].*)?", re.IGNORECASE
)
_TARGET = re.compile(r"(?:[A-Za-z0-9._~:/?\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*")  # RFC 3986, without a fragment


def split_url(url: str) -> tuple[str, int, str]:
    """Host, port, and what is asked for, of an http URL. Raises AnswerError with the sentence.

    No https: the Python of the initrd has no TLS, and no certificates to trust.
    """
    if url[:8].lower() == "https://":
        raise AnswerError(f"page_remontee={url}: there is no https in the initrd.", "Expected http://server/page.")
    match = _URL.fullmatch(url)
    port = int(match[2] or 80) if match else 0
    if not match or not 0 < port < 65536:
        raise AnswerError(
            f"page_remontee={url} is no http URL.", "Expected http://server/page or http://server:909/page."
        )
    target = match[3] or "/"
    if not _TARGET.fullmatch(target):
        raise AnswerError(
            f"page_remontee={url} has a character that a URL cannot have.", "Write it as % and two hexadecimal digits."
        )
    return match[1], port, target if target[0] == "/" else f"/{target}"
