"""OpenStreetMap to a road graph: words, junctions, turn bans, OSMnx and back; each property by pencil.

The drawn extract lies at the equator on the central meridian of UTM zone 31: 0.001 degrees are
111.3 m in x and 110.5 m in y.
"""

from __future__ import annotations

import gzip
import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from pyproj import CRS

from gis_wufei.errors import InputError, MissingExtraError, ProblemError
from gis_wufei.network import RoadProfile, network_of
from gis_wufei.network.osmnx_graph import from_osmnx, to_osmnx
from gis_wufei.network.tags import kmh, metres, oneway, road_class, road_words, tonnes

pytest.importorskip("osmium", reason="pyosmium is not installed: pip install 'gis-wufei[osm]'")

from gis_wufei.network.osm import read_osm

SHARED = Path(__file__).parents[2] / "shared" / "data"
UTM = CRS.from_epsg(32631)
ALL = dict.fromkeys(set(road_words().classes.values()), 36.0)
MILLI = 0.001


def drawn(tmp_path, nodes, ways, relations=(), name="town.osm"):
    """An extract: nodes {id: (x, y) in thousandths of a degree from 3 E, 0 N}, ways {id: (nodes, tags)}."""
    lines = [f'<node id="{i}" lon="{3 + x * MILLI:.7f}" lat="{y * MILLI:.7f}"/>' for i, (x, y) in nodes.items()]
    for i, (refs, tags) in ways.items():
        told = "".join(f'<nd ref="{ref}"/>' for ref in refs) + words({"highway": "residential", **tags})
        lines.append(f'<way id="{i}">{told}</way>')
    for i, (tags, members) in enumerate(relations, 1):
        told = "".join(f'<member type="{kind}" ref="{ref}" role="{role}"/>' for role, kind, ref in members)
        lines.append(f'<relation id="{i}">{told}{words({"type": "restriction", **tags})}</relation>')
    text = f'<osm version="0.6">{"".join(lines)}</osm>'
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    return path


def words(tags):
    return "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items() if v is not None)


def arcs(graph):
    """Every ban as the places that it runs through, in thousandths of a degree."""
    told = []
    for k in range(len(graph.turns)):
        trail = range(graph.turns.offset[k], graph.turns.offset[k + 1])
        nodes = []
        for at in trail:
            ends = (graph.tail, graph.head) if graph.turns.forward[at] else (graph.head, graph.tail)
            pair = [int(end[graph.turns.edge[at]]) for end in ends]
            assert not nodes or nodes[-1] == pair[0], "a ban is a way through the graph"
            nodes += pair if not nodes else pair[1:]
        told.append(tuple(place(graph, node) for node in nodes))
    return told


def place(graph, node):
    x, y = graph.node_xy[node] - (500_000, 0)
    return round(x / 111.27), round(y / 110.53)


#    4        a cross: 1-2-3 from west to east, 4-2-5 from north to south
#  1 2 3
#    5
CROSS = {1: (-1, 0), 2: (0, 0), 3: (1, 0), 4: (0, 1), 5: (0, -1)}
ARMS = {11: ([1, 2], {}), 12: ([2, 3], {}), 13: ([4, 2], {}), 14: ([2, 5], {})}
W, M, E, N, S = (-1, 0), (0, 0), (1, 0), (0, 1), (0, -1)


def turn(kind, come, via, go, **tags):
    return ({"restriction": kind, **tags}, [("from", "way", come), ("via", "node", via), ("to", "way", go)])


