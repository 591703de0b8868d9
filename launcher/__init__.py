"""The program that runs inside the initrd. Imports `kernel_cmdline` only."""

VERSION = "0.7.0"
"""As in `pyproject.toml`, which is not in the initrd (a test compares the two); it travels in a cast's manifest."""
