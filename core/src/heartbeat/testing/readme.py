"""The table of parameters in a plugin's README, made from its declarations. Needs no pytest.

``python -m heartbeat.testing.readme stonith:ssh`` prints it; ``hb plugin validate --fix`` puts it in its place, and the
conformance test keeps it true.
"""

import sys

from heartbeat.pils.parameter_table import parameter_table

__all__ = ["parameter_table"]

if __name__ == "__main__":
    from heartbeat.pils.registry import PluginRegistry

    kind, _, name = sys.argv[1].partition(":")
    print(parameter_table(PluginRegistry().load(kind, name)), end="")