# --- words ---


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("50", 50), ("50 km/h", 50), ("30 mph", 48.28032), ("30mph", 48.28032), ("10 knots", 18.52), ("walk", 7),
        ("CN:urban", 50), ("DE:urban", 50), ("DE:rural", 100), ("IT:motorway", 130), ("DE:zone30", 30),
        ("DE:zone:20", 20), ("none", None), ("signals", None), ("-5", None), ("0", None), ("fifty", None), ("", None),
    ],
)  # fmt: skip
def test_a_speed_limit_is_read_in_its_unit_or_not_at_all(word, value):
    assert kmh(word) == pytest.approx(np.nan if value is None else value, nan_ok=True)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("3.5", 3.5), ("7,5 t", 7.5), ("3500 kg", 3.5), ("3500", 3.5), ("10 st", 9.0718474), ("8000 lbs", 3.62873896),
        ("unsigned", None), ("none", None), ("7.5t;", None), ("1e3", None),
    ],
)  # fmt: skip
def test_a_weight_limit_is_read_in_its_unit_or_not_at_all(word, value):
    assert tonnes(word) == pytest.approx(np.nan if value is None else value, nan_ok=True)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("3.8", 3.8), ("3.8 m", 3.8), ("380 cm", 3.8), ("4,0", 4), ("12'", 3.6576), ("12'6\"", 3.81),
        ("12 ft 6 in", 3.81), ("12ft", 3.6576), ("default", None), ("below_default", None), ("none", None),
    ],
)  # fmt: skip
def test_a_height_limit_is_read_in_metres_or_feet_and_inches(word, value):
    assert metres(word) == pytest.approx(np.nan if value is None else value, nan_ok=True)


@pytest.mark.parametrize(
    ("tags", "way"),
    [
        ({"oneway": "yes"}, "forward"), ({"oneway": "true"}, "forward"), ({"oneway": "1"}, "forward"),
        ({"oneway": "-1"}, "backward"), ({"oneway": "reverse"}, "backward"), ({"oneway": "no"}, "no"), ({}, "no"),
        ({"oneway": "reversible"}, "no"), ({"junction": "roundabout"}, "forward"),
        ({"junction": "circular"}, "forward"),
        ({"junction": "roundabout", "oneway": "-1"}, "backward"), ({"highway": "motorway"}, "forward"),
        ({"highway": "motorway_link"}, "forward"), ({"highway": "motorway", "oneway": "no"}, "no"),
    ],
)  # fmt: skip
def test_one_ways_are_read_in_every_spelling_by_the_words_and_by_the_reader(tmp_path, tags, way):
    tags = {"highway": "residential", **tags}
    assert oneway(tags) == way
    graph = read_osm(drawn(tmp_path, CROSS, {11: ([1, 2], tags)}))
    assert graph.roads["oneway"].tolist() == [way]
    assert (graph.forward[0], graph.backward[0]) == (way != "backward", way != "forward")


def test_a_route_number_outranks_the_highway_in_china_alone():
    assert road_class("secondary", "G 109", True) == "national"
    assert road_class("secondary", "G 109", False) == "county"
    assert road_class("motorway", "G6", True) == road_class("motorway", "G 109", True) == "expressway"


# --- ways ---


def test_ways_meet_at_shared_nodes_and_a_bridge_does_not_whatever_the_coordinates(tmp_path):
    """Nodes 2 and 6 lie at the same place: the way over the bridge has the one, the road below the other."""
    nodes = {**CROSS, 6: CROSS[2]}
    ways = {11: ([1, 2, 3], {"bridge": "yes", "layer": "1"}), 13: ([4, 6, 5], {})}
    graph = read_osm(drawn(tmp_path, nodes, ways))
    assert (len(graph.node_xy), len(graph.tail)) == (4, 2)
    crossing = read_osm(drawn(tmp_path, CROSS, {11: ([1, 2, 3], {}), 13: ([4, 2, 5], {})}))
    assert (len(crossing.node_xy), len(crossing.tail)) == (5, 4)
    assert graph.roads["bridge"].tolist() == [True, False] and graph.roads["layer"].tolist() == [1, 0]


def test_two_nodes_at_one_place_on_the_ground_are_one_junction_and_told(tmp_path):
    nodes = {**CROSS, 6: CROSS[2]}
    ways = {11: ([1, 2, 3], {}), 13: ([4, 6, 5], {})}
    graph = read_osm(drawn(tmp_path, nodes, ways))
    assert (len(graph.node_xy), len(graph.tail)) == (5, 4)
    assert graph.mended["kind"].tolist() == ["same_place"]
    apart = read_osm(drawn(tmp_path, nodes, {**ways, 13: ([4, 6, 5], {"layer": "-1"})}))
    assert len(apart.tail) == 2 and not len(apart.mended)


