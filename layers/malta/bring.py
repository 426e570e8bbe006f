"""Cut a public OpenStreetMap extract of Malta and a population list into the layers of this study.

    python layers/malta/bring.py SOURCE_FOLDER [--to FOLDER]

The folder holds one ``malta*.osm.pbf`` and ``settlement_population_geonames.csv``; the README beside
this file says where both come from. What is assumed, and not in the data, is a constant below or a row of
``stand_ins.csv``, and is named in the ``source`` of every row it touches; such a row says ``synthetic``.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
from extract import DEGREES, METRES, Extract, SourceError, joined, read, tag

# Class on our scale of each highway value; "street" is town_street in an urban council, village elsewhere.
# Values that are not here (footway, path, cycleway, steps, pedestrian, bridleway, raceway ...) are dropped.
ROAD_CLASS = {
    "motorway": "expressway", "motorway_link": "expressway",
    "trunk": "national", "trunk_link": "national", "primary": "national", "primary_link": "national",
    "secondary": "provincial", "secondary_link": "provincial",
    "tertiary": "county", "tertiary_link": "county",
    "unclassified": "township", "road": "township",
    "residential": "street", "living_street": "street", "service": "street",
    "track": "track",
}  # fmt: skip
ONEWAY = {"yes": "forward", "true": "forward", "1": "forward", "-1": "backward", "reverse": "backward"}

OSM_ACCURACY_M = 10.0  # assumed: drawn from aerial images
ENTERPRISE_T_PER_HA = 0.5  # assumed: hazardous waste of an industrial area, t a year and hectare
WASTE_OIL = "900-249-08"

# Mapped objects that stand for facilities the extract does not map, and what is assumed of each.
STAND_INS = Path(__file__).with_name("stand_ins.csv")


def boundary(osm: Extract) -> gpd.GeoDataFrame:
    """Outline of the land of all islands."""
    land = gpd.GeoDataFrame({"name": ["Maltese Islands"]}, geometry=[osm.islands.union_all()], crs=DEGREES)
    return _signed(land, osm.origin)


def councils(osm: Extract) -> gpd.GeoDataFrame:
    """Local councils; they are no control units."""
    table = osm.councils[["osm_id", "name", "island", "population", "class", "geometry"]]
    return _signed(table, f"{osm.origin}; population: GeoNames (CC BY 4.0)")


def roads(osm: Extract) -> gpd.GeoDataFrame:
    """Roads a truck may use; the geometry is untouched, so that shared vertices stay the same to the bit."""
    lines = osm.lines[osm.lines["highway"].isin(list(ROAD_CLASS))]
    # Of access, vehicle and motor_vehicle the most specific one holds.
    permitted = tag(lines, "motor_vehicle").fillna(tag(lines, "vehicle")).fillna(tag(lines, "access"))
    lines = lines[~permitted.isin(["no", "private"])]
    urban = joined(lines[["geometry"]], osm.councils, ["class"])["class"] == "urban"
    road_class = lines["highway"].map(ROAD_CLASS)
    street = urban.map({True: "town_street", False: "village"})
    junction = tag(lines, "junction")
    implied = junction.isin(["roundabout", "circular"]) | lines["highway"].isin(["motorway", "motorway_link"])
    oneway = tag(lines, "oneway").fillna(implied.map({True: "yes", False: "no"}))
    table = {
        "road_id": "w" + lines["osm_id"],
        "name": lines["name"],
        "class": road_class.where(road_class != "street", street),
        "oneway": oneway.map(ONEWAY).fillna("no"),
        "bridge": ~tag(lines, "bridge").fillna("no").eq("no"),
        **{key: tag(lines, key) for key in ("highway", "maxspeed", "surface", "hgv")},
    }
    return _signed(gpd.GeoDataFrame(table, geometry=lines.geometry, crs=DEGREES), osm.origin)


def villages(osm: Extract) -> gpd.GeoDataFrame:
    """Settlements with residents, where GeoNames has them; osm_lon and osm_lat are the map's own place."""
    table = osm.settlements
    doubt = np.where(table["doubt"], "; filed there under another council: the figure may be that one's", "")
    return table.drop(columns="doubt").assign(
        synthetic=False,
        source=[
            f"GeoNames (CC BY 4.0) {number}; council: OpenStreetMap{said}"
            for number, said in zip(table["place_id"].str[1:], doubt, strict=True)
        ],
    )


def fields(osm: Extract) -> gpd.GeoDataFrame:
    """Mapped farmland; the crop is an assumption."""
    table = _landuse(osm, "farmland", "field_id").assign(crop="wheat")
    return _assumed(table, f"geometry: {osm.origin}; crop: ASSUMPTION of this study, the map has none")


