"""The map page: one file that asks the network for nothing and runs nothing that the data say."""

from __future__ import annotations

import base64
import copy
import hashlib
import html
import json
import re
import shutil
import subprocess
from functools import cache
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from gis_wufei.maps.page import OWN_SCRIPTS, default_texts, render_page

ASSETS = files("gis_wufei").joinpath("maps", "assets")
HOSTILE = (
    "<img src=x onerror=\"document.documentElement.dataset.pwned='name'\">",
    "</script><script>document.documentElement.dataset.pwned='script'</script>",
    "${document.documentElement.dataset.pwned='template'}",
    "村\\1 '\"`&amp;<b>",
    "{{scripts}} \u2028 \u2029 <!-- <script>",
)
# One by one pixel.
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5"
    "ErkJggg=="
)


def both(words: str) -> dict[str, str]:
    return {"zh": f"中{words}", "en": f"E{words}"}


def hostile_payload() -> dict[str, Any]:
    """Five places, one area and one line; every text of the page is one of the hostile names."""
    bad = HOSTILE[0]
    points = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [110.0 + 0.1 * i, 40.0]},
            "properties": {
                "name": name,
                "class": i % 2,
                "t_per_day": 1234.5 + i,
                "ok": True,
                "synthetic": "none" if i else "all",
            },
        }
        for i, name in enumerate(HOSTILE)
    ]
    square = {"type": "Polygon", "coordinates": [[[110, 39.9], [110.4, 39.9], [110.4, 40.1], [110, 39.9]]]}
    line = {"type": "LineString", "coordinates": [[110, 40], [110.4, 40.05]]}
    fields = [
        {"name": "name", "label": both(bad), "unit": None, "digits": None},
        {"name": "t_per_day", "label": both("t"), "unit": both(bad), "digits": 2},
        {"name": "ok", "label": both("ok"), "unit": None, "digits": None},
        {"name": "absent", "label": both("absent"), "unit": None, "digits": None},
    ]

    def layer(name: str, geometry: str, features: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        plain = {
            "id": name,
            "group": "base",
            "label": both(bad + name),
            "geometry": geometry,
            "visible": True,
            "synthetic": "none",
            "source": both(bad),
            "style": {},
            "fields": fields,
            "title_field": "name",
            "search": False,
            "features": {"type": "FeatureCollection", "features": features},
        }
        return plain | more

    def feature(geometry: dict[str, Any]) -> dict[str, Any]:
        return {"type": "Feature", "geometry": geometry, "properties": {"name": bad}}

    classes = [{"value": 0, "label": both(bad), "color": "#0072b2", "amount": both(bad)}]
    return {
        "lang": "zh",
        "title": both(bad),
        "subtitle": both(bad),
        "notice": both(bad),
        "bounds": [[39.9, 110.0], [40.1, 110.4]],
        "groups": [{"id": "base", "label": both(bad)}],
        "layers": [
            layer(
                "places",
                "point",
                points,
                search=True,
                synthetic="some",
                style={"by": {"field": "class", "classes": classes, "other": {"color": "#444444"}}},
            ),
            layer("area", "polygon", [feature(square)], synthetic="all"),
            layer("road", "line", [feature(line)], visible=False),
        ],
        "images": [
            {
                "id": "mask",
                "group": "base",
                "label": both(bad),
                "visible": True,
                "opacity": 0.6,
                "bounds": [[39.9, 110.0], [40.1, 110.4]],
                "png": PIXEL,
                "legend": [{"label": both(bad), "color": "#009e73"}],
            }
        ],
        "summary": [
            {
                "id": "s",
                "label": both(bad),
                "status": both(bad),
                "figures": [{"label": both(bad), "value": 1, "digits": 1, "unit": bad, "mark": "estimate"}],
                "notes": [both(bad)],
            }
        ],
        "tables": [
            {
                "id": "t",
                "label": both(bad),
                "columns": [{"label": both(bad), "align": "left"}, {"label": both("n"), "align": "right"}],
                "rows": [[bad, 1.5], [both(bad), 2], [None, 1000]],
            }
        ],
        "sources": [both(bad)],
        "meta": [{"label": both(bad), "value": bad}],
    }


class Markup(HTMLParser):
    """Tags with their attributes, and the text inside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[tuple[str, dict[str, str | None], str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside.append((tag, dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style") and data.strip():
            tag, attrs, text = self.inside[-1]
            self.inside[-1] = (tag, attrs, text + data)

    def contents(self, tag: str) -> list[str]:
        return [text for name, attrs, text in self.inside if name == tag and "type" not in attrs]

    def data(self) -> str:
        [text] = [text for _, attrs, text in self.inside if attrs.get("type") == "application/json"]
        return text

    def policy(self) -> dict[str, list[str]]:
        [content] = [a["content"] for tag, a in self.tags if tag == "meta" and "http-equiv" in a]
        assert content is not None
        return {rule.split()[0]: rule.split()[1:] for rule in content.split(";")}


@cache
def markup() -> Markup:
    return Markup(render_page(hostile_payload()))


def test_the_page_names_no_address_that_a_browser_would_fetch() -> None:
    for tag, attrs in markup().tags:
        for name in ("src", "href", "srcset", "action", "poster", "data"):
            assert re.fullmatch(r"#\w+|data:,", attrs.get(name) or "#x"), (tag, attrs)
    for css in markup().contents("style"):
        assert "url(" not in css and "@import" not in css
    for js in markup().contents("script"):
        assert "sourceMappingURL" not in js


def test_the_page_has_no_inline_style_and_no_inline_handler() -> None:
    for tag, attrs in markup().tags:
        assert "style" not in attrs and not any(name.startswith("on") for name in attrs), (tag, attrs)


def test_the_policy_allows_exactly_the_scripts_and_styles_of_the_page() -> None:
    def hashes(tag: str) -> set[str]:
        return {
            f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
            for text in markup().contents(tag)
        }

    policy = markup().policy()
    assert set(policy["script-src"]) == hashes("script") and len(hashes("script")) == 1 + len(OWN_SCRIPTS)
    assert set(policy["style-src"]) == hashes("style")
    assert policy["default-src"] == policy["connect-src"] == ["'none'"]
    assert set(policy["img-src"]) == {"data:", "blob:"}


def test_the_data_arrive_unchanged_and_cannot_leave_their_element() -> None:
    payload = hostile_payload()
    data = markup().data()
    assert not set("<>&\u2028\u2029") & set(data)
    arrived = json.loads(data)
    assert {key: arrived[key] for key in payload} == payload


def test_the_title_is_escaped_where_it_stands_in_the_markup() -> None:
    page = render_page(hostile_payload())
    assert f"<title>中{html.escape(HOSTILE[0])}</title>" in page
    assert HOSTILE[0] not in page and HOSTILE[1] not in page


@pytest.mark.parametrize(("lang", "tag"), [("zh", "zh-CN"), ("en", "en")])
def test_the_page_says_its_language(lang: str, tag: str) -> None:
    first, attrs = Markup(render_page(hostile_payload() | {"lang": lang})).tags[0]
    assert (first, attrs["lang"]) == ("html", tag)


def test_the_same_payload_gives_the_same_page_and_is_left_alone() -> None:
    payload = hostile_payload()
    before = copy.deepcopy(payload)
    assert render_page(payload) == render_page(copy.deepcopy(payload))
    assert payload == before


def test_lists_that_are_left_out_are_empty() -> None:
    payload = hostile_payload()
    for name in ("images", "summary", "tables", "sources", "meta"):
        del payload[name]
    data = json.loads(Markup(render_page(payload)).data())
    assert data["images"] == data["summary"] == data["tables"] == data["sources"] == data["meta"] == []


def test_a_layer_of_an_unlisted_group_is_refused_because_the_panel_would_not_show_it() -> None:
    payload = hostile_payload()
    payload["layers"][0]["group"] = "nowhere"
    with pytest.raises(ValueError, match=r"'places'.*'nowhere'"):
        render_page(payload)


def test_a_raster_must_carry_its_pixels_with_it() -> None:
    payload = hostile_payload()
    payload["images"][0]["png"] = "https://example.org/mask.png"
    with pytest.raises(ValueError, match="'mask'"):
        render_page(payload)


def test_a_number_that_json_does_not_know_is_refused() -> None:
    payload = hostile_payload()
    payload["summary"][0]["figures"][0]["value"] = float("nan")
    with pytest.raises(ValueError, match="JSON"):
        render_page(payload)


def test_the_payload_may_bring_its_own_words() -> None:
    words = {key: {"zh": f"甲{key}", "en": f"X {key}"} for key in default_texts()}
    page = render_page(hostile_payload() | {"texts": words})
    assert json.loads(Markup(page).data())["texts"] == words
    assert '<p id="loading">甲loading</p>' in page


def test_the_vendored_files_are_those_of_the_manifest() -> None:
    folder = ASSETS.joinpath("leaflet")
    manifest = YAML(typ="safe", pure=True).load(folder.joinpath("manifest.yaml").read_text(encoding="utf-8"))
    assert {"name", "version", "licence", "licence_file", "source"} <= set(manifest)
    assert {item.name for item in folder.iterdir()} == {*manifest["files"], "manifest.yaml"}
    for name, facts in manifest["files"].items():
        assert hashlib.sha256(folder.joinpath(name).read_bytes()).hexdigest() == facts["sha256"], name
    assert f"Leaflet {manifest['version']}" in folder.joinpath("leaflet.js").read_text(encoding="utf-8")[:200]


def test_the_licence_of_the_library_travels_with_the_page() -> None:
    assert "Copyright (c) 2010-2023, Volodymyr Agafonkin" in render_page(hostile_payload())


def own_sources() -> str:
    names = (*OWN_SCRIPTS, "page.html")
    return "\n".join(ASSETS.joinpath(name).read_text(encoding="utf-8") for name in names)


def test_every_word_the_page_asks_for_exists_in_both_languages_and_none_is_idle() -> None:
    words, source = default_texts(), own_sources()
    asked = set(re.findall(r'(?:\bword\(|data-word=|data-label=|data-placeholder=)"(\w+)"', source))
    assert asked <= set(words)
    composed = {"synthetic_all", "synthetic_some", "loading", "no_script"}
    idle = {key for key in set(words) - composed if f'"{key}"' not in source}
    assert not idle
    assert all(set(pair) == {"zh", "en"} and all(pair.values()) for pair in words.values())


def test_the_scripts_never_turn_text_into_markup_or_code() -> None:
    scripts = "\n".join(ASSETS.joinpath(name).read_text(encoding="utf-8") for name in OWN_SCRIPTS)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\(|new Function|</script", scripts)
    assert not re.search(r"#[0-9a-fA-F]{6}\b", scripts)  # colours stand in page.css and in the payload


# --- in a browser -----------------------------------------------------------------------------

# Does what a reader does, then notes what is to be seen; allowed by its hash like any other script.
READER = """
const seen = {};
const text = (id) => document.getElementById(id).textContent;
const press = (node, key) => node.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
seen.loaded = { ...document.documentElement.dataset };
seen.zh = [text("title"), text("tab-layers")];
seen.order = [...document.querySelectorAll("#layers .classes .figure")].map((node) => node.textContent);
document.querySelector("#table-names button").click();
seen.cells = [...document.querySelectorAll("#table td")].map((node) => node.textContent);
document.querySelector("[data-lang=en]").click();
seen.en = [text("title"), text("tab-layers"), document.documentElement.lang];

byId("search").value = "ONERROR";
byId("search").dispatchEvent(new Event("input"));
seen.hits = [...byId("hits").children].map((node) => node.firstChild.textContent);
press(byId("search"), "Enter");
seen.searched = document.querySelector(".leaflet-popup h3").textContent;
seen.rows = [...document.querySelectorAll(".leaflet-popup td")].map((node) => node.textContent);
seen.marked = document.querySelectorAll(".leaflet-popup .synthetic").length;
const markOf = (synthetic, properties) => {
  const entry = { spec: { ...layers[1].spec, synthetic } };
  return popupContent({ entry, feature: { properties } }).querySelector(".badge")?.textContent ?? "";
};
seen.marks = ["all", "some", "none", "unknown"].map((state) => markOf(state, {}));
seen.ownMark = markOf("some", { synthetic: "none" });
press(document, "Escape");
seen.closed = selected === null && !map.hasLayer(popup);

fitAll();
function click(latitude, longitude) {
  const at = map.latLngToContainerPoint([latitude, longitude]);
  const frame = map.getContainer().getBoundingClientRect();
  const spot = { clientX: frame.left + at.x, clientY: frame.top + at.y, bubbles: true };
  document.querySelector("#map canvas").dispatchEvent(new MouseEvent("click", spot));
  return [...document.querySelectorAll(".leaflet-popup .card > *")].map((node) => node.textContent);
}
seen.point = click(40, 110.2);
seen.nothing = click(40.08, 110.1).length && selected !== null;
map.setView([39.95, 110.3], 13, { animate: false });
seen.area = click(39.955, 110.29);

document.querySelectorAll("#layers [data-entry]")[2].click();
seen.features = document.documentElement.dataset.features;
const centre = map.getCenter();
dispatchEvent(new Event("beforeprint"));
seen.legend = document.querySelectorAll("#print-legend .entry").length;
seen.sheet = [text("print-results").includes("measured"), getComputedStyle(byId("panel")).display];
dispatchEvent(new Event("afterprint"));
seen.moved = map.getCenter().distanceTo(centre);
seen.faults = document.documentElement.dataset.errors;
seen.pwned = document.documentElement.dataset.pwned ?? null;
seen.images = [...document.images].filter((image) => !image.src.startsWith("data:image/png")).length;
document.documentElement.dataset.seen = JSON.stringify(seen);
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a reader sees of the hostile page in a headless Chromium."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium on this machine to open the page with")
    folder: Path = tmp_path_factory.mktemp("page")
    allowed = f"script-src 'sha256-{base64.b64encode(hashlib.sha256(READER.encode()).digest()).decode()}' "
    page = render_page(hostile_payload()).replace("script-src ", allowed, 1)
    file = folder / "page.html"
    page = page.replace("</body>", f"<script>{READER}</script></body>")
    file.write_text(page, encoding="utf-8", newline="\n")
    quiet = "--disable-gpu --disable-background-networking --disable-sync --no-first-run"
    done = subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            *quiet.split(),
            "--window-size=1200,800",
            f"--user-data-dir={folder / 'profile'}",
            "--virtual-time-budget=8000",
            "--enable-logging=stderr",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        timeout=120,
        check=True,
    )
    _, attrs = Markup(done.stdout.decode("utf-8")).tags[0]
    assert attrs.get("data-ready") == "true", attrs
    assert attrs.get("data-seen"), attrs
    found: dict[str, Any] = json.loads(attrs["data-seen"] or "")
    found["console"] = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "CONSOLE" in line]
    return found


