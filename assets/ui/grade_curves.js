// The evidence: one measurement over the time of the clip, its limit, and the spans that were found. A click
// goes to that moment.

const root = element.querySelector(".ms-curves");
const chips = h("div", { class: "ms-chips", role: "radiogroup", "aria-label": "Which measurement" });
const EMPTY = "After judging, this shows what was measured over time. Click it to go to that moment.";
const words = h("p", { class: "ms-hint" }, EMPTY);
const plot = h("div", { class: "ms-curveplot", tabindex: "0", role: "img", "aria-label": "What was measured, over the time of the clip" });
const shots = h("div", { class: "ms-shots", hidden: true });
root.append(h("header", { class: "ms-head" }, h("h2", {}, "Over time"), chips), words, plot, shots);
plot.hidden = true;
let report = null, lit = "", head = 0;

function draw() {
  if (!report || !report.curves[lit]) return;
  const curve = report.curves[lit];
  plot.hidden = false;
  words.textContent = curve.words;
  for (const chip of chips.children) chip.setAttribute("aria-checked", String(chip.dataset.curve === lit));
  const spans = report.findings.filter((one) => one.curve === lit).flatMap((one) => one.spans);
  const top = Math.max(curve.limit * 1.5, ...curve.values.map((one) => (one ?? 0) * 1.1), 1e-6), low = Math.min(0, ...curve.values.map((one) => (one ?? 0) * 1.1));
  plot.ownShapes = [
    ...spans.map(([from, to]) => ({ type: "rect", xref: "x", yref: "paper", x0: Math.max(0, from - 0.02), x1: to + 0.02, y0: 0, y1: 1, fillcolor: "rgba(255,142,127,0.16)", line: { width: 0 }, layer: "below" })),
    { type: "line", xref: "paper", yref: "y", x0: 0, x1: 1, y0: curve.limit, y1: curve.limit, line: { color: "#ff8e7f", width: 1, dash: "dash" } },
    ...report.cuts.map((time) => ({ type: "line", xref: "x", yref: "paper", x0: time, x1: time, y0: 0, y1: 1, line: { color: "#63b3f5", width: 1, dash: "dot" } })),
  ];
  const layout = plotLayout({ xaxis: { range: [0, Math.max(report.seconds, 0.1)], ticksuffix: " s" }, yaxis: { range: [low, top], ticksuffix: curve.unit ? ` ${curve.unit}` : "", nticks: 5, automargin: true },
    annotations: [{ xref: "paper", yref: "y", x: 1, y: curve.limit, text: "limit", showarrow: false, xanchor: "right", yanchor: "bottom", font: { size: 10, color: "#ff8e7f" } }],
    hovermode: "x", hoverdistance: -1 }, 200);
  layout.shapes = [...plot.ownShapes, line()];
  drawPlot(plot, [{ type: "scatter", mode: "lines", x: curve.seconds, y: curve.values, connectgaps: false, line: { color: "#ffb454", width: 1.5 }, fill: "tozeroy", fillcolor: "rgba(255,180,84,0.14)",
    hovertemplate: `%{x:.2f} s: %{y:.3~g} ${curve.unit}<extra></extra>` }], layout);
}
const line = () => ({ type: "line", xref: "x", yref: "paper", x0: head, x1: head, y0: 0, y1: 1, line: { color: "#ecebe7", width: 1 } });
const follow = debounce(() => { if (plot._fullLayout && report && root.offsetParent) Plotly.relayout(plot, { shapes: [...plot.ownShapes, line()] }); }, 30);

plot.addEventListener("click", (event) => {
  const axis = plot._fullLayout?.xaxis;
  if (axis && report) room.tell("seek", { at: within(axis.p2d(event.clientX - plot.getBoundingClientRect().left - axis._offset), 0, report.seconds) });
});
plot.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || !report) return;
  event.preventDefault();
  event.stopPropagation();
  room.tell("seek", { at: within(head + by * (event.shiftKey ? 1 : 0.1), 0, report.seconds) });
});

room.on("report", (given) => {
  report = given;
  const names = Object.keys(given.curves), found = given.findings.map((one) => one.curve).filter((one) => names.includes(one));
  const order = [...new Set([...found, ...names])];
  fill(chips, order.map((name) => h("button", { type: "button", role: "radio", "data-curve": name, class: found.includes(name) ? "ms-hit" : "", onclick: () => { lit = name; draw(); } }, given.curves[name].label)));
  lit = order[0] || ""; // what is worst
  fill(shots, given.findings.filter((one) => one.thumbnail).map((one) => h("button", { type: "button", title: one.words, "data-worst": one.worst, onclick: () => { room.tell("seek", { at: one.worst }); if (given.curves[one.curve]) { lit = one.curve; draw(); } } }, h("img", { src: one.thumbnail, alt: one.label }), h("small", {}, `${moment(one.worst)} s`))));
  shots.hidden = !shots.children.length;
  draw();
});
room.on("clip", (clip) => {
  if (!report || report.file === clip.file.path) return;
  report = null; // of another clip
  room.forget("report");
  plot.hidden = shots.hidden = true;
  fill(chips);
  words.textContent = EMPTY;
});
room.on("curve", (name) => { if (report?.curves[name]) { lit = name; draw(); } });
room.on("face", (face) => { if (face === "quality") setTimeout(draw, 30); });
room.on("moment", ({ at }) => { head = at; follow(); });
followWidth(plot);
