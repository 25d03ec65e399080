"""Who may use whom, and what an import may cost."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"pandas", "altair", "weasyprint", "vl_convert", "pyspark", "IPython"}
MODULES = {
    "etl.cli": HEAVY | {"airflow", "duckdb", "sqlalchemy"},
    "etl.pipeline": HEAVY | {"airflow", "duckdb", "sqlalchemy"},
    "etl.models": HEAVY | {"airflow", "duckdb", "sqlalchemy"},
    "reports.nightly": HEAVY | {"airflow", "duckdb", "sqlalchemy"},
    "dags.intake": HEAVY | {"duckdb"},
    "dags.nightly": HEAVY | {"duckdb"},
    "dags.report": HEAVY | {"duckdb"},
    "dags.maintenance": HEAVY | {"duckdb"},
}


def test_layers_hold() -> None:
    """The contracts of import-linter in pyproject.toml are kept."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_module_needs_itself() -> None:
    """Imports, those within functions too, run one way: no module is needed by what it needs. A type's name needs nothing."""
    graph = grimp.build_graph("etl", "reports", "dags", exclude_type_checking_imports=True, cache_dir=None)
    needs = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        pytest.fail(f"{' → '.join(reversed(error.args[1]))}. Move what both need to where neither is needed.")


def test_every_contract_says_something() -> None:
    """A contract whose libraries nobody imports would hold for ever: each protected one is a requirement of ours."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    protected = {name for contract in contracts for name in contract.get("protected_modules", ())}
    imported = {
        name
        for folder in ("etl", "reports", "dags")
        for path in (ROOT / folder).rglob("*.py")
        for name in top_level_names(path)
    }
    assert protected <= imported, f"nobody imports {sorted(protected - imported)}. Take it out of the contract."


def top_level_names(path: Path) -> set[str]:
    """First names of all modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("module", sorted(MODULES))
def test_import_is_light(module: str) -> None:
    """Importing what starts first (the command line, a DAG file) loads none of the heavy libraries."""
    code = f"import sys, {module}; print(*(name for name in {sorted(MODULES[module])!r} if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stdout.split(), f"{module} imports {done.stdout.split()}. Import it in the function that uses it."


@pytest.mark.parametrize("path", sorted((ROOT / "dags").glob("*.py")), ids=lambda path: path.stem)
def test_dag_file_does_no_work_at_module_level(path: Path) -> None:
    """A DAG file's module level holds imports, constants, definitions, and the call that makes the DAG; no loop, no branch, no `with`."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        is_call = (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Call)
            and ast.unparse(node.value) == f"{path.stem}()"
        )
        is_docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        is_for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.FunctionDef, ast.ClassDef)
        assert is_call or is_docstring or is_for_types or isinstance(node, allowed), (
            f"{path.name}:{node.lineno}: move this into a task."
        )
