// The desk: a sentence or a picture of the move fills the controls; moves are stacked to run together
// or in turn; output, lens and the JSON stand below. The value is the whole shot, and every change of
// it can be undone. The subjects, the weather and how it all stands on the page follow in files of
// their own.

const root = element.querySelector(".ms-desk");
const spec = props.spec;
const kinds = Object.fromEntries(spec.moves.map((kind) => [kind.type, kind]));
let shot = tidy(props.value);
let chosen = 0;
let history = [clone(shot)];
let at = 0;
let mine = null;

function clone(value) { return JSON.parse(JSON.stringify(value)); }

/** The shot with its camera as a list, as this desk keeps it. */
function tidy(value) {
  const copy = clone(value || {});
  copy.motion = copy.motion || {};
  const camera = copy.motion.camera;
  copy.motion.camera = Array.isArray(camera) ? camera : camera && camera.type ? [camera] : [];
  return copy;
}

const moves = () => shot.motion.camera;
/** Directions as people expect them side by side: left before right, whichever is usual. */
const inOrder = (directions) => Object.keys(spec.directions).filter((one) => directions.includes(one));
const way = (move) => move.direction || kinds[move.type]?.directions[0] || "";

/** Start and end of every move in seconds, and the length of the clip. */
function timing() {
  let clock = 0;
  const spans = moves().map((move) => {
    if (move.duration === null || move.duration === undefined) return [move.start || 0, null];
    const start = move.start ?? clock;
    clock = start + move.duration;
    return [start, clock];
  });
  const ends = spans.map((span) => span[1]).filter((end) => end !== null);
  const total = ends.length ? Math.max(...ends) : spec.fields.duration.default;
  return { spans: spans.map(([from, to]) => [from, to ?? total]), total };
}

/** How a move hangs on the one before it: "then", "with", or "at" a time of its own. */
function joint(index, spans) {
  const start = moves()[index].start;
  if (start === undefined || start === null) return moves()[index].duration == null ? "with" : "then";
  return Math.abs(start - spans[index - 1][0]) < 1e-6 ? "with" : "at";
}

/**
 * Change the shot, remember it for undo, tell the server. `merge` joins a drag into one step; with
 * `keep`, moves that run at once with the one before go on doing so.
 */
function change(edit, merge = "", keep = true) {
  const joints = moves().map((_, index) => (index ? joint(index, timing().spans) : ""));
  const before = JSON.stringify(shot.motion.camera);
  edit(shot);
  if (JSON.stringify(shot.motion.camera) !== before) delete shot.trajectory; // the moves take the camera back
  if (keep && joints.length === moves().length) rejoin(joints);
  if (merge && history[at].merge === merge) history[at] = { ...clone(shot), merge };
  else {
    history = [...history.slice(0, at + 1), { ...clone(shot), merge }].slice(-200);
    at = history.length - 1;
  }
  send();
  refresh();
}

function rejoin(joints) {
  joints.forEach((kind, index) => {
    if (index && kind === "with" && moves()[index].duration != null) {
      moves()[index].start = timing().spans[index - 1][0];
    }
  });
}

const tell = debounce(() => trigger("edited", {}), 140);

function send() {
  const { merge, ...plain } = clone(shot);
  mine = JSON.stringify(plain);
  props.value = plain;
  tell();
}

function travel(step) {
  if (at + step < 0 || at + step >= history.length) return;
  at += step;
  const { merge, ...plain } = clone(history[at]);
  const before = shot;
  shot = tidy(plain);
  chosen = Math.max(0, Math.min(chosen, moves().length - 1));
  reveal(before);
  send();
  refresh();
}

/** Give a frame the shape of its picture, as far as the page has room for it. */
function fitFrame(frame, stage, picture) {
  const ratio = picture.naturalWidth / picture.naturalHeight;
  stage.style.setProperty("--ratio", String(ratio));
  frame.style.aspectRatio = String(Math.min(2.4, Math.max(1.25, ratio)));
}

// --- the sentence ---
const sentence = h("input", { type: "text", class: "ms-input", id: "ms-sentence", maxlength: String(spec.sentence_length),
  placeholder: "Say it: slow push in, she walks to the right in heavy rain", "aria-label": "Describe the shot in a sentence",
  onkeydown: (event) => { if (event.key === "Enter") { event.preventDefault(); read(); } } });
let said = false; // a sentence was sent, and what it changes will be shown
const read = () => { if (sentence.value.trim()) { said = true; trigger("sentence", { text: sentence.value, styles: styleDesk() }); } };
const undo = button("", { symbol: "undo", kind: "quiet", title: "Undo (Ctrl+Z)", id: "ms-undo", onclick: () => travel(-1) });
const redo = button("", { symbol: "redo", kind: "quiet", title: "Redo (Ctrl+Shift+Z)", id: "ms-redo", onclick: () => travel(1) });
const reply = h("div", { class: "ms-reply", role: "status" });

