"""How much a limit will have seen when its period ends, from its spend by the hour."""
