"""What can go wrong, as values."""
