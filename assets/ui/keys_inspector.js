// The numbers of the selected keys with steppers, their curves and easing, and the settings of the whole
// path. The chooser of easings, with a picture of each, is used by the timeline and the table too.

// --- easings ---

/** An easing as numbers from 0 to 1 over time: a named one, or the handles of a cubic Bézier. */
function easingCurve(easing, catalog) {
  if (!Array.isArray(easing)) return catalog.easings?.[easing || "linear"] || [0, 1];
  const [x1, y1, x2, y2] = easing;
  const along = (s, a, b) => 3 * (1 - s) * (1 - s) * s * a + 3 * (1 - s) * s * s * b + s * s * s;
  return Array.from({ length: 33 }, (_, index) => {
    let low = 0, high = 1;
    for (let turn = 0; turn < 30; turn += 1) { const middle = (low + high) / 2; if (along(middle, x1, x2) < index / 32) low = middle; else high = middle; }
    return along((low + high) / 2, y1, y2);
  });
}

function easingPicture(curve, width, height) {
  const low = Math.min(0, ...curve), high = Math.max(1, ...curve);
  const d = curve.map((y, index) => `${(2 + index / (curve.length - 1) * (width - 4)).toFixed(1)} ${(height - 2.5 - (y - low) / (high - low) * (height - 5)).toFixed(1)}`).join("L");
  return drawn("svg", { class: "ms-keys-ease", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" }, drawn("path", { d: `M${d}` }));
}

const EASING_WAYS = [["ease_in_", "in"], ["ease_out_", "out"], ["ease_in_out_", "in and out"]];

/** The family of an easing such as "ease_in_sine" and which way it eases; null for the plain ones. */
function easingFamily(name) {
  const found = name.match(/^(ease_in_out_|ease_in_|ease_out_)(.+)$/);
  return found && name !== "ease_in_out" ? [found[2], EASING_WAYS.findIndex(([start]) => start === found[1])] : null;
}

function easingWords(easing) {
  if (Array.isArray(easing)) return `Own easing ${easing.map((number) => keysNumber(number, 2)).join(", ")}`;
  const name = easing || "linear", family = easingFamily(name);
  if (family) return `Ease ${EASING_WAYS[family[1]][1]}, ${family[0]}`;
  const words = name.replaceAll("_", " ");
  return words[0].toUpperCase() + words.slice(1);
}

/** A panel of all easings, opened beside what it is about; the choice goes to the keys it was opened for. */
function easingChooser(host, store, catalog) {
  let panel = null, ids = [], tiles = [], token = "", handles = null, opened = 0;
  const current = () => store.keys.find((key) => ids.includes(key._id))?.easing || "linear";
  const apply = (easing, merge = "") => store.change("Easing", (draft) => editKeys(draft, ids, (key) => { key.easing = easing; }), { merge });
  const tile = (name, text) => {
    const node = h("button", { type: "button", class: "ms-keys-tile", "data-easing": name, title: easingWords(name), "aria-label": easingWords(name), onclick: (event) => { if (!event.detail || performance.now() - opened > 350) apply(name); } }, // not by the second tap of the one that opened it
      easingPicture(easingCurve(name, catalog), 40, 30), text ? h("span", {}, text) : null);
    tiles.push(node);
    return node;
  };

  /** The own curve: two handles to drag on a square of time and way. */
  function own() {
    const side = 132, rim = 14, span = side - 2 * rim;
    const lines = drawn("path", { class: "ms-keys-arms" }), curve = drawn("path", { class: "ms-keys-own" });
    const knobs = [0, 1].map((at) => drawn("circle", { r: 6, tabindex: 0, "data-knob": at, "aria-label": at ? "Handle of the end" : "Handle of the start" }));
    const picture = drawn("svg", { class: "ms-keys-pad", width: side, height: side, viewBox: `0 0 ${side} ${side}` },
      drawn("rect", { x: rim, y: rim, width: span, height: span }), lines, curve, knobs);
    const numbers = h("span", { class: "ms-keys-own-text" });
    const X = (x) => rim + x * span, Y = (y) => side - rim - y * span;
    let value = [0.42, 0, 0.58, 1];
    const show = () => {
      const easing = current();
      value = Array.isArray(easing) ? easing : value;
      const [x1, y1, x2, y2] = value;
      lines.setAttribute("d", `M${X(0)} ${Y(0)}L${X(x1)} ${Y(y1)}M${X(1)} ${Y(1)}L${X(x2)} ${Y(y2)}`);
      curve.setAttribute("d", `M${X(0)} ${Y(0)}C${X(x1)} ${Y(y1)} ${X(x2)} ${Y(y2)} ${X(1)} ${Y(1)}`);
      knobs.forEach((knob, at) => { knob.setAttribute("cx", X(value[2 * at])); knob.setAttribute("cy", Math.max(4, Math.min(side - 4, Y(value[2 * at + 1])))); });
      picture.classList.toggle("ms-keys-lit", Array.isArray(easing));
      numbers.textContent = value.map((number) => keysNumber(number, 2)).join("  ");
    };
    const put = (at, x, y) => {
      const next = [...value];
      next[2 * at] = Number(keysClamp(x, 0, 1).toFixed(3));
      next[2 * at + 1] = Number(keysClamp(y, -1, 2).toFixed(3));
      value = next;
      apply(next, token);
      show();
    };
    picture.addEventListener("pointerdown", (event) => {
      const box = picture.getBoundingClientRect(), where = (one) => [(one.clientX - box.left - rim) / span, (side - rim - (one.clientY - box.top)) / span];
      const [x, y] = where(event);
      const at = Math.hypot(x - value[0], y - value[1]) <= Math.hypot(x - value[2], y - value[3]) ? 0 : 1;
      picture.setPointerCapture(event.pointerId);
      token = `own ${performance.now()}`;
      put(at, x, y);
      const move = (next) => put(at, ...where(next));
      picture.addEventListener("pointermove", move);
      for (const name of ["pointerup", "pointercancel"]) picture.addEventListener(name, () => picture.removeEventListener("pointermove", move), { once: true });
    });
    for (const [at, knob] of knobs.entries()) knob.addEventListener("keydown", (event) => {
      const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] || [0, 0];
      if (!dx && !dy) return;
      event.preventDefault();
      put(at, value[2 * at] + dx * 0.02, value[2 * at + 1] + dy * 0.02);
    });
    handles = show;
    return h("div", { class: "ms-keys-ownbox" }, h("span", { class: "ms-label" }, "Own curve"), picture, numbers);
  }

  function build() {
    const names = Object.keys(catalog.easings || { linear: [0, 1] });
    const families = [...new Set(names.map((name) => easingFamily(name)?.[0]).filter(Boolean))];
    panel = h("div", { class: "ms-keys-chooser", popover: "auto", role: "dialog", "aria-label": "Easing",
      onkeydown: (event) => {
        event.stopPropagation();
        const at = tiles.indexOf(event.target), step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
        if (at < 0) return;
        if (event.key === "Enter") setTimeout(() => panel.hidePopover());
        if (step) { event.preventDefault(); tiles[(at + step + tiles.length) % tiles.length].focus(); }
      } },
    h("div", { class: "ms-keys-plain" }, names.filter((name) => !easingFamily(name)).map((name) => tile(name, easingWords(name)))),
    h("div", { class: "ms-keys-more" },
      h("div", { class: "ms-keys-families" }, h("span"), EASING_WAYS.map(([, words]) => h("span", { class: "ms-keys-way" }, words[0].toUpperCase() + words.slice(1))),
        families.flatMap((family) => [h("span", { class: "ms-keys-family" }, family), ...EASING_WAYS.map(([start]) => (names.includes(start + family) ? tile(start + family) : h("span")))])),
      own()));
    host.append(panel);
    store.on("doc", () => { if (panel.matches(":popover-open")) show(); });
  }

  function show() {
    const easing = current();
    for (const node of tiles) node.setAttribute("aria-pressed", String(node.dataset.easing === easing));
    handles();
  }

  return {
    open: (wanted, anchor) => {
      if (!panel) build();
      ids = wanted;
      opened = performance.now();
      panel.showPopover();
      placeBeside(panel, anchor.getBoundingClientRect());
      show();
      (tiles.find((node) => node.dataset.easing === current()) || tiles[0]).focus({ preventScroll: true });
    },
  };
}

// --- fields ---

/**
 * A number to type, to step with arrow keys or buttons (Shift: coarse, Alt: finest), or to drag by its
 * label. It may stand for several values at once: a step moves all of them, a typed number replaces them.
 */
function numberField(about, { store, bubble, values, write, limits, refuse = () => "", focused = () => {} }) {
  const id = `ms-kf-${about.id}`;
  let token = "", timer = 0, dirty = false; // Only what was typed counts; the value may change meanwhile.
  const shown = () => { const all = values().map((value) => keysNumber(value)); return all.every((text) => text === all[0]) ? all[0] ?? "" : ""; };
  const step = (event, way, share = 1) => {
    const size = about.steps[event.shiftKey ? 1 : event.altKey ? 2 : 0] * share;
    const [low, high] = limits();
    write((old) => Number(keysClamp(old + way * size, low, high).toFixed(6)), token);
    show();
  };
  const commit = () => {
    const old = shown();
    const untouched = !dirty || input.value === old || !values().length || (!input.value.trim() && !old);
    dirty = false;
    if (untouched) return true;
    const read = readNumber(input.value, limits(), about.unit), trouble = read.error || refuse(read.value);
    input.value = old;
    if (trouble) { bubble.say(`${trouble}${old ? `; ${old} stays` : ""}.`, input, { bad: true }); return false; }
    write(() => read.value, "");
    return true;
  };
  const input = h("input", { type: "text", class: "ms-input", id, inputmode: "decimal", spellcheck: "false", autocomplete: "off", title: `${about.help || ""}${about.help ? ". " : ""}Arrow keys: ${about.steps[0]}, with Shift ${about.steps[1]}, with Alt ${about.steps[2]}`,
    onfocus: () => { token = `field ${performance.now()}`; input.select(); focused(); }, oninput: () => { dirty = true; }, onblur: () => { commit(); show(); },
    onkeydown: (event) => {
      event.stopPropagation();
      if (event.key === "Enter") { commit(); input.select(); }
      if (event.key === "Escape") { dirty = false; bubble.hide(); input.blur(); }
      const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (way) { event.preventDefault(); if (commit()) step(event, way); }
    } });
  const stepper = (way, sign) => h("button", { type: "button", class: "ms-keys-step", tabindex: "-1", "aria-label": `${about.label} ${way > 0 ? "up" : "down"}`,
    onpointerdown: (event) => {
      if (event.button) return;
      event.preventDefault();
      token = `hold ${performance.now()}`;
      commit();
      step(event, way);
      const stop = () => { clearTimeout(timer); for (const name of ["pointerup", "pointercancel"]) window.removeEventListener(name, stop); };
      const again = (wait) => { timer = setTimeout(() => { step(event, way); again(70); }, wait); };
      for (const name of ["pointerup", "pointercancel"]) window.addEventListener(name, stop);
      again(420);
    },
    onclick: (event) => { if (event.detail === 0) step(event, way); } }, sign);
  const label = h("label", { for: id, title: "Drag sideways to change" }, about.label);
  label.addEventListener("pointerdown", (event) => {
    if (event.button || input.disabled) return;
    let x = event.clientX, moved = false;
    token = `scrub ${performance.now()}`;
    label.setPointerCapture(event.pointerId);
    const move = (next) => {
      const steps = Math.trunc((next.clientX - x) / 4);
      if (!steps) return;
      x += steps * 4;
      moved = true;
      step(next, Math.sign(steps), Math.abs(steps));
    };
    const done = () => {
      label.removeEventListener("pointermove", move);
      if (moved) label.addEventListener("click", (click) => click.preventDefault(), { once: true });
    };
    label.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) label.addEventListener(name, done, { once: true });
  });
  const minus = stepper(-1, "\u2212"), plus = stepper(1, "+");
  const node = h("div", { class: "ms-keys-number", style: about.colour ? { cssText: `--tint: ${about.colour}` } : undefined }, label, h("div", { class: "ms-keys-spin" }, minus, input, plus));
  const show = () => {
    const text = shown(), off = !values().length;
    if (!dirty && input.value !== text) input.value = text;
    input.placeholder = text || off ? "" : "mixed";
    for (const one of [input, minus, plus]) one.disabled = off;
  };
  return { node, show, input };
}

