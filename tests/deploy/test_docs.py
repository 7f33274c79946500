"""What the documentation names is there: settings, variables, commands, routes, pages."""

import json
import os
import re
import shlex
import signal
import subprocess
from functools import cache
from pathlib import Path

import pytest
from chart import ROOT
from waiting import until
from world import WEIR, ask, closed_port

DOCS = ROOT / "docs"
GUIDES = sorted((DOCS / "migrating").glob("*.md"))
PAGES = [ROOT / "README.md", *DOCS.glob("*.md"), *GUIDES]
OWN_PAGES = [*GUIDES, DOCS / "operations.md", DOCS / "releasing.md"]
VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|PORT|DAEMON")
CODE = re.compile(r"`([^`\n]+)`")
# What is no setting: of weir's commands, of agents, of builds.
OTHER_VARIABLES = {"WEIR_CONFIG", "WEIR_URL", "ANTHROPIC_BASE_URL", "PROXY_TOKEN", "SOURCE_DATE_EPOCH"}
OTHER_VARIABLES |= {"SSL_CERT_FILE"}


@cache
def reference() -> tuple[dict[str, set[str]], set[str]]:
    """Settings by path with their variables, and variables that have no effect."""
    text = (DOCS / "configuration.md").read_text()
    settings, section = {}, ""
    for line in text.split("## Settings without effect")[0].splitlines():
        if heading := re.match(r"## `(.+)`", line):
            section = heading.group(1)
        elif row := re.match(r"\| `(\w+)` \|[^|]*\|[^|]*\|([^|]*)\|", line):
            settings[f"{section}.{row.group(1)}"] = set(CODE.findall(row.group(2)))
    assert len(settings) > 100
    ignored = set(CODE.findall(text.split("## Variables without effect")[1]))
    return settings, {name for name in ignored if VARIABLE.fullmatch(name)}


def settings() -> dict[str, set[str]]:
    return reference()[0]


def variables() -> set[str]:
    return set().union(*settings().values())


def is_setting(path: str) -> bool:
    """Whether it is a setting, or a section of some."""
    return any(known == path or known.startswith(path + ".") for known in settings())


def tables(page: Path):
    """Each table: what was said before it, its head, and its rows, all in cells."""
    said, rows = "", []
    for line in [*page.read_text().splitlines(), ""]:
        if line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            rows.append(cells)
        elif rows:
            yield said, rows[0], rows[2:]
            said, rows = line, []
        elif line:
            said = line


@pytest.mark.parametrize("page", OWN_PAGES, ids=lambda page: page.name)
def test_settings_that_are_named_are_there(page):
    sections = {path.split(".")[0] for path in settings()}
    theirs = set()
    for _, head, rows in tables(page):
        if head[1:2] == ["weir"] or head[0] == "Variable":
            theirs |= {name for row in rows for name in CODE.findall(row[0])}
    for name in set(CODE.findall(page.read_text())) - theirs:
        name = name.split(":")[0]
        if re.fullmatch(r"[a-z_]+(\.[A-Za-z_]+)+", name) and name.split(".")[0] in sections:
            assert is_setting(name), f"{page.name}: {name} is no setting"


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_what_stands_for_theirs_is_a_setting(page):
    """In tables of settings, whatever looks like one on our side is one."""
    seen = 0
    for _, head, rows in tables(page):
        if head[1:2] != ["weir"] or head[0] not in {"cc-relay", "Variable"}:
            continue
        for row in rows:
            for name in CODE.findall(row[1]):
                if re.fullmatch(r"[a-z_]+(\.[A-Za-z_]+)+", name):
                    assert name in settings(), f"{page.name}: {name} is no setting"
                    seen += 1
    assert seen > 10


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_variables_go_where_the_page_says(page):
    ignored = reference()[1]
    for said, head, rows in tables(page):
        if head[0] != "Variable":
            continue
        for row in rows:
            names = [name for name in CODE.findall(row[0]) if VARIABLE.fullmatch(name)]
            if "under their own names" not in said:
                for name in names:
                    assert name not in variables() or name in ignored, (
                        f"{page.name}: weir does take {name}; say so in the table above"
                    )
                continue
            assert names
            targets = CODE.findall(row[1])
            for name in names:
                assert name in variables(), f"{page.name}: weir takes no {name}"
                if targets:
                    assert any(name in settings()[path] for path in targets), f"{name}: {targets}"


