"""How the tests wait: for a condition, and never for longer than the deadline."""

import time

DEADLINE = 20  # seconds, for what should take milliseconds


def until(condition, what: str):
    """The first true value of `condition()`; fails after the deadline."""
    end = time.monotonic() + DEADLINE
    while not (value := condition()):
        assert time.monotonic() < end, f"{what}: not within {DEADLINE} s"
        time.sleep(0.02)
    return value
