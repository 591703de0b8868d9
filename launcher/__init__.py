"""The program that runs inside the initrd. Imports `kernel_cmdline` only."""
