"""One map, one file: the interactive page with everything it needs inside, and no way to the network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

STYLES = ("leaflet/leaflet.css", "page.css")
LIBRARY = "leaflet/leaflet.js"
OWN_SCRIPTS = ("words.js", "map.js", "names.js", "layers.js", "results.js", "search.js", "print.js", "page.js")
_LISTS = ("groups", "layers", "images", "summary", "tables", "sources", "meta")
_UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def render_page(payload: Mapping[str, object]) -> str:
    """The whole page as HTML.

    Parameters
    ----------
    payload
        What the page shows, as plain JSON values; every text is ``{zh, en}``. Keys:

        ``lang``, ``title``, ``subtitle``, ``notice`` (or None)
            The first language and the head; the notice is shown prominently, on paper, too.
        ``bounds``
            ``[[south, west], [north, east]]`` in degrees.
        ``groups``
            Sections of the layer panel, in order: ``id``, ``label``.
        ``layers``
            ``id``, ``group``, ``label``, ``geometry`` (point, line, polygon), ``visible``, ``source``,
            ``synthetic`` (all, some, none, unknown), ``style``, ``fields``, ``title_field``, ``search``, ``features``
            (GeoJSON, lon/lat). Areas are drawn under lines, lines under points; inside a kind the earlier lies
            higher, as the panel lists them. In ``style`` a ``fill`` colour makes ``color`` the outline,
            ``fill: false`` leaves an area empty, ``interactive: false`` answers no click, ``under: true`` lies
            under the images, and ``by`` gives classes by one property. A point layer with ``names`` (``plain``
            or ``strong``) has its titles written on the map as far as there is room, the first features first.
            A popup bears the mark of its feature's property ``synthetic``, or without one that of the layer.
        ``images``
            PNG rasters as data URLs: ``id``, ``group``, ``label``, ``visible``, ``opacity``, ``bounds``,
            ``png``, ``legend``, ``synthetic`` (as of a layer; may be left out). They lie under every layer
            that is not ``under`` them, so an opaque area hides them.
        ``summary``, ``tables``, ``sources``, ``meta``
            Key figures per stream, tables under the map, and the lines under "About". A number is grouped by
            thousands, so give a year or a code as a string. A figure that is ``minor`` is a line, not a tile. A
            table's column shows as many decimals as its longest number (at most 3) unless it has ``digits``.
        ``texts``
            The page's own words, by the keys of ``assets/ui.yaml``; without them those of that file.

        A list that is left out is empty.

    Returns
    -------
    str
        HTML that opens from a disk and makes no request: scripts and styles are inside, and a
        Content-Security-Policy allows these by their hashes and nothing else. The same payload gives the same
        text.

    Raises
    ------
    ValueError
        A layer or image in a group that is not listed (it would vanish from the panel), a raster that is not
        a PNG data URL, a number that is NaN or infinite.
    TypeError
        A list or a mapping of the payload is something else.
    """
    content = dict(payload) | {name: payload.get(name) or [] for name in _LISTS}
    content["texts"] = texts = payload.get("texts") or default_texts()
    content["library"] = _library_line()
    _check(content)

    lang = "en" if payload["lang"] == "en" else "zh"
    styles = [_style(name) for name in STYLES]
    scripts = [_script(name) for name in (LIBRARY, *OWN_SCRIPTS)]
    parts = {
        "html_lang": "en" if lang == "en" else "zh-CN",
        "csp": _policy(styles, scripts),
        "title": html.escape(_text(payload["title"], lang)),
        "styles": "\n".join(f"<style>{css}</style>" for css in styles),
        "loading": html.escape(_text(_entry(texts, "loading"), lang)),
        "no_script": html.escape(_text(_entry(texts, "no_script"), lang)),
        "data": _data(content),
        "library_licence": _asset("leaflet/LICENSE").strip(),
        "scripts": "\n".join(f"<script>{js}</script>" for js in scripts),
    }
    # One pass, so that a name like {{scripts}} inside the data stays what it is.
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("page.html"))


@cache
def default_texts() -> dict[str, dict[str, str]]:
    """The words of the page itself (``assets/ui.yaml``): ``{key: {zh, en}}``."""
    words: dict[str, dict[str, str]] = YAML(typ="safe", pure=True).load(_asset("ui.yaml"))
    return words


@cache
def _asset(name: str) -> str:
    # Line ends are made plain because browsers hash a script after doing the same.
    raw = files("gis_wufei").joinpath("maps", "assets", *name.split("/")).read_bytes()
    return raw.decode("utf-8").replace("\r\n", "\n")


@cache
def _style(name: str) -> str:
    """A style sheet without any address: Leaflet's names icons that this page does not use."""
    return re.sub(r"url\([^)]*\)", "none", _asset(name))


@cache
def _script(name: str) -> str:
    """A script without the pointer to its source map, which a browser's inspector would try to fetch."""
    return re.sub(r"\n//# sourceMappingURL=.*\s*$", "\n", _asset(name))


@cache
def _library_line() -> str:
    manifest = YAML(typ="safe", pure=True).load(_asset("leaflet/manifest.yaml"))
    return f"{manifest['name']} {manifest['version']} ({manifest['licence']})"


def _policy(styles: list[str], scripts: list[str]) -> str:
    def hashes(contents: list[str]) -> str:
        digests = (hashlib.sha256(content.encode()).digest() for content in contents)
        return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)

    return (
        f"default-src 'none'; script-src {hashes(scripts)}; style-src {hashes(styles)}; img-src data: blob:; "
        "connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _data(content: Mapping[str, object]) -> str:
    """JSON that cannot end its script element or be taken for markup."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).translate(_UNSAFE)


def _check(content: Mapping[str, object]) -> None:
    """Refuse what the page would swallow silently."""
    known = {_entry(group, "id") for group in _items(content, "groups")}
    for item in [*_items(content, "layers"), *_items(content, "images")]:
        name, group = _entry(item, "id"), _entry(item, "group")
        if group not in known:
            raise ValueError(f"map page: {name!r} stands in the unlisted group {group!r}")
    for image in _items(content, "images"):
        if not str(_entry(image, "png")).startswith("data:image/png;base64,"):
            raise ValueError(f"map page: the raster {_entry(image, 'id')!r} is not a PNG data URL")


def _items(content: Mapping[str, object], name: str) -> list[object]:
    items = content[name]
    if not isinstance(items, list):
        raise TypeError(f"map page: {name!r} must be a list")
    return items


def _entry(item: object, key: str) -> object:
    if not isinstance(item, Mapping):
        raise TypeError(f"map page: expected a mapping with {key!r}")
    return item[key]


def _text(pair: object, lang: str) -> str:
    return str(_entry(pair, lang))
