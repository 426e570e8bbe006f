"""What the control units say of a facility kind: the study's access list (准入清单), or the defaults by class.

A list is read by people and written as data, one row a clause. A unit or a kind that it does not
speak of is unknown, never allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_wufei.layers import Layers
from gis_wufei.layers.tell import as_text
from gis_wufei.standards import unit_verdicts
from gis_wufei.text import Text, catalogue, text

UNIT_RULE = "R48"
EFFECT_OF_VERDICT = {"forbid": "exclude", "restrict": "condition", "unknown": "condition"}
CONFORMS = {
    "forbid": "forbidden", "restrict": "conditional", "allow": "allowed", "encourage": "allowed", "unknown": "unknown"
}  # fmt: skip
STRICTEST = ("forbid", "restrict", "unknown", "allow", "encourage")
SAYS = {"forbid": "excluded", "restrict": "conditional", "unknown": "unknown", "allow": "clear", "encourage": "clear"}
CODE = re.compile(r"ZH\d{6}([123])\d{4}")
CLASS_OF_DIGIT = {"1": "priority", "2": "key", "3": "general"}
OLDEST = 2023
"""Units were updated in this year: an older version no longer holds."""
UNIT_COLUMNS = ("unit_code", "name", "class", "sub_class", "version")
CLAUSE_COLUMNS = ("unit_code", "kind", "verdict", "dimension", "clause", "parameter", "source", "version")
CONFORMITY = (
    "unit_code", "name", "class", "sub_class", "kind", "verdict", "basis", "list_verdict", "default_verdict",
    "dimension", "clause", "parameter", "source", "status", "version",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class AccessList:
    """The control units of a study, and what their list says.

    ``units``: unit_code · name · class · sub_class · version · layer, with shapes. ``clauses``: unit_code ·
    kind · verdict (forbid | restrict | allow | encourage) · dimension · clause · parameter · source · version.
    ``given``: the study has a list; without one the defaults by class hold, and are called so.
    """

    units: gpd.GeoDataFrame
    clauses: pd.DataFrame
    given: bool

    @classmethod
    def of(cls, layers: Layers) -> AccessList:
        """Out of the layers of the roles ``units`` and ``access_list``."""
        units = [_table(layer.frame, UNIT_COLUMNS, layer.name) for layer in layers.of_role("units")]
        shapes = [layer.frame.geometry for layer in layers.of_role("units")]
        lists = layers.of_role("access_list")
        clauses = [_table(layer.frame, CLAUSE_COLUMNS, layer.name) for layer in lists]
        frame = pd.concat(units, ignore_index=True) if units else _empty(UNIT_COLUMNS)
        geometry = [shape for one in shapes for shape in one]
        told = pd.concat(clauses, ignore_index=True) if clauses else _empty(CLAUSE_COLUMNS)
        return cls(gpd.GeoDataFrame(frame, geometry=geometry, crs=layers.area.crs), told, bool(lists))

    def verdict(self, unit: int, kind: str) -> tuple[str, str]:
        """The strictest verdict on a kind in a unit (its position), and where it is from: list, default, none."""
        if self.given:
            said = set(self._clauses(unit, kind)["verdict"])
            return next(((one, "list") for one in STRICTEST if one in said), ("unknown", "none"))
        said_of_class = self.default(unit, kind)
        return said_of_class, "none" if said_of_class == "unknown" else "default"

    def default(self, unit: int, kind: str) -> str:
        """What the class of a unit says by default."""
        row = self.units.iloc[unit]
        return unit_verdicts().verdict(row["class"], row["sub_class"], kind)

    def conformity(self, kinds: Iterable[str]) -> pd.DataFrame:
        """Unit x kind x clause: one row for each clause, and one for a unit and kind without any.

        ``verdict`` (allowed | conditional | forbidden | unknown) is that of the row's clause; ``basis``
        tells whether it is of the list, a default, or none. ``default_verdict`` stands beside for
        comparison and decides nothing where the study has a list.
        """
        rows = []
        for kind in kinds:
            for unit, row in enumerate(self.units[list(UNIT_COLUMNS)].to_dict("records")):
                default = self.default(unit, kind)
                common = {**row, "kind": kind, "default_verdict": default}
                lines = self._clauses(unit, kind).to_dict("records")
                for line in lines:
                    told = {key: line[key] for key in ("dimension", "clause", "parameter", "source")}
                    version = line["version"] or row["version"]
                    rows.append({**common, **told, "version": version, "list_verdict": line["verdict"],
                                 "verdict": CONFORMS[line["verdict"]], "basis": "list", "status": "user"})  # fmt: skip
                if not lines:
                    verdict, basis = self.verdict(unit, kind)
                    source = unit_verdicts().source if basis == "default" else ""
                    rows.append({**common, "verdict": CONFORMS[verdict], "basis": basis, "source": source,
                                 "status": "user", "clause": _label(row) if basis == "default" else ""})  # fmt: skip
        table = {name: [row.get(name, "") for row in rows] for name in CONFORMITY}
        return pd.DataFrame(table, dtype=object)

    def at(self, shapes: gpd.GeoSeries, kind: str) -> pd.DataFrame:
        """Rows of ``gis_wufei.land.verdicts`` for the units in which each place lies; ``unknown`` where none is."""
        places = np.asarray(shapes.to_numpy(), dtype=object)
        tree = shapely.STRtree(self.units.geometry.to_numpy())
        place, unit = tree.query(places, predicate="intersects")
        inner = shapely.get_dimensions(places[place]) == 0
        units = self.units.geometry.to_numpy()[unit]
        inner |= ~shapely.touches(places[place], units)  # a parcel beside a unit is not in it
        order = np.lexsort((unit[inner], place[inner]))
        place, unit = place[inner][order], unit[inner][order]
        rows = [
            line for at, one in zip(place.tolist(), unit.tolist(), strict=True) for line in self._rows(at, one, kind)
        ]
        rows += [_row(int(at), "unknown", "", "", text("unit.unknown"), "") for at in self._bare(places, place)]
        return pd.DataFrame(rows)

    def doubts(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Codes whose class is not the one they name (ZH + county + class + number), and units of old versions."""
        wrong, old = [], []
        for code, kind, version in self.units[["unit_code", "class", "version"]].itertuples(index=False):
            named = CODE.fullmatch(code)
            if code and (named is None or CLASS_OF_DIGIT[named[1]] != kind):
                wrong.append(code)
            year = re.search(r"(?:19|20)\d\d", version)
            if year and int(year[0]) < OLDEST:
                old.append(code)
        return tuple(wrong), tuple(old)

    def _clauses(self, unit: int, kind: str) -> pd.DataFrame:
        code = self.units["unit_code"].iloc[unit]
        said: pd.DataFrame = self.clauses[(self.clauses["unit_code"] == code) & (self.clauses["kind"] == kind)]
        return said

    def _bare(self, places: NDArray[np.object_], place: NDArray[np.intp]) -> NDArray[np.intp]:
        """Places that no unit holds, or not wholly."""
        bare = np.ones(len(places), bool)
        bare[place] = False
        parcels = np.flatnonzero(~bare & (shapely.get_dimensions(places) > 0))
        if len(parcels):
            ground = shapely.buffer(shapely.union_all(self.units.geometry.to_numpy()), 0.5)  # strips of drawing
            shapely.prepare(ground)
            bare[parcels] = ~shapely.covers(ground, places[parcels])
        return np.flatnonzero(bare)

    def _rows(self, place: int, unit: int, kind: str) -> list[dict[str, object]]:
        row = self.units.iloc[unit]
        named = " · ".join(word for word in (row["name"], row["unit_code"]) if word)
        lines = self._clauses(unit, kind).to_dict("records")
        if lines:
            return [_row(place, line["verdict"], row["layer"], named, line["clause"], line["source"]) for line in lines]
        verdict, basis = self.verdict(unit, kind)
        if basis == "none":
            return [_row(place, "unknown", row["layer"], named, text("unit.unknown"), "")]
        told = _filled("unit.default", _class_label(row), verdict)
        return [_row(place, verdict, row["layer"], named, told, unit_verdicts().source)]


