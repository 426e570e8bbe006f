"use strict";
// The map: what each layer looks like, drawing, popups and the selected feature.

// After a change of view Leaflet leaves its canvas a fraction of a pixel off, which blurs every line.
const SharpCanvas = L.Canvas.extend({
  _reset() {
    L.Canvas.prototype._reset.call(this);
    L.DomUtil.setPosition(this._container, this._bounds.min);
  },
});

const map = L.map("map", {
  renderer: new SharpCanvas({ padding: 0.25, tolerance: 4 }), // one canvas: thousands of shapes stay quick
  preferCanvas: true,
  attributionControl: false, // sources stand under "About"; Leaflet's own prefix carries a flag
  zoomControl: false,
  zoomSnap: 0.25, // so that "show all" fills the window
  wheelPxPerZoomLevel: 100,
  maxZoom: 19,
});
map.createPane("under").style.zIndex = 250; // the ground of the study area, under the rasters
map.createPane("images").style.zIndex = 300; // rasters lie under everything drawn
map.createPane("selection").style.zIndex = 450;
map.getPane("under").style.pointerEvents = "none";
map.getPane("images").style.pointerEvents = "none";
map.getPane("selection").style.pointerEvents = "none";

const underCanvas = new SharpCanvas({ pane: "under", padding: 0.25 });

// One state for everything that can be switched. `drawn` is made when first shown.
const entries = [
  ...page.images.map((spec) => ({ spec, isImage: true, visible: spec.visible, drawn: null })),
  ...page.layers.map((spec, index) => ({ spec, isImage: false, visible: spec.visible, drawn: null, index })),
];

// Areas lie under lines and lines under points, whatever order the layers come in; inside a kind earlier is higher,
// as the panel lists them.
const LEVEL = { polygon: 0, line: 1, point: 2 };
const layers = entries.filter((entry) => !entry.isImage);
const drawOrder = [...layers].sort((a, b) => LEVEL[a.spec.geometry] - LEVEL[b.spec.geometry] || b.index - a.index);

/** A colour or size of the style sheet: what a layer looks like when its data do not say. */
const cssValue = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** Leaflet's path options of a layer, or of one class of it. A class overrides; `fill` apart means `color` is outline. */
function pathOptions(entry, classSpec) {
  const { geometry } = entry.spec;
  const style = entry.spec.style ?? {};
  const own = style.color ?? cssValue(`--series-${(entry.index % 8) + 1}`);
  const ownFill = typeof style.fill === "string" ? style.fill : null;
  const colour = classSpec?.color ?? ownFill ?? own;
  let outline = colour;
  if (geometry !== "line" && ownFill) outline = own;
  else if (geometry === "point") outline = cssValue("--point-outline");
  return {
    color: outline,
    fillColor: colour,
    fill: geometry !== "line" && style.fill !== false,
    weight: classSpec?.weight ?? style.weight ?? (geometry === "line" ? 2 : 1),
    opacity: style.opacity ?? 1,
    fillOpacity: style.fill_opacity ?? (geometry === "point" ? 0.95 : 0.35),
    dashArray: style.dash ?? null,
    radius: classSpec?.radius ?? style.radius ?? 5,
  };
}

// Styles by property: one look-up per feature. Options per class are made once, not once per feature.
function styler(entry) {
  const by = entry.spec.style?.by;
  const plain = pathOptions(entry, by?.other);
  if (!by) return () => plain;
  const options = new Map(by.classes.map((one) => [String(one.value), pathOptions(entry, one)]));
  return (feature) => options.get(String(feature.properties[by.field])) ?? plain;
}

