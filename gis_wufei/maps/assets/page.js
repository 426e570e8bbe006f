"use strict";
// Start the page: language, tabs, the panel on wide and narrow screens.

function setLanguage(next) {
  lang = next;
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  document.title = say(page.title);
  byId("title").textContent = say(page.title);
  byId("subtitle").textContent = say(page.subtitle);
  byId("notice").textContent = say(page.notice);
  byId("notice").hidden = !page.notice;
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", word(node.dataset.label));
    if (node.tagName === "BUTTON") node.title = word(node.dataset.label);
  }
  for (const node of document.querySelectorAll("[data-placeholder]")) node.placeholder = word(node.dataset.placeholder);
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
  }
  closeHits();
  renderLayers();
  renderResults();
  renderDock();
  retellControls();
  retellPopup();
  placeNames();
}

const tabs = [...document.querySelectorAll("[role=tab]")];
function showTab(chosen) {
  for (const tab of tabs) {
    const isChosen = tab === chosen;
    tab.setAttribute("aria-selected", String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    byId(tab.getAttribute("aria-controls")).hidden = !isChosen;
  }
}

function startTabs() {
  for (const tab of tabs) {
    tab.addEventListener("click", () => showTab(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const usable = tabs.filter((one) => !one.hidden);
      const next = usable[(usable.indexOf(tab) + step + usable.length) % usable.length];
      showTab(next);
      next.focus();
    });
  }
  showTab(tabs[0]);
}

// On a narrow screen the panel lies over the map and starts closed; beside the map it starts open.
const narrow = matchMedia("(max-width: 820px)");
function showPanel(open) {
  keepWhole(() => { byId("panel").hidden = !open; });
  byId("toggle").setAttribute("aria-expanded", String(open));
}

function closePanelIfOverMap() {
  if (narrow.matches) showPanel(false);
}

function start() {
  fitAll();
  drawAll();
  startTabs();
  startSearch();
  setLanguage(lang);
  showPanel(!narrow.matches);
  fitAll(); // the panel has taken its place now
  narrow.addEventListener("change", () => showPanel(!narrow.matches));
  byId("toggle").addEventListener("click", () => showPanel(byId("panel").hidden));
  byId("print").addEventListener("click", () => print());
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.addEventListener("click", () => setLanguage(button.dataset.lang));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (selected) {
      unselect();
      if (!byId("panel").hidden) byId("search").focus();
    } else closePanelIfOverMap();
  });
  new ResizeObserver(() => { if (!before) map.invalidateSize({ animate: false }); }).observe(byId("stage"));
  byId("loading").remove();
  document.documentElement.dataset.ready = "true";
}

start();
