"""The process of hooks (``hb hooks``), and the two hooks that come with core, ``notify`` and ``metrics``.

It is a client like any other: it learns from the local API and from the journal what a user's own program could learn,
and the daemon neither starts it nor knows of it. Each listener runs in a child of its own, so that one that raises,
hangs, floods or dies costs its neighbours nothing. ``notify`` and ``metrics`` are plugins like a vendor's: announced
by entry points, written against ``heartbeat.plugin`` alone.
"""
