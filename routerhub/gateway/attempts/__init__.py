"""From attempt to attempt until one answers: who is asked next, what is held for it, and what a failed one costs."""
