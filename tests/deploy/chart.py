"""The chart, rendered by Helm: the program if it is here, else the same code as a library."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "deploy/helm/weir"
HELM = shutil.which("helm")


def tracked(*paths: str) -> list[str]:
    """What git knows below `paths`; nothing where this is no checkout."""
    try:
        done = subprocess.run(["git", "ls-files", *paths], cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return []
    return done.stdout.split()


class Refused(Exception):
    """Helm renders nothing; the text says why."""


def render(values: dict, release: str = "gate", namespace: str = "agents") -> list[dict]:
    """The manifests for `values`, in Helm's order of files. Raises `Refused`."""
    text = by_program if HELM else by_library
    return [
        manifest
        for document in text(values, release, namespace)
        for manifest in yaml.safe_load_all(document)
        if manifest
    ]


def by_program(values: dict, release: str, namespace: str) -> list[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(values, file)
        file.flush()
        done = subprocess.run(
            [HELM, "template", release, CHART, "--namespace", namespace, "--values", file.name],
            capture_output=True,
            text=True,
        )
    if done.returncode != 0:
        raise Refused(done.stderr)
    return [done.stdout]


def by_library(values: dict, release: str, namespace: str) -> list[str]:
    import helm_python as helm

    with helm.Chart.load(CHART) as chart:
        try:
            # What `helm template` does first.
            chart.validate_schema(chart.merge_values(values))
            files = chart.render(values, name=release, namespace=namespace)
        except helm.HelmError as error:
            raise Refused(str(error)) from error
    return [text for path, text in sorted(files.items()) if path.endswith(".yaml")]
