// The report card: fit for use or not and why, the five metrics, what was found and where, and what would
// help.

const root = element.querySelector(".ms-gradereport");
const FIXES = { deflicker: "Deflicker", stabilise: "Stabilise", denoise: "Denoise", match: "Match colour", interpolate: "Smooth in Interpolate" };
const go = button("Judge this clip", { symbol: "film", kind: "primary", id: "gq-judge", title: "Measure sharpness, colour, motion, flicker and artifacts (J)", onclick: () => judge() });
const stop = button("Cancel", { kind: "plain", id: "gq-judge-cancel", onclick: () => { stage.textContent = "Stopping…"; trigger("stop", {}); } });
const stage = h("span", { class: "ms-stagename" });
const left = h("span", { class: "ms-left" });
const meter = h("progress", { class: "ms-meter", max: "1", value: "0" });
const progress = h("div", { class: "ms-judging", hidden: true, "aria-live": "polite" }, h("div", {}, h("div", { class: "ms-label" }, stage, left), meter), stop);
const trouble = h("p", { class: "ms-note ms-bad", role: "alert", id: "gq-judge-failure" });
const card = h("div", { class: "ms-card", hidden: true });
const none = h("p", { class: "ms-lead" }, "Five measurements with reasons: how sharp it is, whether its colours hold, how evenly it moves, flicker, and artifacts. Nothing is sent anywhere.");
root.append(h("header", { class: "ms-head" }, h("h2", {}, "Quality")), go, progress, trouble, none, card);
let judging = false;
let judged = "", earlier = "", before = ""; // the file that the card is about; what the one before it came to

function judge() {
  if (judging || !room.last.clip) { if (!room.last.clip) trouble.textContent = "There is no clip yet. Choose one, or try the example."; return; }
  judging = true;
  trouble.textContent = "";
  step({ stage: "Starting" });
  trigger("judge", {});
}
function step(report) {
  progress.hidden = false;
  go.hidden = true;
  stage.textContent = report.total ? `${report.stage} · ${report.done} of ${report.total}` : `${report.stage}…`;
  left.textContent = report.left === null || report.left === undefined ? "" : `${Math.ceil(report.left)} s left`;
  if (report.total) meter.value = report.done / report.total;
  else meter.removeAttribute("value");
}

/** A bar as long as its number; its colour says how good that is. */
function bar(metric) {
  const good = metric.lower ? 1 - metric.value : metric.value;
  const tone = good >= 0.8 ? "good" : good >= 0.5 ? "fair" : "poor";
  return h("div", { class: `ms-metric ms-${tone}`, "data-metric": metric.name },
    h("div", { class: "ms-label" }, h("span", { title: metric.help }, metric.label), h("output", {}, metric.text, metric.lower ? h("small", {}, " lower is better") : null)),
    h("div", { class: "ms-bar", role: "img", "aria-label": `${metric.label} ${metric.text}` }, h("i", { style: { width: `${Math.round(metric.value * 100)}%` } })), h("p", {}, metric.words));
}

function finding(one) {
  const spots = one.spans.slice(0, 4).map(([from, to]) => button(to - from < 0.06 ? `${moment(from)} s` : `${moment(from)}–${moment(to)} s`, { kind: "plain", title: "Show it", onclick: () => { room.tell("seek", { at: from }); room.tell("curve", one.curve); } }));
  return h("li", { class: `ms-finding${one.fatal ? " ms-fatal" : ""}`, "data-defect": one.defect },
    h("button", { type: "button", class: "ms-moment", title: `Show ${moment(one.worst)} s`, onclick: () => { room.tell("seek", { at: one.worst }); room.tell("curve", one.curve); } },
      one.thumbnail ? h("img", { src: one.thumbnail, alt: "" }) : h("span", {}, moment(one.worst))),
    h("div", {}, h("b", {}, one.label), h("p", {}, one.words), h("div", { class: "ms-spots" }, spots, one.spans.length > 4 ? h("span", { class: "ms-soft" }, `and ${one.spans.length - 4} more`) : null)),
    one.fix ? button(FIXES[one.fix] || one.fix, { kind: "second", "data-fix": one.fix, title: one.fix === "interpolate" ? "Take this clip to the Interpolate tab" : "Make a mended clip; this one stays as it is", onclick: () => mend(one.fix) }) : null);
}

function mend(fix) {
  if (fix === "interpolate") {
    trigger("onward", {});
    [...document.querySelectorAll('#tabs button[role="tab"]')].find((tab) => tab.textContent.trim() === "Interpolate")?.click();
    return;
  }
  beginWork();
  document.querySelector("#gq-monitor")?.scrollIntoView({ behavior: "smooth", block: "nearest" });
  trigger("repair", { fix });
}

function showCard(report) {
  if (judged !== report.file) before = earlier;
  judged = report.file;
  earlier = `${room.last.clip?.name || "The clip"} came to ${report.text}, ${report.gate.passed ? "fit" : "not fit"} for use.`;
  const ring = h("div", { class: "ms-ring", role: "img", "aria-label": `Overall ${report.text}` }, h("b", {}, report.text), h("small", {}, "overall"));
  ring.style.setProperty("--share", `${Math.round(report.overall * 100)}%`);
  fill(card,
    h("div", { class: `ms-score ${report.gate.passed ? "ms-good" : "ms-poor"}` },
      ring,
      h("div", {}, h("h3", {}, report.gate.passed ? "Fit for use" : "Not fit for use"), report.gate.reasons.length ? h("ul", { class: "ms-notes" }, report.gate.reasons.map((one) => h("li", {}, one))) : h("p", {}, "No defect that would spoil it."),
        report.threshold ? h("p", { class: "ms-soft" }, report.threshold) : null, before ? h("p", { class: "ms-soft", "data-earlier": "" }, `Judged before: ${before}`) : null)),
    h("div", { class: "ms-metrics" }, report.metrics.map(bar)),
    report.findings.length ? h("h3", {}, report.findings.length === 1 ? "What was found" : `What was found, worst first`) : null,
    report.findings.length ? h("ul", { class: "ms-findings" }, report.findings.map(finding)) : null,
    report.camera ? h("p", { class: "ms-lead" }, report.camera) : null,
    report.notes.length ? h("ul", { class: "ms-notes" }, report.notes.map((one) => h("li", {}, one))) : null,
    h("p", { class: "ms-soft" }, report.facts),
    h("div", { class: "ms-row" }, button("Judge again", { kind: "plain", onclick: () => judge() }), button("Save the report", { symbol: "save", kind: "plain", id: "gq-report-save", onclick: () => saveText("quality.json", JSON.stringify(report.plain, null, 1), "application/json") })));
  card.hidden = false;
  none.hidden = true;
  go.hidden = true;
  room.tell("report", report);
}

function show() {
  const shown = props.shown || {};
  if (!shown.stamp) return;
  if (shown.progress) { if (judging) step(shown.progress); return; }
  judging = false;
  progress.hidden = true;
  go.hidden = !card.hidden && judged === room.last.clip?.file.path;
  trouble.textContent = shown.error || "";
  if (shown.report) showCard(shown.report);
}

room.on("clip", (clip) => {
  trouble.textContent = "";
  props.value = { file: clip.file };
  card.hidden = !judged || judged !== clip.file.path; // the report of another clip would mislead
  none.hidden = !card.hidden;
  go.hidden = judging || !card.hidden;
});
room.on("judge", () => judge());
watch("shown", show);
show();

document.addEventListener("keydown", (event) => {
  if (!hears(root, event) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key.toLowerCase() !== "j") return;
  event.preventDefault();
  judge();
});
