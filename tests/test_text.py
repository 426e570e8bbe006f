"""Every word people read stands once in the catalogue, in both languages, with the same facts."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from pydantic import ValidationError

from gis_wufei.text import Text, catalogue, say, text

PACKAGE = Path(__file__).parents[1] / "gis_wufei"
SOURCES = {str(path): path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


def facts_of(sentence):
    return {name.partition(".")[0] for _, name, _, _ in Formatter().parse(sentence) if name is not None}


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_text_is_blank(lang):
    assert [key for key, entry in catalogue().items() if not entry.in_lang(lang).strip()] == []


def test_both_languages_fill_in_the_same_facts():
    assert [key for key, entry in catalogue().items() if facts_of(entry.zh) != facts_of(entry.en)] == []


def test_the_english_of_a_fault_is_free_of_chinese_and_the_chinese_is_not():
    faults = {key: entry for key, entry in catalogue().items() if re.match(r"[EWR]-", key)}
    assert [key for key, entry in faults.items() if re.search("[\u4e00-\u9fff]", entry.en)] == []
    assert [key for key, entry in faults.items() if not re.search("[\u4e00-\u9fff]|{remark}", entry.zh)] == []


def test_every_code_that_the_package_tells_has_its_sentence():
    codes = {code for source in SOURCES.values() for code in re.findall(r'"([EWR]-[A-Z]+-[A-Za-z0-9_]+)"', source)}
    assert len(codes) > 40 and sorted(codes - set(catalogue())) == []


# Keys that code or data puts together: the beginning of the key, and where the rest comes from.
COMPOSED = {
    "access.": "verdicts of an access list",
    "answer.": "what a certificate answers",
    "basis.": "what a verdict of a control unit rests on",
    "conforms.": "conformity of a facility with a control unit",
    "listed.": "verdicts of a study's access list",
    "says.": "verdicts of rules at a place",
    "why.column.": "columns of the answer to why",
    "paper.": "facts of a certificate",
    "secrecy.": "classes of secrecy",
    "shape.": "kinds of geometry in a certificate",
    "verdict.": "verdicts of a certificate",
    "E-STUDY-": "faults of a study by pydantic's kinds (faults.py)",
    "wanted.": "types that a study asks for (faults.py)",
    "form.": "patterns of a study (faults.py)",
    "about.": "tables of a report",
    "table.": "tables of a report",
    "cited.": "phrases among the sources of the standards",
    "cli.layers.": "columns of a check",
    "cli.streams.": "columns of a check",
    "column.": "columns of the tables",
    "effect.": "effects of rules",
    "figure.": "figures of the summary",
    "ignored.": "what a road network leaves out, and why a road is closed",
    "infeasible.": "kinds of infeasibility",
    "limit.": "limits of the siting",
    "stopped.": "what ended a search",
    "map.candidate.": "classes of candidates",
    "map.field.": "rows of popups",
    "map.figure.": "figures of a card",
    "map.ground.": "classes of land",
    "map.layer.": "layers of a stream",
    "map.meta.": "lines under About",
    "map.of.": "kinds of geometry",
    "map.place.": "classes of places",
    "map.site.": "classes of sites",
    "map.unit.": "units of popups and cards",
    "map.roads.part.": "parts of a road network",
    "map.roads.": "layers, classes and tables of a road network",
    "measure.": "units of columns",
    "kind.": "kinds of files by their content",
    "money.": "yuan and ten thousands",
    "no_trip.": "why there is no way between two places",
    "number.": "parts of crops, vehicles and facilities",
    "report.": "lines of the read-me",
    "road.column.": "columns of the network's tables",
    "state.": "states of sites",
    "status.": "states of results and of numbers",
    "step.": "steps of a walk",
    "synthetic.": "states of data",
    "unit.": "verdicts of control units",
    "unserved.": "reasons of the collection",
    "value.": "values of coded columns, role by role",
    "why.": "why a road is closed to a vehicle",
}


def words_of_code_and_data():
    """Every string and every name of a field in the code, and every word of the data files."""
    told = set()
    for source in SOURCES.values():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                told.add(node.value)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                told.add(node.target.id)
    data = [p.read_text("utf-8") for p in PACKAGE.rglob("*.yaml") if p.name not in ("texts.yaml", "ui.yaml")]
    return told | {word for text in data for word in re.findall(r"\w+", text)}


def test_every_text_is_used():
    """A key stands in the code as it is, or its beginning is in the list and its end is a word of code or data."""
    known, idle = words_of_code_and_data(), []
    roles = "|".join(sorted(known & {key.split(".")[1] for key in catalogue() if key.startswith("value.")}))
    for key, entry in catalogue().items():
        start = max((start for start in COMPOSED if key.startswith(start)), key=len, default=None)
        if key in known:
            continue
        if start == "cited.":
            used = any(entry.en in p.read_text("utf-8") for p in (PACKAGE / "standards").glob("*.yaml"))
        elif start == "value.":
            used = bool(re.match(rf"value\.({roles})\.\w+\.\w+$", key))
        else:
            used = start is not None and not known.isdisjoint(ends(key.removeprefix(start)))
        if not used:
            idle.append(key)
    assert idle == [], "\n".join(idle)


def ends(rest):
    """What code may call the composed part of a key: whole, or without the month or level that it fills in."""
    cut = ((r"\d\d_t$", ""), (r"(?<=_)(low|default)$", ""), (r"_mu$", "_ha"), (r"^restriction_", ""))
    return {rest, *(re.sub(end, other, rest) for end, other in cut)}


def test_every_beginning_of_composed_keys_has_its_texts():
    assert [start for start in COMPOSED if not any(key.startswith(start) for key in catalogue())] == []


def test_a_fact_may_itself_speak_both_languages():
    wanted = Text(zh="数", en="a number")
    facts = {"path": "a.b", "found": "x", "wanted": wanted}
    assert "应为数" in say("E-STUDY-type", "zh", **facts) and "expected a number" in say("E-STUDY-type", "en", **facts)


def test_a_fact_may_have_any_name():
    assert "'k'" in say("E-YAML-004", "en", key="k", first=1) and "'k'" in say("E-YAML-004", "zh", key="k", first=1)


def test_braces_in_a_fact_are_only_text():
    assert "{0.__class__}" in say("E-LAYER-016", "en", crs="{0.__class__}")


def test_a_missing_key_or_language_is_a_fault_of_the_package():
    with pytest.raises(KeyError):
        text("E-NOTHING-000")
    with pytest.raises(ValidationError, match="en"):
        Text.model_validate({"zh": "只有中文"})
