"""The JSON Schema of schema.json that editors read."""
