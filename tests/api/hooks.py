"""What the description of the API cannot say: which exchanges, sessions, keys and transcripts there
are, and which refusals of what it allows are fair.

Valid cases get real ids, of exchanges that are made anew when none is left; a case with a real id
must succeed. `WEIR_API_TALLY` names the file for how often each operation answered what.
"""

import atexit
import collections
import datetime
import json
import os
import re
import urllib.request

import schemathesis

GATEWAY = os.environ["WEIR_API_GATEWAY"]
MANAGER = {"authorization": f"Bearer {os.environ['WEIR_API_MANAGER']}"}
PROVIDER = "anthropic"
TRANSCRIPT = {"project": "-w-shop", "id": "transcript-1"}
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "+05:30", "-11:00"]
PATHS = ["/v1/messages", "/v1/messages/count_tokens", "/v1/chat/completions", "/v1/responses"]
SPAN = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}

# What a tenant may do: patterns, paths and periods are more than the description can say.
SPEC = ("rules", "limits", "budgets")
# The same key with another request.
ONCE = "Idempotency-Key"
# Why an operation may refuse what the description allows: a status, and the fields that it must
# name; none stands for an answer without a field.
FAIR = {
    # A name in the query that no directory has.
    "GET /api/conversations/project": {404: {None}},
    "GET /api/analytics": {400: {"start", "bucket", "tz"}},
    "GET /api/quota/history": {400: {"start"}},
    "GET /api/stats": {400: {"start", "tz"}},
    "GET /api/stats/hourly": {400: {"start", "tz"}},
    "GET /api/stats/models": {400: {"start", "tz"}},
    "GET /api/usage": {400: {"start", "tz"}},
    "GET /api/usage/hourly": {400: {"start", "tz"}},
    # Some paths are no request's to a model.
    "POST /api/routing/explain": {400: {"path", "headers"}},
    # A header that frames messages; a provider that was switched off.
    "POST /api/requests/{id}/replay": {400: {"headers"}, 404: {None}, 409: {None}},
    "PUT /api/settings": {400: {"requestHeaderRules", "responseHeaderRules", None}},
    # Which settings there are, and what they hold.
    "PATCH /api/config/stored": {422: {None}},
    # No strategy by models without a map of them.
    "PUT /api/routing/strategy": {409: {None}},
    # A provider takes only so many keys, and each once; `5.0` is a whole number to schemas alone.
    "POST /api/providers/{name}/keys": {
        400: {"rpm_limit", "itpm_limit", "otpm_limit", "priority", "weight"},
        409: {None},
    },
    # Projects are switched off, never deleted.
    "DELETE /manage/projects/{id}": {405: {None}},
    # Which answers, said in none or in two of the ways that there are.
    "POST /manage/cache/purge": {400: {None, "method", "url", "prefix", "project_id", "all"}},
    # Two projects of one name; a name or a key with characters that it may not have; tokens of a
    # project that was switched off; ids that nothing has. `5.0` is a whole number to schemas alone.
    "POST /manage/projects": {400: {"name", "api_key", "provider", *SPEC}, 409: {None}, 422: {ONCE}},
    "PATCH /manage/projects/{id}": {
        400: {"name", "api_key", "provider", "revoke_tokens", *SPEC},
        409: {None},
    },
    "POST /manage/tokens": {
        400: {"project_id", "parent_id", "duration_minutes", "max_requests", *SPEC},
        403: {None},
        404: {None},
        422: {ONCE},
    },
    "PATCH /manage/tokens/{id}": {400: {"max_requests", None, *SPEC}},
    "POST /manage/tokens/{id}/rotate": {403: {None}, 400: {"overlap_minutes"}, 422: {ONCE}},
    "GET /manage/tokens": {400: {"projectId", "activeOnly"}},
    "GET /manage/audit": {400: {"start_time", "end_time", "page", "page_size"}},
    # This weir has no password, and nobody to grade with.
    "POST /api/login": {409: {None}},
    "POST /api/grade-prompt": {409: {None}},
}

tally: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
turns = {"count": 0}
exchanges: list[dict] = []
# The cases that name what there is.
real: set[str] = set()


