"use strict";
// The key figures of each stream, the tables, and what stands under "About"; on screen and on the printed sheet.

function figureItem(figure) {
  const value = shown(figure.value, figure.digits ?? null);
  return el("div", { class: figure.minor ? "figure-item minor" : "figure-item" },
    el("dt", {}, say(figure.label),
      figure.mark === "estimate" ? el("span", { class: "badge estimate", title: word("estimate_note") }, word("estimate")) : null),
    el("dd", { class: value.length > 12 ? "long" : null }, value,
      hasUnit(figure.value, figure.unit) ? el("span", { class: "unit" }, unitText(figure.unit)) : null));
}

function summaryCards() {
  return page.summary.map((stream) => el("section", { class: "stream" },
    el("h2", {}, el("span", {}, say(stream.label)), say(stream.status) ? el("span", { class: "status" }, say(stream.status)) : null),
    el("dl", {}, ...stream.figures.map(figureItem)),
    stream.notes.length ? el("ul", { class: "notes" }, ...stream.notes.map((note) => el("li", {}, say(note)))) : null));
}

function estimateHint() {
  const isMarked = page.summary.some((stream) => stream.figures.some((figure) => figure.mark === "estimate"));
  return isMarked ? [el("p", { class: "hint" }, word("estimate_note"))] : [];
}

function sourceParts() {
  const parts = [];
  if (page.meta.length) {
    parts.push(el("section", {}, el("h2", {}, word("meta")), el("dl", { class: "meta" },
      ...page.meta.flatMap((one) => [el("dt", {}, say(one.label)), el("dd", {}, shown(one.value))]))));
  }
  if (page.sources.length) {
    parts.push(el("section", {}, el("h2", {}, word("sources")),
      el("ul", { class: "sources" }, ...page.sources.map((source) => el("li", {}, say(source))))));
  }
  return parts;
}

function renderResults() {
  byId("summary").replaceChildren(...summaryCards(), ...estimateHint());
  byId("tab-summary").hidden = page.summary.length === 0;
  byId("about").replaceChildren(...sourceParts(), el("p", { class: "hint" }, word("offline")),
    el("p", { class: "hint" }, page.library));
}

function renderPrintResults() {
  byId("print-results").replaceChildren( // sheets get separated, so the second bears title and notice, too
    el("p", { class: "sheet-title" }, say(page.title)),
    page.notice ? el("p", { class: "sheet-notice" }, say(page.notice)) : "",
    el("div", { class: "cards" }, ...summaryCards()), ...estimateHint(), el("div", { class: "parts" }, ...sourceParts()));
}

// --- tables: one is open at a time, under the map ---------------------------------------------

let openTable = null;
const WIDE_TEXT = 36; // letters in a cell that ask for a wide column, where text wraps

function renderDock() {
  byId("dock").hidden = page.tables.length === 0;
  byId("table-names").replaceChildren(
    el("span", { class: "dock-title" }, word("tables")),
    ...page.tables.map((table) => el("button", { type: "button", "aria-controls": "table",
      "aria-expanded": String(table === openTable), onclick: (event) => toggleTable(table, event) },
      say(table.label), el("span", { class: "figure" }, number(table.rows.length)))));
  const box = byId("table");
  box.hidden = openTable === null;
  box.replaceChildren(...(openTable ? [tableElement(openTable)] : []));
  box.setAttribute("aria-label", openTable ? say(openTable.label) : word("tables"));
}

function toggleTable(table, event) {
  const position = [...byId("table-names").children].indexOf(event.currentTarget);
  openTable = table === openTable ? null : table;
  keepWhole(renderDock);
  byId("table-names").children[position].focus(); // the button was made anew
}

/** Digits of a column: those it asks for, else as many as its longest number has, so that the points line up. */
function columnDigits(table, i) {
  const asked = table.columns[i].digits;
  if (asked !== null && asked !== undefined) return asked;
  const decimals = (value) => (String(Number(value.toFixed(3))).split(".")[1] ?? "").length;
  const numbers = table.rows.map((row) => row[i]).filter((cell) => typeof cell === "number");
  return numbers.reduce((most, value) => Math.max(most, decimals(value)), 0);
}

function tableElement(table) {
  const digits = table.columns.map((_, i) => columnDigits(table, i));
  const isWide = (i) => table.rows.some((row) => typeof row[i] !== "number" && lettersOf(say(row[i])) > WIDE_TEXT);
  const side = table.columns.map((column, i) => (column.align === "right" ? "right" : isWide(i) ? "wide" : null));
  return el("table", {},
    el("thead", {}, el("tr", {}, ...table.columns.map((column, i) => el("th", { scope: "col", class: side[i] }, say(column.label))))),
    el("tbody", {}, ...table.rows.map((row) => el("tr", {}, ...row.map((cell, i) => el("td", { class: side[i] }, shown(cell, digits[i])))))));
}
