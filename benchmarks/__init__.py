"""What the shop costs, against a baseline: ``python -m benchmarks`` prints a table of ratios.

A module has one benchmark, whose ``run(rounds)`` returns rows. No test depends on a time.
"""
