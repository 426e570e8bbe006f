"use strict";
// The layer panel: groups, switches and legends; and the legend of the printed sheet.

/** The little picture of a layer or class: dot, line or area, drawn with the very options the map uses. */
function swatch(entry, classSpec) {
  const look = pathOptions(entry, classSpec);
  const stroke = { stroke: look.color, "stroke-opacity": look.opacity, "stroke-dasharray": look.dashArray };
  const fillIn = look.fill ? { fill: look.fillColor, "fill-opacity": look.fillOpacity } : { fill: "none" };
  const picture = svg("svg", { class: "swatch", viewBox: "0 0 26 16", "aria-hidden": "true" });
  if (entry.spec.geometry === "point") {
    const r = Math.max(2.5, Math.min(look.radius, 7));
    picture.append(svg("circle", { cx: 13, cy: 8, r, ...stroke, ...fillIn, "stroke-width": Math.min(look.weight, 3) }));
  } else if (entry.spec.geometry === "line") {
    picture.append(svg("path", { d: "M2 8H24", ...stroke, fill: "none", "stroke-width": Math.min(look.weight, 6) }));
  } else {
    picture.append(svg("rect", { x: 3, y: 2, width: 20, height: 12, rx: 1.5, ...stroke, ...fillIn,
      "stroke-width": Math.min(look.weight, 3) }));
  }
  return picture;
}

function imageSwatch(entry, colour) {
  return svg("svg", { class: "swatch", viewBox: "0 0 26 16", "aria-hidden": "true" },
    svg("rect", { x: 3, y: 2, width: 20, height: 12, rx: 1.5, fill: colour, "fill-opacity": entry.spec.opacity ?? 0.6 }));
}

// Features per class, counted once; those of no class stand under null.
const counts = new Map();
function countsOf(entry) {
  if (!counts.has(entry)) {
    const { by } = entry.spec.style;
    const known = new Set(by.classes.map((one) => String(one.value)));
    const tally = new Map();
    for (const { properties } of entry.spec.features.features) {
      const value = String(properties[by.field]);
      const key = known.has(value) ? value : null;
      tally.set(key, (tally.get(key) ?? 0) + 1);
    }
    counts.set(entry, tally);
  }
  return counts.get(entry);
}

/** The lines of an entry's legend: [swatch, words, count and amount]; empty where one swatch says all. */
function legendLines(entry) {
  if (entry.isImage) return entry.spec.legend.map((one) => [imageSwatch(entry, one.color), say(one.label), ""]);
  const by = entry.spec.style?.by;
  if (!by) return [];
  const tally = countsOf(entry);
  const lines = by.classes.map((one) => {
    const count = number(one.count ?? tally.get(String(one.value)) ?? 0);
    return [swatch(entry, one), say(one.label), one.amount ? `${count} · ${say(one.amount)}` : count];
  });
  const rest = tally.get(null);
  if (rest) lines.push([swatch(entry, by.other), word("class_other"), number(rest)]);
  return lines;
}

function legendList(entry) {
  const lines = legendLines(entry);
  if (!lines.length) return null;
  return el("ul", { class: "classes" }, ...lines.map(([picture, label, figure]) =>
    el("li", {}, picture, el("span", { class: "name" }, label), el("span", { class: "figure" }, figure))));
}

/** Has this entry one look only, shown beside its name? */
const isPlain = (entry) => !entry.isImage && !entry.spec.style?.by;

// The upper lies over the lower, on the map as in the list; rasters lie under all.
const entriesOf = (group) => [...layers, ...entries.filter((entry) => entry.isImage)]
  .filter((entry) => entry.spec.group === group.id);
const isFolded = new Map(page.groups.map((group) => [group.id, false]));

function renderLayers() {
  const groups = page.groups.filter((group) => entriesOf(group).length);
  byId("layers").replaceChildren(...groups.map(groupSection), ...syntheticHints(entries));
  syncSwitches();
}

function groupSection(group) {
  const name = say(group.label);
  const body = el("div", { class: "entries", id: `entries-${group.id}` }, ...entriesOf(group).map(entryRow));
  const box = el("input", { type: "checkbox", "aria-label": word("group_all", { name }), "data-group": group.id,
    onchange: (event) => {
      for (const entry of entriesOf(group)) setVisible(entry, event.target.checked);
      syncSwitches();
    } });
  const fold = el("button", { type: "button", class: "fold", "aria-controls": body.id,
    "aria-label": word("collapse", { name }), onclick: () => showFold(!isFolded.get(group.id)) },
    svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, svg("path", { d: "M2.5 4.5 6 8l3.5-3.5" })));
  function showFold(folded) {
    isFolded.set(group.id, folded);
    fold.setAttribute("aria-expanded", String(!folded));
    body.hidden = folded;
  }
  showFold(isFolded.get(group.id));
  return el("section", { class: "group" }, el("h2", {}, box, el("span", {}, name), fold), body);
}

function entryRow(entry) {
  const { spec } = entry;
  const box = el("input", { type: "checkbox", "data-entry": entries.indexOf(entry),
    onchange: (event) => { setVisible(entry, event.target.checked); syncSwitches(); } });
  const count = isPlain(entry) ? spec.features.features.length : null;
  return el("div", { class: "entry" },
    el("label", {}, box, isPlain(entry) ? swatch(entry) : null, el("span", { class: "name" }, say(spec.label)),
      syntheticBadge(spec.synthetic),
      count === null ? null
        : el("span", { class: "figure", title: word("features", { count: number(count) }) }, number(count))),
    legendList(entry));
}

/** Bring check boxes and legends in line with what is on the map (search and groups switch layers, too). */
function syncSwitches() {
  for (const box of document.querySelectorAll("#layers [data-entry]")) {
    const entry = entries[Number(box.dataset.entry)];
    box.checked = entry.visible;
    const legend = box.closest(".entry").querySelector(".classes");
    if (legend) legend.hidden = !entry.visible;
  }
  for (const box of document.querySelectorAll("#layers [data-group]")) {
    const shownOnes = entries.filter((entry) => entry.spec.group === box.dataset.group).map((entry) => entry.visible);
    box.checked = shownOnes.every(Boolean);
    box.indeterminate = !box.checked && shownOnes.some(Boolean);
  }
}

/** The legend of the printed sheet: only what is on the map. */
function renderPrintLegend() {
  const groups = page.groups.filter((group) => entriesOf(group).some((entry) => entry.visible));
  byId("print-legend").replaceChildren(
    el("h2", {}, word("legend")),
    ...groups.map((group) => el("div", { class: "group" }, el("h3", {}, say(group.label)),
      ...entriesOf(group).filter((entry) => entry.visible).map((entry) => el("div", { class: "entry" },
        el("p", {}, isPlain(entry) ? swatch(entry) : null, el("span", { class: "name" }, say(entry.spec.label)),
          syntheticBadge(entry.spec.synthetic)),
        legendList(entry))))),
    ...syntheticHints(entries.filter((entry) => entry.visible)));
}
