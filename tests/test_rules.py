"""The specification's text and the machines are held together: headings, enum, classes, functions, sites."""

import ast
import re
from importlib import resources
from pathlib import Path

import pytest

from enomem.checks.families import registry
from enomem.checks.patterns import properties as pattern_properties
from enomem.checks.senders.properties import PROPERTIES
from enomem.model.application import Recovery
from enomem.model.memory import NEVER, Site
from enomem.model.policies import POLICIES
from enomem.model.receive_policies import RECEIVE_POLICIES
from enomem.model.rules import Rule, RuleClass
from enomem.spec.text import Entry, entries, parse

ENTRIES = entries()
NOT_RULES = ("policies.md", "properties.md")
SAFE = [name for name in PROPERTIES if name.startswith("SAFE-")]
LIVE = [name for name in PROPERTIES if name.startswith("LIVE-")]
RULES = [entry for entry in ENTRIES.values() if entry.file not in NOT_RULES]
PREFIXES = (*dict.fromkeys(rule.value.rpartition("-")[0] for rule in Rule), "SAFE", "LIVE", "ASSUME")
REFERENCE = re.compile(rf"\b(?:{'|'.join(PREFIXES)})-(?:[A-Z]+|[0-9]+)\b")
SPEC_FILES = sorted(item.name for item in resources.files("enomem.spec").iterdir() if item.name.endswith(".md"))
DECISIONS = sorted(Path(__file__).parent.parent.joinpath("docs", "decisions").glob("*.md"))


def source(path: str) -> str:
    return resources.files("enomem").joinpath(*path.split("/")).read_text(encoding="utf-8")


def of(prefix: str) -> list[Entry]:
    return [entry for entry in ENTRIES.values() if entry.id.startswith(prefix)]


def site_rows() -> dict[str, list[str]]:
    rows = re.findall(r"^\| ([A-Z_]+) \|(.*)\|$", source("spec/memory.md"), re.MULTILINE)
    return {name: [cell.strip() for cell in rest.split("|")] for name, rest in rows}


def test_the_headings_of_rules_are_the_enum_in_its_order() -> None:
    assert [entry.id for entry in RULES] == [rule.value for rule in Rule]


def test_an_enum_member_is_named_like_its_rule() -> None:
    assert all(rule.name == rule.value.replace("-", "_") for rule in Rule)


@pytest.mark.parametrize("rule", list(Rule), ids=lambda rule: rule.value)
def test_a_rule_has_what_a_rule_must_have(rule: Rule) -> None:
    entry = ENTRIES[rule.value]
    assert entry.title
    assert re.search(r"\b(MUST|MAY)\b", entry.text), "a rule says what must or may be"
    assert entry.source
    assert entry.kind == rule.kind.value


def test_only_rules_have_a_class() -> None:
    assert {entry.id for entry in ENTRIES.values() if entry.kind} == {rule.value for rule in Rule}


@pytest.mark.parametrize("entry", ENTRIES.values(), ids=lambda entry: entry.id)
def test_an_entry_names_its_source_and_the_file_and_function_that_state_it(entry: Entry) -> None:
    assert entry.text
    assert entry.source
    path, _, name = entry.machine.partition(" ")
    tree = ast.parse(source(path))
    asked = entry.id in (*PROPERTIES, *pattern_properties.PROPERTIES, *registry.own())
    assert bool(name) != asked, "all but properties name a function or a class"
    if name:
        top = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert name in top
    if entry in RULES:
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert name in functions, "a rule is stated by a function"


@pytest.mark.parametrize("rule", list(Rule), ids=lambda rule: rule.value)
def test_the_file_that_states_a_rule_names_it(rule: Rule) -> None:
    path, _, _ = ENTRIES[rule.value].machine.partition(" ")
    assert f"Rule.{rule.name}" in source(path) or rule.value in source(path)


def test_the_headings_of_properties_are_the_properties_asked() -> None:
    asked = [*SAFE, *pattern_properties.PROPERTIES, *LIVE, *registry.own()]
    assert [entry.id for entry in [*of("SAFE-"), *of("LIVE-")]] == sorted(asked, key=lambda name: name[:5] != "SAFE-")


