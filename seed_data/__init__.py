"""Example packages and the client that publishes them."""