@pytest.mark.parametrize("page", OWN_PAGES, ids=lambda page: page.name)
def test_variables_that_are_named_are_there(page):
    theirs = set()
    for _, head, rows in tables(page):
        if head[0] == "Variable":
            theirs |= {name for row in rows for name in CODE.findall(row[0])}
    known = variables() | reference()[1] | OTHER_VARIABLES | theirs
    for code in CODE.findall(page.read_text()):
        for name in re.findall(r"(?<![$\w{-])[A-Z]+(?:_[A-Z]+)+(?![\w*-])", code):
            assert name in known, f"{page.name}: {name} is no variable"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = re.sub(r"```.*?```", "", page.read_text(), flags=re.S)
    for target in re.findall(r"\]\(([^)]+)\)", text):
        if re.match(r"https?:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{page.name}: {target}"
        if anchor and file.suffix == ".md":
            assert anchor in anchors(file), f"{page.name}: {target}"


@cache
def anchors(page: Path) -> set[str]:
    found = set()
    for heading in re.findall(r"^#+ (.+)$", page.read_text(), re.M):
        bare = re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).lower())
        found.add(bare.replace(" ", "-"))
    return found


@cache
def is_command(words: tuple[str, ...]) -> bool:
    said = subprocess.run([WEIR, *words, "--help"], capture_output=True, text=True)
    return said.returncode == 0


@cache
def flags(words: tuple[str, ...]) -> set[str]:
    said = subprocess.run([WEIR, *words, "--help"], capture_output=True, text=True).stdout
    return set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", said)) | {"--version"}


@pytest.mark.parametrize("page", OWN_PAGES, ids=lambda page: page.name)
def test_commands_and_their_flags_are_there(page):
    text = page.read_text()
    fenced = "\n".join(re.findall(r"```(?:sh|yaml)?\n(.*?)```", text, re.S)).splitlines()
    lines = CODE.findall(re.sub(r"```.*?```", "", text, flags=re.S)) + fenced
    for line in lines:
        match = re.match(r"\s*(?:nohup )?weir ([a-z-].*)", line)
        if not match:
            continue
        words = match.group(1).split(" #")[0].split(" >")[0].split()
        command = []
        for word in words:
            if not re.fullmatch(r"[a-z-]+", word) or word.startswith("-"):
                break
            command.append(word)
        while command and not is_command(tuple(command)):
            command.pop()
        assert command or words[0] == "--version", f"{page.name}: {line}"
        for word in words:
            if re.fullmatch(r"--?[a-z][a-z-]*", word):
                assert word in flags(tuple(command)), f"{page.name}: {line}"


@pytest.mark.parametrize("page", OWN_PAGES, ids=lambda page: page.name)
def test_calls_of_the_api_are_there(page):
    paths = json.loads((ROOT / "schema/openapi.json").read_text())["paths"]
    known = {re.sub(r"\{\w+\}", "{}", path): set(calls) for path, calls in paths.items()}
    known["/openapi.json"] = {"get"}
    for said, head, rows in tables(page):
        for row in rows:
            # The left side of a table with ours beside it is theirs.
            ours = row[1:] if head[1:2] == ["weir"] else row
            check_calls(page, " ".join(ours), known)
    check_calls(page, re.sub(r"^\|.*$", "", page.read_text(), flags=re.M), known)


def check_calls(page: Path, text: str, known: dict[str, set[str]]) -> None:
    for method, path in re.findall(r"`(GET|POST|PUT|PATCH|DELETE) (/(?:api|manage)[^`? ]*)", text):
        bare = re.sub(r"\{\w+\}", "{}", path)
        assert method.lower() in known.get(bare, set()), f"{page.name}: {method} {path}"


def test_the_line_for_a_shell_serves_in_the_background(tmp_path):
    """As the guide has it for those who had a daemon: it returns, says which process, and a signal ends that."""
    text = (DOCS / "migrating/llm-proxy.md").read_text()
    line = re.search(r"`(nohup weir serve .* echo \$! >P)`", text).group(1)
    port = closed_port()
    line = line.replace("weir serve", f"{shlex.quote(WEIR)} serve --port {port}", 1)
    subprocess.run(["bash", "-c", line], cwd=tmp_path, env={"HOME": str(tmp_path)}, check=True)
    process = int((tmp_path / "P").read_text())
    log = tmp_path / "F"
    try:
        until(lambda: is_served(port), "weir serves")
    finally:
        os.kill(process, signal.SIGTERM)
    until(lambda: log.exists() and '"stopped"' in log.read_text(), "weir ends")


def is_served(port: int) -> bool:
    try:
        return ask(f"http://127.0.0.1:{port}/livez")[0] == 200
    except OSError:
        return False


def test_the_index_has_every_page():
    text = (DOCS / "README.md").read_text()
    linked = set(re.findall(r"\]\(([^)#]+)", text))
    for page in [*DOCS.glob("*.md"), *GUIDES]:
        name = page.relative_to(DOCS).as_posix()
        assert name == "README.md" or name in linked, f"{name} is not in docs/README.md"
