"""What the chart makes of values, and what it refuses."""

import copy
import json
import os
import subprocess

import kubernetes_validate
import pytest
import yaml
from chart import CHART, ROOT, Refused, render

WEIR = os.environ["WEIR_BIN"]
# The least that is let in.
LEAST = {"auth": {"existingSecret": "weir"}}
PROJECTS = {
    **LEAST,
    "projects": {
        "enabled": True,
        "existingSecret": "weir",
        "encryption": {"existingSecret": "weir"},
    },
}
SHARED = {
    "database": {"type": "postgres", "existingSecret": "postgres", "captures": True},
    "redis": {"enabled": True, "existingSecret": "redis"},
}
EVERYTHING = {
    **PROJECTS,
    **SHARED,
    "dashboard": {"existingSecret": "weir"},
    "events": {"bus": "redis", "dispatcher": {"enabled": True, "replicaCount": 2}},
    "config": {
        "events": {
            "sinks": {
                "file": {"path": "/events/log.jsonl"},
                "webhook": {
                    "url": "${HOOK_URL:-https://hooks.example.com/x}",
                    "headers": {"x-team": "${HOOK_TEAM:-platform}"},
                },
            }
        }
    },
    "trustProxy": {"enabled": True, "ranges": ["10.0.0.0/8"]},
    "imagePullSecrets": [{"name": "registry"}],
    "image": {"digest": "sha256:" + "0" * 64},
    "env": [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}],
    "envFrom": [{"secretRef": {"name": "providers"}}],
    "allowedHosts": ["weir.internal"],
    "autoscaling": {
        "enabled": True,
        "minReplicas": 3,
        "targetMemoryUtilizationPercentage": 70,
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 1800}},
    },
    "podDisruptionBudget": {"enabled": True},
    "ingress": {
        "enabled": True,
        "className": "nginx",
        "annotations": {"nginx.ingress.kubernetes.io/proxy-buffering": "off"},
        "hosts": [{"host": "weir.example.com"}],
        "tls": [{"hosts": ["weir.example.com"], "secretName": "weir-tls"}],
    },
    "networkPolicy": {
        "enabled": True,
        "ingressFrom": [{"namespaceSelector": {}}],
        "egressTo": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
    },
    "serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}},
    "prometheusRule": {"enabled": True},
    "grafanaDashboard": {"enabled": True},
    "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/weir"}},
    "persistence": {"storageClass": "fast", "annotations": {"backup": "daily"}},
    "priorityClassName": "high",
    "nodeSelector": {"pool": "gateways"},
    "tolerations": [{"key": "gateways", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {}},
    "topologySpreadConstraints": [
        {
            "maxSkew": 1,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
        }
    ],
    "podAnnotations": {"a": "b"},
    "podLabels": {"c": "d"},
    "extraVolumes": [{"name": "gcp", "secret": {"secretName": "gcp"}}],
    "extraVolumeMounts": [{"name": "gcp", "mountPath": "/gcp", "readOnly": True}],
}


def over(*values: dict) -> dict:
    """The first of `values` with the others laid over it."""
    merged = copy.deepcopy(values[0])
    for more in values[1:]:
        lay(merged, more)
    return merged


def lay(under: dict, more: dict) -> None:
    for key, value in more.items():
        if isinstance(value, dict) and isinstance(under.get(key), dict):
            lay(under[key], value)
        else:
            under[key] = copy.deepcopy(value)


def kinds(values: dict) -> dict[str, dict]:
    """The manifests by kind; of a kind with several, the first."""
    found = {}
    for manifest in render(values):
        found.setdefault(manifest["kind"], manifest)
    return found


def container(values: dict) -> dict:
    made = kinds(values)
    workload = made.get("StatefulSet") or made["Deployment"]
    return workload["spec"]["template"]["spec"]["containers"][0]


