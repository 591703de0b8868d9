"""The kernel command line: text to parameters and back, nothing else. Imports nothing of ours."""
