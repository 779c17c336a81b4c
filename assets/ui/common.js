// Small helpers that stand in front of every component's script. Text always enters the page as
// text, never as markup.

/** Build an element: attributes, on* handlers, and children that are elements or text. */
function h(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(node.style, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
  return node;
}

/** A line icon from path data on a 20 x 20 grid. */
function icon(path, size = 18) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  for (const [name, value] of Object.entries({
    viewBox: "0 0 20 20", width: size, height: size, fill: "none", stroke: "currentColor",
    "stroke-width": 1.6, "stroke-linecap": "round", "stroke-linejoin": "round",
    "aria-hidden": "true",
  })) svg.setAttribute(name, value);
  const line = document.createElementNS(space, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

const ICONS = {
  upload: "M10 13V3.5M6 7l4-4 4 4M3.5 13v3.5h13V13",
  camera: "M3 6.5h3l1.4-2h5.2l1.4 2h3v9.5H3zM10 8.4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2",
  clear: "M5 5l10 10M15 5L5 15",
  undo: "M7.5 4L4 7.5 7.5 11M4.5 7.5H12a4 4 0 0 1 0 8H8",
  redo: "M12.5 4L16 7.5 12.5 11M15.5 7.5H8a4 4 0 0 0 0 8h4",
  up: "M10 16V4M5.5 8.5L10 4l4.5 4.5",
  down: "M10 4v12M5.5 11.5L10 16l4.5-4.5",
  left: "M16 10H4M8.5 5.5L4 10l4.5 4.5",
  right: "M4 10h12M11.5 5.5L16 10l-4.5 4.5",
  forward: "M10 3v9M6.5 6.5L10 3l3.5 3.5M3 17l3-5M17 17l-3-5M3 17h14",
  backward: "M10 12V3M6.5 8.5L10 12l3.5-3.5M3 17l3-5M17 17l-3-5M3 17h14",
  clockwise: "M15.5 6.5A6.5 6.5 0 1 0 16.5 10M16 2.8v3.9h-3.9",
  counterclockwise: "M4.5 6.5A6.5 6.5 0 1 1 3.5 10M4 2.8v3.9h3.9",
  plus: "M10 4v12M4 10h12",
  play: "M6 4l10 6-10 6z",
  film: "M3 4.5h14v11H3zM6.5 4.5v11M13.5 4.5v11M3 8.2h3.5M3 11.8h3.5M13.5 8.2H17M13.5 11.8H17",
  save: "M10 3.5V13M6 9.5l4 4 4-4M3.5 16.5h13",
  duplicate: "M7 7h9.500v9.500H7zM13 7V3.500H3.500V13H7",
  drop: "M10 3c3 3.6 4.8 6.2 4.8 8.7a4.8 4.8 0 0 1-9.6 0C5.2 9.2 7 6.6 10 3zM10 14.2a2.5 2.5 0 0 1-2.5-2.5",
  wave: "M2.5 10c1.8-5 3.2-5 5 0s3.2 5 5 0 3.2-5 5 0",
};

/** A button with an icon, a label, or both. */
function button(label, { symbol, kind = "plain", title, ...rest } = {}) {
  return h("button", {
    type: "button", class: `ms-button ms-${kind}`, title: title || (label ? undefined : title),
    "aria-label": label ? undefined : title, ...rest,
  }, symbol ? icon(ICONS[symbol]) : null, label ? h("span", {}, label) : null);
}

/** Replace what an element holds. */
function fill(node, ...children) {
  node.replaceChildren();
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : String(child));
  }
}

/** "2.5 s" with no more digits than it needs. */
function seconds(value) {
  return `${Number(value.toFixed(2))} s`;
}

/** Whether a key event belongs to somebody who is typing. */
function isTyping(event) {
  const target = event.target;
  if (!(target instanceof Element)) return false;
  return target.closest("textarea, select, [contenteditable='true']") !== null
    || (target instanceof HTMLInputElement && !["range", "checkbox", "radio"].includes(target.type));
}

/** Show how far a slider stands along its track. */
function paintRange(input) {
  const share = (Number(input.value) - Number(input.min)) / (Number(input.max) - Number(input.min));
  input.style.setProperty("--share", `${Math.min(1, Math.max(0, share)) * 100}%`);
}

/** Call `action` once after a pause of `wait` milliseconds without further calls. */
function debounce(action, wait) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), wait);
  };
}

/** The file under a name that no other has: the server deletes what it was sent once it was read. */
const ownName = (file) => new File([file], `sq-${[...crypto.getRandomValues(new Uint8Array(16))].map((one) => one.toString(16).padStart(2, "0")).join("")}-${file.name.slice(-60)}`, { type: file.type });

/** Address of a file that the server gave. */
function fileUrl(file) {
  const config = window.gradio_config || {};
  return `${config.root || ""}${config.api_prefix ?? "/gradio_api"}/file=${file.path}`;
}

/** Turn to another tab of the page by its name. */
function turnPage(name) {
  [...document.querySelectorAll('#tabs button[role="tab"]')].find((tab) => tab.textContent.trim() === name)?.click();
  window.scrollTo(0, 0);
}

/** How long work will still take, in words. */
function saidLeft(left) {
  if (left === null || left === undefined) return "";
  if (left < 1) return "almost there";
  return left > 5400 ? `about ${Math.round(left / 3600)} h left` : left > 99 ? `about ${Math.round(left / 60)} min left` : `${Math.ceil(left)} s left`;
}

/** Name of the visitor's desk of styles, which the Style tab keeps in this browser. */
function styleDesk() {
  try { return (JSON.parse(localStorage.getItem("motion-synth:style:1") || "null") || {}).desk || null; } catch (problem) { return null; }
}
