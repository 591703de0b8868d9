"""What a person types behind ``python3 -m qemu``: one module for each kind of command, with its options."""
