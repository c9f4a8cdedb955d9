"""Where a class is, as ``module:class``: what one process found and judged, another one imports without looking."""

import importlib


def place_of(found: type) -> str:
    """Return the place of a class; empty for one that no import gives, such as an adapter made."""
    place = f"{found.__module__}:{found.__qualname__}"
    try:
        return place if load_class(place) is found else ""
    except (ImportError, AttributeError):
        return ""


def load_class(place: str) -> type:
    """Import and return the class at a place; raises what the import raises, AttributeError where there is none."""
    module, _, name = place.partition(":")
    found = importlib.import_module(module)
    for part in name.split("."):
        found = getattr(found, part)
    assert isinstance(found, type)
    return found