// --- the moves ---
const tiles = spec.moves.map((kind) => {
  const canvas = h("canvas", { class: "ms-view", "aria-hidden": "true" });
  const node = h("button", { type: "button", class: "ms-tile", "data-move": kind.type, title: kind.summary,
    role: "radio", onclick: () => pick(kind.type) }, canvas, icon(SIGNS[kind.type], 13), h("span", {}, kind.label));
  return { node, canvas, type: kind.type,
    lit: () => moves()[chosen]?.type === kind.type,
    direction: () => (moves()[chosen]?.type === kind.type ? way(moves()[chosen]) : kind.directions[0] || "") };
});
const grid = h("div", { class: "ms-moves", role: "radiogroup", "aria-label": "Camera move" }, tiles.map((tile) => tile.node));

function fresh(type) {
  const kind = kinds[type];
  const move = { type, intensity: spec.fields.intensity.default, duration: spec.fields.duration.default };
  if (kind.directions.length) move.direction = kind.directions[0];
  return move;
}

function pick(type) {
  change(() => {
    if (!moves().length) { moves().push(fresh(type)); chosen = 0; return; }
    const move = moves()[chosen];
    move.type = type;
    delete move.easing;
    const allowed = kinds[type].directions;
    if (!allowed.includes(move.direction)) {
      if (allowed.length) move.direction = allowed[0];
      else delete move.direction;
    }
    if (move.duration === null && type !== "handheld") move.duration = spec.fields.duration.default;
  });
}

// --- one move's controls ---
const controls = h("div", { class: "ms-controls" });

function slider(key, label, bound, value, write, text, extra = null) {
  const out = h("output", { class: "ms-value", title: key === "intensity" ? "Shares are of the distance to the subject" : undefined }, text(value));
  const input = h("input", { type: "range", class: "ms-range", min: bound.min, max: bound.max, step: bound.step,
    value: String(value), id: `ms-${key}`, title: bound.help, oninput: () => {
      out.textContent = text(Number(input.value));
      change(() => write(Number(input.value)), key + chosen);
    } });
  paintRange(input);
  input.addEventListener("input", () => paintRange(input));
  return h("div", { class: "ms-field" }, h("div", { class: "ms-label" }, h("label", { for: `ms-${key}`, title: bound.help }, label), extra, out), input);
}

function check(key, label, help, on, write) {
  return h("label", { class: "ms-check", title: help }, h("input", { type: "checkbox", id: `ms-${key}`, checked: on,
    onchange: (event) => change(() => write(event.target.checked)) }), label);
}

function picklist(key, help, options, value, write) {
  const input = h("select", { class: "ms-select", id: `ms-${key}`, title: help,
    onchange: () => change(() => write(input.value)) },
  options.map((one) => h("option", { value: one.id }, one.label)));
  if (!options.some((one) => one.id === String(value))) input.append(h("option", { value: String(value) }, String(value)));
  input.value = String(value);
  return input;
}

function chooser(key, label, help, options, value, write) {
  return h("div", { class: "ms-field" }, h("label", { class: "ms-label", for: `ms-${key}`, title: help }, label),
    picklist(key, help, options, value, write));
}

/** How far a move goes, short enough for half a column; a unit is a tenth of the way to the subject. */
function reach(move, intensity) {
  const kind = kinds[move.type];
  const far = kind.amplitude;
  const angle = `${Math.round(far * intensity * 10) / 10}°`;
  if (move.type === "handheld") return `sways ${angle}`;
  if (move.type === "orbit" || move.type === "arc") return `swings ${angle}`;
  if (kind.unit === "degrees") return `turns ${angle}`;
  if (kind.unit === "times") return `× ${Math.pow(far, intensity).toFixed(2)}`;
  if (!far) return "";
  const share = `${Math.round(far * intensity * 10)} %`;
  const heading = way(move);
  if (heading === "backward") return `${share} farther`;
  if (heading === "up" || heading === "down") return `${share} ${heading}`;
  return heading === "left" || heading === "right" ? `${share} sideways` : `${share} closer`;
}

function curve(name) {
  const samples = spec.easings[name] || spec.easings.linear;
  const points = samples.map((y, index) => `${2 + index / (samples.length - 1) * 46} ${25 - y * 20}`).join(" L");
  const drawing = icon(`M${points}`, 30);
  drawing.setAttribute("viewBox", "0 0 50 30");
  drawing.setAttribute("width", "50");
  drawing.classList.add("ms-curve");
  return drawing;
}

