"""Builds the pair `udpcast-linux` and `udpcast-initrd`. Imports `bootpair` and `kernel_cmdline` only."""
