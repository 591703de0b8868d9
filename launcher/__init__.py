"""The program that runs inside the initrd. Imports `kernel_cmdline` only."""

VERSION = "0.1.0"
"""As in `pyproject.toml` (a test compares the two), which is not in the initrd; it travels in the manifest of a cast."""
