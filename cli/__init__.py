"""The one command `udpcast-launcher`: finds the sub-command. Imports all but `qemu`; nothing imports it."""
