"""Images that a PC boots from instead of the network's files: a disc or stick, and what UEFI loads whole by HTTP."""