def test_hostile_names_are_read_and_run_nothing(seen: dict[str, Any]) -> None:
    assert seen["pwned"] is None and seen["images"] == 0
    assert seen["faults"] == "[]" and seen["console"] == []
    assert seen["searched"] == HOSTILE[0]
    assert seen["point"][1] == HOSTILE[2]


def test_a_click_finds_points_and_areas_where_they_are_also_after_zooming(seen: dict[str, Any]) -> None:
    """The area is the triangle below the line from 39.9 N 110 E to 40.1 N 110.4 E. Zoomed in on
    39.95 N 110.3 E, the click lies up and left of the window's middle, where the area of the first view
    would not be hit.
    """
    assert seen["point"][0] == f"E{HOSTILE[0]}places"
    assert seen["area"][0] == f"E{HOSTILE[0]}areasynthetic"
    assert seen["nothing"] is False


def test_the_page_counts_what_it_has_drawn(seen: dict[str, Any]) -> None:
    """Five places and one area at first; then the hidden road, whose box is the third; the raster's is the last."""
    assert seen["loaded"]["features"] == "6"
    assert seen["features"] == "7"


def test_the_reader_can_change_the_language(seen: dict[str, Any]) -> None:
    assert seen["zh"] == [f"中{HOSTILE[0]}", "图层"]
    assert seen["en"] == [f"E{HOSTILE[0]}", "Layers", "en"]


