"""The verbs: thirty operations, each an annotated function that is its own declaration."""
