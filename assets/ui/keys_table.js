// The keys as a table in which every number can be typed over; and what all parts of the keyframe
// editor know of a key's numbers: their names, units, limits, steps, and how a typed one is read.

/** How the numbers of each kind are counted. Steps: by arrow key, with Shift, with Alt. */
const KEY_GROUPS = {
  position: { label: "Position", unit: "units", steps: [0.1, 1, 0.01], limits: [-KEYS_FARTHEST, KEYS_FARTHEST], least: 1 },
  rotation: { label: "Rotation", unit: "°", steps: [1, 10, 0.1], limits: [-KEYS_STEEPEST, KEYS_STEEPEST], least: 4 },
  lens: { label: "Lens", unit: "mm", steps: [1, 10, 0.1], limits: [4, 1200], least: 4 },
};
const KEY_WORDS = {
  x: ["X right", "How far right the camera stands, in scene units; the subject is 10 away from the home camera"],
  y: ["Y up", "How high the camera stands, in scene units"],
  z: ["Z back", "How far back the camera stands: 10 is home, 0 the subject"],
  pitch: ["Tilt", "Looking up is positive, degrees"],
  yaw: ["Pan", "Looking left is positive, degrees"],
  roll: ["Roll", "Counter-clockwise is positive, degrees"],
  focal: ["Lens mm", "Focal length on a full-frame camera, millimetres"],
};
/** The store's channels with all that a field, a table or an axis must know of them. */
const KEY_NUMBERS = KEY_CHANNELS.map((channel) => {
  const group = channel.field === "focal_length" ? "lens" : channel.field;
  return { ...channel, ...KEY_GROUPS[group], group, label: KEY_WORDS[channel.id][0], help: KEY_WORDS[channel.id][1] };
});
const KEY_FRAME = { id: "frame", label: "Frame", group: "time", steps: [1, 10, 0.1], unit: "", help: "The frame this key stands on; 0 is the first",
  get: (key) => key.frame, set: (key, value) => { key.frame = value; } };

/** Change some keys of a draft. */
function editKeys(draft, ids, edit) {
  const wanted = new Set(ids);
  for (const key of draft.keys) if (wanted.has(key._id)) edit(key);
}

/** The limits of one number of a key. */
const limitsOf = (about, store) => (about.id === "frame" ? [0, store.doc.frames] : about.group === "lens" ? store.limits.focal : about.limits);

/** A number as people type it: comma or point, a true minus, a unit behind it. {value} or {error}. */
function readNumber(text, [low, high], unit = "") {
  const plain = text.trim().replace(/[\u2212\u2013]/g, "-").replace(/\s+/g, "").replace(/(°|mm|units?|frames?|fps|s|%)$/i, "");
  if (!/^[+-]?(\d+([.,]\d*)?|[.,]\d+)$/.test(plain)) return { error: plain ? `“${text.trim().slice(0, 24)}” is not a number` : "A number is needed here" };
  const value = Number(plain.replace(",", "."));
  const space = unit && unit !== "°" ? ` ${unit}` : unit;
  if (value < low || value > high) return { error: `${keysNumber(value)}${space} is outside ${keysNumber(low)} to ${keysNumber(high)}${space}` };
  return { value };
}

/** Read one number of a key; two keys cannot stand on one frame. */
function readKeyNumber(text, about, store, ids) {
  const read = readNumber(text, limitsOf(about, store), about.unit);
  if (read.error || about.id !== "frame") return read;
  const other = store.keys.find((key) => !ids.includes(key._id) && Math.abs(key.frame - read.value) < 1e-6);
  return other ? { error: `Frame ${keysNumber(read.value)} already has a key` } : read;
}

/** Put a fixed box beside another: below it, or above where there is no room, and inside the window. */
function placeBeside(node, box) {
  const width = node.offsetWidth, height = node.offsetHeight;
  const below = box.bottom + 6, above = box.top - height - 6;
  node.style.left = `${Math.max(8, Math.min(window.innerWidth - width - 8, box.left + box.width / 2 - width / 2))}px`;
  node.style.top = `${Math.max(8, below + height < window.innerHeight - 8 || above < 8 ? Math.min(below, window.innerHeight - height - 8) : above)}px`;
}