def test_the_table_tells_classes_limits_with_units_and_the_rest_in_words(tmp_path):
    tags = {"highway": "primary", "name": "大街", "ref": "X1", "maxspeed": "30 mph", "maxweight": "7.5;3.5"}
    tags |= {
        "maxheight": "3.8 m",
        "hgv": "no",
        "surface": "gravel",
        "lanes": "2",
        "hgv:conditional": "no @ (22:00-06:00)",
    }
    graph = read_osm(drawn(tmp_path, CROSS, {11: ([1, 2], tags), 12: ([2, 3], {})}), crs="EPSG:32631")
    (row, other) = graph.roads.to_dict("records")
    assert graph.roads.index.tolist() == [11, 12] and graph.roads.index.name == "osm_id"
    assert (row["class"], row["name"], row["ref"], row["hgv"], row["surface"]) == (
        "provincial",
        "大街",
        "X1",
        "no",
        "gravel",
    )
    assert row["maxspeed_kmh"] == pytest.approx(48.28032) and (row["maxweight_t"], row["maxheight_m"]) == (3.5, 3.8)
    assert row["hgv:conditional"] == "no @ (22:00-06:00)" and row["lanes"] == 2
    assert other["class"] == "town_street" and np.isnan(other["maxheight_m"])


def test_lengths_are_those_of_the_plane_and_the_system_is_the_areas_own(tmp_path):
    graph = read_osm(drawn(tmp_path, CROSS, ARMS))
    assert graph.crs == UTM
    assert sorted(graph.length_m) == pytest.approx([110.53, 110.53, 111.27, 111.27], abs=0.02)


def test_what_no_car_may_drive_and_squares_are_left_out(tmp_path):
    ways = {11: ([1, 2], {"highway": "footway"}), 12: ([2, 3], {}), 13: ([4, 2, 5, 4], {"area": "yes"})}
    graph = read_osm(drawn(tmp_path, CROSS, ways))
    assert graph.roads.index.tolist() == [12] and graph.ignored["outline"] == 1


def test_a_way_that_runs_out_of_the_extract_keeps_its_pieces(tmp_path):
    ways = {11: ([1, 2, 99, 3, 4], {})}
    graph = read_osm(drawn(tmp_path, CROSS, ways))
    assert graph.roads.index.tolist() == [11, 11] and len(graph.tail) == 2
    assert graph.ignored["cut_by_extract"] == 1


def test_a_box_keeps_whole_ways_that_touch_it(tmp_path):
    graph = read_osm(drawn(tmp_path, CROSS, ARMS), box=(2.9985, -0.0001, 2.9995, 0.0001))
    assert graph.roads.index.tolist() == [11] and len(graph.tail) == 1


def test_two_nodes_at_one_place_on_a_way_are_one_junction_and_no_edge_lacks_a_length(tmp_path):
    nodes = {**CROSS, 6: CROSS[2]}
    ways = {11: ([1, 2, 6, 3], {}), 13: ([4, 2], {}), 14: ([6, 5], {})}
    graph = read_osm(drawn(tmp_path, nodes, ways, [turn("no_left_turn", 11, 6, 14)]))
    assert len(graph.node_xy) == 5 and len(graph.tail) == 4 and (graph.length_m > 1).all()


def test_an_empty_extract_is_a_graph_without_roads(tmp_path):
    graph = read_osm(drawn(tmp_path, CROSS, {}))
    assert len(graph.tail) == len(graph.node_xy) == 0 and len(graph.turns) == 0


def test_every_spelling_of_the_file_reads_the_same(tmp_path):
    plain, packed = read_osm(drawn(tmp_path, CROSS, ARMS)), read_osm(drawn(tmp_path, CROSS, ARMS, name="town.osm.gz"))
    assert plain.fingerprint == packed.fingerprint


def test_a_damaged_extract_and_another_kind_of_file_are_refused(tmp_path):
    (tmp_path / "cut.osm.pbf").write_bytes(b"\0\0\0\x0d\n\tOSMHeader\x18" + b"x" * 50)
    (tmp_path / "map.shp").write_bytes(b"")
    for name in ("cut.osm.pbf", "map.shp", "none.osm.pbf"):
        with pytest.raises(InputError) as told:
            read_osm(tmp_path / name)
        assert told.value.faults[0].code == "E-FETCH-004"


