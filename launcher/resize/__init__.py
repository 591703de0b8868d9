"""A target of another size: its partition table for its size, partitions and file systems grown."""
