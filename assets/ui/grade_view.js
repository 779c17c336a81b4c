// The picture: a moment of the clip before and after the grade, with a divider to drag. The latest request
// wins: while one is on its way, only the newest of those after it is kept.

const root = element.querySelector(".ms-gradeview");
let face = "grade";
let clip = null; // what the server knows of it
let at = 0;
let plays = true;
let split = 50; // where the divider stands, percent from the left
let side = "both"; // or "before", "after"
let scope = "waveform";

// --- the picture ---
const picker = h("input", { type: "file", class: "ms-file", "aria-label": "Choose a clip", accept: "video/*,.mkv,.mov,.webm,.avi,.mpg,.mts,.gif",
  onchange: () => { if (picker.files[0]) take(picker.files[0]); picker.value = ""; } });
const film = h("video", { class: "ms-picture", muted: true, playsinline: true, preload: "auto", hidden: true, id: "gq-source" });
const before = h("img", { class: "ms-picture", alt: "Before", hidden: true, draggable: "false", id: "gq-before" });
const after = h("img", { class: "ms-picture ms-after", alt: "After", hidden: true, draggable: "false", id: "gq-after" });
const divider = h("div", { class: "ms-divider", role: "slider", tabindex: "0", "aria-label": "Divider between before and after", "aria-valuemin": "0", "aria-valuemax": "100", hidden: true },
  h("i", {}, "↔"));
const tags = ["Before", "After"].map((word, index) => h("span", { class: `ms-side ms-side${index}`, hidden: true }, word));
const empty = h("div", { class: "ms-empty" }, icon(ICONS.upload, 26), h("strong", {}, "Drop a clip here"), h("span", {}, "or choose a file, or try the example below"));
const busy = h("div", { class: "ms-busy", hidden: true }, h("i"), h("span", {}, "Reading…"));
const frame = h("div", { class: "ms-frame ms-screen ms-gradeframe", tabindex: "0", role: "button", "aria-label": "Clip: click to choose a file, or drop one",
  onclick: () => { if (!clip) picker.click(); },
  onkeydown: (event) => { if (event.key === "Enter" && !clip) { event.preventDefault(); picker.click(); } } }, empty, before, after, film, ...tags, divider, busy);
dropsOn(frame, (file) => take(file));

const play = button("", { symbol: "play", kind: "quiet", title: "Play the source (Space)", onclick: () => toggle() });
const slider = h("input", { type: "range", class: "ms-range", min: "0", max: "1", step: "0.001", value: "0", "aria-label": "Moment of the clip", id: "gq-moment",
  oninput: () => seek(Number(slider.value)) });
const when = h("output", { class: "ms-value" });
const sides = h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "Which picture" }, [["before", "Before"], ["both", "Both"], ["after", "After"]].map(([id, label]) =>
  h("button", { type: "button", role: "radio", "data-side": id, title: "B goes from one to the next", onclick: () => show(id) }, label)));
const transport = h("div", { class: "ms-transport", hidden: true }, play, slider, when, sides);

// --- around it ---
const FACES = [["grade", "Grade"], ["quality", "Quality"]];
const tabs = h("div", { class: "ms-sheets", role: "tablist", "aria-label": "What to do with the clip" }, FACES.map(([id, label]) =>
  h("button", { type: "button", role: "tab", "data-face": id, onclick: () => turnTo(id) }, label)));
const name = h("span", { class: "ms-name" });
const facts = h("span", { class: "ms-facts" });
const note = h("p", { class: "ms-note", role: "status", id: "gq-note" });
const hint = h("p", { class: "ms-keys", hidden: true }, ...[["Space", "play"], ["← →", "frame by frame"], ["B", "before, both, after"], ["G", "grade"], ["Q", "quality"]].flatMap(([key, what]) => [h("kbd", {}, key), ` ${what} `]));
const strip = h("div", { class: "ms-tries" });
root.append(h("header", { class: "ms-head" }, tabs, name, facts, h("div", { class: "ms-tools" }, (props.examples || []).length ? button("", { symbol: "film", kind: "quiet", title: "Try the example", id: "gq-example", onclick: () => tryIt() }) : null,
  button("", { symbol: "upload", kind: "quiet", title: "Choose a file from this device", onclick: () => picker.click() }))), frame, transport, picker, note, hint, strip);

/** What goes on; before there is a clip, in the middle of the frame. */
function occupied(words) {
  busy.hidden = !words || !clip;
  busy.lastChild.textContent = words || "";
  if (clip) return;
  const [title, hint] = words ? [words, "This takes a few seconds"] : ["Drop a clip here", "or choose a file, or try the example below"];
  empty.classList.toggle("ms-waits", Boolean(words));
  empty.children[1].textContent = title;
  empty.children[2].textContent = hint;
  strip.hidden = Boolean(words);
}