def test_without_pyosmium_the_command_that_installs_it_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(MissingExtraError, match=r"gis-wufei\[osm\]"):
        read_osm(drawn(tmp_path, CROSS, ARMS))


# --- turn restrictions ---


def bans(tmp_path, *relations, ways=ARMS, nodes=CROSS):
    graph = read_osm(drawn(tmp_path, nodes, ways, relations))
    lost = {name: count for name, count in graph.ignored.items() if name.startswith("restriction")}
    return graph, sorted(arcs(graph)), lost


def test_no_left_turn_bans_that_turn_alone(tmp_path):
    graph, told, lost = bans(tmp_path, turn("no_left_turn", 11, 2, 13))
    assert told == [(W, M, N)] and not lost
    assert graph.turns.source == ("relation 1",)


def test_only_straight_on_bans_all_other_ways_and_the_way_back(tmp_path):
    assert bans(tmp_path, turn("only_straight_on", 11, 2, 12))[1] == sorted([(W, M, N), (W, M, S), (W, M, W)])


def test_a_ban_holds_for_the_edge_at_the_via_node_of_a_way_that_is_cut_into_several(tmp_path):
    """Way 11 runs 6-1-2 and is cut at 1 by a lane: the ban is from the piece 1-2."""
    nodes, ways = {**CROSS, 6: (-2, 0), 7: (-1, 1)}, {**ARMS, 11: ([6, 1, 2], {}), 15: ([7, 1], {})}
    assert bans(tmp_path, turn("no_left_turn", 11, 2, 13), nodes=nodes, ways=ways)[1] == [(W, M, N)]


def test_no_u_turn_on_a_way_that_runs_through_the_junction_bans_both_ways_back(tmp_path):
    ways = {11: ([1, 2, 3], {}), 13: ([4, 2], {}), 14: ([2, 5], {})}
    assert bans(tmp_path, turn("no_u_turn", 11, 2, 11), ways=ways)[1] == sorted([(W, M, W), (E, M, E)])


def test_a_way_that_arrives_from_two_sides_is_ambiguous_and_told(tmp_path):
    ways = {11: ([1, 2, 3], {}), 13: ([4, 2], {}), 14: ([2, 5], {})}
    assert bans(tmp_path, turn("no_left_turn", 11, 2, 13), ways=ways)[1:] == ([], {"restriction_ambiguous": 1})
    one_way = {**ways, 11: ([1, 2, 3], {"oneway": "yes"})}
    assert bans(tmp_path, turn("no_left_turn", 11, 2, 13), ways=one_way)[1] == [(W, M, N)]


def test_no_exit_and_no_entry_ban_every_pair(tmp_path):
    told = {"restriction": "no_exit"}, [("from", "way", 11), ("via", "node", 2), ("to", "way", 13), ("to", "way", 14)]
    assert bans(tmp_path, told)[1] == sorted([(W, M, N), (W, M, S)])


def test_a_ban_over_a_way_names_all_its_edges_in_the_way_of_travel(tmp_path):
    """A dual road: no turning back from 11 by the bridge 12 into 15; a lane at 3 cuts the bridge in two."""
    nodes = {1: (-1, 0), 2: (0, 0), 3: (0, 1), 4: (0, 2), 5: (-1, 2), 6: (1, 1), 7: (1, 0), 8: (1, 2)}
    ways = {
        11: ([1, 2], {}),
        12: ([4, 3, 2], {}),
        15: ([4, 5], {}),
        16: ([3, 6], {}),
        17: ([2, 7], {}),
        18: ([4, 8], {}),
    }
    over = [("from", "way", 11), ("via", "way", 12), ("to", "way", 15)]
    back = [(-1, 0), (0, 0), (0, 1), (0, 2), (-1, 2)]
    assert bans(tmp_path, ({"restriction": "no_u_turn"}, over), nodes=nodes, ways=ways)[1] == [tuple(back)]
    only = bans(tmp_path, ({"restriction": "only_u_turn"}, over), nodes=nodes, ways=ways)[1]
    assert len(only) == 2 + 2 + 2  # at each of its three junctions: the side road, and the way back
    assert all(trip != tuple(back) for trip in only)


