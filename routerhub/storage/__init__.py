"""What the gateway keeps for its clients: encrypted, each account's for itself, for as long as its kind is kept."""
