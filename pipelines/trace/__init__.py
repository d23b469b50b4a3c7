"""What one request does, step by step, while it is run."""
