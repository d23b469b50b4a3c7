"""Examples of routes: read, run, compared, and what they show."""