const active = () => document.activeElement && controls.contains(document.activeElement) ? document.activeElement.id : "";

function showControls() {
  const move = moves()[chosen];
  if (!move) {
    fill(controls, h("p", { class: "ms-hint" }, "The camera stands still. Pick a move above to set it going."));
    return;
  }
  const kind = kinds[move.type];
  const focus = active();
  const dragging = focus && document.getElementById(focus)?.type === "range";
  if (dragging) return; // The slider under the hand must stay the same element.
  const rest = moves().some((other, index) => index !== chosen && other.duration != null);
  const whole = move.duration === null || move.duration === undefined;
  fill(controls,
    kind.directions.length
      ? h("div", { class: "ms-field ms-direction" }, h("span", { class: "ms-label" }, "Direction"),
        h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "Direction" }, inOrder(kind.directions).map((direction) =>
          h("button", { type: "button", role: "radio", "data-direction": direction, title: spec.directions[direction],
            "aria-label": spec.directions[direction], "aria-checked": String(direction === way(move)),
            onclick: () => change(() => { move.direction = direction; }) }, icon(ICONS[direction], 16),
          kind.directions.length < 3 ? h("span", {}, spec.directions[direction]) : null))))
      : null,
    move.type === "static" || move.type === "handheld" ? null : h("div", { class: "ms-field" },
      h("div", { class: "ms-label" }, h("label", { for: "ms-easing", title: spec.fields.easing.help }, "Easing"),
        check("loop", "loop", spec.fields.loop.help, Boolean(move.loop),
          (on) => { if (on) moves()[chosen].loop = true; else delete moves()[chosen].loop; })),
      h("div", { class: "ms-easing" },
        picklist("easing", spec.fields.easing.help, spec.easing_choices, move.easing || "",
          (value) => { if (value) moves()[chosen].easing = value; else delete moves()[chosen].easing; }),
        curve(move.easing || kind.easing))),
    move.type === "static" ? null : slider("intensity", "Intensity", spec.fields.intensity, move.intensity ?? spec.fields.intensity.default,
      (value) => { moves()[chosen].intensity = value; },
      (value) => [value.toFixed(2), reach(move, value)].filter(Boolean).join(" · ")),
    slider("duration", "Duration", spec.fields.duration, whole ? timing().total : move.duration,
      (value) => { moves()[chosen].duration = value; }, (value) => (moves()[chosen].duration == null ? "" : seconds(value)),
      rest || whole ? check("whole", "whole clip", "Lasts as long as the other moves do", whole, (on) => {
        const one = moves()[chosen];
        one.duration = on ? null : Math.min(timing().total, spec.fields.duration.max);
        if (on) delete one.start;
      }) : null),
  );
  if (focus) document.getElementById(focus)?.focus();
}

// --- the stack ---
const lanes = h("ol", { class: "ms-lanes" });
const length = h("span", { class: "ms-length" });
const add = button("Add a move", { symbol: "plus", kind: "plain", id: "ms-add", onclick: () => change(() => {
  const last = moves().at(-1);
  moves().push(last ? { ...fresh("handheld"), intensity: 0.3, duration: null } : fresh("push_in"));
  chosen = moves().length - 1;
}) });

function swap(index, other) {
  change(() => {
    const list = moves();
    [list[index], list[other]] = [list[other], list[index]];
    delete list[0].start;
    chosen = other;
  });
}

function showStack() {
  const { spans, total } = timing();
  length.textContent = seconds(total);
  fill(lanes, moves().map((move, index) => {
    const kind = kinds[move.type];
    const [from, to] = spans[index];
    const link = index ? joint(index, spans) : "";
    const label = `${kind.label}${way(move) && kind.directions.length > 1 ? ` ${spec.directions[way(move)].toLowerCase()}` : ""}`;
    return h("li", { class: `ms-lane${index === chosen ? " ms-chosen" : ""}` },
      h("button", { type: "button", class: "ms-track", "aria-pressed": String(index === chosen), "data-lane": String(index),
        title: `${label}: ${seconds(from)} to ${seconds(to)}`, onclick: () => { chosen = index; refresh(); } },
      h("i", { style: { left: `${from / total * 100}%`, width: `${(to - from) / total * 100}%` } }), h("span", {}, label)),
      index ? h("select", { class: "ms-select ms-join", title: "When this move starts", "aria-label": `When ${label} starts`, onchange: (event) => change(() => {
        if (event.target.value === "then") { delete move.start; if (move.duration == null) move.duration = spec.fields.duration.default; }
        else if (move.duration == null) delete move.start;
        else move.start = spans[index - 1][0];
      }, "", false) }, [["with", "at once"], ["then", "after it"], ...(link === "at" ? [["at", `at ${seconds(from)}`]] : [])].map(([value, text]) =>
        h("option", { value, selected: value === link }, text))) : null,
      moves().length > 1 ? h("span", { class: "ms-tools" },
        button("", { symbol: "up", kind: "quiet", title: "Move up", disabled: index === 0, onclick: () => swap(index, index - 1) }),
        button("", { symbol: "down", kind: "quiet", title: "Move down", disabled: index === moves().length - 1, onclick: () => swap(index, index + 1) })) : null,
      button("", { symbol: "clear", kind: "quiet", title: `Remove ${label}`, onclick: () => change(() => {
        moves().splice(index, 1);
        if (moves().length) delete moves()[0].start;
        chosen = Math.max(0, Math.min(chosen, moves().length - 1));
      }) }));
  }));
  add.disabled = moves().length >= spec.most_moves;
}

