"""Every word people read stands once in the catalogue, in both languages, with the same facts."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from pydantic import ValidationError

from gis_wufei.text import Text, catalogue, say, text

PACKAGE = Path(__file__).parents[1] / "gis_wufei"
SOURCES = {path.name: path.read_text(encoding="utf-8") for path in sorted(PACKAGE.rglob("*.py"))}


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
