"""One cast: sender, receiver, the supervisor of processes, who is still there, preflight checks, the verdict."""
