"""Files and batches, as OpenAI's clients ask for them, and the work on a batch's requests."""