const CURVE_WORDS = { hold: ["Hold", "Stay, then jump at the next key"], linear: ["Linear", "Straight, at even speed"], smooth: ["Smooth", "Rounded, never past a key"],
  catmull_rom: ["Round", "Catmull-Rom: rounder than smooth"], bezier: ["Bézier", "Shaped by the keys' handles"], tcb: ["Tension", "Kochanek-Bartels: tension, continuity and bias of each key"],
  angles: ["Plain angles", "Tilt, pan and roll as plain numbers, so 720 turns twice"] };

/** A list to choose from. `empty` is what it says for keys that differ. */
function choiceField(id, label, help, options, { value, write }) {
  const select = h("select", { class: "ms-select", id: `ms-kf-${id}`, title: help, onchange: () => { write(select.value); show(); }, onkeydown: (event) => event.stopPropagation() });
  const show = () => {
    const list = options(), now = value();
    if (!list.some(([name]) => name === now)) list.unshift([now, now === null ? "mixed" : String(now)]);
    const made = JSON.stringify(list);
    if (select.dataset.made !== made) { fill(select, list.map(([name, text, title]) => h("option", { value: name ?? "", title }, text))); select.dataset.made = made; }
    select.value = now ?? "";
  };
  return { node: h("div", { class: "ms-field" }, h("label", { class: "ms-label", for: `ms-kf-${id}`, title: help }, label), select), show, select };
}

