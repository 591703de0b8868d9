"""Writes the boot tree and runs the boot server. Imports `bootpair`, `kernel_cmdline` and, of `launcher`, `explain`."""