// --- output and lens ---
const output = h("div", { class: "ms-output" });
const lens = h("details", { class: "ms-fold", id: "ms-lens" }, h("summary", {}, "Lens and depth"), h("div", { class: "ms-foldbody" }));

function section(name) {
  shot[name] = shot[name] || {};
  return shot[name];
}

function showOutput() {
  if (document.activeElement?.type !== "range" || !lens.contains(document.activeElement)) {
    fill(lens.lastChild, spec.lens.map((field) => slider(`lens-${field.section}-${field.key}`, field.label, field,
      section(field.section)[field.key] ?? field.empty, (value) => {
        section(field.section)[field.key] = field.nullable && value === field.empty ? null : value;
      }, (value) => (field.nullable && value === field.empty ? field.empty_label : `${Number(value.toFixed(2))}${field.suffix}`))));
  }
  if (output.contains(document.activeElement)) {
    for (const field of spec.output) {
      const input = document.getElementById(`ms-${field.key}`);
      if (input && input !== document.activeElement) input.value = String(field.section ? section(field.section)[field.key] : shot[field.key]);
    }
    return;
  }
  fill(output, spec.output.map((field) => chooser(field.key, field.label, field.help, field.choices,
    (field.section ? section(field.section) : shot)[field.key] ?? field.default,
    (value) => { (field.section ? section(field.section) : shot)[field.key] = field.number ? Number(value) : value; })));
}

// --- JSON ---
const text = h("textarea", { class: "ms-json", id: "ms-json", spellcheck: "false", "aria-label": "Motion control as JSON", rows: "10" });
const jsonNote = h("span", { class: "ms-note", role: "status" });
const copied = button("Copy", { kind: "plain", onclick: async () => {
  try { await navigator.clipboard.writeText(text.value); } catch (problem) { text.select(); document.execCommand("copy"); }
  jsonNote.textContent = "Copied.";
} });
const apply = button("Apply", { kind: "plain", id: "ms-json-apply", onclick: () => trigger("apply_json", { text: text.value }) });
const json = h("details", { class: "ms-fold", id: "ms-json-fold" }, h("summary", {}, "Motion control as JSON"),
  h("div", { class: "ms-foldbody ms-jsonbody" }, text, h("div", { class: "ms-row" }, copied, apply, jsonNote)));

function motionText() {
  const motion = clone(shot.motion);
  if (motion.camera.length === 1) motion.camera = motion.camera[0];
  return JSON.stringify(motion, null, 2);
}

function showReply() {
  const answer = props.reply || {};
  const where = answer.about === "json" ? jsonNote : reply;
  const bad = Boolean(answer.error);
  where.classList.toggle("ms-bad", bad);
  if (answer.about === "json") { jsonNote.textContent = answer.error || answer.note || "Applied."; return; }
  fill(reply,
    bad ? h("span", {}, answer.error) : null,
    (answer.understood || []).length ? h("span", {}, h("b", {}, "Understood: "), answer.understood.join(" ")) : null,
    (answer.not_understood || []).length ? h("span", { class: "ms-missed" }, h("b", {}, "Not understood: "), answer.not_understood.join(" ")) : null,
    (answer.assumed || []).length ? h("span", { class: "ms-assumed" }, h("b", {}, "Assumed: "), answer.assumed.join(" ")) : null,
    answer.note ? h("span", {}, answer.note) : null,
    (answer.styles || []).length ? h("span", { class: "ms-missed ms-bad", role: "alert", id: "ms-no-style" }, answer.styles.join(" "), " ",
      h("button", { type: "button", class: "ms-link", onclick: () => turnPage("Style") }, "Open the Style tab")) : null);
}
