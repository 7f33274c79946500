"""Gives each test its own weir and mock, and shows their logs when it fails."""

import pytest

from world import World


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    item.failed = getattr(item, "failed", False) or report.failed
    return report


@pytest.fixture
def start(tmp_path, request):
    """Starts a world with settings for weir, or with a provider that speaks one dialect alone."""
    worlds = []

    def start(
        settings: dict[str, str] | None = None, speaking: str | None = None
    ) -> World:
        worlds.append(World(tmp_path, settings or {}, speaking))
        return worlds[-1]

    yield start
    for world in worlds:
        world.stop()
        if getattr(request.node, "failed", False):
            print((tmp_path / "weir.log").read_text()[-5000:])


@pytest.fixture
def world(start) -> World:
    """A weir that wants no credential and passes on the client's."""
    return start()
