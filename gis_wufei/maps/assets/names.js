"use strict";
// Names on the map: of the layers that ask for it, their first features first, and none over another.

const MOST_NAMES = 30;
const CLEARANCE = { x: 14, y: 8 }; // pixels kept free around a name, so that the map stays calm
const named = layers.filter((entry) => entry.spec.names && entry.spec.geometry === "point");
map.createPane("names").style.zIndex = 460;
map.getPane("names").style.pointerEvents = "none";

function placeNames() {
  const taken = [];
  const placed = [];
  const view = map.getBounds();
  const isFree = (box) => taken.every((one) => box.right < one.left || box.left > one.right || box.bottom < one.top || box.top > one.bottom);
  for (const entry of named) {
    if (!entry.visible) continue;
    for (const feature of entry.spec.features.features) {
      const [lng, lat] = feature.geometry.coordinates;
      const name = nameOf(entry, feature);
      if (placed.length >= MOST_NAMES || typeof lng !== "number" || !name || !view.contains([lat, lng])) continue;
      const at = map.latLngToLayerPoint([lat, lng]);
      const gap = (styler(entry)(feature).radius ?? 0) + 3;
      const box = { left: at.x - gap, right: at.x + gap + lettersOf(name) * 6.5 + CLEARANCE.x, top: at.y - 9 - CLEARANCE.y, bottom: at.y + 9 + CLEARANCE.y };
      if (!isFree(box)) continue;
      taken.push(box);
      const label = el("span", { class: entry.spec.names === "strong" ? "map-name strong" : "map-name" }, name);
      L.DomUtil.setPosition(label, L.point(at.x + gap, at.y - 9));
      placed.push(label);
    }
  }
  map.getPane("names").replaceChildren(...placed);
}

map.on("zoomstart", () => map.getPane("names").replaceChildren());
map.on("moveend zoomend viewreset resize", placeNames);
