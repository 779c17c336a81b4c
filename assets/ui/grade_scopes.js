// Scopes of the picture under the playhead: the source beside the result.

const root = element.querySelector(".ms-scopes");
const KINDS = [
  ["waveform", "Waveform", "Brightness from left to right of the picture (1)"],
  ["parade", "Parade", "Red, green and blue beside each other (2)"],
  ["vectorscope", "Vectorscope", "Which colours and how strong; faces lie along the line (3)"],
  ["histogram", "Histogram", "How much there is of each level (4)"],
];
const tabs = h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "Which scope" }, KINDS.map(([id, label, help]) =>
  h("button", { type: "button", role: "radio", "data-scope": id, title: help, onclick: () => turnTo(id) }, label)));
const words = h("span", { class: "ms-name", role: "status" });
const screens = ["Source", "Result"].map((label) => ({ plot: h("div", { class: "ms-scope", role: "img", "aria-label": `${label}: nothing yet` }), label }));
const grid = h("div", { class: "ms-scopegrid", hidden: true }, screens.map(({ plot, label }) => h("div", {}, h("div", { class: "ms-label" }, h("span", {}, label)), plot)));
const none = h("p", { class: "ms-note" }, "With a clip, these show the levels and colours under the playhead, before and after the grade.");
root.append(h("header", { class: "ms-head" }, h("h2", {}, "Scopes"), tabs, words),
  none, grid);

function turnTo(kind) {
  for (const tab of tabs.children) tab.setAttribute("aria-checked", String(tab.dataset.scope === kind));
  room.tell("scope", kind);
}

function draw({ kind, before, after, words: said }) {
  const lit = tabs.querySelector("[aria-checked='true']")?.dataset.scope;
  if (kind && kind !== lit) return; // of the one before
  none.hidden = true;
  grid.hidden = false;
  // Two histograms on one scale can be held against each other.
  const tops = kind === "histogram" ? [before, after].map((one) => one?.layout?.yaxis?.range?.[1] || 0) : [];
  for (const [index, figure] of [before, after].entries()) {
    if (!figure) continue;
    const { plot, label } = screens[index];
    const layout = plotLayout(figure.layout, plot.clientHeight || 190);
    if (tops.length) layout.yaxis = { ...layout.yaxis, range: [0, Math.max(...tops)] };
    if (kind === "vectorscope") layout.margin = { l: 4, r: 4, t: 4, b: 4 };
    if (kind === "waveform" || kind === "parade") layout.margin = { ...layout.margin, b: 6 };
    drawPlot(plot, figure.data, layout);
    plot.setAttribute("aria-label", `${kind} of the ${label.toLowerCase()}`);
  }
  words.textContent = said || "";
}

room.on("scopes", draw);
for (const { plot } of screens) followWidth(plot);
turnTo("waveform");

document.addEventListener("keydown", (event) => {
  if (!hears(root, event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const chosen = KINDS[Number(event.key) - 1];
  if (!chosen) return;
  event.preventDefault();
  turnTo(chosen[0]);
});
