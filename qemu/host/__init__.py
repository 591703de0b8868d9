"""What the harness needs of the host: the sandbox, the network, the event loop."""
