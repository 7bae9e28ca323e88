"""Who may spend, and how much: accounts, keys, limits, and the ledger that never lets one be passed."""
