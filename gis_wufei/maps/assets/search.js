"use strict";
// Find a feature by its name, with the keyboard or the pointer (the ARIA combobox pattern).

const MOST_HITS = 40;
const folded = (text) => text.normalize("NFKC").toLowerCase();

// Every searchable name in both languages; made once, at the first search.
let index = null;
function searchIndex() {
  if (index) return index;
  index = [];
  for (const entry of layers) {
    const field = entry.spec.title_field;
    if (!entry.spec.search || !field) continue;
    for (const feature of entry.spec.features.features) {
      const value = feature.properties[field];
      if (value === null || value === undefined || value === "" || !feature.geometry) continue;
      const words = typeof value === "object" ? Object.values(value).join("\n") : String(value);
      index.push({ entry, feature, key: folded(words) });
    }
  }
  return index;
}

let hits = [];
let active = -1;

/** List what matches; an empty question lists everything (Arrow Down in the empty field), so a keyboard can browse. */
function findNames(question) {
  const key = folded(question.trim());
  const found = searchIndex().filter((one) => one.key.includes(key));
  // Names that begin with the question come first; otherwise the order of the layers stays.
  if (key) found.sort((a, b) => Number(b.key.startsWith(key)) - Number(a.key.startsWith(key)));
  hits = found.slice(0, MOST_HITS);
  active = hits.length ? 0 : -1;
  byId("hits").replaceChildren(...hits.map((hit, i) => el("li", { role: "option", id: `hit-${i}`,
    onmousedown: (event) => event.preventDefault(), onclick: () => pick(i) },
    el("span", { class: "name" }, nameOf(hit.entry, hit.feature)),
    el("span", { class: "layer" }, say(hit.entry.spec.label)))));
  const facts = { count: number(found.length), listed: number(hits.length) };
  byId("found").textContent = !found.length ? word("search_none")
    : word(found.length > hits.length ? "search_more" : "search_found", facts);
  showHits(hits.length > 0);
  markActive();
}

function showHits(open) {
  byId("hits").hidden = !open;
  byId("search").setAttribute("aria-expanded", String(open));
  if (!open) byId("search").removeAttribute("aria-activedescendant");
}

function closeHits() {
  showHits(false);
  byId("found").textContent = "";
}

function markActive() {
  const options = byId("hits").children;
  for (const [i, option] of [...options].entries()) option.setAttribute("aria-selected", String(i === active));
  if (active < 0) return;
  byId("search").setAttribute("aria-activedescendant", `hit-${active}`);
  options[active].scrollIntoView({ block: "nearest" });
}

/** Go to a hit: switch its layer on, bring it into view, open its popup. */
function pick(i) {
  const { entry, feature } = hits[i];
  byId("search").value = nameOf(entry, feature);
  closeHits();
  closePanelIfOverMap();
  if (!entry.visible) setVisible(entry, true);
  syncSwitches();
  map.fitBounds(L.geoJSON(feature).getBounds(), { maxZoom: Math.max(map.getZoom(), 14), padding: [60, 60], animate: false });
  select(entry, feature);
  popup.getElement().focus({ preventScroll: true });
}

function startSearch() {
  const input = byId("search");
  byId("finder").hidden = searchIndex().length === 0;
  input.addEventListener("input", () => (input.value.trim() ? findNames(input.value) : closeHits()));
  input.addEventListener("blur", closeHits);
  input.addEventListener("keydown", (event) => {
    const isOpen = !byId("hits").hidden;
    if (event.isComposing) return; // Enter and arrows belong to the input method while Chinese is being typed
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!isOpen) return findNames(input.value);
      active = (active + (event.key === "ArrowDown" ? 1 : hits.length - 1)) % hits.length;
      markActive();
    } else if (event.key === "Enter" && isOpen && active >= 0) {
      event.preventDefault();
      pick(active);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      closeHits();
    }
  });
}
