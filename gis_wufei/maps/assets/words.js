"use strict";
// What every part of the page uses: the data, the language, numbers, and elements whose text is only ever text.
//
// The scripts of this page are plain classic scripts that share one scope; page.py puts them in this order:
// words, map, names, layers, results, search, print, page.

// Faults stay on <html> where a test, or whoever is asked for help, can see them; the reader is told in a banner.
const faults = [];
document.documentElement.dataset.errors = "[]";
function recordFault(what) {
  faults.push(String(what));
  document.documentElement.dataset.errors = JSON.stringify(faults);
  document.getElementById("fault").hidden = false;
}
addEventListener("error", (event) => recordFault(event.message));
addEventListener("unhandledrejection", (event) => recordFault(event.reason));
document.addEventListener("securitypolicyviolation", (event) =>
  recordFault(`${event.effectiveDirective} ${event.blockedURI}`));

const page = JSON.parse(document.getElementById("data").textContent);
let lang = page.lang === "en" ? "en" : "zh";

const byId = (id) => document.getElementById(id);

/** The words of a {zh, en} pair in the current language; other values as they are; nothing for null. */
function say(text) {
  if (text === null || text === undefined) return "";
  return typeof text === "object" ? String(text[lang]) : String(text);
}

/** A word of the page itself, with its {facts} filled in. */
function word(key, facts = {}) {
  return page.texts[key][lang].replace(/\{(\w+)\}/g, (_, name) => String(facts[name]));
}

// Making a NumberFormat costs far more than using it, and tables hold thousands of numbers.
const formats = new Map();
function number(value, digits = null) {
  const key = `${lang} ${digits}`;
  if (!formats.has(key)) {
    const places = digits === null
      ? { maximumFractionDigits: 3 }
      : { minimumFractionDigits: digits, maximumFractionDigits: digits };
    formats.set(key, new Intl.NumberFormat(lang === "zh" ? "zh-CN" : "en-GB", places));
  }
  return formats.get(key).format(value);
}

/** A value of the data as a person reads it: number, yes or no, words, or a dash for "no value". */
function shown(value, digits = null) {
  if (value === null || value === undefined || value === "") return word("no_value");
  if (typeof value === "number") return number(value, digits);
  if (typeof value === "boolean") return word(value ? "yes" : "no");
  return say(value);
}

/** Letters of a text, where a Chinese one counts as two. */
const lettersOf = (text) => [...text].reduce((sum, letter) => sum + (letter > "\u2e7f" ? 2 : 1), 0);

/** Does this value have a number to put a unit behind? */
const hasUnit = (value, unit) => say(unit) !== "" && value !== null && value !== undefined && value !== "";

/** A unit with the gap in front that its kind asks for. */
const unitText = (unit) => (/^[%‰°]/.test(say(unit)) ? "" : "\u00a0") + say(unit);

/**
 * An element. Attributes are set, never parsed; children that are strings become text nodes, so that a village
 * called "<img onerror=…>" is a village with an odd name and nothing else.
 */
function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

/** The same for a part of a drawing. */
function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** The mark of data that is made up, or of which nobody says whether it is; null for real data. */
function syntheticBadge(state) {
  if (state === "unknown") {
    return el("span", { class: "badge unstated", title: word("synthetic_unknown_note") }, word("synthetic_unknown"));
  }
  if (state !== "all" && state !== "some") return null;
  return el("span", { class: "badge synthetic", title: word("synthetic_note") }, word(`synthetic_${state}`));
}

/** What the marks of these entries mean, one hint a mark. */
function syntheticHints(marked) {
  const states = new Set(marked.map((entry) => entry.spec.synthetic));
  const isMade = states.has("all") || states.has("some");
  return [[isMade, "all", "synthetic_note"], [states.has("unknown"), "unknown", "synthetic_unknown_note"]]
    .filter(([isThere]) => isThere)
    .map(([, state, note]) => el("p", { class: "hint" }, syntheticBadge(state), ` ${word(note)}`));
}
