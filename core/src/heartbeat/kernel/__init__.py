"""The cluster as a pure state machine: ``effects = kernel.step(now, event)``.

No clock, no socket, no file, no thread, no logging, no global, no chance outside a seeded source given at birth,
no iteration over unordered sets into an effect. The same inputs give the same outputs on every machine.
"""
