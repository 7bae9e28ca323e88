"""Price lists of others: each module reads one into offers."""
