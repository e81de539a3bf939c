"""Planted bugs: known mistakes, put one at a time into a copy of the source, to see who finds them.

``bin/planted-bugs`` runs them; ``catalogue`` lists them; the table of who finds what stands in
``docs/rehearsal.md``.
"""
