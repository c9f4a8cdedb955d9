"""Loading one entry point as a stevedore driver."""

from importlib.metadata import EntryPoint


def load_driver(point: EntryPoint) -> object:
    """Import and return what one entry point names, through stevedore's driver manager.

    The manager is shown this one entry point only: the installed ones were scanned once already, stevedore's
    cache on disk (which forgets the distribution and may be older than an installation) is not asked, and a name
    that two distributions announce can still be chosen by its distribution. Raises whatever the import raises.
    """
    from stevedore.driver import DriverManager  # 42 ms, and a listing needs none of it

    class Driver(DriverManager):  # type: ignore[type-arg]  # older stevedores are not generic at run time
        def list_entry_points(self) -> list[EntryPoint]:
            return [point]

    driver: object = Driver(point.group, point.name, invoke_on_load=False).driver
    return driver
