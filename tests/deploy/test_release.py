"""The release script: what it packs is the same each time, and it builds nothing that is not in order."""

import hashlib
import json
import os
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
from chart import ROOT, tracked

SCRIPT = ROOT / "scripts/release.sh"
pytestmark = pytest.mark.skipif(not tracked("Cargo.toml"), reason="this is no checkout")


def run(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True)


@pytest.fixture
def program(tmp_path) -> Path:
    """Stands for weir where only the packing counts, so that nobody waits for 100 MB to be compressed."""
    file = tmp_path / "program"
    file.write_text('#!/bin/sh\necho "completions for $2"\n')
    file.chmod(0o700)
    return file


def packed(program: Path, out: Path, umask: int = 0o022) -> dict[str, str]:
    before = os.umask(umask)
    try:
        done = run("--binary", program, "--out", out)
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    return {it.name: hashlib.sha256(it.read_bytes()).hexdigest() for it in out.iterdir()}


def test_packs_the_same_bytes_each_time(program, tmp_path):
    first = packed(program, tmp_path / "first")
    # Neither when nor by whom nor where it is packed makes a difference.
    os.utime(program, (1, 1))
    assert packed(program, tmp_path / "second", umask=0o077) == first
    sums = dict(
        line.split("  ")[::-1] for line in (tmp_path / "first/SHA256SUMS").read_text().splitlines()
    )
    assert sums == {name: digest for name, digest in first.items() if name != "SHA256SUMS"}
    assert len(sums) == 2


def test_what_is_packed(program, tmp_path):
    packed(program, tmp_path / "out")
    archive = next((tmp_path / "out").glob("weir-*-linux-*.tar.gz"))
    with tarfile.open(archive) as tar:
        members = tar.getmembers()
        top = members[0].name
        found = {member.name.removeprefix(f"{top}/"): member for member in members}
        assert found["weir"].mode == 0o755
        text = tar.extractfile(found["completions/weir.zsh"]).read()
        assert text == b"completions for zsh\n"
    for name in ("LICENSE", "docs/operations.md", "deploy/systemd/weir.service", "schema/openapi.json"):
        assert name in found
    names = [member.name for member in members]
    assert names == sorted(names)
    assert {(member.uid, member.gid, member.mtime) for member in members} == {
        (0, 0, members[0].mtime)
    }
    assert not [member for member in members if member.issym()]


def test_the_packed_chart_is_whole(program, tmp_path):
    packed(program, tmp_path / "out")
    chart = next((tmp_path / "out").glob("weir-chart-*.tgz"))
    with tarfile.open(chart) as tar:
        files = {it.name: tar.extractfile(it).read() for it in tar.getmembers() if it.isfile()}
    board = json.loads((ROOT / "deploy/grafana/weir.json").read_text())
    assert json.loads(files["weir/files/weir.json"]) == board
    ours = tracked("deploy/helm/weir")
    assert set(files) == {path.removeprefix("deploy/helm/") for path in ours}


def test_a_dry_run_says_what_it_would_do_and_does_nothing(tmp_path):
    done = run("--dry-run", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    for part in ("npm|make dashboard", "--remap-path-prefix", "--locked", "cyclonedx", "npm sbom"):
        assert re.search(part, done.stderr), part
    assert not (tmp_path / "out").exists()


def test_refuses_what_is_no_release():
    """A checkout without the version's tag, as this one is while it is worked on, is not built."""
    tags = subprocess.run(
        ["git", "tag", "--points-at", "HEAD"], cwd=ROOT, capture_output=True, text=True
    ).stdout
    if re.search(r"^v\d", tags, re.M):
        pytest.skip("this commit is a release")
    done = run()
    assert done.returncode == 1
    assert re.search("not committed|has no tag", done.stderr)


def test_versions_agree():
    manifest = (ROOT / "Cargo.toml").read_text()
    version = re.search(r'^version = "(.*)"$', manifest, re.M).group(1)
    assert f'appVersion: "{version}"' in (ROOT / "deploy/helm/weir/Chart.yaml").read_text()
    for kind in ("one", "three"):
        compose = (ROOT / f"deploy/compose/{kind}/compose.yaml").read_text()
        assert f"weir:{version}}}" in compose
