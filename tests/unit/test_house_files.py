"""The files that greet people say what is so: README, Makefile, guides, licence, changelog, pins."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
GUIDES = ["README.md", "CONTRIBUTING.md", "docs/runbook.md"]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def code(name: str) -> str:
    """What a guide shows as code, blocks and inline."""
    text = read(name)
    return "\n".join(re.findall(r"```\w*\n(.*?)```", text, re.S) + re.findall(r"`([^`\n]+)`", text))


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in done.stdout.decode().split("\0") if name]


@pytest.mark.parametrize("guide", GUIDES)
def test_make_targets_exist(guide: str) -> None:
    """Every `make …` that a guide names is a target of the Makefile."""
    named = {word for line in re.findall(r"\bmake ((?:[a-z-]+ ?)+)", code(guide)) for word in line.split()}
    assert named <= TARGETS, f"{guide} names {sorted(named - TARGETS)}; the Makefile has {sorted(TARGETS)}."


@pytest.mark.parametrize("guide", GUIDES)
def test_commands_exist(guide: str) -> None:
    """Every `cloud-discovery …` that a guide names is a command."""
    from typer.main import get_command

    from etl.cli import app

    commands = getattr(get_command(app), "commands")  # noqa: B009
    for name, sub in re.findall(r"cloud-discovery ([a-z-]+)(?: ([a-z]+))?", code(guide)):
        assert name in commands, f"{guide}: cloud-discovery {name}: no such command; expected one of {sorted(commands)}"
        below = getattr(commands[name], "commands", None)
        assert below is None or sub in below, f"{guide}: cloud-discovery {name} {sub}: no such command"


def test_readme_opens_with_the_two_commands() -> None:
    """The first code that a reader of the README sees are `make nightly` and `make test`."""
    first = re.search(r"```\w*\n(.*?)```", read("README.md"), re.S)
    assert first and re.findall(r"^make (\w+)", first[1], re.M) == ["nightly", "test"]


@pytest.mark.parametrize("guide", [*GUIDES, "docs/architecture.md", "CHANGELOG.md"])
def test_links_lead_somewhere(guide: str) -> None:
    """Relative links and pictures of a guide exist."""
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", read(guide)):
        assert (ROOT / guide).parent.joinpath(target).exists(), f"{guide} links to {target}, which is not there"


def test_help_lists_every_target() -> None:
    """`make` alone prints the list of targets and does nothing else."""
    done = subprocess.run(
        ["make"], cwd=ROOT, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    assert {line.split()[0] for line in done.stdout.splitlines()} == TARGETS
    assert {"nightly", "test", "test-all", "lint", "format", "requirements", "airflow", "clean", "help"} <= TARGETS


def test_ci_runs_the_readme_command_and_all_checks() -> None:
    """.ci/run goes through make: the README's test command, the slow tests and the lint."""
    assert re.findall(r"^step make ([a-z-]+)", read(".ci/run"), re.M) == ["test", "lint", "test-slow"]


def test_licence_is_apache() -> None:
    """LICENSE is the whole text that pyproject.toml names."""
    text = read("LICENSE")
    assert "Apache License" in text and "END OF TERMS AND CONDITIONS" in text and "9. Accepting Warranty" in text
    assert 'license = "Apache-2.0"' in read("pyproject.toml")


def test_changelog_keeps_its_form() -> None:
    """CHANGELOG.md has the headings of Keep a Changelog, the unreleased changes first."""
    headings = re.findall(r"^## (.+)$", read("CHANGELOG.md"), re.M)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:])


def test_decisions_are_numbered_once() -> None:
    """A decision's number names one decision, and its title repeats the number."""
    found = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [path.name[:4] for path in found]
    assert found and len(set(numbers)) == len(numbers)
    for path in found:
        assert path.read_text(encoding="utf-8").startswith(f"# {path.name[:4]}"), (
            f"{path.name}: open with '# {path.name[:4]} title'"
        )


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_pins_hold_what_is_asked_for(name: str) -> None:
    """Each package of the .in file stands in the .txt at a version that it allows, and every line there is one exact version."""
    lines = read(f"{name}.txt").splitlines()
    pins = dict(line.split("==") for line in lines if line)
    asked = [line.split("#")[0].strip() for line in read(f"{name}.in").splitlines()]
    for line in filter(None, asked):
        if not line.startswith("-r"):
            wanted = Requirement(line)
            assert wanted.name in pins and pins[wanted.name] in wanted.specifier, (
                f"{line}: not so in {name}.txt. Run: make requirements"
            )


def test_both_sets_of_pins_agree() -> None:
    """What the job runs on is what the tests ran on."""
    assert set(read("requirements.txt").splitlines()) <= set(read("requirements-dev.txt").splitlines())


