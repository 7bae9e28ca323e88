"""The page of preferences: sets as tabs, what each says, its rules as sentences, and what a change would do."""
