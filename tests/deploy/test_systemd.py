"""The units, by systemd's own judgement where it is here, and their files."""

import re
import shutil
import subprocess

import pytest
from chart import ROOT
from world import WEIR

FOLDER = ROOT / "deploy/systemd"
ANALYZE = shutil.which("systemd-analyze")
NAMES = ["weir", "weir-dispatch"]
UNITS = {name: (FOLDER / f"{name}.service").read_text() for name in NAMES}


@pytest.mark.skipif(not ANALYZE, reason="there is no systemd here")
@pytest.mark.parametrize("name", NAMES)
def test_systemd_takes_the_unit_and_finds_little_exposed(name, tmp_path):
    unit = tmp_path / f"{name}.service"
    unit.write_text(UNITS[name].replace("/usr/bin/weir", WEIR))
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


@pytest.mark.parametrize("name", NAMES)
def test_commands_of_the_unit_are_weirs(name):
    commands = re.findall(r"^Exec\w+=/usr/bin/weir (.*)$", UNITS[name], re.M)
    assert commands
    for command in commands:
        said = subprocess.run([WEIR, *command.split(), "--help"], capture_output=True, text=True)
        assert said.returncode == 0, said.stderr


@pytest.mark.parametrize(("name", "least"), [("weir", 9), ("weir-dispatch", 3)])
def test_variables_of_the_unit_are_weirs(name, least):
    examples = (FOLDER / f"{name}.env.example").read_text()
    names = re.findall(r"^Environment=(\w+)=", UNITS[name], re.M)
    names += re.findall(r"^#?([A-Z_]+)=", examples, re.M)
    assert len(names) >= least
    file = (FOLDER / "weir.yaml").read_text()
    for variable in set(names) - {"WEIR_CONFIG"}:
        assert f"`{variable}`" in reference() or f"${{{variable}" in file, variable


@pytest.mark.parametrize(
    ("name", "setting", "unit"),
    [("weir", "drain_timeout", ("m", 60)), ("weir-dispatch", "flush_timeout", ("s", 1))],
)
def test_the_service_ends_after_what_it_has_under_way(name, setting, unit):
    letter, seconds = unit
    default = re.search(rf"`{setting}` \| duration \| `(\d+){letter}`", reference()).group(1)
    stop = int(re.search(r"^TimeoutStopSec=(\d+)$", UNITS[name], re.M).group(1))
    assert stop > int(default) * seconds


def test_the_dispatcher_may_do_no_more_than_the_gateway_and_sees_no_captures():
    gateway, dispatcher = (limits(UNITS[name]) for name in NAMES)
    assert len(gateway) > 25 and gateway <= dispatcher
    captures = re.search(r"^Environment=DB_PATH=(\S+)/", UNITS["weir"], re.M).group(1)
    assert dispatcher - gateway == {f"InaccessiblePaths=-{captures}"}
    assert "/etc/weir/weir.env" not in UNITS["weir-dispatch"]


def limits(unit: str) -> set[str]:
    """What the unit says of what its service may do."""
    service = unit.split("# It may use the network")[1].split("[Install]")[0]
    return set(re.findall(r"^\w+=.*$", service, re.M))


def reference() -> str:
    return (ROOT / "docs/configuration.md").read_text()