def ask(method: str, path: str, body: object = None, headers: dict | None = None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(GATEWAY + path, data, headers or {}, method=method)
    request.add_header("content-type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        text = answer.read()
    return json.loads(text) if text[:1] in (b"{", b"[") else None


def make() -> None:
    """Some exchanges of two sessions; whatever other cases have switched off is on again."""
    ask("PUT", "/api/settings", {"requestHeaderRules": [], "responseHeaderRules": []})
    ask("POST", f"/api/providers/{PROVIDER}/enable")
    for number in range(6):
        body = {
            "model": "claude-sonnet-4-5",
            "max_tokens": 64,
            "stream": number % 2 == 0,
            "messages": [{"role": "user", "content": f"question {number}"}],
        }
        session = {"x-claude-code-session-id": f"session-{number % 2}", "anthropic-version": "2023-06-01"}
        ask("POST", "/v1/messages", body, session)


def exchange() -> dict:
    """One that there is."""
    if not exchanges:
        found = ask("GET", "/api/requests/summary?limit=50&operation=generate&state=complete")
        exchanges.extend(one for one in found["requests"] if one.get("sessionId"))
    if not exchanges:
        make()
        return exchange()
    return exchanges[turns["count"] % len(exchanges)]


def key() -> str:
    """The id of a key of the provider's."""
    keys = ask("GET", f"/api/providers/{PROVIDER}")["keys"]
    if len(keys) < 2:
        ask("POST", f"/api/providers/{PROVIDER}/keys", {"key": f"sk-made-{turns['count']}"})
        return key()
    return keys[-1]["id"]


def project() -> str:
    """The id of a project that is on."""
    name = f"project {turns['count']}"
    return ask("POST", "/manage/projects", {"name": name}, MANAGER)["id"]


def token() -> str:
    """The id of a token."""
    new = {"project_id": project(), "duration_minutes": 60}
    return ask("POST", "/manage/tokens", new, MANAGER)["id"]


def event() -> str:
    """The id of an audit event."""
    return ask("GET", "/manage/audit?page_size=1", headers=MANAGER)["events"][0]["id"]


def moment(text: str) -> datetime.datetime | None:
    now = datetime.datetime.now(datetime.timezone.utc)
    if re.fullmatch("[0-9]+[smhdw]", text):
        return now - datetime.timedelta(seconds=int(text[:-1]) * SPAN[text[-1]])
    try:
        return datetime.datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
    except ValueError:
        return None


def is_valid(case) -> bool:
    return case.meta is not None and case.meta.generation.mode.is_positive


def feed_path(case) -> bool:
    """Real values in the path; tells whether it has any."""
    path, values = case.operation.path, case.path_parameters
    if not values:
        return False
    if path.startswith("/api/requests/"):
        values["id"] = exchange()["requestId"]
    elif path.startswith("/api/sessions/"):
        values["id"] = exchange()["sessionId"]
    elif path.startswith("/api/conversations/"):
        values["id"] = TRANSCRIPT["id"]
    elif path.startswith("/manage/"):
        made = {"projects": project, "tokens": token, "audit": event}[path.split("/")[2]]
        values["id"] = made()
    elif path.startswith("/api/providers/"):
        values["name"] = PROVIDER
        if "key" in values:
            values["key"] = key()
    return True


def feed_query(case) -> None:
    query = case.query or {}
    if "tz" in query:
        query["tz"] = ZONES[turns["count"] % len(ZONES)]
    if "project" in query and "conversations" in case.operation.path:
        query["project"] = TRANSCRIPT["project"]
    if "turn" in query:
        query["turn"] = exchange()["requestId"]
    if "start" in query and "end" in query and "requests" not in case.operation.path:
        start, end = moment(str(query["start"])), moment(str(query["end"]))
        near = start and end and start.tzinfo and end.tzinfo
        if not near or not datetime.timedelta(0) <= end - start < datetime.timedelta(300):
            query["start"], query["end"] = "2026-11-01T00:00:00Z", "2026-11-20T00:00:00Z"
    elif "start" in query and "requests" not in case.operation.path:
        query["start"] = "200d"
    elif "end" in query and "requests" not in case.operation.path:
        query["end"] = "1h"


def feed_body(case) -> None:
    label, body = case.operation.label, case.body
    if "/manage/" in label and isinstance(body, dict):
        # Patterns and paths are more than the description can say.
        body.pop("rules", None)
        body.pop("budgets", None)
        body.pop("parent_id", None)
        if "name" in body and "projects" in label:
            body["name"] = f"name {turns['count']}"
        if label == "POST /manage/tokens":
            body["project_id"] = project()
            body["duration_minutes"] = 5
        if label == "POST /manage/projects":
            body["name"] = f"made {turns['count']}"
            body.pop("keys", None)
            body.pop("provider", None)
            body["api_key"] = "sk-0123456789abcdef"
        if label == "PATCH /manage/projects/{id}":
            for field in ("keys", "api_key", "provider", "remove_keys", "revoke_tokens"):
                body.pop(field, None)
        if label == "PATCH /manage/tokens/{id}":
            body["is_active"] = True
    if label == "POST /manage/cache/purge":
        case.body = {"method": "GET", "url": f"/v1/models?n={turns['count']}"}
    if label == "PATCH /api/config/stored":
        case.body = {"routing.retries": turns["count"] % 5, "routing.debug": None}
    if label == "POST /api/routing/explain" and isinstance(body, dict):
        body["path"] = PATHS[turns["count"] % len(PATHS)]
    if label == "POST /api/requests/{id}/replay" and isinstance(body, dict):
        body.pop("headers", None)
        body["provider"] = PROVIDER
        ask("POST", f"/api/providers/{PROVIDER}/enable")


@schemathesis.hook
def before_call(ctx, case, kwargs):
    if case.operation.path.startswith("/manage/"):
        case.headers = {**(case.headers or {}), **MANAGER}
        case.headers.pop("If-Match", None)
    if not is_valid(case):
        return
    turns["count"] += 1
    # Every fourth case stays as it was made up.
    if turns["count"] % 4 == 0:
        return
    if feed_path(case):
        real.add(case.id)
    feed_query(case)
    feed_body(case)
    if case.operation.label == "DELETE /api/requests":
        case.query = {"dry_run": "true", **(case.query or {})}


@schemathesis.hook
def after_call(ctx, case, response):
    label = case.operation.label
    if case.operation.method.upper() == "DELETE" and "/providers/" not in case.operation.path:
        exchanges.clear()
    if is_valid(case):
        tally[label][response.status_code] += 1


@schemathesis.check
def fair_answers(ctx, response, case):
    """What the description allows succeeds, or is refused for a reason that it cannot hold."""
    status = response.status_code
    if not is_valid(case) or status < 300:
        return
    if status == 404 and "{" in case.operation.path and case.id not in real:
        return
    named = None
    try:
        named = response.json().get("field")
    except ValueError:
        pass
    reasons = FAIR.get(case.operation.label, {}).get(status, set())
    stem = re.split(r"[.\[]", named)[0] if named else None
    if stem not in reasons:
        raise AssertionError(f"{status} (field {named}) to what the description allows: {response.text[:300]}")


@atexit.register
def write_tally():
    with open(os.environ["WEIR_API_TALLY"], "w") as file:
        json.dump({label: dict(counts) for label, counts in tally.items()}, file)
