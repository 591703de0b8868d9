"""`room.toml`: from its text to a `Room`, each mistake with its line; and advice on what is right word by word."""
