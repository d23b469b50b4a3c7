"""The rules: one small generator each."""
