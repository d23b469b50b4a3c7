"""The rules that schema.json is checked by, told to people; see `book`."""
