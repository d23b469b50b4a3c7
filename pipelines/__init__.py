"""The language of pipelines: parse, check, compile, run."""
