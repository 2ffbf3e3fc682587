"""What is built is what is in the tree, under one name; and the tree works without being installed.

Builds with the tools of the extra ``test`` and without isolation, so nothing is fetched from anywhere.
"""

import configparser
import os
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path

import pytest

import enomem

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("model", "checks", "spec")
OWN_FILES = {"__init__.py", "__main__.py", "aio.py", "py.typed"}
BACKEND = "zmq_backend"

IMPORT_EVERYTHING = """
import importlib, pkgutil, enomem
for module in pkgutil.walk_packages(enomem.__path__, "enomem."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
        print(module.name)
"""

IMPORT_ONE = "import enomem.model.system as system; print(system.__file__)"

IMPORT_AND_TELL = """
import sys
before = set(sys.modules)
import enomem
print(*{name.partition(".")[0] for name in set(sys.modules) - before})
"""


def python(*arguments: str, cwd: Path, path: Path) -> subprocess.CompletedProcess[str]:
    """Run this Python in `cwd` with `path` as its PYTHONPATH, whatever the caller's environment says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    environment |= {"PYTHONPATH": str(path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300)


def output(run: subprocess.CompletedProcess[str]) -> str:
    """What a run printed, which must have gone well."""
    assert run.returncode == 0, f"{run.args}\n{run.stdout}\n{run.stderr}"
    return run.stdout


def files_under(folder: Path) -> set[str]:
    """Each file below a folder, but for caches."""
    below = (file.relative_to(folder) for file in folder.rglob("*") if file.is_file())
    return {
        file.as_posix()
        for file in below
        if not any(part == "__pycache__" or part.startswith(".") for part in file.parts)
    }


def own_files() -> set[str]:
    """Each file that stands in ``src/enomem`` itself."""
    return OWN_FILES | {f"{BACKEND}/{file}" for file in files_under(ROOT / "src/enomem" / BACKEND)}


def contents(wheel: Path) -> dict[str, bytes]:
    """Each file of a wheel with its bytes."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@dataclass(frozen=True)
class Built:
    """The source distribution, unpacked; the wheel built from it; the wheel built from the tree."""

    source: Path
    wheel_from_source: Path
    wheel: Path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    folder = tmp_path_factory.mktemp("built")
    build = ("-m", "build", "--no-isolation", "--outdir")
    output(python(*build, str(folder / "both"), str(ROOT), cwd=folder, path=folder))
    output(python(*build, str(folder / "direct"), "--wheel", str(ROOT), cwd=folder, path=folder))
    (archive,) = (folder / "both").glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        tar.extractall(folder, filter="data")
    (from_source,) = (folder / "both").glob("*.whl")
    (direct,) = (folder / "direct").glob("*.whl")
    return Built(folder / archive.name.removesuffix(".tar.gz"), from_source, direct)


def test_the_wheel_puts_one_name_into_site_packages(built: Built) -> None:
    names = {name.partition("/")[0] for name in contents(built.wheel)}
    assert names == {"enomem", f"enomem-{enomem.__version__}.dist-info"}


def test_the_wheel_holds_every_file_of_the_parts_and_nothing_else(built: Built) -> None:
    in_tree = {f"enomem/{part}/{file}" for part in PARTS for file in files_under(ROOT / part)}
    in_wheel = {name for name in contents(built.wheel) if ".dist-info/" not in name}
    assert in_wheel == in_tree | {f"enomem/{file}" for file in own_files()}


def test_the_wheel_holds_the_bytes_of_the_tree(built: Built) -> None:
    packed = contents(built.wheel)
    for part in PARTS:
        for file in files_under(ROOT / part):
            assert packed[f"enomem/{part}/{file}"] == (ROOT / part / file).read_bytes(), file


def test_the_wheel_carries_the_spec(built: Built) -> None:
    suffixes = {Path(name).suffix for name in contents(built.wheel) if name.startswith("enomem/spec/")}
    assert suffixes >= {".py", ".md", ".toml"}


def test_the_wheel_from_the_source_distribution_is_the_wheel_from_the_tree(built: Built) -> None:
    assert contents(built.wheel_from_source) == contents(built.wheel)


def test_the_wheel_states_its_version_its_command_and_its_plugin(built: Built) -> None:
    packed = contents(built.wheel)
    information = f"enomem-{enomem.__version__}.dist-info"
    metadata = message_from_bytes(packed[f"{information}/METADATA"])
    assert (metadata["Name"], metadata["Version"]) == ("enomem", enomem.__version__)
    entries = configparser.ConfigParser()
    entries.read_string(packed[f"{information}/entry_points.txt"].decode())
    assert dict(entries["console_scripts"]) == {"enomem": "enomem.checks.cli:main"}
    assert dict(entries["pytest11"]) == {"enomem": "enomem.checks.suite.plugin"}


def test_every_module_of_the_wheel_imports_from_nothing_but_the_wheel(built: Built, tmp_path: Path) -> None:
    with zipfile.ZipFile(built.wheel) as archive:
        archive.extractall(tmp_path)
    imported = output(python("-c", IMPORT_EVERYTHING, cwd=tmp_path, path=tmp_path)).split()
    assert "enomem.checks.cli" in imported
    in_parts = sum(file.name != "__main__.py" for part in PARTS for file in (ROOT / part).rglob("*.py"))
    own = {file for file in own_files() if file.endswith(".py")} - {"__init__.py", "__main__.py"}
    assert len(imported) == in_parts + len(own)


def test_the_source_distribution_holds_the_tests_and_nothing_twice(built: Built) -> None:
    assert files_under(built.source / "tests") == files_under(ROOT / "tests")
    assert files_under(built.source / "src") == {f"enomem/{file}" for file in own_files()}


def test_an_editable_install_of_the_source_makes_the_links_again(built: Built, tmp_path: Path) -> None:
    editable = f"import hatchling.build; print(hatchling.build.build_editable({str(tmp_path)!r}))"
    wheel = output(python("-c", editable, cwd=built.source, path=tmp_path)).split()[-1]
    (line,) = (text.decode() for name, text in contents(tmp_path / wheel).items() if name.endswith(".pth"))
    assert Path(line.strip()) == built.source / "src"
    told = output(python("-c", IMPORT_ONE, cwd=tmp_path, path=Path(line)))
    assert Path(told.strip()) == built.source / "src/enomem/model/system.py"


def test_importing_enomem_imports_the_standard_library_only() -> None:
    names = output(python("-c", IMPORT_AND_TELL, cwd=ROOT / "tests", path=ROOT / "src")).split()
    assert set(names) - set(sys.stdlib_module_names) == {"enomem"}


@pytest.mark.parametrize("part", PARTS)
def test_a_part_imported_under_its_folder_name_says_what_to_import(part: str) -> None:
    run = python("-c", f"import {part}", cwd=ROOT, path=ROOT)
    assert run.returncode == 1
    last = run.stderr.splitlines()[-1]
    assert last.startswith("ImportError: ")
    assert f"import it as 'enomem.{part}'" in last


def test_the_links_lead_to_the_parts() -> None:
    for part in PARTS:
        assert (ROOT / "src/enomem" / part).resolve() == ROOT / part
