"""Loops, buffers and C: everything below the graph.

`cgen` knows no tensor, no op and no graph.  It turns loop nests into C that a person can read
(`ir`, `nest`, `emit`), builds it (`build`, `cache`) and calls it (`_dispatch`).  It is imported as
`pytensorlite.cgen` and imports nothing else of pytensorlite.
"""
