"""The nouns that every room shares: names, durations, cluster, group, view, proof, reason, status.

Values only: nothing here opens, waits or decides, and nothing here imports another room.
"""
