"""Pipelines explained to people."""
