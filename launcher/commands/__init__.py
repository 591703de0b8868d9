"""What an administrator types: explain, transfer, dry run, machine, parameters."""
