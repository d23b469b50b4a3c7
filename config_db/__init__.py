"""The small database beside the data: users, tokens and, later, revisions of the schema."""
