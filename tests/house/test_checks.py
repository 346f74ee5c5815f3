"""`make test`, the hosted check and the hooks before a commit are the same checks."""

import re
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
CHECKS = ("format-check", "lint", "types", "layers")


def read(name: str):
    return yaml.safe_load((ROOT / name).read_text())


def recipe(target: str) -> list[str]:
    """The commands of `make TARGET`, as make would run them."""
    asked = ["make", "--dry-run", "--silent", "--old-file=.venv/dev", target]
    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if line.startswith(".venv/bin/")]


def test_make_test_is_the_four_checks_and_the_tests():
    (line,) = re.findall(r"^test: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert tuple(line.split()) == CHECKS


def test_each_hook_is_one_of_them_and_none_is_missing():
    hooks = [hook for repo in read(".pre-commit-config.yaml")["repos"] for hook in repo["hooks"]]
    assert [hook["entry"] for hook in hooks] == [f"make {check}" for check in CHECKS]
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in hooks)


def test_hooks_fetch_nothing():
    assert [repo["repo"] for repo in read(".pre-commit-config.yaml")["repos"]] == ["local"]


def test_what_a_hook_runs_is_part_of_make_test():
    whole = recipe("test")
    for check in CHECKS:
        commands = recipe(check)
        assert commands
        assert set(commands) <= set(whole)
    assert any("pytest" in command for command in whole)


def test_the_hosted_check_runs_ci_run_which_runs_make_test():
    (job,) = read(".github/workflows/ci.yml")["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["bash .ci/run"]
    assert "make test\n" in (ROOT / ".ci" / "run").read_text()


def test_the_hosted_check_has_the_python_that_is_asked_for():
    (job,) = read(".github/workflows/ci.yml")["jobs"].values()
    (python,) = [step["with"] for step in job["steps"] if "setup-python" in step.get("uses", "")]
    settings = (ROOT / "pyproject.toml").read_text()
    assert f'requires-python = ">={python["python-version"]}"' in settings
