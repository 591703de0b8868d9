"""What the PCs of a room boot: machines and their lines, boot entries, boot loaders. Pure."""
