"""What of a disk is used, told by the file systems' own tools behind a gate that proves each one clean."""
