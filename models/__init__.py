"""SQL tables of users, tokens and settings."""
