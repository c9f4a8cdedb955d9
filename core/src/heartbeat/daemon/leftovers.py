"""What an instance that was killed left in the run directory."""

from collections.abc import Callable

from heartbeat.model.places import Places

Say = Callable[[str], None]


def clear_leftovers(places: Places, say: Say) -> None:
    """Remove stale sockets; the lock must be held, so nobody listens there. Raises OSError.

    An executor that outlived its supervisor is not ended here: the new one does that, because it knows the old
    one's operations and can tell its process from another of the same number.
    """
    for path in (places.executor_socket, places.hold_socket, places.api_socket):
        if path.is_socket():
            path.unlink()
            say(f"{path} was left over from an instance that was killed; removed")
