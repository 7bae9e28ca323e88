"""An account: who belongs to it and as what, who is invited, what it is billed, and what it chose."""
