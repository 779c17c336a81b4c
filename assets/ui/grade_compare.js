// Two clips: the one on show is the reference, another is measured against it frame by frame.

const root = element.querySelector(".ms-comparing");
const picker = h("input", { type: "file", class: "ms-file", "aria-label": "Choose a clip to compare", accept: "video/*,.mkv,.mov,.webm,.avi", onchange: () => { if (picker.files[0]) take(picker.files[0]); picker.value = ""; } });
const films = ["Reference", "Compared"].map((label, index) => ({ label, name: h("span", {}, label), film: h("video", { class: "ms-picture", muted: true, playsinline: true, preload: "auto", id: `gq-pair-${index}` }) }));
const choose = button("Choose a clip…", { symbol: "upload", kind: "plain", id: "gq-compare-choose", onclick: () => picker.click() });
const ours = button("With the result", { kind: "plain", id: "gq-compare-result", title: "Compare with what was rendered or mended last", onclick: () => begin("result") });
const stop = button("Cancel", { kind: "plain", hidden: true, onclick: () => trigger("stop", {}) });
const play = button("", { symbol: "play", kind: "quiet", title: "Play both", hidden: true, onclick: () => { const go = films[0].film.paused; for (const { film } of films) { if (go) { film.play().catch(() => {}); } else film.pause(); } } });
const EMPTY = "Measures, frame by frame, how far another clip differs from the one on show: VMAF, PSNR and SSIM. Choose a clip, or take the result.";
const note = h("p", { class: "ms-note", role: "status", id: "gq-compare-note" }, EMPTY);
const pair = h("div", { class: "ms-pair", hidden: true }, films.map(({ name, film }) => h("div", {}, h("div", { class: "ms-frame ms-screen" }, film), h("div", { class: "ms-label" }, name))));
const kinds = h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "Which measure" });
const plot = h("div", { class: "ms-curveplot", hidden: true, role: "img", "aria-label": "Likeness over time" });
const facts = h("dl", { class: "ms-comparefacts" });
const worst = h("div", { class: "ms-worst" });
root.append(h("header", { class: "ms-head" }, h("h2", {}, "Compare two clips"), play, h("div", { class: "ms-tools" }, stop, ours, choose)), picker, note, pair, facts, kinds, plot, worst);
kinds.hidden = true;
let shownKind = "", comparison = null;

function begin(kind) {
  if (!room.last.clip) { say("There is no clip yet. Choose one, or try the example.", true); return; }
  say("Comparing…");
  stop.hidden = false;
  if (kind === "result") trigger("compare_result", {});
  else trigger("compare", {});
}
function clear() {
  comparison = null;
  for (const node of [pair, play, kinds, plot]) node.hidden = true;
  for (const { film } of films) film.pause();
  fill(facts);
  fill(worst);
}
function say(text, bad = false) { note.textContent = text; note.classList.toggle("ms-bad", bad); }
async function take(file) {
  try { props.value = { video: await sendFile(file) }; } catch (problem) { say(TOO_LARGE, true); return; }
  begin("file");
}
function draw() {
  const curve = comparison?.curves[shownKind];
  plot.hidden = !curve;
  if (!curve) return;
  for (const one of kinds.children) one.setAttribute("aria-checked", String(one.dataset.kind === shownKind));
  const limit = { type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: curve.limit, y1: curve.limit, line: { color: "#ff8e7f", width: 1, dash: "dash" } };
  drawPlot(plot, [{ type: "scatter", mode: "lines", x: curve.seconds, y: curve.values, line: { color: "#63b3f5", width: 1.5 }, hovertemplate: `%{x:.2f} s: %{y:.4~g} ${curve.unit}<extra></extra>` }],
    plotLayout({ xaxis: { ticksuffix: " s" }, yaxis: { ticksuffix: curve.unit ? ` ${curve.unit}` : "", nticks: 5, automargin: true }, shapes: [limit], hovermode: "x", hoverdistance: -1,
      annotations: [{ xref: "paper", yref: "y", x: 1, y: curve.limit, text: "below this, one sees it", showarrow: false, xanchor: "right", yanchor: "top", font: { size: 10, color: "#ff8e7f" } }] }, 180));
}
/** Show a moment of the reference in both; the other may run some frames behind. */
function goTo(time) {
  for (const [index, { film }] of films.entries()) { film.pause(); film.currentTime = Math.max(0, time + (index ? comparison?.offset || 0 : 0)) + 1e-3; }
  room.tell("seek", { at: time });
}
plot.addEventListener("click", (event) => {
  const axis = plot._fullLayout?.xaxis;
  if (axis) goTo(Math.max(0, axis.p2d(event.clientX - plot.getBoundingClientRect().left - axis._offset)));
});

function show() {
  const shown = props.shown || {};
  if (!shown.stamp) return;
  if (shown.busy) { say(shown.busy); return; }
  stop.hidden = true;
  if (shown.error) clear();
  say(shown.error || shown.comparison?.words || "", Boolean(shown.error));
  if (!shown.comparison) return;
  comparison = shown.comparison;
  for (const [index, { name, film, label }] of films.entries()) { film.src = comparison.files[index].url; name.textContent = `${label}: ${comparison.names[index]}`; name.title = comparison.names[index]; }
  pair.hidden = play.hidden = kinds.hidden = false;
  fill(kinds, Object.entries(comparison.curves).map(([kind, curve]) => h("button", { type: "button", role: "radio", "data-kind": kind, onclick: () => { shownKind = kind; draw(); } }, curve.label)));
  if (!comparison.curves[shownKind]) shownKind = Object.keys(comparison.curves)[0] || "";
  fill(facts, comparison.facts.map(([label, value]) => h("div", {}, h("dt", {}, label), h("dd", {}, value))));
  fill(worst, comparison.worst.length ? h("span", { class: "ms-soft" }, "Largest differences") : null, comparison.worst.map((one, index) => button(`${index + 1} · ${moment(one.time)} s`, { kind: "plain", title: one.words, "data-worst": one.time, onclick: () => goTo(one.time) })));
  draw();
}
room.on("clip", (clip) => {
  if (!comparison || comparison.files[0].path === clip.file.path) return;
  clear(); // it was about another clip
  say(EMPTY);
});
watch("shown", show);
show();
followWidth(plot);
