"""What every dialect shares of the wire: one HTTP session, events out of bytes, addresses, refusals."""
