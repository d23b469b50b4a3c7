"""What is measured, how, and against whom: `python -m benchmarks` runs all, or name one.

Every benchmark prints a ratio against a rival measured in the same run, in turn with it, so that a
machine whose speed drifts does not decide. None is part of the test suite.
"""
