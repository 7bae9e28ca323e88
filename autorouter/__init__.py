"""Which model should answer: configuration, profiles, policies, sessions, and the decision itself."""
