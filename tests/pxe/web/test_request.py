"""A request is one value: which file it means, which part of it, and nothing outside the tree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pxe.web.request import Request


def request(target: str = "/x", *headers: str, method: str = "GET") -> Request:
    return Request("\r\n".join([f"{method} {target} HTTP/1.1", *headers, "", ""]).encode())


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/udpcast-initrd", "udpcast-initrd"),
        ("//udpcast-initrd", "udpcast-initrd"),
        ("/pxelinux.cfg//01-52-54-00-aa-bb-01", "pxelinux.cfg/01-52-54-00-aa-bb-01"),
        (r"/EFI\BOOT\x.efi", "EFI/BOOT/x.efi"),
        ("/a%20b?c=d#e", "a b"),
        ("http://10.77.0.1/x", "http:/10.77.0.1/x"),  # that of a proxy's client: there is no such file
        ("/caf%C3%A9", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"),
        ("/%ff", "\udcff"),
        ("/", None),
        ("/../etc/passwd", None),
        ("/%2e%2e/etc/passwd", None),
        (r"/..\..\etc\passwd", None),
        ("/a/../../b", None),
        ("/.udpcast-launcher.json", None),
        ("/pxelinux.cfg/.01.new", None),
        ("/a%00b", None),
        ("//[", "["),
    ],
)
def test_which_file_is_meant(target: str, name: str | None) -> None:
    assert request(target).name == name


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-200", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-200", (0, 100)),
        ("bytes=0-1,5-6", (0, 100)),
        ("bytes=9-1", (0, 100)),
        ("bytes=-", (0, 100)),
        ("lines=1-2", (0, 100)),
        ("bytes=100-", None),
        ("bytes=-0", None),
    ],
)
def test_which_part_is_meant(header: str, part: tuple[int, int] | None) -> None:
    assert request("/x", f"Range: {header}").part(100) == (range(*part) if part else None)


def test_without_a_range_it_is_all() -> None:
    assert request().part(100) == range(100)
    assert request().part(0) == range(0)
    assert request("/x", "Range: bytes=0-").part(0) == range(0)


@given(st.binary(max_size=200))
def test_garbage_is_answered_and_names_nothing_outside(data: bytes) -> None:
    made = Request(b"GET /" + data + b"\r\n\r\n")
    if made.is_good:
        name = made.name
        assert name is None or not {"", ".", ".."} & set(name.split("/"))
        assert made.answer(404, "x").endswith(b"x\n")
