"""What freezing a price costs, measured against what it is compared with.

``python -m benchmarks`` runs all of them, ``python -m benchmarks page`` one.
They print a table, and decide nothing: no test depends on a time.

A module has one benchmark: ``run(rounds)`` gives the rows of the table.
"""
