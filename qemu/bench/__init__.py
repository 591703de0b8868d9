"""Benchmarks: boot, transfers between namespaces, in classrooms, and the launcher's stages."""
