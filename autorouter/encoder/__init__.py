"""The encoder: a small neural network that reads the prompts of which the table is unsure, in a process of its own that all
others ask (docs/encoder.md)."""
