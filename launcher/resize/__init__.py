"""A target of another size than the source: its partition table for its size, partitions and file systems grown."""
