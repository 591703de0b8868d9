"""Writes the boot tree and runs the boot server. Imports `kernel_cmdline` and, of `launcher`, `explain`."""
