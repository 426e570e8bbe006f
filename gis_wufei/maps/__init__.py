"""Maps of a plan: one interactive page that holds everything it shows and asks the network for nothing."""

from __future__ import annotations

from pathlib import Path

from gis_wufei.maps.overview import overview
from gis_wufei.maps.page import render_page
from gis_wufei.plan import Plan

__all__ = ["map_html", "overview", "write_map"]

PAGE = "index.html"


def map_html(plan: Plan, lang: str = "zh") -> str:
    """The map page of a plan as HTML; the same plan gives the same text."""
    return render_page(overview(plan, lang))


def write_map(plan: Plan, path: str | Path, lang: str = "zh") -> Path:
    """Write the map page and return its path.

    Parameters
    ----------
    plan
        The plan to show.
    path
        A folder (the page is its ``index.html``), or a file whose name ends in ``.html``.
    lang
        The language in which the page opens, ``zh`` or ``en``.
    """
    file = Path(path)
    if file.suffix.lower() not in (".html", ".htm"):
        file = file / PAGE
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(map_html(plan, lang), encoding="utf-8", newline="\n")
    return file