function say(text, bad = false) {
  note.textContent = text;
  note.classList.toggle("ms-bad", bad);
}

function turnTo(one) {
  face = one;
  for (const tab of tabs.children) tab.setAttribute("aria-selected", String(tab.dataset.face === one));
  const place = document.querySelector("#grade");
  if (place) place.dataset.face = one;
  layers();
  room.tell("face", one);
  ask();
}

function show(one) {
  side = one;
  layers();
}

/** Which pictures are on show, and where the divider stands. */
function layers() {
  const grading = face === "grade" && clip !== null && Boolean(after.src);
  const rolling = !film.hidden;
  const place = side === "before" ? 100 : side === "after" ? 0 : split;
  after.hidden = !grading || rolling;
  after.style.clipPath = `inset(0 0 0 ${place}%)`;
  divider.hidden = !grading || rolling || side !== "both";
  divider.style.left = `${split}%`;
  divider.setAttribute("aria-valuenow", String(Math.round(split)));
  tags[0].hidden = !grading || rolling || side === "after" || (side === "both" && split < 12);
  tags[1].hidden = !grading || rolling || side === "before" || (side === "both" && split > 88);
  sides.hidden = face !== "grade";
  for (const one of sides.children) one.setAttribute("aria-checked", String(one.dataset.side === (rolling ? "before" : side)));
}

// --- the divider ---
let drag = null;
const placed = (event) => { const box = frame.getBoundingClientRect(); return within((event.clientX - box.left) / box.width * 100, 0, 100); };
frame.addEventListener("pointerdown", (event) => {
  if (divider.hidden || (event.pointerType === "mouse" && event.button)) return;
  drag = event.pointerId;
  frame.setPointerCapture(event.pointerId);
  split = placed(event);
  layers();
});
frame.addEventListener("pointermove", (event) => { if (event.pointerId === drag) { split = placed(event); layers(); } });
for (const kind of ["pointerup", "pointercancel"]) frame.addEventListener(kind, (event) => { if (event.pointerId === drag) drag = null; });
divider.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -2, ArrowRight: 2 }[event.key];
  if (!by) return;
  split = within(split + by, 0, 100);
  layers();
  event.preventDefault();
  event.stopPropagation();
});

// --- asking for it ---
let asking = false, again = false;
let have = "", seen = ""; // the frame whose source picture, and the one whose source scope, are here
let source = null; // scope of the source
let late = 0;
async function ask() {
  if (!clip || root.offsetParent === null || !film.paused) return;
  again = true;
  if (asking) return;
  asking = true;
  clearTimeout(late);
  late = setTimeout(() => { busy.hidden = false; busy.lastChild.textContent = "Looking…"; }, 400);
  while (again) {
    again = false;
    const asked = { file: clip.file, at, have, seen, scope: face === "grade" ? scope : "", grade: face === "grade" ? room.last.grade || null : null };
    let answer;
    try { answer = await server.still(asked); } catch (problem) { answer = { error: "The server did not answer. Reload the page." }; }
    if (asked.file.path !== clip.file.path) { again = true; continue; } // another clip was chosen meanwhile
    if (!again || answer.after) await put(answer, asked);
  }
  asking = false;
  clearTimeout(late);
  if (!film.paused) return;
  busy.hidden = true;
}

async function put(answer, asked) {
  room.tell("problems", answer.problems || {});
  if (answer.error) { say(answer.error, true); return; }
  if (note.classList.contains("ms-bad")) say("");
  if (answer.before) { before.src = answer.before; have = answer.key; }
  if (answer.after) after.src = answer.after;
  await Promise.all([before, after].map((image) => (image.getAttribute("src") ? image.decode().catch(() => {}) : null)));
  before.hidden = false;
  if (film.paused) film.hidden = true;
  layers();
  if (answer.scopes) {
    if (answer.scopes.before) { source = answer.scopes.before; seen = answer.scopes.key; }
    room.tell("scopes", { kind: asked.scope, before: source, after: answer.scopes.after, words: answer.scopes.words, levels: answer.scopes.levels });
  }
  room.tell("frame", { key: answer.key, at: asked.at, file: clip.file });
}

