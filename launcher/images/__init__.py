"""Stored images: a cast's stream kept in a file, looked into, checked, cast again, mounted."""