def test_every_policy_and_recovery_has_an_entry_and_every_entry_one_of_them() -> None:
    named = [entry.id for entry in ENTRIES.values() if entry.file == "policies.md"]
    policies = [policy.name for policy in (*POLICIES, *RECEIVE_POLICIES)]
    assert named == policies + [recovery.value for recovery in Recovery]


def test_every_site_has_a_row_and_every_row_a_site() -> None:
    assert list(site_rows()) == [site.name for site in Site]
    assert all(len(cells) == 7 and all(cells) for cells in site_rows().values())


def test_a_failure_at_a_site_leads_to_a_rule_where_anybody_asks_there() -> None:
    for name, cells in site_rows().items():
        rules = [found for found in REFERENCE.findall(cells[5]) if found in {rule.value for rule in Rule}]
        assert bool(rules) == (Site[name] not in NEVER)
        assert all(Rule(found).kind == RuleClass.OOM or found == "SEND-14" for found in rules)
        assert cells[0].startswith("nobody") == (Site[name] in NEVER)
    assert "SAFE-COMMIT" in site_rows()[Site.COMMIT.name][5]


def test_assumptions_named_by_properties_exist_and_every_assumption_is_named() -> None:
    assumed = {identifier for entry in ENTRIES.values() for identifier in entry.assumes}
    assert assumed == {entry.id for entry in of("ASSUME-")}


@pytest.mark.parametrize("name", SPEC_FILES)
def test_what_a_file_of_the_specification_refers_to_exists(name: str) -> None:
    assert set(REFERENCE.findall(source(f"spec/{name}"))) <= set(ENTRIES)


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.name)
def test_what_a_decision_refers_to_exists(path: Path) -> None:
    assert set(REFERENCE.findall(path.read_text(encoding="utf-8"))) <= set(ENTRIES)


def test_decisions_that_the_specification_refers_to_exist() -> None:
    text = "".join(source(f"spec/{name}") for name in SPEC_FILES)
    assert set(re.findall(r"docs/decisions/([\w.-]+\.md)", text)) <= {path.name for path in DECISIONS}


def test_every_decision_about_the_sender_has_a_section() -> None:
    (path,) = [path for path in DECISIONS if path.name == "0002-sender-decisions.md"]
    assert re.findall(r"^### (D[0-9]+) ", path.read_text(encoding="utf-8"), re.MULTILINE) == [
        f"D{i}" for i in range(1, 13)
    ]


def test_an_entry_is_read_with_its_text_and_lines() -> None:
    entry_text = "### SEND-1 A title\n\nIt MUST\nbe.\n\nSo.\n\nSource: a,\nb\n\nClass: oom\n"
    text = f"# Top\nprose\n{entry_text}\n## Next\n\nmore prose\n"
    entry = Entry("SEND-1", "A title", "It MUST be.\n\nSo.", "a, b", "oom", "", (), "x.md")
    assert parse(text, "x.md") == {"SEND-1": entry}


def test_assumptions_are_read_as_identifiers() -> None:
    found = parse("### A-B\n\nt\n\nAssumes: ASSUME-X,\nASSUME-Y\n\n### A-C\n\nt\n\nAssumes: nothing\n", "x.md")
    assert found["A-B"].assumes == ("ASSUME-X", "ASSUME-Y")
    assert found["A-C"].assumes == ()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("### Lower case\n", r"spec/x\.md:1: '### Lower case' does not begin with an identifier"),
        ("### A-1 t\n\n### A-1 t\n", r"spec/x\.md:3: A-1 has a heading already"),
        ("### A-1 t\n\nSource: a\n\nSource: b\n", r"spec/x\.md:1: A-1 has two lines 'Source:'"),
        ("### A-1 t\n\nSource: a\n\nmore\n", r"spec/x\.md:1: A-1 has text behind its lines: 'more'"),
    ],
)  # fmt: skip
def test_a_text_that_is_not_well_formed_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse(text, "x.md")


def test_the_answer_may_be_changed_by_its_reader() -> None:
    entries().clear()
    assert entries() == ENTRIES
