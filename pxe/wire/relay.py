"""The way between the gate and dnsmasq, which listens on the loopback only: that of a DHCP relay agent.

To dnsmasq this is a relay agent at `AGENT` (giaddr) that tells for which network it asks (RFC 3527) and which address
the server has there (RFC 5107). Nothing of it is left in what goes to a client. An agent's own words that a switch has
put in (option 82) go there and come back.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address

from ..loop import AT_ONCE
from . import message
from .message import Message, Option

AGENT = IPv4Address("127.0.0.2")
"""Ours on the loopback. The port is below 1024, at both ends: no user of this machine can speak in their place."""
DNSMASQ = IPv4Address("127.0.0.1")
PORTS = range(600, 1024)
"""As bindresvport(3) takes them. One for each boot server of this machine, which may have several cards."""

_RELAY = slice(24, 28)  # giaddr
_LINK, _SERVER = 5, 11  # sub-options of option 82


class Relay:
    """Carries messages to dnsmasq and back, for a server with the address `server`; `port` is dnsmasq's.

    Raises OSError.
    """

    def __init__(self, server: IPv4Address) -> None:
        self._server = server
        self._socket = _free_port()
        self.port: int = self._socket.getsockname()[1]

    def fileno(self) -> int:
        """To be polled for reading."""
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def tell(self, said: Message) -> None:
        """Hand a client's message to dnsmasq; it may still be starting."""
        with contextlib.suppress(OSError):
            self._socket.sendto(with_agent(said, self._server), (str(DNSMASQ), self.port))

    def replies(self) -> Iterator[Message]:
        """dnsmasq's answers that are there now, some of many, as the clients are to get them."""
        for _ in range(AT_ONCE):
            try:
                data, sender = self._socket.recvfrom(1 << 16)
            except BlockingIOError:
                return
            except ConnectionRefusedError:  # dnsmasq did not listen yet
                continue
            reply = message.read(data) if sender == (str(DNSMASQ), self.port) else None
            if reply and reply.is_reply:
                yield without_agent(reply, self._server)


def _free_port() -> socket.socket:
    """A socket at `AGENT`, with a port that nobody has."""
    for port in random.sample(PORTS, len(PORTS)):
        try:
            return _bound(port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def _bound(port: int) -> socket.socket:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as alone:
        alone.bind(("", port))  # as dnsmasq will
    end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        end.bind((str(AGENT), port))
        end.setblocking(False)
    except OSError:
        end.close()
        raise
    return end


def with_agent(said: Message, server: IPv4Address) -> bytes:
    """A client's message as a relay agent hands it on."""
    theirs = said.option(Option.AGENT)
    agent = theirs + _agent(server)
    others = [(code, value) for code, value in said.options if code != Option.AGENT]
    header = bytearray(said.data)
    header[_RELAY] = AGENT.packed
    return message.written(bytes(header), [*others, (Option.AGENT, agent if len(agent) < 256 else _agent(server))])


def without_agent(reply: Message, server: IPv4Address) -> Message:
    """A server's answer as if the client had asked it without a relay agent."""
    header = bytearray(reply.data)
    header[_RELAY] = bytes(4)
    theirs = reply.option(Option.AGENT).removesuffix(_agent(server))
    options = [(code, value) for code, value in reply.options if code not in (Option.AGENT, Option.SUBNET)]
    clean = message.read(message.written(bytes(header), [*options, *([(Option.AGENT, theirs)] if theirs else [])]))
    assert clean
    return clean


def _agent(server: IPv4Address) -> bytes:
    return bytes([_LINK, 4]) + server.packed + bytes([_SERVER, 4]) + server.packed
