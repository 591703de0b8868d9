"""What an administrator types, but for `tree` and `serve`."""
