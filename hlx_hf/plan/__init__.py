"""The plan: which phases there are, in what order they run, and how far they have come."""
