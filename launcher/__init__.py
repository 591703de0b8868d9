"""The program that runs inside the initrd. Imports `kernel_cmdline` only."""

VERSION = "0.1.0"
"""Of the whole project (`pyproject.toml` reads it here); it travels in the manifest before a cast."""
