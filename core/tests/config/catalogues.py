"""Catalogues of OCF agents and of STONITH devices, and the driver that runs the latter."""

from collections.abc import Sequence

from heartbeat.plugin import Catalogue, CatalogueEntry, Param, ParamKind, PluginError, Power, StonithDevice
from heartbeat.plugin.catalogue import TypeDescription


class Fence(StonithDevice):
    """Runs what the catalogue found."""

    api = 1
    params = (Param("agent", ParamKind.PATH, required=True), Param("hostlist", ParamKind.HOSTS))
    extra_params = True

    def hosts(self) -> list[str]:
        return []

    def power(self, host: str) -> Power:
        return Power.UNKNOWN

    def switch(self, host: str, power: Power) -> None: ...


class Fences(Catalogue):
    """Knows two types of STONITH devices, of which one cannot tell about itself."""

    api = 1

    def entries(self) -> list[CatalogueEntry]:
        return [entry for name in ("fence_mute", "fence_two") if (entry := self.find(name))]

    def find(self, name: str) -> CatalogueEntry | None:
        if name not in ("fence_two", "fence_mute"):
            return None
        return CatalogueEntry("stonith", name, "fence", {"agent": f"/usr/sbin/{name}"}, f"/usr/sbin/{name}", 40)

    def about(self, entry: CatalogueEntry) -> TypeDescription:
        if entry.name == "fence_mute":
            raise PluginError("/usr/sbin/fence_mute says nothing")
        own = (
            Param("ip", ParamKind.HOST, required=True, aliases=("ipaddr",)),
            Param("password", ParamKind.SECRET),
            Param("tries", ParamKind.INT),
        )
        return TypeDescription(params=own, positional=("ip", "password"))


class OcfTypes(Catalogue):
    api = 1

    def entries(self) -> list[CatalogueEntry]:
        entry = self.find("ocf:heartbeat:mysql")
        return [entry] if entry else []

    def find(self, name: str) -> CatalogueEntry | None:
        if name not in ("ocf:heartbeat:mysql", "ocf:heartbeat:Delay", "ocf:local:thing"):
            return None
        return CatalogueEntry("ra", name, "ocf", {"type": name}, f"/usr/lib/ocf/resource.d/{name[4:]}", 30)

    def words(self, entry: CatalogueEntry, words: Sequence[str]) -> dict[str, str]:
        if not all("=" in word for word in words):
            raise ValueError("expected name=value")
        return {**entry.params, **dict(word.split("=", 1) for word in words)}
