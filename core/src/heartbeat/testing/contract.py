"""What the tests of all kinds share: the declarations, and an instance made as core makes it."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from heartbeat.pils.kinds import KINDS
from heartbeat.plugin import Kind, Params, Plugin, parse_params
from heartbeat.testing.declaration import declaration_findings
from heartbeat.testing.readme import parameter_table


def kind_of(plugin: type[Plugin]) -> Kind:
    """Return core's kind of a plugin's class; raises LookupError for a class of none of them."""
    for kind in KINDS.values():
        if issubclass(plugin, kind.contract):
            return kind
    raise LookupError(f"{plugin.__name__} is a subclass of no contract of heartbeat.plugin")


def checked(plugin: type[Plugin], raw: Mapping[str, str]) -> Params:
    """Return the typed parameters that core would give the plugin; fails the test with every problem of ``raw``."""
    params, problems = parse_params(plugin.params, raw, extra=plugin.extra_params)
    assert not problems, "; ".join(f"{it.name} {it.problem}" for it in problems)
    return params


class DeclarationConformance:
    """Base of all conformance classes. A subclass must give ``plugin``.

    ``kind`` is for a vendor's own kind only. With ``readme`` (``Path(__file__).parents[1] / "README.md"``) the table
    of parameters in it must be the one that ``python -m heartbeat.testing.readme KIND:NAME`` prints.
    """

    plugin: ClassVar[type[Plugin]]
    kind: ClassVar[Kind | None] = None
    readme: ClassVar[Path | None] = None

    def test_the_class_declares_itself_completely(self) -> None:
        findings = declaration_findings(self.kind or kind_of(self.plugin), self.plugin)
        assert not findings, "\n".join(findings)

    def test_the_table_of_parameters_in_the_readme_is_true(self) -> None:
        if self.readme is not None:
            told = self.readme.read_text()
            assert parameter_table(self.plugin) in told, f"hb plugin validate {self.readme.parent} --fix renews it"
