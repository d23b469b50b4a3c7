"""What a change of schema.json means for clients and for stored data."""
