"""Meta-data as agents write it, not as the schema has it."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from heartbeat.plugin import ParamKind, PluginError
from heartbeat_ra_ocf.kind import OcfType
from heartbeat_ra_ocf.metadata import ask, parse, parse_time

if TYPE_CHECKING:
    from plugins_ra.ocf.tests.conftest import Service


def document(parameters: str = "", actions: str = "", before: str = "") -> str:
    return (
        f'{before}<?xml version="1.0"?>\n<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">\n<resource-agent name="x">'
        f"<version>1.0</version><longdesc lang='en'>\n One\n paragraph.\n\n Another.\n</longdesc>"
        f"<shortdesc lang='en'> A  title\n</shortdesc><parameters>{parameters}</parameters>"
        f"<actions>{actions}</actions></resource-agent>\n"
    )


def test_title_text_parameters_and_time_limits_are_read() -> None:
    found = parse(
        document(
            '<parameter name="device" required="1"><shortdesc lang="en">the disk</shortdesc>'
            '<content type="string"/></parameter>',
            '<action name="start" timeout="2m"/><action name="monitor" depth="0" timeout="20s"/>'
            '<action name="monitor" depth="20" timeout="40"/><action name="stop"/>',
        )
    )
    assert (found.about.title, found.about.text) == ("A title", "One paragraph.\n\nAnother.")
    (device,) = found.about.params
    assert (device.name, device.required, device.help) == ("device", True, "the disk")
    assert found.about.timeouts_s == {"start": 120.0, "monitor": 40.0}
    assert found.actions == {"start", "monitor", "stop"}


@pytest.mark.parametrize(
    ("content", "kind", "default"),
    [
        ('<content type="integer" default="5"/>', ParamKind.INT, 5),
        ('<content type="boolean" default="true"/>', ParamKind.BOOL, True),
        ('<content type="BOOLEAN" default="0"/>', ParamKind.BOOL, False),
        ('<content type="string" default="x"/>', ParamKind.STR, "x"),
        ('<content type="time" default="20s"/>', ParamKind.SECONDS, 20.0),
        ('<content type="select" default="b"><option value="a"/><option value="b"/></content>', ParamKind.CHOICE, "b"),
        ('<content type="select" default="b"/>', ParamKind.STR, "b"),
        ('<content type="enum" default="b"/>', ParamKind.STR, "b"),
        ('<content type="integer" default="$(detect)"/>', ParamKind.STR, "$(detect)"),
        ("<content/>", ParamKind.STR, None),
        ("", ParamKind.STR, None),
    ],
)
def test_content_becomes_a_parameter_of_its_kind(content: str, kind: ParamKind, default: object) -> None:
    (param,) = parse(document(f'<parameter name="p">{content}</parameter>')).about.params
    assert (param.kind, param.default) == (kind, default)


def test_what_has_a_default_is_not_required() -> None:
    text = '<parameter name="p" required="TRUE"><content type="string" default="auto"/></parameter>'
    assert not parse(document(text)).about.params[0].required


def test_a_password_is_a_secret_and_its_default_is_not_shown() -> None:
    text = '<parameter name="test_passwd"><content type="string" default="hunter2"/></parameter>'
    (param,) = parse(document(text)).about.params
    assert param.secret
    assert param.default is None


def test_text_around_the_document_does_not_matter() -> None:
    assert parse(document(before="which: no mysqld in (/bin)\n") + "bye\n").about.title == "A title"


def test_entities_of_a_doctype_are_not_expanded() -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]><resource-agent>&b;</resource-agent>'
    with pytest.raises(ValueError, match="no valid XML"):
        parse(bomb)


@pytest.mark.parametrize("text", ["", "usage: x", "<resource-agent><a></resource-agent>", "<resource-agent name='x'>"])
def test_what_is_no_meta_data_says_so(text: str) -> None:
    with pytest.raises(ValueError, match=r"no <resource-agent>|no valid XML"):
        parse(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20", 20.0), ("20s", 20.0), ("500ms", 0.5), ("2m", 120.0), ("1.5 h", 5400.0), ("1d", 86400.0), ("", None),
     ("soon", None), ("5 parsecs", None)],
)  # fmt: skip
def test_times_in_all_spellings(text: str, seconds: float | None) -> None:
    assert parse_time(text) == seconds


def test_an_agent_is_asked_without_parameters_and_again_only_when_it_changed(service: "Service") -> None:
    kind = OcfType("hbtest", "service", service.root)
    assert ask(kind).names == {"folder"}
    (service.root / "service.xml").unlink()
    assert ask(kind).names == {"folder"}
    service.path.write_text("#!/bin/sh\necho trouble >&2\nexit 4\n")
    with pytest.raises(PluginError, match="exit code 4: trouble"):
        ask(kind)
    service.path.unlink()
    with pytest.raises(PluginError, match="there is no agent"):
        ask(kind)


@pytest.mark.usefixtures("debians")
def test_every_agent_of_resource_agents_can_be_read() -> None:
    """All of them, whatever they manage: meta-data must work on a machine that has none of it."""
    folder = Path("/usr/lib/ocf/resource.d/heartbeat")
    names = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    assert len(names) > 50
    for name in names:
        found = ask(OcfType("heartbeat", name))
        assert found.about.title, name
        assert {"start", "stop", "monitor"} <= set(found.about.timeouts_s), name
