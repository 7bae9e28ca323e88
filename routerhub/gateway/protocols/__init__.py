"""What clients speak: one module a protocol, each with reading, writing and errors side by side."""
