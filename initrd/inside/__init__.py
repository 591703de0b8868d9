"""What runs under the Python that goes into the initrd, or goes in itself."""