function draw(entry) {
  const { spec } = entry;
  if (entry.isImage) {
    return L.imageOverlay(spec.png, spec.bounds, { pane: "images", opacity: spec.opacity ?? 0.6, className: "raster" });
  }
  const style = styler(entry);
  const { under = false, interactive = true } = spec.style ?? {};
  const place = under ? { pane: "under", renderer: underCanvas } : {};
  const drawn = L.geoJSON(spec.features, {
    ...place,
    interactive: interactive && !under,
    style,
    pointToLayer(feature, latlng) {
      const marker = L.circleMarker(latlng, { ...style(feature), ...place, interactive });
      marker.feature = feature; // a point inside a MultiPoint must know its feature, too
      return marker;
    },
  });
  drawn.on("click", (event) => {
    L.DomEvent.stopPropagation(event);
    select(entry, event.layer.feature, event.latlng);
  });
  drawn.on("mouseover", (event) => showName(entry, event.layer.feature, event.latlng));
  drawn.on("mouseout", () => map.closeTooltip(nameTip));
  return drawn;
}

/** Show or hide one entry and keep the order of drawing. */
function setVisible(entry, visible) {
  entry.visible = visible;
  if (visible) {
    entry.drawn ??= draw(entry);
    map.addLayer(entry.drawn);
    for (const layer of drawOrder) if (layer.visible && layer.drawn) layer.drawn.bringToFront();
  } else {
    if (entry.drawn) map.removeLayer(entry.drawn);
    if (selected?.entry === entry) unselect();
  }
  placeNames();
  countDrawn();
}

/** First drawing, from the bottom up. */
function drawAll() {
  for (const entry of [...entries.filter((one) => one.isImage), ...drawOrder]) {
    if (!entry.visible) continue;
    entry.drawn = draw(entry);
    map.addLayer(entry.drawn);
  }
  countDrawn();
}

// The number of features on the map, for whoever checks a saved page.
function countDrawn() {
  let count = 0;
  for (const layer of layers) if (layer.drawn && map.hasLayer(layer.drawn)) count += layer.drawn.getLayers().length;
  document.documentElement.dataset.features = String(count);
}

// --- names, popups, selection -----------------------------------------------------------------

/** A feature's name in the current language, or "" without one. */
function nameOf(entry, feature) {
  const value = entry.spec.title_field ? feature.properties[entry.spec.title_field] : null;
  return say(value).trim();
}

const nameTip = L.tooltip({ direction: "top", offset: [0, -8], opacity: 1, className: "name-tip" });
function showName(entry, feature, latlng) {
  const name = nameOf(entry, feature);
  if (!name || selected?.feature === feature) return;
  nameTip.setContent(el("span", {}, name)).setLatLng(latlng);
  map.openTooltip(nameTip);
}

const popup = L.popup({ maxWidth: 340, minWidth: 220, autoPanPadding: [24, 24] });
let selected = null; // {entry, feature, outline}

function popupContent({ entry, feature }) {
  const { spec } = entry;
  const rows = spec.fields
    .filter((field) => field.name in feature.properties)
    .map((field) => {
      const value = feature.properties[field.name];
      return el("tr", {}, el("th", { scope: "row" }, say(field.label)),
        el("td", {}, shown(value, field.digits ?? null),
          hasUnit(value, field.unit) ? el("span", { class: "unit" }, unitText(field.unit)) : null));
    });
  return el("div", { class: "card" },
    el("p", { class: "card-layer" }, say(spec.label), syntheticBadge(feature.properties.synthetic ?? spec.synthetic)),
    el("h3", {}, nameOf(entry, feature) || word("unnamed")),
    rows.length ? el("table", {}, el("tbody", {}, ...rows)) : null,
    spec.source ? el("p", { class: "card-source" }, `${word("source")}: ${say(spec.source)}`) : null);
}

/** Mark a feature on the map and open its popup (at `latlng`, or at its middle). */
function select(entry, feature, latlng = null) {
  map.closeTooltip(nameTip);
  unselect();
  const renderer = L.svg({ pane: "selection" });
  const mark = { pane: "selection", renderer, interactive: false, color: cssValue("--selection"), weight: 4, fill: false };
  const radius = styler(entry)(feature).radius + 4;
  const outline = L.geoJSON(feature, {
    style: mark,
    pointToLayer: (_, at) => L.circleMarker(at, { ...mark, radius }),
  }).addTo(map);
  selected = { entry, feature, outline };
  popup.setContent(popupContent(selected)).setLatLng(latlng ?? middleOf(outline)).openOn(map);
  popup.getElement().setAttribute("role", "dialog");
  popup.getElement().setAttribute("tabindex", "-1");
  namePopup();
}

