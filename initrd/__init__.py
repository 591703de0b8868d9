"""Builds the pair `udpcast-linux` and `udpcast-initrd`. Imports `kernel_cmdline` only."""
