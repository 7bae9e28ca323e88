"""Answers, whole and streamed, and what they tell beside themselves."""
