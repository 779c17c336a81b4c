// What is asked for: a preset to start from, rate and speed, and how the new frames are made. Every change
// can be undone, the ramp's points included.

const root = element.querySelector(".ms-retime");
const spec = props.spec;
const bounds = spec.fields;
let value = clone(props.value);
let history = [clone(value)];
let at = 0;
let clip = { seconds: 4, fps: 24, rate: "24" };
let playhead = 0;

function clone(one) { return JSON.parse(JSON.stringify(one)); }
const asked = () => value.retime;
const ramped = () => asked().speed_curve.length > 0;

/** Change what is asked for, remember it for undo, tell the server; `merge` joins a drag into one step. */
function change(edit, merge = "") {
  const before = JSON.stringify(value);
  edit(asked());
  if (JSON.stringify(value) === before) return;
  if (merge && history[at].merge === merge) history[at] = { ...clone(value), merge };
  else {
    history = [...history.slice(0, at + 1), { ...clone(value), merge }].slice(-200);
    at = history.length - 1;
  }
  send();
  refresh();
}
const tell = debounce(() => trigger("edited", {}), 200);
function send() {
  props.value = clone(value);
  tell();
}
function travel(by) {
  if (at + by < 0 || at + by >= history.length) return;
  at += by;
  const { merge, ...plain } = clone(history[at]);
  value = plain;
  send();
  refresh(true);
}
const undo = button("", { symbol: "undo", kind: "quiet", title: "Undo (Ctrl+Z)", id: "ip-undo", onclick: () => travel(-1) });
const redo = button("", { symbol: "redo", kind: "quiet", title: "Redo (Ctrl+Shift+Z)", id: "ip-redo", onclick: () => travel(1) });

// --- fields ---
const problems = {};
const painters = [];

/** A labelled control with room below it for what is wrong with it. */
function field(key, label, help, control, extra = null) {
  problems[key] = h("p", { class: "ms-problem ms-bad", role: "alert", hidden: true, "data-problem": key });
  return h("div", { class: "ms-field", "data-field": key }, h("div", { class: "ms-label" }, h("label", { for: `ip-${key}`, title: help }, label), extra), control, problems[key]);
}

function segments(key, label, help, options, read = () => asked()[key], write = (one) => change((all) => { all[key] = one; })) {
  const group = h("div", { class: "ms-segments", role: "radiogroup", id: `ip-${key}`, "aria-label": label }, options.map((one) =>
    h("button", { type: "button", role: "radio", "data-value": one.id, title: one.help, onclick: () => write(one.id) }, one.label)));
  painters.push(() => { for (const one of group.children) one.setAttribute("aria-checked", String(one.dataset.value === String(read()))); });
  return group;
}

function picklist(key, help, options, read = () => asked()[key], write = (one) => change((all) => { all[key] = one; })) {
  const input = h("select", { class: "ms-select", id: `ip-${key}`, title: help, onchange: () => write(input.value) }, options.map((one) => h("option", { value: one.id, title: one.help }, one.label)));
  painters.push(() => { input.value = String(read()); });
  return input;
}

// --- presets ---
const whole = { speed: 1, speed_curve: [], target_fps: null, shutter_angle: 0, duplicates: "keep" };
/** A ramp over the chosen part: in at full speed, slow in the middle, out again. */
function easyRamp() {
  const from = asked().start || 0, long = (asked().seconds ?? clip.seconds - from);
  const point = (share, speed) => ({ time: Number((from + long * share).toFixed(3)), speed, ease: spec.ease });
  return [point(0.25, 1), point(0.42, 0.25), point(0.62, 0.25), point(0.8, 1)];
}
/** Slow motion keeps the clip's rate, unless that is too low for the eye to see movement in it. */
const flowing = () => ({ ...whole, target_fps: clip.fps < 23 ? "24" : null });
const PRESETS = {
  smooth: () => ({ ...whole, target_fps: "60" }),
  half: () => ({ ...flowing(), speed: 0.5 }),
  quarter: () => ({ ...flowing(), speed: 0.25 }),
  ramp: () => ({ ...flowing(), speed_curve: easyRamp() }),
  twos: () => ({ ...flowing(), duplicates: "replace" }),
  fast: () => ({ ...flowing(), speed: 4, shutter_angle: 180 }),
};
const tiles = spec.presets.map((preset) => h("button", { type: "button", class: "ms-preset", "data-preset": preset.id, title: preset.help,
  onclick: () => change((all) => Object.assign(all, PRESETS[preset.id]())) }, h("b", {}, preset.label), h("small", {}, preset.short)));
