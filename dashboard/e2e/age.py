"""Spreads what weir recorded a moment ago over the days before today, as if it had run for a week.

usage: age.py DATABASE DAYS

weir must not be running. Rows are named by their times, so they are renamed; what weir adds up
from them is forgotten, and weir makes it again when it starts, as it does for the database of an
older weir. Exchanges must not have been indexed for search (`capture.search: false`): that index
cannot be renamed.
"""

import sqlite3
import sys
from datetime import datetime, timedelta, timezone

MICROSECONDS = 1_000_000
#: A row's number is its start in microseconds times this, and a counter.
GRAIN = 2048
#: A day's exchanges begin at eight in the morning and go on for ten hours.
BEGIN_HOUR, HOURS = 8, 10


def moments(rows: list[int], days: int) -> dict[int, int]:
    """The new number of each row: equal shares of them go to each day, in order."""
    today = datetime.now(timezone.utc).replace(hour=BEGIN_HOUR, minute=0, second=0, microsecond=0)
    share = -(-len(rows) // days)
    named: dict[int, int] = {}
    for day in range(days):
        part = rows[day * share : (day + 1) * share]
        if not part:
            continue
        first, last = part[0] // GRAIN, part[-1] // GRAIN
        begin = int((today - timedelta(days=days - day)).timestamp()) * MICROSECONDS
        pace = max(1, HOURS * 3600 * MICROSECONDS // max(1, last - first))
        for row in part:
            named[row] = (begin + (row // GRAIN - first) * pace) * GRAIN + row % GRAIN
    return named


def name_anew(db: sqlite3.Connection, named: dict[int, int]) -> None:
    """Below zero first: a new number may be another row's old one."""
    for sign in (-1, 1):
        old = (lambda row: row) if sign < 0 else (lambda row: -named[row])
        pairs = [(sign * new, old(row)) for row, new in named.items()]
        for table in ("exchanges", "requests", "responses"):
            db.executemany(f"UPDATE {table} SET id = ? WHERE id = ?", pairs)
        db.executemany("UPDATE requests SET base = ? WHERE base = ?", pairs)
    # The first 48 bits of an exchange's own id are its milliseconds.
    ids = db.execute("SELECT id, uuid FROM exchanges").fetchall()
    db.executemany(
        "UPDATE exchanges SET uuid = ? WHERE id = ?",
        [((row // GRAIN // 1000).to_bytes(6, "big") + uuid[6:], row) for row, uuid in ids],
    )


def date_quotas(db: sqlite3.Connection, named: dict[int, int]) -> None:
    """What a provider said of a quota goes with the exchange before it."""
    pairs = sorted((row // GRAIN // 1000, new // GRAIN // 1000) for row, new in named.items())
    readings = db.execute("SELECT rowid, time FROM quota_dates ORDER BY time").fetchall()
    at = 0
    for reading, time in readings:
        while at + 1 < len(pairs) and pairs[at + 1][0] <= time:
            at += 1
        old, new = pairs[at]
        db.execute("UPDATE quota_dates SET time = ? WHERE rowid = ?", (new + time - old, reading))


def forget_sums(db: sqlite3.Connection) -> None:
    for table in ("figures", "sessions", "session_parts", "turns", "session_rebuild"):
        db.execute(f"DELETE FROM {table}")
    db.execute("UPDATE figures_state SET next = 0, until = (SELECT max(id) + 1 FROM exchanges)")
    db.execute("INSERT INTO session_rebuild SELECT max(id) FROM exchanges")


def main() -> None:
    path, days = sys.argv[1], int(sys.argv[2])
    db = sqlite3.connect(path)
    with db:
        rows = [row for (row,) in db.execute("SELECT id FROM exchanges ORDER BY id")]
        named = moments(rows, days)
        name_anew(db, named)
        # Their key holds the time, and two may meet on the way: through a table without one.
        db.execute("CREATE TEMP TABLE quota_dates AS SELECT * FROM quota_readings")
        date_quotas(db, named)
        db.execute("DELETE FROM quota_readings")
        db.execute("INSERT OR REPLACE INTO quota_readings SELECT * FROM quota_dates")
        forget_sums(db)
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    print(f"{len(rows)} exchanges over {days} days")


if __name__ == "__main__":
    main()
