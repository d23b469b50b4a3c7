"""Where documents, index rows, events, blobs and cached values live."""
