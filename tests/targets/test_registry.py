"""Names of targets: each is had, or the reason and what to do are told in one sentence."""

import importlib
from pathlib import Path

import pytest

from enomem.checks.errors import UsageError
from enomem.checks.targets import registry, serve
from enomem.checks.targets.registry import by_name, in_process


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing", "there is no target 'nothing'; known are model, reference, reference-stepped, pyzmq, pyomq, "),
        ("process:", "a target in a process needs a command: process:CMD"),
        ("process:'", 'the command "\'" cannot be read: No closing quotation'),
        ("process:nowhere-at-all x", "there is no program 'nowhere-at-all' to start a target with"),
        ("python:enomem", "'enomem' names no callable: python:MODULE:CALL is wanted"),
        ("python:nowhere.at_all:Call", "python:nowhere.at_all:Call cannot be had: No module named 'nowhere'"),
        ("python:json:dumps", "python:json:dumps makes no target: TypeError: dumps() missing 1 required positional"),
        ("python:time:time", "python:time:time makes no target: what it returns has no name, version, cans, types"),
        ("python:enomem:Nothing", "python:enomem:Nothing cannot be had: module 'enomem' has no attribute 'Nothing'"),
    ],
)
def test_a_name_that_is_none_is_the_callers_mistake(name: str, said: str) -> None:
    with pytest.raises(UsageError) as error:
        by_name(name)
    assert str(error.value).startswith(said)


def test_what_is_not_installed_is_told_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="the target pyomq needs the Python package pyomq: pip install pyomq"):
        by_name("pyomq")
    with monkeypatch.context() as patch:
        patch.setattr("importlib.import_module", _missing)
        with pytest.raises(UsageError) as error:
            in_process("pyzmq")
    assert str(error.value) == "pyzmq cannot be imported (no such module): pip install pyzmq"
    monkeypatch.setenv("ENOMEM_JEROMQ", str(tmp_path / "no.jar"))
    monkeypatch.setattr("shutil.which", lambda _: None)
    with pytest.raises(UsageError, match="the target jeromq needs java: apt install default-jdk-headless"):
        by_name("jeromq")
    with pytest.raises(UsageError, match="the target zeromqjs needs node: apt install nodejs"):
        by_name("zeromqjs")
    monkeypatch.setattr("shutil.which", lambda _: "/bin/false")
    with pytest.raises(UsageError, match=r"needs .*no\.jar: pip install --no-deps kotlin-jupyter-kernel"):
        by_name("jeromq")
    monkeypatch.setenv("ENOMEM_NODE", str(tmp_path))
    with pytest.raises(UsageError, match=r"the target zeromqjs needs the npm package: npm install --prefix .* zeromq"):
        by_name("zeromqjs")


def test_the_jar_is_the_one_that_is_named_else_that_of_the_package_else_debians(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package, named, debian = tmp_path / "kernel_of_a_test", tmp_path / "a.jar", tmp_path / "d.jar"
    packed = package / "jars" / "kotlin-jupyter-kernel-1-all.jar"
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "JEROMQ", (package.name, registry.JEROMQ[1]))
    monkeypatch.setattr(registry, "DEBIAN", debian)
    monkeypatch.delenv("ENOMEM_JEROMQ", raising=False)
    with pytest.raises(UsageError, match=r"the target jeromq needs .*d\.jar: pip install --no-deps kotlin-jupyter"):
        registry.jar()
    debian.touch()
    assert registry.jar() == debian
    packed.parent.mkdir(parents=True)
    packed.touch()
    (package / "__init__.py").touch()
    importlib.invalidate_caches()
    assert registry.jar() == packed
    named.touch()
    monkeypatch.setenv("ENOMEM_JEROMQ", str(named))
    assert registry.jar() == named


def _missing(_: str) -> None:
    raise ImportError("no such module")


def test_a_target_can_be_a_class_of_anybodys() -> None:
    assert by_name("python:enomem.checks.targets.model:Model").name == "model"


def test_every_name_that_is_shown_is_known() -> None:
    assert set(registry.PYTHON) < set(registry.NAMES)
    for name in ("model", "reference", "reference-stepped"):
        target = in_process(name)
        assert target.name == name
        target.end()


def test_serving_what_there_is_not_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main(["nothing"]) == 2
    assert serve.main([]) == 2
    said = capsys.readouterr().err
    assert "enomem: there is no target 'nothing' that runs in the same process; known are model" in said
    assert "enomem: say which target is to be served" in said
