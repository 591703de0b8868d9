"""Model disks, images of disks, and how two are compared."""
