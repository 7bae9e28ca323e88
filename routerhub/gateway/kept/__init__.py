"""What outlives a request: answers kept for its repetition, responses that are gone on from, who answered a conversation."""
