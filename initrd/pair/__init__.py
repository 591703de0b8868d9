"""What the builder and the boot tree both know of the pair `udpcast-linux` and `udpcast-initrd`, and how files that
belong together are put in place together. Imports nothing of ours."""
