"""What this PC has, and what uses a disk: one answer each."""
