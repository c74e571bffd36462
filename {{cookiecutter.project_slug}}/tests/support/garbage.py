"""No search for garbage among what is imported: it took a sixth of the time of a run."""

import gc

gc.disable()


def pytest_collection_finish() -> None:
    """Search from here on, among what the tests make."""
    gc.freeze()
    gc.enable()
