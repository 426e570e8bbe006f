"use strict";
// The printed sheet: the current view with its legend on the first page, the figures and sources on the next.

// Until the sheet is printed the page wears the class "printing"; page.css gives it the width of A4 landscape (and
// enlarges it for A3). The browser photographs the page right after "beforeprint", so all drawing here is immediate.
const SHEET_HEIGHT = 712; // CSS pixels: 210 mm less two margins of 10 mm, at 96 to the inch, less rounding
let before = null;

function layOutSheet() {
  if (before) return;
  before = { centre: map.getCenter(), zoom: map.getZoom(), retina: L.Browser.retina, snap: map.options.zoomSnap };
  const view = map.getBounds();
  renderPrintLegend();
  renderPrintResults();
  const root = document.documentElement;
  root.classList.add("printing");
  const mapHeight = SHEET_HEIGHT - byId("work").offsetTop; // what title and notice leave
  byId("stage").style.height = `${mapHeight}px`;
  // A legend taller than the map goes to the next page in columns, and the map takes the width.
  root.classList.toggle("legend-below", byId("print-legend").scrollHeight > mapHeight);
  L.Browser.retina = true; // the canvas is then drawn at twice the resolution
  map.options.zoomSnap = 0; // the same view as on screen, as large as the sheet allows
  map.invalidateSize({ animate: false });
  map.fitBounds(view, { animate: false });
}

function backToScreen() {
  if (!before) return;
  document.documentElement.classList.remove("printing", "legend-below");
  byId("stage").style.height = "";
  L.Browser.retina = before.retina;
  map.options.zoomSnap = before.snap;
  map.invalidateSize({ animate: false });
  map.setView(before.centre, before.zoom, { animate: false });
  before = null;
}

addEventListener("beforeprint", layOutSheet);
addEventListener("afterprint", backToScreen);
