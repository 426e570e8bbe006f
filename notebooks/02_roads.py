# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 有断口的道路图层怎样变成货车的矩阵 / From a road layer with gaps to a truck's matrix
#
# 交通局给的道路线很少是干净的：线端差几米没有接上，同一条路画了两遍，立交与平交分不清。
# 这里从读入一直走到货车的距离和时间。与 `wufei network qa`、`matrix`、`path` 做的是同一件事。
#
# Road lines from a bureau are seldom clean: ends stop metres short, roads are drawn twice, a bridge looks like a
# junction. From reading to the distances and times of a truck; it is what `wufei network qa`, `matrix` and `path` do.

# %%
from pathlib import Path

import pandas as pd
from IPython.display import IFrame
from pyproj import CRS

from gis_wufei import Study
from gis_wufei.layers import open_layer
from gis_wufei.maps.network import network_page
from gis_wufei.network import ClosureSpec, closures, directions, network_of, od_matrix, paths, prepare, read_lines, snap
from gis_wufei.network.qa import qa
from gis_wufei.network.trucks import truck_profile

# %% [markdown]
# ## 读入与修补 / Read and mend
#
# 图层经过同一道门，带着证书。`read_lines` 把线在路口打断，接合断口，去掉重复线；做了什么、哪里可疑，都在 `mended` 里。
#
# The layer comes through the same door, with its certificate. `read_lines` cuts the lines at their junctions, closes
# gaps and drops copies; what it did and what looks wrong stands in `mended`.

# %%
study = Study.open("../layers/dalad")
layer = open_layer("roads", study.spec.layers["roads"], study.folder, CRS.from_epsg(4508))
layer.certificate.status, [remark.text("en") for remark in layer.certificate.warned]

# %%
graph = read_lines(layer.by_row)
graph.tolerance_m, graph.mended["kind"].value_counts().to_dict(), dict(graph.ignored)

# %% [markdown]
# 若不接合，路网会是什么样？
#
# What would the network be without closing the gaps?

# %%
raw = read_lines(layer.by_row, tolerance_m=0)
pd.DataFrame({"closed": qa(graph).figures, "raw": qa(raw).figures}).loc[["pieces", "share_in_largest", "near_miss"]]

# %% [markdown]
# ## 货车 / The truck
#
# 车型是数据：尺寸、质量、动力、路面，出处都在 `standards/`。
# 道路等级的车速、路面、限高限重和禁令合成每条路段每个方向的秒数；不通的路段说明原因。
#
# Kinds of trucks are data: size, mass, power, surfaces, each with its source in `standards/`. With speeds of the
# classes, surfaces, limits and bans they make the seconds of every edge, each way; a closed edge says why.

# %%
truck = truck_profile("medium")
network = network_of(graph, truck)
network.report().share_mutually_reachable, {name: round(kmh) for name, kmh in network.costs.kmh.items()}

# %% [markdown]
# ## 矩阵 / The matrix
#
# 每个村接到最近可用道路上最近的一点，不是最近的路口。没有路的格子说明原因。
#
# Every village meets the nearest point of the nearest usable road, not the nearest junction. A cell without a way says
# why.

# %%
crs = network.crs
villages = open_layer("villages", study.spec.layers["villages"], study.folder, crs).frame
facilities = open_layer("facilities", study.spec.layers["facilities"], study.folder, crs).frame
places = pd.concat([villages.geometry, facilities.geometry])
trips = prepare(network, snap(network, places.get_coordinates(), least_share=0.01))
origins, destinations = range(len(villages)), range(len(villages), len(places))
matrix = od_matrix(trips, origins, destinations)
matrix.duration_s.shape, matrix.reasons(), matrix.distance_unit_m

# %%
minutes = pd.DataFrame(matrix.duration_s / 60, index=villages["place_id"], columns=facilities["facility_id"]).round(1)
minutes.iloc[:5, :6]

# %% [markdown]
# 最近的设施，以及司机怎样走。
#
# The nearest facility, and how the driver gets there.

# %%
nearest = int(matrix.duration_s[0].argmin())
(way,) = paths(trips, [(0, len(villages) + nearest)])
[(step.sentence("zh"), step.sentence("en")) for step in directions(network, way)]

# %% [markdown]
# ## 如果砂石路停用 / If the gravel tracks are shut
#
# 停用的道路也是数据。图不重建，只换秒数。
#
# Roads out of use are data, too. The graph is not built anew; only the seconds change.

# %%
shut = closures(graph, [ClosureSpec(label="tracks", where={"class": ("track",)})])
winter = network_of(graph, truck, shut.edges)
after = prepare(winter, snap(winter, places.get_coordinates(), least_share=0.01))
later = od_matrix(after, origins, destinations)
shut.km, later.reasons(), float((later.duration_s.min(axis=1) - matrix.duration_s.min(axis=1)).max() / 60)

# %% [markdown]
# ## 写出 / Write
#
# 质检结果一份给 QGIS，一份是可离线打开的地图；矩阵给表格软件。
#
# The findings for QGIS and as a map that opens without a network; the matrix for a spreadsheet.

# %%
folder = Path("../maps/notebook/roads")
folder.mkdir(parents=True, exist_ok=True)
found = qa(graph, network)
found.write(folder / "findings.gpkg")
(folder / "findings.html").write_text(network_page(network, found, study.spec.title, layer), encoding="utf-8")
minutes.to_csv(folder / "matrix.csv", encoding="utf-8-sig")
found.summary("zh"), found.summary("en")

# %%
IFrame(str(folder / "findings.html"), width="100%", height=600)