REFUSED = {
    "nobody has to authenticate": ({"auth": {"enabled": False}}, "serve everybody"),
    "no credential": ({}, "auth.existingSecret"),
    "no management token": (
        over(PROJECTS, {"projects": {"existingSecret": ""}}),
        "projects.existingSecret",
    ),
    "no encryption key": (
        over(PROJECTS, {"projects": {"encryption": {"existingSecret": ""}}}),
        "projects.encryption.existingSecret",
    ),
    "two replicas with projects in SQLite": (
        over(PROJECTS, {"replicaCount": 2}),
        "2 replicas cannot keep projects in SQLite",
    ),
    "more than one possible replica with projects in SQLite": (
        over(PROJECTS, {"autoscaling": {"enabled": True}}),
        "10 replicas cannot keep projects in SQLite",
    ),
    "replicas that do not know of each other's budgets": (
        over(
            PROJECTS,
            {"replicaCount": 2, "database": {"type": "postgres", "existingSecret": "postgres"}},
        ),
        "redis.enabled",
    ),
    "projects that go with their pod": (
        over(PROJECTS, {"persistence": {"enabled": False}}),
        "would be lost with the pod",
    ),
    "PostgreSQL without an address": (
        over(LEAST, {"database": {"type": "postgres"}}),
        "database.existingSecret",
    ),
    "MySQL without an address": (
        over(LEAST, {"database": {"type": "mysql"}}),
        "database.existingSecret",
    ),
    "an address of PostgreSQL under SQLite": (
        over(LEAST, {"database": {"existingSecret": "postgres"}}),
        "database.type is sqlite",
    ),
    "Redis without an address": (over(LEAST, {"redis": {"enabled": True}}), "redis.existingSecret"),
    "an address of Redis that nobody uses": (
        over(LEAST, {"redis": {"existingSecret": "redis"}}),
        "redis.enabled is false",
    ),
    "a stream of events without an address": (
        over(LEAST, {"events": {"bus": "redis"}}),
        "events.bus=redis needs the address of Redis",
    ),
    "a dispatcher of what is in others' memory": (
        over(LEAST, {"events": {"dispatcher": {"enabled": True}}}),
        "needs events.bus=redis",
    ),
    "a dispatcher to nobody": (
        over(LEAST, SHARED, {"events": {"bus": "redis", "dispatcher": {"enabled": True}}}),
        "config.events.sinks",
    ),
    "autoscaling without a metric": (
        over(LEAST, {"autoscaling": {"enabled": True, "targetCPUUtilizationPercentage": None}}),
        "needs a metric",
    ),
    "autoscaling between nothing": (
        over(LEAST, {"autoscaling": {"enabled": True, "minReplicas": 11}}),
        "minReplicas is above",
    ),
    "autoscaling by what is not requested": (
        over(
            LEAST,
            {"autoscaling": {"enabled": True}, "resources": {"requests": {"cpu": None}}},
        ),
        "resources.requests.cpu",
    ),
    "a budget for disruptions that says two things": (
        over(LEAST, {"podDisruptionBudget": {"enabled": True, "minAvailable": 1}}),
        "one of minAvailable and maxUnavailable",
    ),
    "an Ingress for no host": (over(LEAST, {"ingress": {"enabled": True}}), "ingress.hosts"),
    "a setting that is the chart's": (
        over(LEAST, {"config": {"server": {"port": 80}}}),
        "config.server.port is this chart's to set",
    ),
    "a secret in a ConfigMap": (
        over(LEAST, {"config": {"dashboard": {"password": "hunter2"}}}),
        "config.dashboard.password is a secret",
    ),
    "the cache's Redis in a ConfigMap": (
        over(LEAST, {"config": {"cache": {"redis_url": "redis://:hunter2@h"}}}),
        "config.cache.redis_url is a secret",
    ),
    "a manager's token in a ConfigMap": (
        over(PROJECTS, {"config": {"projects": {"managers": {"a": {"token": "hunter2"}}}}}),
        "config.projects.managers.a.token is a secret",
    ),
    "a sink's key in a ConfigMap": (
        over(LEAST, {"config": {"events": {"sinks": {"x": {"api_key": "hunter2"}}}}}),
        "config.events.sinks.x.api_key is a secret",
    ),
    "a sink's header in a ConfigMap": (
        over(LEAST, {"config": {"events": {"sinks": {"x": {"headers": {"k": "hunter2"}}}}}}),
        "config.events.sinks.x.headers.k is a secret",
    ),
    "captures of several pods in a file": (
        over(LEAST, {"database": {"captures": True}}),
        "database.captures needs a server",
    ),
    "a database that there is not": (over(LEAST, {"database": {"type": "oracle"}}), "database"),
    "a value that there is not": (over(LEAST, {"replicas": 3}), "replicas"),
    "a digest that is none": (over(LEAST, {"image": {"digest": "latest"}}), "digest"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refuses(case):
    values, says = REFUSED[case]
    with pytest.raises(Refused) as refused:
        render(values)
    assert says in str(refused.value)


@pytest.mark.parametrize("release", ["1.27", "1.37"])
@pytest.mark.parametrize(
    "values",
    [LEAST, PROJECTS, over(LEAST, {"persistence": {"enabled": False}}), EVERYTHING],
    ids=["least", "projects", "without-volumes", "everything"],
)
def test_makes_what_kubernetes_takes(values, release):
    theirs = {"ServiceMonitor", "PrometheusRule"}
    for manifest in render(values):
        if manifest["kind"] not in theirs:
            kubernetes_validate.validate(manifest, release, strict=True)


def test_everything_is_made():
    made = set(kinds(EVERYTHING))
    assert made == {
        "ConfigMap",
        "Deployment",
        "HorizontalPodAutoscaler",
        "Ingress",
        "NetworkPolicy",
        "PodDisruptionBudget",
        "PrometheusRule",
        "Service",
        "ServiceAccount",
        "ServiceMonitor",
        "StatefulSet",
    }
    assert set(kinds(LEAST)) == {"ConfigMap", "Service", "ServiceAccount", "StatefulSet"}


def test_dispatchers_deliver_and_nobody_sends_them_requests():
    made = kinds(EVERYTHING)
    dispatcher = made["Deployment"]
    assert dispatcher["spec"]["replicas"] == 2
    pod = dispatcher["spec"]["template"]
    assert pod["spec"]["containers"][0]["args"] == ["dispatch"]
    services = [m for m in render(EVERYTHING) if m["kind"] == "Service"]
    for service in services:
        assert not service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()
    config = yaml.safe_load(made["ConfigMap"]["data"]["weir.yaml"])
    assert config["events"]["bus"] == "redis" and not config["events"]["dispatch"]
    without = over(EVERYTHING, {"events": {"dispatcher": {"enabled": False}}})
    assert "Deployment" not in kinds(without)
    config = yaml.safe_load(kinds(without)["ConfigMap"]["data"]["weir.yaml"])
    assert config["events"]["dispatch"]


def test_dispatchers_go_where_gateways_go_and_nobody_comes():
    long = over(EVERYTHING, {"nameOverride": "weir-" + "x" * 58})
    for values in (EVERYTHING, long):
        manifests = render(values)
        policies = [m["spec"] for m in manifests if m["kind"] == "NetworkPolicy"]
        pods = {
            m["kind"]: m["spec"]["template"]["metadata"]["labels"].items()
            for m in manifests
            if m["kind"] in ("StatefulSet", "Deployment")
        }
        gateway, dispatcher = (
            next(p for p in policies if p["podSelector"]["matchLabels"].items() <= pods[kind])
            for kind in ("StatefulSet", "Deployment")
        )
        assert len(policies) == 2 and gateway != dispatcher
        assert dispatcher["policyTypes"] == ["Ingress", "Egress"] and "ingress" not in dispatcher
        assert dispatcher["egress"] == gateway["egress"]
        assert all(len(value) <= 63 for _, value in pods["Deployment"])
    alone = over(EVERYTHING, {"events": {"dispatcher": {"enabled": False}}})
    assert [m["kind"] for m in render(alone)].count("NetworkPolicy") == 1


def test_secrets_come_by_reference():
    variables = {entry["name"]: entry for entry in container(EVERYTHING)["env"]}
    expected = {
        "AUTH_TOKEN": ("weir", "auth-token"),
        "DASHBOARD_PASSWORD": ("weir", "dashboard-password"),
        "MANAGEMENT_TOKEN": ("weir", "management-token"),
        "ENCRYPTION_KEY": ("weir", "encryption-key"),
        "DATABASE_URL": ("postgres", "database-url"),
        "CAPTURES_DATABASE_URL": ("postgres", "database-url"),
        "WEIR_REDIS_URL": ("redis", "redis-url"),
    }
    for name, (secret, key) in expected.items():
        reference = variables[name]["valueFrom"]["secretKeyRef"]
        assert (reference["name"], reference["key"]) == (secret, key)
    assert "DATABASE_PATH" not in variables
    assert "Secret" not in kinds(EVERYTHING)


def test_volumes_are_for_captures():
    made = kinds(LEAST)
    assert made["StatefulSet"]["spec"]["volumeClaimTemplates"][0]["metadata"]["name"] == "data"
    made = kinds(over(LEAST, {"persistence": {"enabled": False}}))
    volumes = made["Deployment"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "data", "emptyDir": {}} in volumes


def test_pods_outlive_their_drain():
    made = kinds(over(LEAST, {"drainSeconds": 100}))
    assert made["StatefulSet"]["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] == 130
    assert "drain_timeout: 100s" in made["ConfigMap"]["data"]["weir.yaml"]


def test_pods_may_write_to_their_volume_alone():
    for values in (LEAST, EVERYTHING):
        context = container(values)["securityContext"]
        assert context["readOnlyRootFilesystem"] and not context["allowPrivilegeEscalation"]
        assert context["capabilities"] == {"drop": ["ALL"]}


@pytest.mark.parametrize("values", [LEAST, EVERYTHING], ids=["least", "everything"])
def test_weir_takes_the_configuration(values, tmp_path):
    """The ConfigMap's file and the container's variables, as weir itself sees them."""
    file = tmp_path / "weir.yaml"
    file.write_text(kinds(values)["ConfigMap"]["data"]["weir.yaml"])
    variables = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "WEIR_REDIS_URL": "redis://h/0"}
    for entry in container(values)["env"]:
        variables.setdefault(entry["name"], entry.get("value", "x" * 40))
    variables["POD_NAME"] = "gate-weir-0"
    # Another part of weir takes these; whether it is there is not this test's matter.
    for name in ("DATABASE_URL", "CAPTURES_DATABASE_URL", "ENCRYPTION_KEY"):
        variables.pop(name, None)
    variables.update(REQUIRE_ENCRYPTION_KEY="false", WEIR_CONFIG=str(file))
    checked = subprocess.run(
        [WEIR, "config", "check", "--no-stored"],
        env=variables,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "gate-weir.agents.svc" in checked.stdout
    assert "gate-weir-0.gate-weir-pods.agents.svc" in checked.stdout
    assert ("10.0.0.0/8" in checked.stdout) == ("trustProxy" in values)


def test_the_board_and_the_alerts_are_those_of_deploy():
    made = kinds(EVERYTHING)
    rules = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yaml").read_text())
    assert made["PrometheusRule"]["spec"] == rules
    boards = [m for m in render(EVERYTHING) if m["metadata"]["name"].endswith("-dashboard")]
    board = json.loads((ROOT / "deploy/grafana/weir.json").read_text())
    assert json.loads(boards[0]["data"]["weir.json"]) == board


def test_the_monitor_finds_one_service_and_can_ask_it():
    manifests = render(EVERYTHING)
    monitor = next(m for m in manifests if m["kind"] == "ServiceMonitor")
    wanted = monitor["spec"]["selector"]["matchLabels"].items()
    services = [m for m in manifests if m["kind"] == "Service"]
    assert len(services) == 2
    assert [wanted <= s["metadata"]["labels"].items() for s in services].count(True) == 1
    assert "basicAuth" in monitor["spec"]["endpoints"][0]
    monitor = kinds(over(LEAST, {"serviceMonitor": {"enabled": True}}))["ServiceMonitor"]
    assert monitor["spec"]["endpoints"][0]["authorization"]["credentials"]["name"] == "weir"


def test_every_value_is_in_the_schema():
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    known = set(schema["properties"]) - {"global"}
    assert known == set(values)
    for name, value in values.items():
        properties = schema["properties"][name].get("properties")
        if properties:
            assert set(properties) == set(value), name
