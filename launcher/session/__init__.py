"""The run inside the initrd: the controller, waiting for devices, what follows a result, restart."""
