"""Figures of stretches of time, rolled up from the records once and read by everybody: no page counts records."""
