"""Releases that go to more and more of the users by steps, and come back by themselves."""
