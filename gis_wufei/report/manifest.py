"""The record of a run: what went in, what each solver proved, what came out, and how long it took."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyogrio
import pyproj

from gis_wufei import __version__
from gis_wufei.crs import crs_label
from gis_wufei.plan import Plan, StreamPlan, Warn
from gis_wufei.report.grounds import file_of
from gis_wufei.text import Text

RUN_FILE = "run.json"
MADE_BY = "gis_wufei"
TIMINGS = "timings_s"  # the only entry in which two equal runs may differ
LIBRARIES = (
    "geopandas",
    "highspy",
    "numpy",
    "pandas",
    "pydantic",
    "pyogrio",
    "pyproj",
    "pyvrp",
    "rasterio",
    "scipy",
    "shapely",
    "xlsxwriter",
)


def summary_json(plan: Plan) -> dict[str, Any]:
    """The plan's results as plain values for JSON; what is not a number is ``None``."""
    told: dict[str, Any] = {
        "study": plan.study.spec.name,
        "scenario": plan.study.scenario,
        "title": _both(plan.study.spec.title),
        "notice": None if plan.study.spec.notice is None else _both(plan.study.spec.notice),
        "seed": plan.seed,
        "synthetic": {name: layer.certificate.synthetic for name, layer in plan.layers.by_name.items()},
        "streams": {name: _stream(stream) for name, stream in plan.streams.items()},
        "infeasible": list(plan.infeasible),
        "warnings": _warnings(plan.warnings),
    }
    plain: dict[str, Any] = _plain(told)
    return plain


def write_manifest(plan: Plan, folder: Path, writing_s: Mapping[str, float]) -> None:
    """Write ``run.json`` beside the files of a run, with the SHA-256 of each.

    Everything but the entry ``timings_s`` is the same in two runs of the same inputs.
    """
    record = {"made_by": MADE_BY, "format": 1, "versions": _versions(), **summary_json(plan)}
    record |= _plain(
        {
            "study_file": asdict(plan.study.source),
            "settings": _settings(plan),
            "inputs": _inputs(plan),
            "network": asdict(plan.network),
            "outputs": hashes(folder),
            TIMINGS: {
                "steps": plan.seconds,
                "siting_solver": {name: stream.siting.runtime_s for name, stream in plan.streams.items()},
                "writing": dict(writing_s),
            },
        }
    )
    text = json.dumps(record, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / RUN_FILE).write_text(text + "\n", encoding="utf-8", newline="\n")


def made_by_us(folder: Path) -> bool:
    """Whether a folder holds the record of a run of this program."""
    try:
        record = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(record, dict) and record.get("made_by") == MADE_BY


def outputs_of(folder: Path) -> frozenset[str]:
    """The files that a run's record says it wrote, itself among them."""
    record = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
    return frozenset({RUN_FILE, *record.get("outputs", {})})


def hashes(folder: Path) -> dict[str, dict[str, Any]]:
    """Size and SHA-256 of every file below a folder but the record itself, by its path with slashes."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    return {name: {"bytes": path.stat().st_size, "sha256": _sha256(path)} for name, path in files if name != RUN_FILE}


def _stream(stream: StreamPlan) -> dict[str, Any]:
    siting, rounds = stream.siting, stream.collection.sites
    return {
        "label": _both(stream.spec.label),
        "status": siting.status,
        "gap": siting.gap,
        "bound_yuan_per_year": siting.bound,
        "objective_yuan_per_year": siting.objective,
        "stopped_by": siting.stopped_by,
        "solver": siting.solver,
        "explanation": _warnings(stream.explanation),
        "figures": stream.figures,
        "opened": list(stream.opened.index),
        "rounds": {
            str(site): {
                "status": row["status"],
                "yuan_per_cycle": row["yuan_per_cycle"],
                "bound_yuan_per_cycle": row["bound_yuan"],
            }
            for site, row in rounds.to_dict(orient="index").items()
        },
        "unserved": stream.unserved.groupby("reason")["t_per_year"].sum().to_dict(),
        "warnings": _warnings(stream.warnings),
    }


def _settings(plan: Plan) -> dict[str, Any]:
    """What the run was set to; the hash covers every entry of the study in its scenario."""
    spec = plan.study.spec
    whole = json.dumps(spec.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
    return {
        "date": spec.date.isoformat(),
        "crs": crs_label(plan.grid.crs),
        "cell_m": spec.cell_m,
        "streams": list(plan.streams),
        "sha256": hashlib.sha256(whole.encode("utf-8")).hexdigest(),
    }


def _inputs(plan: Plan) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, layer in plan.layers.by_name.items():
        paper = layer.certificate
        found[name] = {
            "file": file_of(plan, paper),
            "layer": paper.layer,
            "role": layer.role,
            "bytes": paper.bytes,
            "sha256": paper.sha256,
            "rows_read": paper.rows_read,
            "rows_kept": paper.rows_kept,
            "crs": paper.crs,
            "synthetic": paper.synthetic,
            "sources": list(paper.sources),
            "status": paper.status,
            "provenance": paper.provenance.model_dump(),
        }
    return found


def _versions() -> dict[str, str]:
    built = {"gdal": pyogrio.__gdal_version_string__, "proj": pyproj.proj_version_str}
    libraries = {name: version(name) for name in LIBRARIES}
    return {MADE_BY: __version__, "python": platform.python_version(), **built, **libraries}


def _warnings(warnings: Iterable[Warn]) -> list[dict[str, str]]:
    return [{"code": warn.code, "zh": warn.text("zh"), "en": warn.text("en")} for warn in warnings]


def _both(words: Text) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _plain(value: Any) -> Any:
    """Values that JSON knows: numbers of numpy become numbers, what is not finite becomes ``None``."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