def industry(osm: Extract) -> gpd.GeoDataFrame:
    """Mapped industrial areas."""
    return _signed(_landuse(osm, "industrial", "source_id"), osm.origin)


def enterprises(osm: Extract) -> gpd.GeoDataFrame:
    """One producer of waste oil in each industrial area; the tonnes are an assumption."""
    table = _landuse(osm, "industrial", "source_id")
    table = table.assign(
        name=table["name"].fillna("Industrial area, " + table["township"]),
        sector="industrial_area",
        t_per_year=(table["area_ha"] * ENTERPRISE_T_PER_HA).round(4),
        hw_codes=WASTE_OIL,
        geometry=table.representative_point(),
    )
    note = f"t_per_year and hw_codes: ASSUMPTION of this study, {ENTERPRISE_T_PER_HA} t per ha and year"
    return _assumed(table, f"place: {osm.origin}; {note}")


def residential(osm: Extract) -> gpd.GeoDataFrame:
    """Mapped residential areas as receptors."""
    return _signed(_landuse(osm, "residential", "receptor_id").assign(kind="home"), osm.origin)


def receptors(osm: Extract) -> gpd.GeoDataFrame:
    """Schools and hospitals: their grounds, or a point where the map has no more."""
    taught = ("school", "kindergarten", "college", "university")
    kinds = {"hospital": "hospital"} | dict.fromkeys(taught, "school")
    found = []
    for part in (osm.areas, osm.points):
        kind = tag(part, "amenity").map(kinds)
        found.append(part.assign(kind=kind)[kind.notna()][["osm_id", "name", "kind", "geometry"]])
    grounds, points = found
    inside = gpd.sjoin(points, grounds[["kind", "geometry"]], predicate="within")
    same = inside.index[inside["kind_left"] == inside["kind_right"]]
    both = pd.concat([grounds, points.drop(index=same.unique())], ignore_index=True)
    return _signed(both.rename(columns={"osm_id": "receptor_id"}), osm.origin)


def facilities(osm: Extract) -> gpd.GeoDataFrame:
    """Facilities that exist: mapped objects, each with the role it is assumed to play."""
    roles = pd.read_csv(STAND_INS).set_index("osm_id")
    gone = roles.index.difference(osm.areas["osm_id"])
    if len(gone):
        raise SourceError(f"the extract lacks objects that stand for facilities: {', '.join(gone)}")
    mapped = osm.areas.set_index("osm_id").loc[roles.index]
    table = gpd.GeoDataFrame(
        {
            "facility_id": roles["kind"] + "-" + roles.index,
            "name": roles["name"].fillna(mapped["name"]),
            "kind": roles["kind"],
            "state": "keep",
            "capacity_t_per_day": np.nan,
        },
        geometry=mapped.representative_point(),
    )
    table = joined(table, osm.councils.rename(columns={"name": "township"}), ["township", "island"])
    source = "place: " + osm.origin + ", " + roles.index + "; role: ASSUMPTION, " + roles["assumed"]
    return table.assign(synthetic=True, source=source, accuracy_m=roles["accuracy_m"]).reset_index(drop=True)


def waste_points(osm: Extract) -> gpd.GeoDataFrame:
    """Recycling points and wastewater plants, for the map only."""
    found = []
    for part in (osm.areas, osm.points):
        kind = tag(part, "amenity").where(lambda s: s == "recycling")
        kind = kind.fillna(tag(part, "man_made").where(lambda s: s == "wastewater_plant"))
        found.append(part.assign(kind=kind, geometry=part.representative_point())[kind.notna()])
    return _signed(pd.concat(found, ignore_index=True)[["osm_id", "name", "kind", "geometry"]], osm.origin)


def rivers(osm: Extract) -> gpd.GeoDataFrame:
    """Waterways; all but the rivers proper are valleys that carry water after rain only."""
    lines = osm.lines[osm.lines["waterway"].isin(["river", "stream", "drain", "ditch", "canal"])]
    kind = np.where(lines["waterway"] == "river", "main", "gully")
    table = lines.assign(osm_id="w" + lines["osm_id"], kind=kind)
    return _signed(table[["osm_id", "name", "kind", "waterway", "geometry"]], osm.origin)


def reserve(osm: Extract) -> gpd.GeoDataFrame:
    """Nature reserves and protected areas, where the map has their border."""
    areas = osm.areas[(osm.areas["leisure"] == "nature_reserve") | (osm.areas["boundary"] == "protected_area")]
    return _signed(areas[["osm_id", "name", "geometry"]], osm.origin)


