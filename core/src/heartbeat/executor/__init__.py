"""The process in which STONITH devices and resource agents run: one forked child per operation.

``main.serve`` is the process; ``byhand.run_by_hand`` does one operation for ``hb ra run`` and ``hb stonith``.
The executor knows nothing of cluster or configuration, and uses no asyncio: it stays small, because every child
begins as its copy.
"""