def test_no_text_names_a_machine_or_a_registry() -> None:
    """The repository speaks of the project alone: no path of a developer's machine, no address of a package registry."""
    hosts = [
        "pypi" + ".org",
        "python" + "hosted.org",
        "registry." + "npmjs",
        "deb." + "debian.org",
        "files." + "python",
    ]
    paths = ["/work" + "/", "/root" + "/", "/home" + "/"]
    found = []
    for path in tracked():
        if path.is_symlink() or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found += [f"{path.relative_to(ROOT)}: {word}" for word in hosts + paths if word in text]
    assert not found


SETUP = ROOT / "scripts" / "setup.sh"


def run_setup(folder: Path, programs: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run setup.sh where only the given programs exist; each is a one-line shell script."""
    for name, script in programs.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(SETUP), *arguments], env={"PATH": str(folder)}, capture_output=True, text=True, check=False
    )


def test_setup_names_packages_it_may_not_install(tmp_path: Path) -> None:
    """Without root and sudo the message names the missing Debian packages and what an administrator runs."""
    done = run_setup(tmp_path, {"id": "echo 1000", "dpkg-query": "exit 1"}, "packages", "libone", "libtwo")
    assert done.returncode == 1
    assert "apt-get install libone libtwo" in done.stderr


def test_setup_installs_only_what_is_missing(tmp_path: Path) -> None:
    """apt-get is asked for the missing package alone, through sudo when not root."""
    programs = {
        "id": "echo 1000",
        "dpkg-query": '[ "$3" = libone ] && echo "install ok installed" || exit 1',
        "sudo": 'echo sudo "$@" >&2',
    }
    done = run_setup(tmp_path, programs, "packages", "libone", "libtwo")
    assert done.returncode == 0
    installs = [line for line in done.stderr.splitlines() if line.startswith("sudo") and " install " in line]
    assert len(installs) == 1 and installs[0].endswith(" libtwo")


def test_setup_leaves_a_complete_machine_alone(tmp_path: Path) -> None:
    """When every package is there, nothing is run and nothing is said."""
    done = run_setup(tmp_path, {"id": "echo 1000", "dpkg-query": 'echo "install ok installed"'}, "packages", "libone")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_setup_unpacks_without_installing(tmp_path: Path) -> None:
    """The missing package and what it needs are downloaded and unpacked into the folder; nothing is installed, nobody asked for root."""
    folder = tmp_path / "programs"
    programs = {
        "id": "echo 1000",
        "dpkg-query": '[ "$3" = libone ] && echo "install ok installed" || exit 1',
        "apt-get": 'case "$*" in -s*) printf "Inst %s (1.0)\\n" libneeded server;; *download*) touch one.deb; echo "$@" >&2;; esac',
        "dpkg-deb": 'echo dpkg-deb "$@" >&2',
        **{name: f'exec {shutil.which(name)} "$@"' for name in ("sed", "mkdir", "rm", "touch")},
    }
    done = run_setup(tmp_path, programs, "unpack", str(folder), "libone", "server")
    assert done.returncode == 0, done.stderr
    said = done.stderr.splitlines()
    assert said[0] == "Unpacking Debian packages: server"
    assert said[1].endswith("download libneeded server")
    assert said[2:] == [f"dpkg-deb -x {folder}/archives/one.deb {folder}"] and list(folder.iterdir()) == []


def test_setup_goes_on_without_what_cannot_be_downloaded(tmp_path: Path) -> None:
    """Only tests want those programs, and they skip: set-up says so and succeeds."""
    programs = {"id": "echo 1000", "dpkg-query": "exit 1", "apt-get": "exit 100"}
    programs |= {name: f'exec {shutil.which(name)} "$@"' for name in ("sed", "mkdir")}
    done = run_setup(tmp_path, programs, "unpack", str(tmp_path / "programs"), "server")
    assert done.returncode == 0
    assert "could not download: server" in done.stderr and "skipped" in done.stderr


def test_setup_names_a_missing_python(tmp_path: Path) -> None:
    """Without a Python of 3.11 or later the message says what to install or to name."""
    done = run_setup(tmp_path, {"python3": "exit 1"}, "venv", str(tmp_path / "venv"))
    assert done.returncode == 1
    assert "Python 3.11" in done.stderr and "make PYTHON=" in done.stderr


def test_setup_makes_a_virtual_environment(tmp_path: Path) -> None:
    """The named Python is the one that the virtual environment is made of."""
    done = run_setup(tmp_path, {"python3.11": f'exec {sys.executable} "$@"'}, "venv", str(tmp_path / "venv"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "venv" / "bin" / "pip").exists()
