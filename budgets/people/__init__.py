"""Who spends: accounts, members and their keys."""
