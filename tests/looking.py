"""Tests that look at the tables past Django see the rows of all accounts: psycopg.connect(dsn, options=SEES_ALL)."""

SEES_ALL = "-c routerhub.scope=system"
