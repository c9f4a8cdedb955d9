"""The table of parameters in a plugin's README, made from its declarations. Needs no pytest.

``python -m heartbeat.testing.readme stonith:ssh`` prints it, to be pasted once; the conformance test keeps it true.
"""

import sys

from heartbeat.plugin import Param, Plugin, Secret
from heartbeat.testing.declaration import as_text


def parameter_table(plugin: type[Plugin]) -> str:
    """Return the Markdown table of all parameters, in their order; empty for a plugin without any."""
    if not plugin.params:
        return ""
    rows = ["| parameter | what | default | example | meaning |", "|---|---|---|---|---|"]
    return "\n".join([*rows, *(_row(param) for param in plugin.params)]) + "\n"


def _row(param: Param) -> str:
    names = ", ".join(f"`{name}`" for name in (param.name, *param.aliases))
    what = " / ".join(param.choices) or param.kind.value
    example = f"`{param.example}`" if param.example else ""
    cells = (names, f"{what}, {param.unit}" if param.unit else what, _default(param), example, param.help)
    return f"| {' | '.join(cells)} |"


def _default(param: Param) -> str:
    if param.required:
        return "required"
    if param.default is None or isinstance(param.default, Secret):
        return f"`{param.setting}` of ha.cf" if param.setting else ""
    return f"`{as_text(param.default)}`"


if __name__ == "__main__":
    from heartbeat.pils import PluginRegistry

    kind, _, name = sys.argv[1].partition(":")
    print(parameter_table(PluginRegistry().load(kind, name)), end="")
