"""How models did lately: what comes back to the router and the gateway."""