function checkField(id, label, help, { value, write }) {
  const input = h("input", { type: "checkbox", id: `ms-kf-${id}`, onchange: () => write(input.checked) });
  return { node: h("label", { class: "ms-check", title: help }, input, label), show: () => { input.checked = Boolean(value()); } };
}

/** The selected key, and below it the path. */
function keysInspector(host, store, catalog) {
  host.classList.add("ms-keys-inspector");
  const bubble = noteBubble(host);
  const chooser = easingChooser(host, store, catalog);
  const ids = () => store.selected.map((key) => key._id);
  const same = (read) => { const all = store.selected.map(read); return all.every((one) => JSON.stringify(one) === JSON.stringify(all[0])) ? all[0] : undefined; };
  const edit = (label, change, merge = "") => store.change(label, (draft) => editKeys(draft, ids(), change), { merge });
  const keyField = (about, more = {}) => numberField(about, { store, bubble, limits: () => limitsOf(about, store), values: () => store.selected.map((key) => about.get(key)),
    focused: () => { if (about.group !== "time") store.setChannel(about.id); },
    write: (change, merge) => edit(about.label, (key) => about.set(key, change(about.get(key))), merge), ...more });

  const title = h("h3", { class: "ms-keys-title" });
  const here = button("Add a key here", { symbol: "plus", kind: "plain", onclick: () => store.addKey(store.playhead) });
  const numbers = [keyField(KEY_FRAME, { refuse: (value) => {
    if (ids().length > 1) return "Several keys cannot stand on one frame";
    return readKeyNumber(String(value), KEY_FRAME, store, ids()).error || "";
  } }), ...KEY_NUMBERS.map((about) => keyField(about))];

  const easing = h("button", { type: "button", class: "ms-button ms-plain ms-keys-easing", id: "ms-kf-easing", onclick: () => chooser.open(ids(), easing) });
  const curveField = (name, label, list, path) => choiceField(name, label, "How it runs to the next key", () => [["", `As the path (${CURVE_WORDS[store.doc[path]]?.[0] || store.doc[path]})`], ...list.map((id) => [id, ...(CURVE_WORDS[id] || [id])])],
    { value: () => { const now = same((key) => key[name]); return now === undefined ? null : now || ""; }, write: (value) => edit(label, (key) => { key[name] = value || null; }) });
  const curves = [curveField("curve", "Position curve", catalog.curves || [], "curve"), curveField("turn_curve", "Rotation curve", catalog.turn_curves || [], "turn_curve"), curveField("lens_curve", "Lens curve", catalog.curves || [], "lens_curve")];

  const shape = [["tension", "Tension", "1 is tight, -1 is round"], ["continuity", "Continuity", "Not 0 makes a corner"], ["bias", "Bias", "1 swings past the key, -1 before it"]].map(([id, label, help]) =>
    keyField({ id, label, help, steps: [0.1, 0.5, 0.01], limits: [-1, 1], unit: "", group: "time", get: (key) => key[id] || 0, set: (key, value) => { key[id] = value; } }));
  const tcb = h("div", { class: "ms-keys-numbers ms-keys-three" }, shape.map((one) => one.node));
  const handles = [["tangent_in", "in"], ["tangent_out", "out"]].map(([name, way]) => {
    const fields = ["X", "Y", "Z"].map((axis, at) => keyField({ id: `${name}-${at}`, label: `${axis} ${way}`, help: `Bézier handle ${way === "in" ? "towards the key before" : "towards the next key"}, as an offset`, steps: [0.1, 1, 0.01], limits: [-KEYS_FARTHEST, KEYS_FARTHEST], unit: "units", group: "time",
      get: (key) => (key[name] || [0, 0, 0])[at], set: (key, value) => { key[name] = (key[name] || [0, 0, 0]).map((old, index) => (index === at ? value : old)); } }));
    const auto = checkField(`${name}-auto`, "automatic", "Let the neighbouring keys decide this handle", { value: () => store.selected.every((key) => !key[name]), write: (on) => edit("Handle", (key) => { key[name] = on ? null : autoHandle(store, key, name); }) });
    return { fields, auto, name, numbers: h("div", { class: "ms-keys-numbers ms-keys-three" }, fields.map((one) => one.node)) };
  });
  const tangents = h("div", { class: "ms-keys-handles" }, handles.map((one) => h("div", {}, h("div", { class: "ms-label" }, h("span", {}, one.name === "tangent_in" ? "Handle in" : "Handle out"), one.auto.node), one.numbers)));
  const long = checkField("long_way", "turn the long way round", "Turn to the next key over more than 180 degrees", { value: () => same((key) => key.long_way), write: (on) => edit("Long way", (key) => { key.long_way = on; }) });
  const detail = h("div", { class: "ms-keys-detail" },
    h("div", { class: "ms-keys-numbers" }, numbers.map((one) => one.node)),
    h("div", { class: "ms-keys-curves" }, h("div", { class: "ms-field" }, h("span", { class: "ms-label" }, "Easing to the next"), easing), curves.map((one) => one.node)), tcb, tangents, long.node);
  const empty = h("p", { class: "ms-hint" });
  host.append(h("div", { class: "ms-keys-heading" }, title, here), empty, detail, pathSettings(store, catalog, bubble));

  function show() {
    const chosen = store.selected, { doc } = store, any = chosen.length > 0;
    const uses = (name, path, kind) => chosen.some((key) => (key[name] || doc[path]) === kind);
    const at = any ? store.keys.indexOf(chosen[0]) + 1 : 0;
    title.textContent = chosen.length > 1 ? `${chosen.length} keys` : any ? `Key ${at} of ${store.keys.length}` : "No key selected";
    here.hidden = any || Boolean(store.keyAt(store.playhead));
    empty.hidden = any;
    detail.hidden = !any;
    const pose = any ? null : store.poseAt(store.playhead);
    if (pose) empty.textContent = `At frame ${store.playhead} the camera is at ${pose.position.map((one) => keysNumber(one, 2)).join(", ")}, tilt ${keysNumber(pose.rotation[0], 1)}°, pan ${keysNumber(pose.rotation[1], 1)}°, roll ${keysNumber(pose.rotation[2], 1)}°, ${keysNumber(pose.focal, 1)} mm. Click a key to change it.`;
    if (!any) return;
    for (const one of [...numbers, ...curves, ...shape, long]) one.show();
    const now = same((key) => key.easing || "linear");
    fill(easing, now === undefined ? "mixed" : [easingPicture(easingCurve(now, catalog), 34, 20), h("span", {}, easingWords(now))]);
    easing.disabled = chosen.length === 1 && at === store.keys.length && !doc.loop;
    easing.title = easing.disabled ? "No key follows this one" : "How the time to the next key is spent";
    tcb.hidden = !(uses("curve", "curve", "tcb") || uses("turn_curve", "turn_curve", "tcb") || uses("lens_curve", "lens_curve", "tcb"));
    tangents.hidden = !uses("curve", "curve", "bezier");
    for (const one of handles) { one.auto.show(); for (const each of one.fields) each.show(); one.numbers.hidden = chosen.every((key) => !key[one.name]); }
    long.node.hidden = !chosen.some((key) => !["angles", "hold"].includes(key.turn_curve || doc.turn_curve));
  }
  store.on("doc", show);
  store.on("selection", () => { bubble.hide(); show(); });
  for (const name of ["playhead", "sampled"]) store.on(name, () => { if (!store.selection.size) show(); });
  show();
}

