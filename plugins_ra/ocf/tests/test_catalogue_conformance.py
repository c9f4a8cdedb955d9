"""The kit's tests of a catalogue, with the agents of this host: it looks there and not below the configuration."""

from heartbeat.testing.catalogue import CatalogueConformance
from heartbeat_ra_ocf.catalogue import OcfScripts


class TestOcfScripts(CatalogueConformance):
    plugin = OcfScripts
