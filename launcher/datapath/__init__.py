"""Bytes between a disk and a pipe: block device, framing, copying, digests."""
