"""One virtual machine: its command line, QEMU's monitor, the console, the events, keys."""