painters.push(() => {
  for (const tile of tiles) {
    const wanted = PRESETS[tile.dataset.preset]();
    const lit = Object.entries(wanted).every(([key, one]) => (key === "speed_curve" ? (one.length > 0) === ramped() : JSON.stringify(asked()[key]) === JSON.stringify(one)) || (key === "speed" && ramped()));
    tile.setAttribute("aria-pressed", String(lit));
  }
});

// --- speed: one number, or a ramp ---
const speedOut = h("output", { class: "ms-value" });
const least = Math.log2(bounds.speed.min), most = Math.log2(bounds.speed.max);
const speed = h("input", { type: "range", class: "ms-range", id: "ip-speed", min: String(least), max: String(most), step: "0.01", title: bounds.speed.help, list: "ip-speeds",
  oninput: () => {
    const free = 2 ** Number(speed.value);
    const round = spec.speeds.find((one) => Math.abs(Math.log2(free / one)) < 0.08);
    change((all) => { all.speed = round ?? Number(free.toFixed(3)); all.speed_curve = []; }, "speed");
  } });
painters.push(() => {
  if (document.activeElement !== speed || !speed.matches(":active")) speed.value = String(Math.log2(asked().speed));
  paintRange(speed);
  speedOut.textContent = ramped() ? "" : speedWords(asked().speed);
});
const evenly = h("div", { class: "ms-evenly" }, speed, h("div", { class: "ms-ticks", "aria-hidden": "true" }, ["1⁄16", "¼", "1", "4×", "16×"].map((one) => h("span", {}, one))));

const keyTime = numberBox("ramp-time", "Point at, seconds", (one) => ramp.put(one, pointed().speed));
const keySpeed = numberBox("ramp-speed", "Speed at this point; 1 is as it was", (one) => ramp.put(pointed().time, one));
const keyEase = h("select", { class: "ms-select", id: "ip-ramp-ease", title: "How the speed gets from this point to the next", "aria-label": "How the speed gets from this point to the next",
  onchange: () => change((all) => { all.speed_curve[which].ease = keyEase.value; }) }, spec.ease_choices.map((one) => h("option", { value: one.id }, one.label)));
const keyGone = button("", { symbol: "clear", kind: "quiet", title: "Remove this point (Delete)", onclick: () => ramp.remove() });
let which = 0;
const pointed = () => asked().speed_curve[which] || { time: 0, speed: 1 };
const ramp = rampEditor({
  keys: () => clone(asked().speed_curve.length ? asked().speed_curve : [{ time: 0, speed: 1, ease: "linear" }]),
  change: (edit, merge) => change((all) => { edit(all.speed_curve); }, merge),
  shown: (key, index) => {
    which = index;
    if (document.activeElement !== keyTime) keyTime.value = moment(key.time);
    if (document.activeElement !== keySpeed) keySpeed.value = String(Number(key.speed.toFixed(4)));
    keyEase.value = key.ease;
    keyGone.disabled = asked().speed_curve.length < 2;
  },
  mix: (from, to, share) => from + (to - from) * share,
  seconds: () => clip.seconds, fps: () => clip.fps,
  eases: spec.eases, ease: spec.ease, least: bounds.speed.min, most: bounds.speed.max, longest: bounds.speed_curve.longest,
});
const rampBox = h("div", { class: "ms-rampbox" }, ramp.node,
  h("div", { class: "ms-rampbar" },
    h("label", {}, h("span", {}, "At"), keyTime), h("label", {}, h("span", {}, "Speed"), keySpeed), keyEase,
    button("", { symbol: "plus", kind: "quiet", title: "Add a point at the playhead (K)", id: "ip-ramp-add", onclick: () => ramp.add() }), keyGone));

function numberBox(id, label, write) {
  const input = h("input", { type: "text", inputmode: "decimal", class: "ms-input ms-number", id: `ip-${id}`, "aria-label": label, title: label,
    onchange: () => {
      const typed = Number(input.value.replace(",", ".").trim() || NaN);
      if (Number.isFinite(typed)) write(typed);
      input.blur();
      refresh();
    },
    onkeydown: (event) => { if (event.key === "Enter") input.blur(); } });
  return input;
}

const kind = segments("kind", "Speed", "", [
  { id: "even", label: "Even", help: "One speed for the whole clip" }, { id: "ramp", label: "Ramp", help: "A speed that changes along the clip" },
], () => (ramped() ? "ramp" : "even"), (one) => change((all) => { all.speed_curve = one === "ramp" ? easyRamp() : []; if (one === "ramp") all.speed = 1; }));
const speedField = h("div", { class: "ms-field ms-speed" },
  h("div", { class: "ms-label" }, h("label", { for: "ip-speed", title: bounds.speed.help }, "Speed"), speedOut, kind), evenly, rampBox);
for (const key of ["speed", "speed_curve"]) {
  problems[key] = h("p", { class: "ms-problem ms-bad", role: "alert", hidden: true, "data-problem": key });
  speedField.append(problems[key]);
}
painters.push(() => {
  evenly.hidden = ramped();
  rampBox.hidden = !ramped();
  if (ramped()) ramp.show();
});

