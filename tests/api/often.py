"""Whether each operation of a description succeeded often in a run: the description, the tally."""

import json
import sys

LEFT_OUT = {"GET /api/live", "GET /api/stats/stream", "POST /manage/login"}
# Without a password there is nothing to log in to, without a judge nothing is graded, and projects
# are never deleted.
ONLY_REFUSED = {"POST /api/login", "POST /api/grade-prompt", "DELETE /manage/projects/{id}"}
OFTEN = 3

with open(sys.argv[1]) as file:
    paths = json.load(file)["paths"]
with open(sys.argv[2]) as file:
    tally = json.load(file)
operations = {f"{method.upper()} {path}" for path, item in paths.items() for method in item}
rare = []
for operation in sorted(operations - LEFT_OUT - ONLY_REFUSED):
    counts = tally.get(operation, {})
    succeeded = sum(count for status, count in counts.items() if status.startswith("2"))
    # What takes nothing is asked once or twice.
    if succeeded < min(OFTEN, sum(counts.values()) or 1):
        rare.append(f"{operation}: {counts or 'never asked'}")
if rare:
    print("api: these seldom succeeded:", *rare, sep="\n  ", file=sys.stderr)
    sys.exit(1)
total = sum(sum(counts.values()) for counts in tally.values())
print(f"api: {len(operations)} operations, {total} valid cases, each succeeded often")
