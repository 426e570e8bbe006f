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
# # 一种废物走一遍 / One stream on its walk
#
# 打开研究、检查、求方案、看表、看地图、写出成果。与 `wufei check`、`wufei run` 做的是同一件事。
#
# Open a study, check it, make a plan, look at the tables and the map, write the results. It is what `wufei check` and
# `wufei run` do.

# %%
from pathlib import Path

import pandas as pd
from IPython.display import IFrame

from gis_wufei import Study, make_plan, publish, read_study, write_map

# %% [markdown]
# ## 研究 / The study
#
# 一个文件夹：`study.yaml` 和图层。打开时即核对全部设置和全部情景。
#
# One folder: `study.yaml` and its layers. Opening it checks all settings and all scenarios.

# %%
study = Study.open("../layers/dalad")
study.spec.title.en, study.scenarios, list(study.spec.streams)

# %%
study.spec.notice.model_dump()

# %% [markdown]
# ## 检查 / Check
#
# 读取图层，算出产生点、适宜地和候选点，不求解。输入有问题时，一次全部列出。
#
# Read the layers, find places, eligible land and candidate sites; solve nothing. Faults of the input are told all at
# once.

# %%
reading = read_study(study, ["hazardous"])
ground = reading.grounds["hazardous"]
len(ground.demand.places), len(ground.sites), reading.network.length_km

# %%
ground.demand.places.drop(columns="geometry").nlargest(5, "t_per_year")

# %% [markdown]
# 每条规则占去多少地：`touched_ha` 触及，`alone_ha` 只因这一条而排除。
#
# What each rule takes of the land: `touched_ha` in all, `alone_ha` excluded by this rule and no other.

# %%
ledger = pd.DataFrame(ground.eligibility.ledger)
ledger.nlargest(6, "alone_ha")[["rule_id", "effect", "distance_m", "touched_ha", "alone_ha", "status", "source"]]

# %% [markdown]
# ## 方案 / The plan
#
# 选址、收集线路、转运。同样的输入和种子得到同样的方案。
#
# Sites, rounds, hauls. The same input and seed give the same plan.

# %%
plan = make_plan(study, ["hazardous"])
stream = plan.streams["hazardous"]
stream.siting.status, stream.siting.gap, stream.figures["yuan_per_t"]

# %%
stream.opened[["name", "state", "size", "capacity", "load", "places", "conditions", "yuan_per_year"]]

# %%
stream.collection.trips.head()

# %%
stream.haul.drop(columns="geometry")

# %% [markdown]
# 未服务的产生点各有原因；没有时表为空。
#
# Places that are not served, each with its reason; the table is empty where there are none.

# %%
stream.unserved.head()

# %% [markdown]
# 使用这些结果之前先看提醒，以及每个数值的来源。
#
# Before you use a result, read the warnings, and where each number comes from.

# %%
[(warning.text("zh"), warning.text("en")) for warning in (*plan.warnings, *stream.warnings)]

# %%
plan.numbers[["id", "value", "low", "high", "unit", "status", "source"]].head(12)

# %% [markdown]
# ## 成果 / The results
#
# 全部写入 `maps/notebook/`，不影响 `wufei run` 的成果。`index.html` 是交互地图，可离线打开。
#
# All written to `maps/notebook/`, apart from the results of `wufei run`. `index.html` is the interactive map; it opens
# without a network.

# %%
folder = publish(plan, Path("../maps/notebook"), "zh", [write_map])
sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

# %%
IFrame(str(folder / "index.html"), width="100%", height=600)
