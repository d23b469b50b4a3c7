"""Understands schema.json: its shape, its places, its entities, versions and invariants."""