def test_search_ignores_case_and_opens_the_popup_with_formatted_values(seen: dict[str, Any]) -> None:
    assert seen["hits"] == [HOSTILE[0]]
    assert seen["rows"] == [HOSTILE[0], f"1,234.50\u00a0E{HOSTILE[0]}", "yes"]
    assert seen["marked"] == 1 and seen["closed"]


def test_a_popup_bears_the_mark_of_its_feature_or_that_of_the_layer(seen: dict[str, Any]) -> None:
    assert seen["marks"] == ["synthetic", "partly synthetic", "", "not stated"]
    assert seen["ownMark"] == ""


def test_the_legend_counts_each_class_and_the_rest(seen: dict[str, Any]) -> None:
    """Classes of five places by i % 2: three of class 0, two of none; the raster's line has no count."""
    assert seen["order"] == [f"3 · 中{HOSTILE[0]}", "2", ""]


def test_a_column_shows_as_many_decimals_as_its_longest_number(seen: dict[str, Any]) -> None:
    assert seen["cells"] == [HOSTILE[0], "1.5", f"中{HOSTILE[0]}", "2.0", "—", "1,000.0"]


def test_the_printed_sheet_has_legend_and_figures_and_the_view_comes_back(seen: dict[str, Any]) -> None:
    assert seen["legend"] == 4
    assert seen["sheet"] == [True, "none"]
    assert seen["moved"] < 1
