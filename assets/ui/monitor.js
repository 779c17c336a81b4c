// The programme monitor: what will come out, Preview, Render, progress with cancel, the finished clip,
// and what was measured about it.

const root = element.querySelector(".ms-monitor");
const names = props.prefix || "ms"; // a page may hold several monitors
const words = { empty: "Preview or render to see the camera move", preview: "Preview", render: "Render", previewHelp: "A small clip in a moment (P)", renderHelp: "The finished clip (R)", ...(props.words || {}) };
const film = h("video", { class: "ms-picture", controls: true, loop: true, muted: true, playsinline: true, autoplay: true, id: `${names}-result`, hidden: true });
const still = h("img", { class: "ms-picture", hidden: true, alt: "The finished animation" });
const parcel = h("div", { class: "ms-empty", hidden: true }, icon(ICONS.film, 28), h("strong", {}, "Ready to download"),
  h("span", {}, "This format does not play in a browser."));
const empty = h("div", { class: "ms-empty" }, icon(ICONS.film, 28), h("span", {}, words.empty));
const backdrop = h("img", { class: "ms-picture ms-backdrop", alt: "", hidden: true });
const meter = h("progress", { class: "ms-meter", max: "1", value: "0" });
const stage = h("span", { class: "ms-stagename" });
const left = h("span", { class: "ms-left" });
const cancel = button("Cancel", { kind: "plain", id: `${names}-cancel`, title: "Cancel (Esc)", onclick: () => { if (working) { trigger("cancel", {}); stage.textContent = "Stopping…"; } } });
const progress = h("div", { class: "ms-progress", hidden: true, "aria-live": "polite" },
  h("div", { class: "ms-label" }, stage, left), meter, cancel);
const badge = h("span", { class: "ms-badge", hidden: true });
const save = h("a", { class: "ms-button ms-plain", hidden: true, id: `${names}-download` }, icon(ICONS.save), h("span", {}, "Download"));
const stale = h("p", { class: "ms-stale", id: `${names}-stale`, role: "status", hidden: true }, "Made with earlier settings");
const framing = h("p", { class: "ms-framing", id: `${names}-framing`, role: "status", hidden: true });
const summary = h("p", { class: "ms-summary", id: `${names}-summary`, role: "status" });
const warnings = h("ul", { class: "ms-warnings" });
const preview = button(words.preview, { symbol: "play", kind: "second", id: `${names}-preview`, title: words.previewHelp, onclick: () => start("preview") });
const render = button(words.render, { symbol: "film", kind: "primary", id: `${names}-render`, title: words.renderHelp, onclick: () => start("render") });
const failure = h("p", { class: "ms-note ms-bad", role: "alert", id: `${names}-failure` });
const told = h("p", { class: "ms-note", role: "status", id: `${names}-told` });
const more = h("span", { class: "ms-tools" }); // further files to download
const shots = h("div", { class: "ms-shots", hidden: true });
const asides = h("ul", { class: "ms-notes" });
const onward = button("Smooth or slow down", { symbol: "wave", kind: "plain", class: "ms-button ms-plain ms-onward", id: `${names}-onward`, hidden: true,
  title: "Take this clip to the Interpolate tab: more frames a second, slow motion, speed ramps",
  onclick: () => { trigger("onward", {}); openTab("Interpolate"); } });
const colour = button(words.colour || "Grade or judge", { symbol: "drop", kind: "plain", class: "ms-button ms-plain ms-onward", id: `${names}-colour`, hidden: true,
  title: "Take this clip to the Grade & Quality tab: colours, scopes, a report of its quality",
  onclick: () => { trigger("colour", {}); openTab("Grade & Quality"); } });
const sequence = words.sequence ? button(words.sequence, { symbol: "plus", kind: "plain", class: "ms-button ms-plain ms-onward", id: `${names}-sequence`,
  title: "This photo with this camera as another shot of the Sequence tab's film", onclick: () => { openTab("Sequence"); trigger("sequence", {}); } }) : null;
const judge = words.judge ? button(words.judge, { symbol: "film", kind: "second", class: "ms-button ms-second ms-onward", id: `${names}-judge-result`, hidden: true,
  title: "Take it as the source and measure its quality", onclick: () => trigger("colour", { judge: true }) }) : null;
