"""The Dockerfile: what it copies is in the repository and let through, and the image runs as nobody."""

import io
import re
import shlex
import subprocess
from fnmatch import fnmatch
from pathlib import Path

import pytest
from chart import ROOT, tracked
from dockerfile_parse import DockerfileParser
from world import WEIR

FOLDER = ROOT / "deploy/docker"


@pytest.fixture(scope="module")
def stages() -> list[list[dict]]:
    """The instructions of each stage, from its FROM on; before the first are the arguments."""
    parser = DockerfileParser(fileobj=io.BytesIO((FOLDER / "Dockerfile").read_bytes()))
    found = [[]]
    for instruction in parser.structure:
        if instruction["instruction"] == "COMMENT":
            continue
        if instruction["instruction"] == "FROM":
            found.append([])
        found[-1].append(instruction)
    return found


def of(stage: list[dict], name: str) -> list[str]:
    return [it["value"] for it in stage if it["instruction"] == name]


def kept(path: str) -> bool:
    """Whether the context has this path, by the rules of .dockerignore: the last that fits decides."""
    is_kept = True
    for line in (FOLDER / "Dockerfile.dockerignore").read_text().splitlines():
        rule = line.removeprefix("!")
        if not rule or rule.startswith("#"):
            continue
        parts = Path(path).parts
        prefixes = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        candidates = prefixes + list(parts) if rule.startswith("**/") else prefixes
        if rule == "**" or any(fnmatch(it, rule.removeprefix("**/")) for it in candidates):
            is_kept = line.startswith("!")
    return is_kept


def test_instructions_are_those_that_there_are(stages):
    known = "ARG FROM RUN COPY ENV LABEL WORKDIR VOLUME EXPOSE USER STOPSIGNAL HEALTHCHECK"
    known = {*known.split(), "ENTRYPOINT", "CMD"}
    assert {it["instruction"] for stage in stages for it in stage} <= known


def test_bases_are_pinned(stages):
    arguments = dict(value.split("=", 1) for value in of(stages[0], "ARG"))
    built = set()
    for stage in stages[1:]:
        base, *name = re.split(r" +AS +", of(stage, "FROM")[0])
        variable = re.fullmatch(r"\$\{(\w+)\}", base)
        if base not in built:
            image = arguments[variable.group(1)]
            assert re.search(r":[\w.-]+$", image) and not image.endswith(":latest"), image
        built.update(name)


def test_what_is_copied_is_there_and_let_through(stages):
    names = {}
    for stage in stages[1:]:
        base = re.split(r" +AS +", of(stage, "FROM")[0])
        for value in of(stage, "COPY"):
            words = shlex.split(value)
            flags = dict(w.removeprefix("--").split("=", 1) for w in words if w.startswith("--"))
            sources = [w for w in words if not w.startswith("--")][:-1]
            if "from" in flags:
                assert flags["from"] in names, value
                continue
            for source in sources:
                assert (ROOT / source).exists(), source
                assert kept(source), f"{source} is not in the context"
        names[base[-1]] = stage
    sources = tracked("crates", "dashboard/src", "bench/src", ".cargo") or ["crates/weir/src/main.rs"]
    assert not [path for path in sources if not kept(path)]


def test_what_is_nobodys_is_left_out():
    for path in ("deploy/compose/one/.env", "target/dist/weir", "dashboard/node_modules/a/b.js"):
        assert not kept(path), path
    assert not kept("requests.db") and not kept("crates/weir/requests.db-wal")


def test_the_image_runs_as_nobody_and_looks_after_itself(stages):
    last = stages[-1]
    user = of(last, "USER")[-1].split(":")
    assert all(int(part) > 0 for part in user)
    health = of(last, "HEALTHCHECK")[0]
    command = re.search(r'CMD \["(.*)"\]', health).group(1).split('", "')
    assert command == ["/usr/local/bin/weir", "health"]
    said = subprocess.run([WEIR, *command[1:], "--help"], capture_output=True, text=True)
    assert said.returncode == 0 and "WEIR_URL" in said.stdout
    copied = [value for value in of(last, "COPY") if "/usr/local/bin/weir" in value]
    assert copied and of(last, "ENTRYPOINT") == ['["/usr/local/bin/weir"]']


def test_settings_of_the_image_are_settings_of_weir(stages):
    reference = (ROOT / "docs/configuration.md").read_text()
    env = dict(re.findall(r"(\w+)=(\S+)", " ".join(of(stages[-1], "ENV"))))
    assert env["WEIR_URL"].endswith(":" + env["PORT"])
    for name in set(env) - {"WEIR_URL"}:
        assert f"`{name}`" in reference, name
    for name in ("DB_PATH", "DATABASE_PATH"):
        assert env[name].startswith("/data/")


def test_the_compiler_is_the_one_that_we_build_with(stages):
    manifest = (ROOT / "Cargo.toml").read_text()
    version = re.search(r'rust-version = "([\d.]+)"', manifest).group(1)
    arguments = dict(value.split("=", 1) for value in of(stages[0], "ARG"))
    assert arguments["RUST"].startswith(f"rust:{version}.")