def test_exceptions_and_bans_for_trucks_alone_are_kept_as_words(tmp_path):
    told = turn("no_left_turn", 11, 2, 13, **{"except": "bus;hgv"})
    truck = ({"restriction:hgv": "no_right_turn"}, [*told[1][:2], ("to", "way", 14)])
    graph, _, lost = bans(tmp_path, told, truck)
    assert graph.turns.exempt == (frozenset({"bus", "hgv"}), frozenset()) and not lost
    assert graph.turns.only_for == (frozenset(), frozenset({"hgv"}))


def test_what_cannot_be_read_is_counted_by_cause(tmp_path):
    members = turn("no_left_turn", 11, 2, 13)[1]
    graph, told, lost = bans(
        tmp_path,
        ({"restriction:conditional": "no_left_turn @ (07:00-09:00)"}, members),
        turn("no_left_turn", 11, 2, 13, hour_on="07:00", hour_off="09:00"),
        turn("no_flying", 11, 2, 13),
        turn("no_left_turn", 11, 2, 99),
        ({"restriction": "no_left_turn"}, members[:2]),
        turn("no_left_turn", 11, 1, 13),
        turn("no_left_turn", 15, 2, 13),
        ways={**ARMS, 15: ([2, 5], {"oneway": "yes"})},
    )
    assert not told and len(graph.turns) == 0
    assert lost == {
        "restriction_apart": 1,
        "restriction_conditional": 2,
        "restriction_members": 2,
        "restriction_unknown": 1,
        "restriction_void": 1,
    }


# --- OSMnx ---

nx = pytest.importorskip("networkx", reason="networkx is not installed: pip install 'gis-wufei[osm]'")


def osmnx_graph(tmp_path, nodes, ways, simplify=False):
    if importlib.util.find_spec("osmnx") is None:
        pytest.skip("osmnx is not installed: pip install 'gis-wufei[osm]'")
    import osmnx

    return osmnx.graph_from_xml(drawn(tmp_path, nodes, ways), retain_all=True, simplify=simplify)


BENT = {**CROSS, 6: (2, 1), 7: (2, 0)}
BENT_WAYS = {
    **ARMS,
    13: ([4, 2], {"oneway": "-1"}),
    15: ([3, 6, 7, 3], {"oneway": "yes"}),
    16: ([1, 4], {"highway": "primary"}),
}


@pytest.mark.parametrize("simplify", [False, True])
def test_an_extract_and_its_osmnx_graph_are_the_same_roads(tmp_path, simplify):
    ours = read_osm(drawn(tmp_path, BENT, BENT_WAYS))
    theirs = from_osmnx(osmnx_graph(tmp_path, BENT, BENT_WAYS, simplify))
    assert theirs.crs == ours.crs
    assert theirs.length_m.sum() == pytest.approx(ours.length_m.sum(), abs=1e-6)
    # Simplifying runs ways of several classes into one: only the graph as drawn keeps them apart.
    for name in () if simplify else ("provincial", "town_street"):
        both = [graph.length_m[np.array(graph.classes)[graph.class_code] == name].sum() for graph in (ours, theirs)]
        assert both[0] == pytest.approx(both[1], abs=1e-6)
    ways = [graph.length_m[~(graph.forward & graph.backward)].sum() for graph in (ours, theirs)]
    assert ways[0] == pytest.approx(ways[1], abs=1e-6) and ways[0] > 0


@pytest.mark.parametrize("simplify", [False, True])
def test_osmnx_to_roads_and_back_loses_nothing(tmp_path, simplify):
    graph = osmnx_graph(tmp_path, BENT, BENT_WAYS, simplify)
    roads = from_osmnx(graph)
    back = to_osmnx(roads)
    assert set(back.nodes) == set(graph.nodes)
    assert sorted(back.edges()) == sorted(graph.edges())
    assert {back[u][v][k]["oneway"] for u, v, k in back.edges(keys=True)} == {True, False}
    again = from_osmnx(back)
    assert np.array_equal(again.length_m, roads.length_m)
    assert np.array_equal(np.sort(again.forward), np.sort(roads.forward))
    assert back.graph["crs"] == "EPSG:32631"