def _tagged(key: str, value: str) -> Callable[[Extract], gpd.GeoDataFrame]:
    """A layer that is simply every area with one tag."""

    def layer(osm: Extract) -> gpd.GeoDataFrame:
        return _signed(osm.areas[osm.areas[key] == value][["osm_id", "name", "geometry"]], osm.origin)

    return layer


def _landuse(osm: Extract, value: str, id_column: str) -> gpd.GeoDataFrame:
    """Areas of one land use with id, name, area_ha, township and island."""
    areas = osm.areas[osm.areas["landuse"] == value][["osm_id", "name", "geometry"]]
    areas = areas.rename(columns={"osm_id": id_column})
    areas["area_ha"] = (areas.to_crs(METRES).area / 10_000).round(4)
    return joined(areas, osm.councils.rename(columns={"name": "township"}), ["township", "island"])


def _signed(frame: gpd.GeoDataFrame, source: str) -> gpd.GeoDataFrame:
    return frame.assign(synthetic=False, source=source, accuracy_m=OSM_ACCURACY_M).reset_index(drop=True)


def _assumed(frame: gpd.GeoDataFrame, source: str) -> gpd.GeoDataFrame:
    """Rows that a result rests on for what is assumed of them, however real their place."""
    return _signed(frame, source).assign(synthetic=True)


LAYERS: dict[str, Callable[[Extract], gpd.GeoDataFrame]] = {
    "boundary.geojson": boundary,
    "councils.geojson": councils,
    "roads.gpkg": roads,
    "villages.csv": villages,
    "fields.gpkg": fields,
    "industry.gpkg": industry,
    "enterprises.csv": enterprises,
    "residential.gpkg": residential,
    "receptors.geojson": receptors,
    "facilities.csv": facilities,
    "waste_points.geojson": waste_points,
    "rivers.geojson": rivers,
    "wetland.geojson": _tagged("natural", "wetland"),
    "water.geojson": _tagged("natural", "water"),
    "quarries.geojson": _tagged("landuse", "quarry"),
    "reserve.geojson": reserve,
    "airport.geojson": _tagged("aeroway", "aerodrome"),
}


def write(frame: gpd.GeoDataFrame, path: Path) -> None:
    """Write one layer; the same frame gives the same bytes."""
    path.unlink(missing_ok=True)
    if path.suffix == ".csv":
        place = {"lon": frame.geometry.x.round(7), "lat": frame.geometry.y.round(7)}
        table = pd.DataFrame(frame.drop(columns="geometry")).assign(**place)
        table.to_csv(path, index=False, lineterminator="\n")
    elif path.suffix == ".geojson":
        pyogrio.write_dataframe(frame, path, layer=path.stem, COORDINATE_PRECISION=7)
    else:
        pyogrio.write_dataframe(frame, path, layer=path.stem)


def main(argv: Sequence[str] | None = None) -> int:
    """Bring all layers; 0 when they are written, 2 with a sentence when the source is not usable."""
    parser = argparse.ArgumentParser(description="Cut an OpenStreetMap extract of Malta into this study's layers.")
    parser.add_argument("source", type=Path, metavar="SOURCE_FOLDER", help="holds the extract and the list")
    parser.add_argument("--to", type=Path, default=Path(__file__).parent / "data", help="default: data/ here")
    asked = parser.parse_args(argv)
    try:
        osm = read(asked.source)
        frames = {name: layer(osm) for name, layer in LAYERS.items()}
    except SourceError as error:
        print(f"bring: {error}", file=sys.stderr)
        return 2
    asked.to.mkdir(parents=True, exist_ok=True)
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": "2018-08-27T00:00:00Z"})
    for name, frame in frames.items():
        write(frame, asked.to / name)
        print(f"{name:22}{len(frame):7,} rows {(asked.to / name).stat().st_size / 1000:10,.0f} kB")
    _tell(osm, frames)
    return 0


def _tell(osm: Extract, frames: dict[str, gpd.GeoDataFrame]) -> None:
    network = frames["roads.gpkg"]
    km = (network.to_crs(METRES).length / 1000).groupby(network["class"]).sum().sort_index()
    print(f"roads: {km.sum():,.1f} km;", ", ".join(f"{name} {length:,.1f}" for name, length in km.items()))
    people = osm.settlements
    lost = people["name"][people["osm_id"].isna()]
    doubtful = people["name"][people["doubt"]]
    print(f"residents: {people['population'].sum():,} in {len(people)} settlements")
    print(f"settlements without their place on the map: {', '.join(lost) or 'none'}")
    print(f"settlements whose figure is doubtful: {', '.join(doubtful) or 'none'}")
    empty = osm.councils["name"][osm.councils["population"] == 0]
    print(f"councils without a settlement: {', '.join(empty) or 'none'}")


if __name__ == "__main__":
    sys.exit(main())