const report = h("section", { class: "ms-report", hidden: true, "aria-label": "What was measured" });
const hint = h("p", { class: "ms-keys" }, ...[["P", "preview"], ["R", "render"], ["Esc", "cancel"], ["Ctrl Z", "undo"]].flatMap(
  ([key, what]) => h("span", {}, h("kbd", {}, key), ` ${what} `)));
root.append(
  h("header", { class: "ms-head" }, h("h2", {}, "Result"), badge, h("div", { class: "ms-tools" }, more, save)),
  h("div", { class: "ms-frame ms-screen" }, backdrop, empty, film, still, parcel, stale, progress),
  shots, framing, h("div", { id: `${names}-settings` }), summary, warnings, asides, h("div", { class: "ms-actions" }, preview, render), failure, told, h("div", { class: "ms-onwards" }, ...[judge, colour, onward, sequence].filter(Boolean)), hint, report);

let working = false;
let failedWith = ""; // the mark of the settings that could not be made
let made = ""; // the mark of the settings that the clip on show was made with
let current = null; // the clip on show

function openTab(name) {
  [...document.querySelectorAll('#tabs button[role="tab"]')].find((tab) => tab.textContent.trim() === name)?.click();
  window.scrollTo(0, 0);
}

function start(kind) {
  if (working || (kind === "preview" && preview.hidden)) return;
  begin();
  const styles = styleDesk();
  if (kind === "preview") trigger("preview_shot", { styles });
  else if (kind === "guide") trigger("render_guide", { styles });
  else if (kind === "again") trigger("render_again", { styles, token: takeToken() });
  else trigger("render_shot", { styles, token: takeToken() });
}

/** The token that was typed for this one call; its field is empty afterwards. */
function takeToken() {
  const field = root.querySelector("input[data-token]");
  const token = field ? field.value.trim() : "";
  if (field) field.value = "";
  return token;
}
document.addEventListener("ms-begin", ({ detail: [whose, kind] }) => { if (whose === names && root.isConnected) start(kind); });

/** Work begins, here or, by the event of that name, in another panel. */
function begin() {
  working = true;
  failure.textContent = told.textContent = "";
  const box = root.getBoundingClientRect();
  step({ stage: "Starting", done: 0, total: 0 });
  if (box.top > window.innerHeight * 0.6) root.scrollIntoView({ behavior: "smooth", block: "start" });
  else progress.parentElement.scrollIntoView({ behavior: "smooth", block: "nearest" });
}
root.addEventListener("begin", begin);

/** Another clip is being worked on: what was made of the one before goes, unless it is that clip. */
root.addEventListener("clip", ({ detail }) => {
  if (!current) return;
  if (current.file.path === detail.path) { made = ""; mark(); return; }
  current = null;
  made = "";
  film.pause();
  film.removeAttribute("src");
  for (const node of [film, still, parcel, badge, save, onward, colour, judge, report, framing, shots, stale]) if (node) node.hidden = true;
  fill(more);
  empty.hidden = false;
  if (!working) props.value = { phase: "idle" };
});

function step(report) {
  progress.hidden = false;
  ready();
  stage.textContent = report.total ? `${report.stage} · ${report.done} of ${report.total}` : `${report.stage}…`;
  left.textContent = report.left === null || report.left === undefined ? "" : report.left < 1 ? "almost there" : report.left > 99 ? `about ${Math.round(report.left / 60)} min left` : `${Math.ceil(report.left)} s left`;
  if (report.total) meter.value = report.done / report.total;
  else meter.removeAttribute("value");
}

function rest() {
  working = false;
  progress.hidden = true;
  ready();
}

/** The buttons rest while work goes on, and while there is nothing to work on. */
function ready() {
  preview.disabled = render.disabled = working || (props.summary || {}).ready === false;
}