def _row(place: int, verdict: str, layer: str, unit: str, clause: object, source: str) -> dict[str, object]:
    return {
        "place": place, "order": place, "rule_id": f"{UNIT_RULE}-{verdict}", "verdict": SAYS[verdict],
        "effect": EFFECT_OF_VERDICT.get(verdict, ""), "operator": "units", "role": "units", "layer": layer,
        "nearest": unit, "measured": np.nan, "required": np.nan, "unit": "", "status": "user", "source": source,
        "clause": clause, "superseded": False, "reason": "",
    }  # fmt: skip


def _filled(key: str, label: Text, verdict: str) -> Text:
    words, said = text(key), catalogue()[f"access.{verdict}"]
    return Text(
        zh=words.zh.format(label=label.zh, verdict=said.zh), en=words.en.format(label=label.en, verdict=said.en)
    )


def _class_label(row: pd.Series) -> Text:
    for entry in unit_verdicts().rows:
        if (entry.unit_class, entry.sub_class) == (row["class"], row["sub_class"]):
            return entry.label
    return Text(zh=f"{row['class']} {row['sub_class']}", en=f"{row['class']} {row['sub_class']}")


def _label(row: dict[str, object]) -> Text:
    return _class_label(pd.Series(row))


def _empty(columns: tuple[str, ...]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(dtype=object) for name in (*columns, "layer")})


def _table(frame: gpd.GeoDataFrame, columns: tuple[str, ...], layer: str) -> pd.DataFrame:
    """The columns as text, empty where a file lacks them."""
    table = {
        name: ["" if pd.isna(cell) else as_text(cell) for cell in frame[name]] if name in frame else [""] * len(frame)
        for name in columns
    }
    return pd.DataFrame({**table, "layer": layer}, dtype=object)