/** The settings of the whole path. */
function pathSettings(store, catalog, bubble) {
  const { doc } = store, set = (label, change, merge = "") => store.change(label, change, { merge });
  const field = (id, label, help, steps, unit, limits, get, put) => numberField({ id: `path-${id}`, label, help, steps, unit }, { store, bubble, limits, values: () => { const now = get(store.doc); return now === undefined ? [] : [now]; },
    write: (change, merge) => set(label, (draft) => put(draft, change(get(draft))), merge) });
  const longest = () => Math.max(store.doc.frames, Math.min(store.limits.frames, Math.floor(store.limits.seconds * store.fps)));
  const shortest = () => Math.max(1, Math.ceil(store.keys.at(-1).frame));
  const late = (frames) => (frames < shortest() ? `The last key stands on frame ${keysNumber(store.keys.at(-1).frame)}` : "");
  const choice = (id, label, help, list, words) => choiceField(`path-${id}`, label, help, () => list.map((name) => words(name)), { value: () => String(store.doc[id]), write: (value) => set(label, (draft) => { draft[id] = value; }) });
  const curve = (name) => [name, ...(CURVE_WORDS[name] || [name])];
  const check = (id, label, help) => checkField(`path-${id}`, label, help, { value: () => store.doc[id], write: (on) => set(label, (draft) => { draft[id] = on; }) });
  const length = [
    numberField({ id: "path-seconds", label: "Length s", help: "Length of the clip; the keys stay where they are", steps: [0.5, 1, 0.1], unit: "s" }, { store, bubble, limits: () => [1 / store.fps, longest() / store.fps], refuse: (value) => late(Math.round(value * store.fps)), values: () => [store.doc.frames / store.fps],
      write: (change, merge) => set("Length of the clip", (draft) => { draft.frames = Math.round(change(draft.frames / store.fps) * store.fps); }, merge) }),
    numberField({ id: "path-frames", label: "Frames", help: "Frames in the clip", steps: [1, 12, 1], unit: "frames" }, { store, bubble, limits: () => [1, longest()], refuse: late, values: () => [store.doc.frames],
      write: (change, merge) => set("Length of the clip", (draft) => { draft.frames = Math.round(change(draft.frames)); }, merge) }),
  ];
  const rates = [...new Set([...(catalog.fps || [doc.fps]).map(String)])];
  const choices = [
    choice("fps", "Frame rate", "The keys stay on their frames", rates, (rate) => [rate, `${keysNumber(keysRate(rate))} fps`]),
    choice("curve", "Position curve", "How the camera travels from key to key", catalog.curves || [], curve),
    choice("turn_curve", "Rotation curve", "How it turns from key to key", catalog.turn_curves || [], curve),
    choice("lens_curve", "Lens curve", "How the focal length runs from key to key", catalog.curves || [], curve),
  ];
  const checks = [
    check("constant_speed", "constant speed", "Travel from the first key to the last at one speed"),
    checkField("path-loop", "loop", "Return smoothly from the last key to the first at the end", { value: () => store.doc.loop, write: (on) => {
      const keys = store.doc.keys, last = keys.at(-1), short = on && keys.length > 1 && last.frame >= store.doc.frames && KEY_NUMBERS.some((one) => one.get(last) !== one.get(keys[0]));
      set("Loop", (draft) => {
        draft.loop = on;
        if (short) for (const key of draft.keys) key.frame = Math.round(key.frame * (1 - 1 / keys.length));
      });
      if (short) store.say("The keys stand earlier now, to leave time for the way back.");
    } }),
    check("hold_size", "hold subject size", "Dolly zoom: the lens follows the distance to the target, which keeps its size"),
    checkField("path-look", "look at a point", "The camera always looks at this point, whatever its keys say", { value: () => store.doc.look_at, write: (on) => set("Look at", (draft) => { draft.look_at = on ? { target: [0, 0, 0] } : null; }) }),
    checkField("path-hand", "handheld", "Shake on top of the path, as of a camera carried by hand", { value: () => store.doc.handheld, write: (on) => set("Handheld", (draft) => { draft.handheld = on ? { strength: 0.3, seed: 0 } : null; }) }),
  ];
  const target = ["x", "y", "z"].map((axis, at) => field(`target-${axis}`, `Target ${axis.toUpperCase()}`, "The point the camera looks at", [0.1, 1, 0.01], "units", () => [-KEYS_FARTHEST, KEYS_FARTHEST],
    (values) => (values.look_at ? (values.look_at.target || [0, 0, 0])[at] : undefined), (draft, value) => { const old = draft.look_at.target || [0, 0, 0]; draft.look_at.target = old.map((one, index) => (index === at ? value : one)); }));
  const hand = [field("strength", "Strength", "0 is none, 1 is strong", [0.05, 0.2, 0.01], "", () => [0, 1], (values) => (values.handheld ? values.handheld.strength ?? 0.3 : undefined), (draft, value) => { draft.handheld.strength = value; }),
    field("seed", "Seed", "Another number, another shake", [1, 10, 1], "", () => [0, 2 ** 31 - 1], (values) => (values.handheld ? values.handheld.seed ?? 0 : undefined), (draft, value) => { draft.handheld.seed = Math.round(value); })];
  const moving = h("p", { class: "ms-hint" }, "The target moves along keys of its own; these numbers count where it has none.");
  const targetRow = h("div", { class: "ms-keys-numbers ms-keys-three" }, target.map((one) => one.node), moving);
  const handRow = h("div", { class: "ms-keys-numbers ms-keys-two" }, hand.map((one) => one.node));
  const about = h("span", { class: "ms-keys-about" });
  const node = h("details", { class: "ms-fold ms-keys-path", id: "ms-kf-path", open: window.matchMedia("(min-width: 1181px)").matches }, h("summary", {}, "Path", about),
    h("div", { class: "ms-keys-pathbody" }, h("div", { class: "ms-keys-curves ms-keys-three" }, length.map((one) => one.node), choices.map((one) => one.node)), h("div", { class: "ms-keys-checks" }, checks.map((one) => one.node)), targetRow, handRow));
  const show = () => {
    const now = store.doc;
    for (const one of [...length, ...choices, ...checks, ...target, ...hand]) one.show();
    targetRow.hidden = !now.look_at;
    moving.hidden = !now.look_at?.keys?.length;
    handRow.hidden = !now.handheld;
    about.textContent = [`${keysNumber(now.frames / store.fps, 2)} s`, `${now.frames} frames`, `${keysNumber(store.fps)} fps`, CURVE_WORDS[now.curve]?.[0].toLowerCase(), now.constant_speed && "constant speed", now.loop && "loop", now.look_at && "looks at a point", now.hold_size && "holds size", now.handheld && "handheld"].filter(Boolean).join(" · ");
  };
  store.on("doc", show);
  show();
  return node;
}