// --- the rest ---
const rate = h("input", { type: "text", class: "ms-input", id: "ip-target_fps", list: "ip-rates", autocomplete: "off", title: bounds.target_fps.help,
  onfocus: () => rate.select(),
  onchange: () => change((all) => { all.target_fps = rate.value.trim() && !/^as/i.test(rate.value.trim()) ? rate.value.trim() : null; }),
  onkeydown: (event) => { if (event.key === "Enter") rate.blur(); } });
painters.push(() => {
  rate.placeholder = `as the clip (${clip.rate})`;
  if (document.activeElement !== rate) rate.value = asked().target_fps ?? "";
});
painters.push(() => {
  const list = videoFields.querySelector("#ip-sound");
  const silent = clip.sound === false ? "This clip has no sound" : ["gif", "png"].includes(asked().format) ? "This kind of file has no sound" : "";
  list.disabled = Boolean(silent);
  list.title = silent || bounds.sound.help;
});
const rates = h("datalist", { id: "ip-rates" }, spec.rates.map((one) => h("option", { value: one })));
const shutterOut = h("output", { class: "ms-value" });
const shutter = h("input", { type: "range", class: "ms-range", id: "ip-shutter_angle", min: bounds.shutter_angle.min, max: bounds.shutter_angle.max, step: "15", title: bounds.shutter_angle.help,
  oninput: () => change((all) => { all.shutter_angle = Number(shutter.value); }, "shutter") });
painters.push(() => {
  shutter.value = String(asked().shutter_angle);
  paintRange(shutter);
  shutterOut.textContent = asked().shutter_angle ? `${asked().shutter_angle}°` : "none";
});

const offered = h("span", {});
const fetch = button("Download it", { kind: "second", id: "ip-download-network", onclick: () => { fetch.disabled = true; trigger("download", {}); } });
problems.download = h("p", { class: "ms-problem ms-bad", role: "alert", hidden: true, "data-problem": "download" });
const offer = h("div", { class: "ms-offer", role: "status", hidden: true }, offered, fetch, problems.download);
const videoFields = h("div", { class: "ms-retimefields" },
  field("target_fps", "Frames a second", bounds.target_fps.help, h("div", {}, rate, rates)),
  field("mode", "New frames", bounds.mode.help, segments("mode", "New frames", bounds.mode.help, spec.modes)),
  offer,
  field("sound", "Sound", bounds.sound.help, picklist("sound", bounds.sound.help, spec.sounds)),
  field("duplicates", "Repeated frames", bounds.duplicates.help, picklist("duplicates", bounds.duplicates.help, spec.duplicates)),
  field("shutter_angle", "Blur when faster", bounds.shutter_angle.help, shutter, shutterOut),
  field("format", "File", bounds.format.help, picklist("format", bounds.format.help, spec.formats)));

// --- two pictures ---
const pair = () => value.pair;
const changePair = (edit, merge) => change(() => edit(pair()), merge);
const countOut = h("output", { class: "ms-value" });
const count = h("input", { type: "range", class: "ms-range", id: "ip-between", min: String(spec.between.min), max: String(spec.between.slider), step: "1", title: spec.between.help,
  oninput: () => changePair((one) => { one.between = Number(count.value); }, "between") });
painters.push(() => {
  count.value = String(pair().between);
  paintRange(count);
  countOut.textContent = pair().between === 1 ? "1 picture" : `${pair().between} pictures`;
});
const pairFields = h("div", { class: "ms-retimefields ms-pairfields", hidden: true },
  field("between", "New pictures between", spec.between.help, count, countOut),
  field("pair-mode", "How they are made", bounds.mode.help, segments("pair-mode", "New pictures", bounds.mode.help, spec.modes.filter((one) => one.id !== "learned"), () => pair().mode, (one) => changePair((all) => { all.mode = one; }))),
  field("pair-fps", "Played at", "Frames a second of the clip that shows them", picklist("pair-fps", "Frames a second of the clip that shows them", spec.rates.map((one) => ({ id: one, label: `${one} fps` })), () => pair().fps, (one) => changePair((all) => { all.fps = one; }))));

// --- the part of the clip; it stands under the source's playhead ---
const from = numberBox("from", "Where to begin, seconds", (one) => mark("start", one));
const to = numberBox("to", "Where to end, seconds", (one) => mark("end", one));
const allOfIt = button("Whole clip", { kind: "plain", id: "ip-whole", onclick: () => change((all) => { all.start = 0; all.seconds = null; }) });
problems.start = problems.seconds = h("p", { class: "ms-problem ms-bad", role: "alert", hidden: true, "data-problem": "start" });
const partBox = h("div", { class: "ms-partbox", hidden: true }, h("div", { class: "ms-row" },
  h("label", {}, h("span", { title: "Press I to begin at the playhead" }, "From"), from), h("label", {}, h("span", { title: "Press O to end at the playhead" }, "to"), to), h("span", { class: "ms-soft" }, "s"), allOfIt), problems.start);
