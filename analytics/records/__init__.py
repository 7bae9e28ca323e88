"""How request records are kept, and until when."""
