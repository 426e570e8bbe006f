"""Settings of one layer as options: ``--set where.Layer=林地`` says what a study would say below the layer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gis_wufei.errors import Fault, InputError, closest
from gis_wufei.faults import as_fault, merged, shown, validated
from gis_wufei.layers import LayerSpec
from gis_wufei.text import Text
from gis_wufei.yamlfile import parse_yaml

FLAGS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
DEEPER = {"values": 3}  # steps of a dotted path: values.class.一级; all else has two, and a column's name may hold dots


def layer_spec(told: Mapping[str, Any], fields: Iterable[str], settings: Iterable[str]) -> LayerSpec:
    """What a study would say of a layer.

    Parameters
    ----------
    told
        What other options say already.
    fields
        ``our column=the file's``.
    settings
        ``key=value``, the key a dotted path, the value a text or YAML in braces or brackets.

    Raises
    ------
    InputError
        No pair, an unknown setting, a value that makes no sense; all in the words of a study's faults.
    """
    spec: dict[str, Any] = dict(told)
    pairs = dict(_pair(option, "--field") for option in fields)
    if pairs:
        spec["fields"] = pairs
    for option in settings:
        key, value = _pair(option, "--set")
        head = key.partition(".")[0]
        settable = sorted(set(LayerSpec.model_fields) - {"path", "role"})
        if head not in settable:
            problem = f"--set {key} ({closest(head, settable) or ', '.join(settable)})"
            raise InputError([Fault("E-CHECK-005", "--set", {"problem": problem})])
        setting: Any = _value(value)
        for step in reversed(key.split(".", DEEPER.get(head, 2) - 1)):
            setting = {step: setting}
        if head == "where" and isinstance(setting[head], dict):  # one value or several: said twice, both are meant
            before = told_before if isinstance(told_before := spec.get(head), dict) else {}
            setting = {head: {column: [*before.get(column, ()), *_list(own)] for column, own in setting[head].items()}}
        spec = merged(spec, setting)
    verdict = validated(LayerSpec, _typed(spec), lambda value: {})
    if verdict.spec is None:
        raise InputError([_fault(as_fault(one, "--set", shown(one.path))) for one in verdict.complaints])
    return verdict.spec


def _pair(option: str, name: str) -> tuple[str, str]:
    key, sign, value = option.partition("=")
    if not (sign and key.strip() and value.strip()):
        raise InputError([Fault("E-CHECK-003", name, {"option": option})])
    return key.strip(), value.strip()


def _value(told: str) -> Any:
    """YAML where braces or brackets say so, its leaves as text; all else is the text it is."""
    if told[:1] not in "{[":
        return told
    return _texts(parse_yaml("--set", f"value: {told}".encode("utf-8", "surrogateescape")).value["value"])


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return str(value).lower() if isinstance(value, bool) else value if value is None else str(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _typed(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Flags and numbers out of the text they were typed as."""
    typed = dict(spec)
    for name, value in spec.items():
        if isinstance(value, str) and LayerSpec.model_fields[name].annotation is bool:
            typed[name] = FLAGS.get(value.casefold(), value)
        elif name == "header_row" and isinstance(value, str) and value.isdecimal():
            typed[name] = int(value)
    return typed


def _fault(told: Fault) -> Fault:
    problem = Text(zh=told.sentence("zh"), en=told.sentence("en"))
    return Fault("E-CHECK-005", "--set", {"problem": problem})
