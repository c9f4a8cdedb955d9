"""The witness: a small server outside of all clusters that lets one of two equal halves go on.

``server`` answers, ``store`` remembers, ``dialogue`` is what they say over TCP; ``tie_breaker`` is the plugin by which
a cluster's nodes ask. The rule itself is ``heartbeat.plugin.tie_record``, the same for every tie-breaker that grants.
"""