function middleOf(outline) {
  const [first] = outline.getLayers();
  if (first.getLatLng) return first.getLatLng();
  return first.getCenter ? first.getCenter() : outline.getBounds().getCenter();
}

// What a screen reader says of the popup; again after a change of language.
function namePopup() {
  const { entry, feature } = selected;
  popup.getElement().setAttribute("aria-label", nameOf(entry, feature) || say(entry.spec.label));
  popup.getElement().querySelector(".leaflet-popup-close-button").setAttribute("aria-label", word("close"));
}

function unselect() {
  if (!selected) return;
  const { outline } = selected;
  selected = null; // first: closing the popup comes back here
  map.removeLayer(outline);
  map.closePopup(popup);
}
map.on("popupclose", unselect);

function retellPopup() {
  if (!selected) return;
  popup.setContent(popupContent(selected));
  namePopup();
}

// --- controls ---------------------------------------------------------------------------------

const zoomControl = L.control.zoom({ position: "topleft" }).addTo(map);
const fitButton = el("a", { href: "#", role: "button", class: "fit", onclick: fitAll },
  svg("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" },
    svg("path", { d: "M3 7.5V3h4.5M12.5 3H17v4.5M17 12.5V17h-4.5M7.5 17H3v-4.5" })));
zoomControl.getContainer().append(fitButton);
L.DomEvent.disableClickPropagation(fitButton);

function fitAll(event) {
  event?.preventDefault();
  map.fitBounds(page.bounds, { padding: [16, 16], animate: false });
}

/** Change the layout around the map; a map that showed the whole area shows it afterwards, too. */
function keepWhole(change) {
  const whole = map.getBounds().contains(page.bounds) && map.getBoundsZoom(page.bounds) - map.getZoom() < 1;
  change();
  map.invalidateSize({ animate: false });
  if (whole) fitAll();
}

L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 140 }).addTo(map);

/** A control that holds one element of ours. */
function place(element, position) {
  const control = L.control({ position });
  control.onAdd = () => element;
  control.addTo(map);
  return element;
}

const coordinates = place(el("div", { id: "coordinates" }), "bottomleft");
const north = place(
  el("div", { id: "north", role: "img" }, svg("svg", { viewBox: "0 0 24 34", "aria-hidden": "true" },
    svg("path", { d: "M12 1 21 32 12 26z", class: "north-dark" }), svg("path", { d: "M12 1 3 32 12 26z", class: "north-light" })),
  el("span", { "aria-hidden": "true" })), "topright");

// The pointer's place; without a pointer (touch, keyboard) the middle of the map.
let pointer = null;
function tellCoordinates() {
  const at = (pointer ?? map.getCenter()).wrap();
  const value = word("coordinates_value", { lon: at.lng.toFixed(5), lat: at.lat.toFixed(5) });
  coordinates.textContent = pointer ? value : `${word("anchor_centre")}  ${value}`;
}
map.on("mousemove", (event) => { pointer = event.latlng; tellCoordinates(); });
map.on("mouseout", () => { pointer = null; tellCoordinates(); });
map.on("move", tellCoordinates);

function retellControls() {
  const buttons = [[".leaflet-control-zoom-in", "zoom_in"], [".leaflet-control-zoom-out", "zoom_out"], [".fit", "fit"]];
  for (const [selector, key] of buttons) {
    const button = zoomControl.getContainer().querySelector(selector);
    button.title = word(key);
    button.setAttribute("aria-label", word(key));
  }
  north.setAttribute("aria-label", word("north_label"));
  north.lastChild.textContent = word("north");
  coordinates.setAttribute("aria-label", word("coordinates"));
  tellCoordinates();
}