// --- the playhead ---
const PAUSE = "M7 4.5v11M13 4.5v11";
const step = () => 1 / (clip?.fps || 25);
const lastMoment = () => Math.max(0, (clip?.seconds || 0) - step() / 2);
function seek(to) {
  if (!clip) return;
  film.pause();
  at = within(to, 0, lastMoment());
  settle();
  ask();
}
const keep = debounce(() => { props.value = { ...(props.value || {}), moment: at }; }, 60);
function settle() {
  slider.value = String(at);
  paintRange(slider);
  when.textContent = clip ? `${moment(at)} / ${seconds(clip.seconds)}` : "";
  keep();
  room.tell("moment", { at });
}
function toggle() {
  if (!clip || !plays) return;
  if (!film.paused) { film.pause(); return; }
  film.currentTime = at >= lastMoment() - step() ? 0 : at;
  film.play().then(() => { film.hidden = false; layers(); }).catch(() => {});
}
film.addEventListener("play", () => { play.classList.add("ms-on"); play.title = "Pause (Space)"; fill(play, icon(PAUSE)); if (face === "grade") say("This plays the source; it stops to show the grade."); });
film.addEventListener("pause", () => { play.classList.remove("ms-on"); play.title = "Play the source (Space)"; fill(play, icon(ICONS.play)); if (face === "grade") say(""); at = within(film.currentTime, 0, lastMoment()); settle(); ask(); });
film.addEventListener("timeupdate", () => { if (!film.paused) { at = film.currentTime; slider.value = String(at); paintRange(slider); when.textContent = `${moment(at)} / ${seconds(clip.seconds)}`; room.tell("moment", { at }); } });
film.addEventListener("error", () => { if (film.getAttribute("src")) { plays = false; play.disabled = true; film.hidden = true; } });

// --- clips come in ---
async function take(file) {
  occupied("Reading…");
  say("");
  let sent;
  try { sent = await sendFile(file); } catch (problem) { occupied(""); say(TOO_LARGE, true); return; }
  props.value = { ...(props.value || {}), video: sent };
  trigger("video", {});
}

function showClip() {
  const shown = props.shown || {};
  if (!shown.stamp) return;
  occupied(shown.busy);
  if (shown.busy) return;
  say(shown.error || (shown.notes || []).join(" "), Boolean(shown.error));
  if (shown.error || !shown.file) return; // What was there stays.
  if (clip && clip.file.path === shown.file.path) { turned(shown); return; }
  clip = shown;
  name.textContent = name.title = shown.name || "";
  facts.textContent = shown.facts || "";
  plays = shown.playable;
  play.disabled = !plays;
  transport.hidden = hint.hidden = false;
  empty.hidden = strip.hidden = true; // the example's button stays in the head
  have = seen = "";
  source = null;
  before.src = shown.poster;
  before.hidden = false;
  after.removeAttribute("src");
  film.hidden = true;
  film.pause();
  if (plays) film.src = shown.file.url;
  else film.removeAttribute("src");
  frame.style.aspectRatio = String(within(shown.ratio || 16 / 9, 1.2, 2.4));
  slider.max = String(lastMoment());
  slider.step = String(Math.min(0.01, step() / 4));
  at = 0;
  settle();
  room.tell("clip", { file: shown.file, seconds: shown.seconds, fps: shown.fps, name: shown.name, playable: shown.playable, keep: shown.keep });
  document.querySelector("#gq-monitor .ms-monitor")?.dispatchEvent(new CustomEvent("clip", { detail: { path: shown.file.path } }));
  turned(shown);
  ask();
}

/** A clip may come with what is wanted of it. */
function turned(shown) {
  if (shown.face) turnTo(shown.face);
  if (shown.judge) { room.tell("judge", true); room.forget("judge"); }
}

function tryIt() {
  film.pause();
  occupied("Rendering the example…");
  say("");
  trigger("example", {});
}

for (const example of props.examples || []) {
  strip.append(h("button", { type: "button", class: "ms-try", "data-example": example.id, title: example.help,
    onclick: () => tryIt() },
  h("img", { src: example.thumbnail, alt: "" }), h("span", {}, h("b", {}, example.title), h("small", {}, example.help))));
}

watch("shown", showClip);
room.on("grade", () => ask());
room.on("scope", (kind) => { scope = kind; ask(); });
room.on("seek", ({ at: to }) => seek(to));
room.on("turn", (one) => turnTo(one));
turnTo("grade");
showClip();

document.addEventListener("keydown", (event) => {
  if (!hears(root, event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const range = event.target instanceof HTMLInputElement || event.target instanceof Element && event.target.closest("[role='slider'], .ms-curveplot");
  const pressed = event.target instanceof Element && event.target.closest("button, a, summary");
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const far = event.shiftKey ? 10 : 1;
  if (key === "g") turnTo("grade");
  else if (key === "q") turnTo("quality");
  else if (!clip) return;
  else if (key === " " && !pressed) toggle();
  else if (key === "ArrowLeft" && !range) seek(at - far * step());
  else if (key === "ArrowRight" && !range) seek(at + far * step());
  else if (key === "b" && face === "grade") show({ both: "after", after: "before", before: "both" }[side]);
  else return;
  event.preventDefault();
});
