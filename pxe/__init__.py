"""The boot tree and the boot server. Imports `kernel_cmdline`, `initrd.pair` and, of `launcher`, `explain`."""
