"""How prompts are read: by whom, whether the readers agree, what asking more of them changes, takes and costs."""
