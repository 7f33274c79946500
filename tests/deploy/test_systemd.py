"""The unit, by systemd's own judgement where it is here, and its files."""

import re
import shutil
import subprocess

import pytest
from chart import ROOT
from world import WEIR

FOLDER = ROOT / "deploy/systemd"
ANALYZE = shutil.which("systemd-analyze")
UNIT = (FOLDER / "weir.service").read_text()


@pytest.mark.skipif(not ANALYZE, reason="there is no systemd here")
def test_systemd_takes_the_unit_and_finds_little_exposed(tmp_path):
    unit = tmp_path / "weir.service"
    unit.write_text(UNIT.replace("/usr/bin/weir", WEIR))
    done = subprocess.run(
        [ANALYZE, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    done = subprocess.run(
        [ANALYZE, "security", "--offline=yes", "--no-pager", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_commands_of_the_unit_are_weirs():
    commands = re.findall(r"^Exec\w+=/usr/bin/weir (.*)$", UNIT, re.M)
    assert commands
    for command in commands:
        said = subprocess.run([WEIR, *command.split(), "--help"], capture_output=True, text=True)
        assert said.returncode == 0, said.stderr


def test_variables_of_the_unit_are_weirs():
    examples = (FOLDER / "weir.env.example").read_text()
    names = re.findall(r"^Environment=(\w+)=", UNIT, re.M)
    names += re.findall(r"^#?([A-Z_]+)=", examples, re.M)
    assert len(names) > 8
    file = (FOLDER / "weir.yaml").read_text()
    for name in set(names) - {"WEIR_CONFIG"}:
        assert f"`{name}`" in reference() or f"${{{name}" in file, name


def test_the_service_ends_after_its_streams():
    default = re.search(r"`drain_timeout` \| duration \| `(\d+)m`", reference()).group(1)
    stop = int(re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.M).group(1))
    assert stop > int(default) * 60


def reference() -> str:
    return (ROOT / "docs/configuration.md").read_text()
