"""One search over all that happened: requests, changes of every table, sign-ins and the like."""
