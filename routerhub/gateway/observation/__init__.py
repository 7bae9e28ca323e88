"""What operators see of requests: figures, traces, and the operation's id in every line."""
