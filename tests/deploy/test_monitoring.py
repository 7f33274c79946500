"""The board and the alerts ask only for what weir shows, by labels that it has."""

import json
import re

import promql_parser
import pytest
import yaml
from chart import ROOT
from waiting import until
from world import ask, closed_port, started

BOARD = json.loads((ROOT / "deploy/grafana/weir.json").read_text())
ALERTS = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())
# What Prometheus adds of its own.
SCRAPED = {"instance", "job"}
# A forecast takes longer than a test; it has the labels of what it forecasts.
SLOW = {"weir_quota_spent_timestamp_seconds": "weir_quota_resets_timestamp_seconds"}


@pytest.fixture(scope="module")
def shown(tmp_path_factory) -> dict[str, set[str]]:
    """What a weir shows that has had some of everything: each series' name with its labels."""
    folder = tmp_path_factory.mktemp("monitoring")
    with started(["mock", "--listen", "127.0.0.1:0"], folder / "mock") as mock:
        settings = {
            "providers": {
                "anthropic": {"base_url": mock, "keys": ["a", "b"]},
                "openai": {"base_url": f"http://127.0.0.1:{closed_port()}", "max_retries": 0},
                "gemini": {
                    "base_url": mock,
                    "keys": [{"key": "g", "rpm_limit": 1}],
                    "pooling": {"enabled": True},
                },
            },
            "routing": {"translate": False},
            "cache": {"enabled": True},
            "projects": {
                "required": False,
                "management_token": "manager-0123456789",
                "db_path": str(folder / "control.db"),
            },
            "storage": {"database_url": f"postgres://weir@127.0.0.1:{closed_port()}/weir"},
            "capture": {"raw_log": {"path": str(folder / "raw.log")}},
            "events": {
                "file": str(folder / "events.jsonl"),
                "bus": "redis",
                "redis_url": f"redis://127.0.0.1:{closed_port()}",
                "flush_timeout": "1s",
            },
        }
        (folder / "weir.yaml").write_text(json.dumps(settings))
        serve = ["serve", "--port", 0, "--config", folder / "weir.yaml"]
        with started(serve, folder / "weir") as weir:
            make_traffic(weir)
            text = until(lambda: metrics(weir), "exchanges are counted")
    series = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, labels = re.match(r"(\w+)(?:\{(.*)\})? ", line).groups()
            series.setdefault(name, set()).update(re.findall(r'(\w+)="', labels or ""))
    for name, like in SLOW.items():
        assert f"# TYPE {name} gauge" in text
        series[name] = series[like]
    return series


def make_traffic(weir: str) -> None:
    prompt = [{"role": "user", "content": "hello"}]
    claude = {"model": "claude-sonnet-4-5", "max_tokens": 5, "messages": prompt}
    window = {"x-mock-scenario": "text,5h=allowed/0.5/+600"}
    assert ask(f"{weir}/v1/messages", claude, window)[0] == 200
    assert ask(f"{weir}/v1/messages", {**claude, "model": "nobody-priced-it"})[0] == 200
    chat = {"model": "gpt-5.2", "messages": prompt}
    assert ask(f"{weir}/v1/chat/completions", chat)[0] == 502
    contents = {"contents": [{"parts": [{"text": "hello"}]}]}
    path = "/v1beta/models/gemini-3-pro:generateContent"
    assert [ask(weir + path, contents)[0] for _ in range(2)] == [200, 429]


def metrics(weir: str) -> str | None:
    """The figures, once the recorder has read the last exchange with tokens."""
    text = ask(f"{weir}/metrics")[1]
    return text if 'model="gemini-3-pro"' in text and "nobody-priced-it" in text else None


def parse(expression: str):
    """A query as Prometheus reads it, with Grafana's variables filled in."""
    filled = expression.replace("$__rate_interval", "5m")
    return promql_parser.parse(re.sub(r"\$\w+", ".*", filled))


def inside(query):
    """The parts of a query, itself included."""
    yield query
    for name in ("lhs", "rhs", "expr", "args", "param", "vector_selector"):
        part = getattr(query, name, None)
        for one in part if isinstance(part, list) else [part]:
            if one is not None and not isinstance(one, str):
                yield from inside(one)


def check(expression: str, shown: dict[str, set[str]]) -> None:
    names, asked = [], set()
    for part in inside(parse(expression)):
        if isinstance(part, promql_parser.VectorSelector):
            assert part.name in shown, f"{part.name} is not shown: {expression}"
            known = shown[part.name] | SCRAPED
            matched = {m.name for m in part.matchers.matchers}
            assert matched <= known, f"{part.name} has no {matched - known}: {expression}"
            names.append(part.name)
        elif isinstance(part, promql_parser.AggregateExpr) and part.modifier:
            asked |= set(part.modifier.labels)
    assert names, f"asks for nothing: {expression}"
    for name in names:
        unknown = asked - shown[name] - SCRAPED
        assert not unknown, f"{name} has no {unknown}: {expression}"


def expressions() -> list[str]:
    return [target["expr"] for panel in BOARD["panels"] for target in panel.get("targets", [])]


def test_the_board_asks_for_what_there_is(shown):
    for expression in expressions():
        check(expression, shown)


def test_the_legends_name_labels_that_are_left(shown):
    for panel in BOARD["panels"]:
        for target in panel.get("targets", []):
            query = parse(target["expr"])
            named = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            kept = set(SCRAPED)
            for part in inside(query):
                if isinstance(part, promql_parser.AggregateExpr) and part.modifier:
                    kept |= set(part.modifier.labels)
            assert named <= kept, panel["title"]


def test_the_boards_panels_do_not_overlap():
    taken = {}
    for panel in BOARD["panels"]:
        at = panel["gridPos"]
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert 0 <= x < 24
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids))


def test_the_variables_are_asked_of_what_there_is(shown):
    for variable in BOARD["templating"]["list"]:
        if variable["type"] == "query":
            name, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["definition"]).groups()
            assert label in shown[name] | SCRAPED


def test_the_alerts_ask_for_what_there_is(shown):
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 0
    for rule in rules:
        check(rule["expr"], shown)
        assert rule["labels"]["severity"] in {"info", "warning", "critical"}
        kept = set(SCRAPED)
        for part in inside(parse(rule["expr"])):
            if isinstance(part, promql_parser.VectorSelector):
                kept |= shown[part.name]
        aggregates = [
            set(part.modifier.labels)
            for part in inside(parse(rule["expr"]))
            if isinstance(part, promql_parser.AggregateExpr)
        ]
        if aggregates:
            kept = set.intersection(*aggregates)
        named = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
        assert named <= kept, rule["alert"]