/** A short note beside whatever it is about, above everything else on the page. */
function noteBubble(host) {
  const node = h("div", { class: "ms-keys-bubble", role: "status", popover: "manual" });
  host.append(node);
  let timer = 0;
  const hide = () => { clearTimeout(timer); if (node.matches(":popover-open")) node.hidePopover(); };
  const say = (text, anchor, { bad = false, wait = 6000 } = {}) => {
    node.textContent = text;
    node.classList.toggle("ms-bad", bad);
    if (!node.matches(":popover-open")) node.showPopover();
    placeBeside(node, anchor instanceof Element ? anchor.getBoundingClientRect() : anchor);
    clearTimeout(timer);
    if (wait) timer = setTimeout(hide, wait);
  };
  window.addEventListener("scroll", hide, { passive: true });
  return { say, hide, node };
}

/** The table. Only the rows in sight exist, so a path of thousands of keys stays quick. */
function keysTable(host, store, catalog) {
  host.classList.add("ms-keys-table");
  const columns = [KEY_FRAME, ...KEY_NUMBERS];
  const bubble = noteBubble(host);
  const chooser = easingChooser(host, store, catalog);
  const tall = () => (window.matchMedia("(max-width: 680px), (pointer: coarse)").matches ? 40 : 28);
  const body = h("div", { class: "ms-keys-body", role: "rowgroup" });
  const list = h("div", { class: "ms-keys-rows", role: "grid", "aria-label": "Keys", tabindex: "-1", onscroll: () => draw() },
    h("div", { class: "ms-keys-keyrow ms-keys-names", role: "row" },
      h("span", { role: "columnheader", "aria-label": "Key" }, ""), columns.map((about) => h("span", { role: "columnheader", title: about.help }, about.label)),
      h("span", { role: "columnheader", title: "How the time to the next key is spent" }, "Easing"), h("span", { role: "columnheader", "aria-label": "Delete" }, "")),
    body);
  host.append(list);
  const rows = new Map();
  let anchor = null; // where a range of rows begins that Shift selects

  const order = () => store.keys.map((key) => key._id);
  const keyOf = (id) => store.keys.find((key) => key._id === id);

  function makeRow(id) {
    const cells = columns.map((about, at) => h("input", {
      type: "text", class: "ms-keys-cell", inputmode: "decimal", spellcheck: "false", autocomplete: "off", "data-column": about.id, role: "gridcell",
      onfocus: (event) => { event.target.select(); if (at) store.setChannel(about.id); if (!(store.selection.has(id) && store.selection.size > 1)) store.select([id]); },
      onblur: () => { if (rows.get(id) === row) commit(row, at); },
      oninput: () => bubble.hide(),
      onkeydown: (event) => typed(event, row, at),
    }));
    const mark = h("button", { type: "button", class: "ms-keys-mark", onclick: (event) => pick(id, event), onkeydown: (event) => stepped(event, id) });
    const easing = h("button", { type: "button", class: "ms-keys-easing", onclick: () => chooser.open(store.selection.has(id) ? [...store.selection] : [id], easing) });
    const remove = button("", { symbol: "clear", kind: "quiet", title: "Delete this key", onclick: () => { store.select([id]); store.removeSelected(); } });
    const node = h("div", { class: "ms-keys-keyrow", role: "row", "data-key": id }, mark, cells, easing, remove);
    const row = { id, node, cells, mark, easing, remove, drawn: "" };
    return row;
  }

  /** Take over what was typed. Text that is no number, or too large, is refused and the old value stays. */
  function commit(row, at) {
    const input = row.cells[at], about = columns[at], key = keyOf(row.id);
    if (!key) return false;
    const old = keysNumber(about.get(key));
    if (input.value === old) return true;
    const read = readKeyNumber(input.value, about, store, [row.id]);
    input.value = old;
    if (read.error) {
      bubble.say(`${read.error}; ${old} stays.`, input, { bad: true });
      return false;
    }
    bubble.hide();
    store.change(`${about.label} of a key`, (draft) => editKeys(draft, [row.id], (one) => about.set(one, read.value)));
    return true;
  }

  function typed(event, row, at) {
    const step = event.key === "Enter" ? (event.shiftKey ? -1 : 1) : event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    event.stopPropagation(); // The editor's shortcuts are not meant while somebody types.
    if (event.key === "Escape") {
      const key = keyOf(row.id);
      if (key) row.cells[at].value = keysNumber(columns[at].get(key));
      bubble.hide();
      row.cells[at].blur();
    }
    if (!step) return;
    event.preventDefault();
    const ids = order(), next = ids[ids.indexOf(row.id) + step];
    if (!commit(row, at) || !next) { row.cells[at].select(); return; }
    focusCell(next, at);
  }

  function focusCell(id, at) {
    show(id);
    rows.get(id)?.cells[at].focus();
  }

  function pick(id, event) {
    const ids = order();
    if (event.shiftKey && anchor && ids.includes(anchor)) {
      const [from, to] = [ids.indexOf(anchor), ids.indexOf(id)].sort((a, b) => a - b);
      store.select(ids.slice(from, to + 1));
      return;
    }
    anchor = id;
    if (event.ctrlKey || event.metaKey) store.select(store.selection.has(id) ? [...store.selection].filter((one) => one !== id) : [...store.selection, id]);
    else store.toKey(keyOf(id));
  }

  /** Arrow keys go from row to row, Delete removes what is selected. */
  function stepped(event, id) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], ids = order(), at = ids.indexOf(id);
    if (event.key !== "Delete" && event.key !== "Backspace" && !step) return;
    event.preventDefault();
    event.stopPropagation();
    const next = ids[at + (step || 1)] || ids[at - 1];
    if (!step) store.removeSelected();
    if (!next) return;
    show(next);
    rows.get(next)?.mark.focus();
    if (step) pick(next, event);
  }

  /** Scroll until a key's row is in sight. */
  function show(id) {
    const at = order().indexOf(id);
    if (at < 0) return;
    const head = list.firstChild.offsetHeight, top = at * tall(), room = list.clientHeight - head;
    if (top < list.scrollTop) list.scrollTop = top;
    else if (top + tall() > list.scrollTop + room) list.scrollTop = top + tall() - room;
    draw();
  }

  function draw() {
    const keys = store.keys, size = tall();
    body.style.height = `${keys.length * size}px`;
    list.style.setProperty("--row", `${size}px`);
    list.setAttribute("aria-rowcount", String(keys.length + 1));
    const first = Math.max(0, Math.floor(list.scrollTop / size) - 5);
    const last = Math.min(keys.length, first + Math.ceil((list.clientHeight || 300) / size) + 11);
    const focused = host.contains(document.activeElement) ? document.activeElement : null;
    const wanted = new Set(keys.slice(first, last).map((key) => key._id));
    for (const [id, row] of rows) if (!wanted.has(id)) { rows.delete(id); row.node.remove(); }
    for (let at = first; at < last; at += 1) {
      const key = keys[at];
      if (!rows.has(key._id)) rows.set(key._id, makeRow(key._id));
      const row = rows.get(key._id);
      if (body.children[at - first] !== row.node) body.insertBefore(row.node, body.children[at - first] || null);
      write(row, key, at, size);
    }
    if (focused && focused !== document.activeElement && focused.isConnected) focused.focus(); // A row that changed its place keeps it.
    marks();
  }

  function write(row, key, at, size) {
    row.node.style.top = `${at * size}px`;
    row.node.setAttribute("aria-rowindex", String(at + 2));
    row.mark.textContent = String(at + 1);
    row.mark.setAttribute("aria-label", `Key ${at + 1} at frame ${keysNumber(key.frame)}`);
    row.remove.disabled = store.keys.length < 2;
    columns.forEach((about, column) => {
      const input = row.cells[column], text = keysNumber(about.get(key));
      input.setAttribute("aria-label", `${about.label} of key ${at + 1}`);
      if (input !== document.activeElement || input.value === input.dataset.old) input.value = text;
      input.dataset.old = text;
    });
    const easing = JSON.stringify(key.easing || "linear");
    if (row.drawn !== easing) {
      row.drawn = easing;
      fill(row.easing, easingPicture(easingCurve(key.easing, catalog), 34, 18));
      row.easing.title = `${easingWords(key.easing)}. Click to choose.`;
    }
  }

  /** The selected rows, and where the playhead is. */
  function marks() {
    const frame = store.playhead;
    let before = null;
    for (const key of store.keys) { if (key.frame <= frame + 1e-6) before = key; else break; }
    for (const [id, row] of rows) {
      const lit = store.selection.has(id), here = before && before._id === id;
      row.node.setAttribute("aria-selected", String(lit));
      row.node.classList.toggle("ms-keys-here", Boolean(here && Math.abs(before.frame - frame) < 0.5));
      row.node.classList.toggle("ms-keys-passed", Boolean(here && Math.abs(before.frame - frame) >= 0.5));
    }
  }

  store.on("doc", draw);
  store.on("playhead", marks);
  store.on("selection", () => {
    const chosen = store.selected;
    if (chosen.length === 1 && !list.contains(document.activeElement)) show(chosen[0]._id);
    marks();
  });
  new ResizeObserver(() => draw()).observe(list);
  draw();
}
