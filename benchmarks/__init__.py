"""What signed offers cost, against a baseline: ``python -m benchmarks [ONLY]`` prints a table.

A module has one benchmark, whose ``run(rounds)`` returns rows. No test depends on a time.
"""
