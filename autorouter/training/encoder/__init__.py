"""Fine-tunes the encoder and judges it. Nothing here is imported when requests are classified; needs requirements-training."""
