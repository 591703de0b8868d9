"""The boot tree: whose is what is there, what is going to change, and one switch of all files."""