function showClip(result) {
  current = result;
  const url = result.file.url;
  const kind = result.playable;
  empty.hidden = backdrop.hidden = true;
  film.hidden = kind !== "video";
  still.hidden = kind !== "image";
  parcel.hidden = kind !== "none";
  if (kind === "video") { film.src = url; film.play().catch(() => {}); } else film.removeAttribute("src");
  if (kind === "image") still.src = url;
  save.href = url;
  save.setAttribute("download", result.name);
  save.hidden = false;
  onward.hidden = !result.onward;
  colour.hidden = !(result.onward || result.film);
  if (judge) judge.hidden = colour.hidden;
  fill(more, (result.files || []).map((one) => h("a", { class: "ms-button ms-plain", href: one.file.url, download: one.name }, icon(ICONS.save), h("span", {}, one.label))));
  fill(shots, (result.shots || []).map(({ url, time }, index) => h("button", { type: "button", title: `Show picture ${index + 1}`, onclick: () => { film.pause(); film.currentTime = time + 1e-3; } }, h("img", { src: url, alt: "" }))));
  shots.hidden = !(result.shots || []).length;
  badge.hidden = false;
  badge.textContent = result.badge;
  badge.classList.toggle("ms-final", result.final);
  fill(report,
    result.verdict ? h("div", { class: `ms-verdict ms-${result.verdict.tone}` }, h("h3", {}, result.verdict.title), h("p", {}, result.verdict.text)) : null,
    h("dl", {}, (result.facts || []).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    (result.attempts || []).length ? h("ol", { class: "ms-attempts", "aria-label": "Attempts" }, result.attempts.map((one) => h("li", { class: one.passed ? "ms-passed" : "" }, h("b", {}, `${one.title} · ${one.score}`), one.why ? ` ${one.why}` : ""))) : null,
    (result.notes || []).length ? h("ul", { class: "ms-notes" }, result.notes.map((note) => h("li", {}, note))) : null);
  report.hidden = false;
  fill(framing, (result.framing || []).map((note) => h("span", {}, note)));
  framing.hidden = !framing.textContent;
  made = result.key || "";
  mark();
}

/** A file that is no clip goes to whoever asked for it; what is on show stays. */
function saveFile(value) {
  const link = h("a", { href: value.file.url, download: value.name });
  document.body.append(link);
  link.click();
  link.remove();
  told.textContent = [value.words, value.about].filter(Boolean).join(" ");
  props.value = current ? { ...current, again: true } : { phase: "idle", again: true };
}

function show() {
  const value = props.value || {};
  if (value.phase === "working") {
    if (working) step(value);
    return;
  }
  if (value.again) return;
  rest();
  const stopped = value.phase === "stopped";
  failure.textContent = value.phase === "failed" ? value.message : "";
  told.textContent = stopped ? "Cancelled." : "";
  failedWith = value.key || (props.summary || {}).key;
  if (stopped && current) props.value = { ...current, again: true }; // it can still be taken further
  if (value.phase === "file") saveFile(value);
  if (value.phase === "done") showClip(value);
}

/** A clip that the settings have moved on from says so; it goes on playing for comparison. */
function mark() {
  const now = (props.summary || {}).key;
  stale.hidden = !made || !now || made === now;
}

/** Until there is a clip, the photo stands where it will play, as if the lights were still low. */
function dim() {
  const photo = document.querySelector(words.backdrop || "#photo img.ms-picture");
  if (empty.hidden || !photo || !photo.src) return;
  backdrop.src = photo.src;
  backdrop.hidden = false;
}

function showSummary() {
  dim();
  mark();
  const said = props.summary || {};
  ready();
  if (said.key !== failedWith) failure.textContent = told.textContent = ""; // it was about something else
  summary.textContent = said.error || said.sentence || "";
  summary.classList.toggle("ms-bad", Boolean(said.error));
  fill(warnings, (said.warnings || []).map((warning) => h("li", {}, warning)));
  fill(asides, (said.notes || []).map((note) => h("li", {}, note)));
  preview.hidden = hint.firstChild.hidden = said.preview === false;
  empty.lastChild.textContent = (preview.hidden && words.emptyAlone) || words.empty;
  preview.parentElement.classList.toggle("ms-alone", preview.hidden);
}

watch("value", show);
watch("summary", showSummary);
showSummary();
setTimeout(dim, 400);
document.dispatchEvent(new CustomEvent("ms-slot", { detail: names }));

document.addEventListener("keydown", (event) => {
  if (!root.isConnected || root.offsetParent === null || isTyping(event)) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "p") preview.click();
  else if (key === "r") render.click();
  else if (key === "escape") cancel.click();
  else return;
  event.preventDefault();
});