def test_both_edges_of_a_street_are_one_and_a_graph_without_geometry_is_straight():
    graph = nx.MultiDiGraph(crs="EPSG:32631")
    graph.add_node("a", x=500_000.0, y=0.0)
    graph.add_node("b", x=500_300.0, y=400.0)
    graph.add_edge("a", "b", highway="primary", osmid=1, length=999.0)
    graph.add_edge("b", "a", highway="primary", osmid=1, length=999.0)
    roads = from_osmnx(graph)
    assert roads.length_m.tolist() == [500.0] and roads.forward[0] and roads.backward[0]
    graph.remove_edge("a", "b")
    assert from_osmnx(graph).roads["oneway"].tolist() == ["forward"]


def test_the_outline_of_a_square_is_no_street_in_an_osmnx_graph_either():
    graph = nx.MultiDiGraph(crs="EPSG:32650")
    for node, (x, y) in enumerate(((0, 0), (100, 0), (100, 100))):
        graph.add_node(node, x=500_000.0 + x, y=4_000_000.0 + y)
    graph.add_edge(0, 1, highway="residential", osmid=1, length=100.0)
    graph.add_edge(1, 2, highway="residential", osmid=2, length=100.0, area="yes")
    roads = from_osmnx(graph)
    assert len(roads.tail) == 1 and roads.ignored["outline"] == 1


def test_a_street_of_two_classes_takes_the_least_and_is_told():
    graph = nx.MultiDiGraph(crs="EPSG:32631")
    graph.add_node(1, x=500_000.0, y=0.0)
    graph.add_node(2, x=500_100.0, y=0.0)
    graph.add_edge(1, 2, highway=["track", "primary"], osmid=[1, 2])
    graph.add_edge(2, 1, highway="footway", osmid=3)
    roads = from_osmnx(graph)
    assert roads.classes == ("track",) and roads.ignored["no_road"] == 1
    assert roads.mended["kind"].tolist() == ["mixed_class"]


def test_a_network_becomes_an_osmnx_graph_of_what_its_vehicle_may_drive(tmp_path):
    graph = read_osm(drawn(tmp_path, CROSS, {11: ([1, 2], {"oneway": "yes"}), 12: ([2, 3], {"access": "private"})}))
    made = to_osmnx(network_of(graph, RoadProfile(speeds_kmh=ALL)))
    (edge,) = made.edges(data=True)
    assert edge[2]["travel_time"] == pytest.approx(graph.length_m[0] / 10) and edge[2]["speed_kph"] == pytest.approx(36)
    assert edge[2]["oneway"] and edge[2]["highway"] == "residential" and edge[2]["reversed"] is False


def test_what_is_no_osmnx_graph_is_refused():
    for graph in (nx.Graph(crs="EPSG:4326"), nx.MultiDiGraph()):
        with pytest.raises(ProblemError, match="MultiDiGraph"):
            from_osmnx(graph)
    bare = nx.MultiDiGraph(crs="EPSG:4326")
    bare.add_node(1)
    with pytest.raises(ProblemError, match="x and y"):
        from_osmnx(bare)


# --- real extracts ---


@pytest.mark.parametrize(
    ("extract", "roads", "bans"),
    [
        ("standin_malta/malta-2018-08-27.osm.pbf", 21_900, 200),
        ("standin_andorra/andorra-2025-01-18.osm.pbf", 4_172, 60),
    ],
)
def test_a_real_extract_keeps_its_restrictions(extract, roads, bans):
    path = SHARED / extract
    if not path.exists():
        pytest.skip(f"{path} is not here")
    graph = read_osm(path)
    assert len(graph.roads) == roads and len(graph.turns) >= bans
    assert arcs(graph)  # every ban is a way through the graph
    lost = sum(count for name, count in graph.ignored.items() if name.startswith("restriction"))
    assert lost < len(graph.turns) / 4
    assert (graph.length_m > 0).all() and (graph.tail != graph.head).all()