const end = () => (asked().seconds === null ? clip.seconds : Math.min(clip.seconds, asked().start + asked().seconds));
function mark(edge, time) {
  const long = clip.seconds, gap = Math.min(long, 1 / clip.fps);
  const tidy = (one) => Number(one.toFixed(4));
  if (edge === "start") change((all) => { const stop = end(); all.start = tidy(within(time, 0, long - gap)); all.seconds = stop >= long - 1e-6 && all.start === 0 ? null : tidy(Math.max(gap, stop - all.start)); });
  else change((all) => { const stop = within(time, all.start + gap, long); all.seconds = stop >= long - 1e-6 && all.start === 0 ? null : tidy(stop - all.start); });
}
painters.push(() => {
  if (document.activeElement !== from) from.value = moment(asked().start);
  if (document.activeElement !== to) to.value = moment(end());
  allOfIt.hidden = asked().start === 0 && asked().seconds === null;
  bus.tell("range", { start: asked().start, end: end() });
});

// --- put together ---
const title = h("h2", {}, "Smooth or slow");
const presets = h("div", { class: "ms-presets", role: "group", "aria-label": "Start from" }, tiles);
const trouble = h("p", { class: "ms-problem ms-bad", role: "alert", hidden: true, id: "ip-trouble" });
root.append(h("header", { class: "ms-head" }, title, h("div", { class: "ms-tools" }, undo, redo)), presets, speedField, videoFields, pairFields, trouble);
(function settleDown(tries) {
  const slot = document.querySelector("#ip-part");
  if (slot) slot.append(partBox);
  else if (tries) requestAnimationFrame(() => settleDown(tries - 1));
})(600);

function refresh() {
  undo.disabled = at === 0;
  redo.disabled = at === history.length - 1;
  for (const paint of painters) paint();
}

function showReply() {
  const reply = props.reply || {};
  const wrong = reply.problems || {};
  offered.textContent = reply.offer || "";
  offer.hidden = !reply.offer;
  fetch.disabled = fetch.hidden = Boolean(reply.busy);
  for (const [key, node] of Object.entries(problems)) {
    const shared = key === "seconds" ? "start" : key;
    const text = wrong[key] || (shared === "start" ? wrong.start || wrong.seconds : "") || "";
    node.textContent = text;
    node.hidden = !text;
    node.closest(".ms-field")?.querySelector("input, select")?.toggleAttribute("aria-invalid", Boolean(text));
  }
  const rest = Object.entries(wrong).filter(([key]) => !problems[key]).map(([, text]) => text).join(" ");
  trouble.textContent = rest;
  trouble.hidden = !rest;
}

bus.on("mode", (mode) => {
  const pictures = mode === "pictures";
  if (value.kind !== mode) { value.kind = mode; for (const one of history) one.kind = mode; props.value = clone(value); }
  title.textContent = pictures ? "New pictures" : "Smooth or slow";
  for (const node of [presets, speedField, videoFields]) node.hidden = pictures;
  pairFields.hidden = !pictures;
});
bus.on("clip", (known) => {
  partBox.hidden = false;
  const other = known.url !== clip.url, times = known.seconds / clip.seconds;
  const lit = tiles.find((tile) => tile.getAttribute("aria-pressed") === "true");
  clip = known;
  // Moments of another clip mean nothing in this one; the shape of a ramp does.
  if (other) change((all) => {
    all.start = 0;
    all.seconds = null;
    if (lit) all.target_fps = PRESETS[lit.dataset.preset]().target_fps;
    for (const key of all.speed_curve) key.time = Number((key.time * times).toFixed(4));
  });
  refresh();
});
bus.on("moment", ({ at: time }) => { playhead = time; if (ramped()) ramp.playhead(time); });
bus.on("mark", ({ edge, at: time }) => mark(edge, time));
watch("reply", showReply);
watch("value", () => {
  if (JSON.stringify(props.value) === JSON.stringify(value)) return;
  value = clone(props.value);
  history = [...history.slice(0, at + 1), clone(value)].slice(-200);
  at = history.length - 1;
  refresh();
});
refresh();
showReply();

document.addEventListener("keydown", (event) => {
  if (!hears(root, event) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === "z") travel(event.shiftKey ? 1 : -1);
    else if (key === "y") travel(1);
    else return;
  } else if (key === "k" && ramped() && value.kind !== "pictures") ramp.add();
  else return;
  event.preventDefault();
});
