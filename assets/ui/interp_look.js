// A closer look: the motion at a moment as colours or arrows, what the next picture hides, and the new
// frames beside the old ones; and below it how sure each new frame is, to click on.

const root = element.querySelector(".ms-look");
const VIEWS = [
  ["wheel", "Motion", "Colour says which way, strength how far (1)"],
  ["arrows", "Arrows", "Which way and how far, as arrows (2)"],
  ["hidden", "Hidden", "What the next picture does not show (3)"],
  ["compare", "Compare", "Before and after: repeated frames beside the new ones, slowed (4)"],
];
let view = "wheel";
let at = 0; // seconds of the source
let ready = false; // something is there to look at
let waiting = 0;
let asked = 0; // number of the latest question; answers to earlier ones come too late
let awaiting = false; // whether it is still unanswered
let again = 0;

const tabs = h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "What to look at" }, VIEWS.map(([id, label, help]) =>
  h("button", { type: "button", role: "radio", "data-view": id, title: help, onclick: () => turnTo(id) }, label)));
const when = h("span", { class: "ms-name" });
const picture = h("img", { class: "ms-picture", alt: "", hidden: true });
const film = h("video", { class: "ms-picture", muted: true, loop: true, autoplay: true, playsinline: true, controls: true, hidden: true, id: "ip-compare" });
const words = h("span", {}, "Load a clip to see how everything in it moves");
const empty = h("div", { class: "ms-empty" }, icon(ICONS.wave, 26), words);
const busy = h("div", { class: "ms-busy", hidden: true }, h("i"), h("span", {}, "Looking…"));
const frame = h("div", { class: "ms-frame ms-screen" }, empty, picture, film, busy);
const caption = h("p", { class: "ms-hint", role: "status" });
const plot = h("div", { class: "ms-doubtplot", tabindex: "0", role: "img", "aria-label": "How unsure each new frame is, over the time of the clip" });
const none = h("p", { class: "ms-hint" }, "After a preview or a render, this curve shows where the new frames are in doubt. Click it to go there; the keys 1 to 4 change the view.");
const worst = h("div", { class: "ms-worst" });
const verdict = h("p", { class: "ms-lead" });
const doubtBox = h("div", { class: "ms-doubt" }, h("div", { class: "ms-label" }, h("span", {}, "Doubt: how much of the picture is unsure")), none, plot, verdict, worst);
const grid = h("div", { class: "ms-lookgrid" }, h("div", {}, frame, caption), doubtBox);
root.append(h("header", { class: "ms-head" }, h("h2", {}, "Look closer"), tabs, when), grid);
film.addEventListener("loadedmetadata", () => { frame.style.aspectRatio = `${film.videoWidth} / ${film.videoHeight}`; });
picture.addEventListener("load", () => { frame.style.aspectRatio = String(within(picture.naturalWidth / picture.naturalHeight, 1.2, 2.4)); });

const player = () => document.getElementById("ip-result");

function turnTo(kind) {
  view = kind;
  for (const tab of tabs.children) tab.setAttribute("aria-checked", String(tab.dataset.view === kind));
  ask(true);
}

function showWhen() {
  when.textContent = !ready ? "" : bus.last.mode === "pictures" ? "from the first to the last" : `at ${moment(at)} s of the source`;
}

/** Ask for the picture of this moment, once the hand rests. */
const ask = (now = false) => { if (ready) (now ? request : later)(); };
const later = debounce(() => request(), 350);
function request() {
  if (root.offsetParent === null) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => { busy.hidden = false; }, 200);
  if (view === "compare") busy.lastChild.textContent = "Making the comparison…";
  else busy.lastChild.textContent = "Looking…";
  asked += 1;
  awaiting = true;
  clearTimeout(again);
  trigger("look", { view, at, asked, layout: root.clientWidth < 560 ? "split" : "beside" });
}

function show() {
  const shown = props.shown || {};
  if (!shown.stamp) return;
  if (shown.asked !== asked) {
    // Two answers at once reach the page as one: if the latest was lost in it, ask once more.
    clearTimeout(again);
    again = setTimeout(() => { if (awaiting) request(); }, 1500);
    return;
  }
  clearTimeout(again);
  if (shown.progress) { busy.hidden = false; busy.lastChild.textContent = shown.progress; return; }
  awaiting = false;
  clearTimeout(waiting);
  busy.hidden = true;
  caption.textContent = shown.error || shown.caption || "";
  caption.classList.toggle("ms-bad", Boolean(shown.error));
  if (shown.error) return;
  empty.hidden = true;
  picture.hidden = !shown.picture;
  film.hidden = !shown.file;
  if (shown.picture) { picture.src = shown.picture; picture.alt = shown.caption || ""; film.pause(); }
  grid.classList.toggle("ms-wide", Boolean(shown.file));
  if (shown.file) { film.src = shown.file.url; film.play().catch(() => {}); }
}

// --- the curve of doubt ---
let times = { shown: [], source: [] };

/** The moment of the source that a moment of the result shows. */
function sourceOf(time) {
  const { shown, source } = times;
  if (!shown.length) return time;
  let index = shown.findIndex((one) => one > time);
  if (index < 0) index = shown.length - 1;
  if (index === 0) return source[0];
  const share = within((time - shown[index - 1]) / Math.max(1e-9, shown[index] - shown[index - 1]), 0, 1);
  return source[index - 1] + (source[index] - source[index - 1]) * share;
}

function goTo(time) {
  const film = player();
  if (film && film.getAttribute("src")) { film.pause(); film.currentTime = Math.max(0, time + 1e-3); }
  at = sourceOf(time);
  bus.tell("seek", { at });
  showWhen();
  showHead(time);
  ask();
}

function showHead(time) {
  if (!plot._fullLayout || !times.shown.length) return;
  const line = { type: "line", xref: "x", yref: "paper", x0: time, x1: time, y0: 0, y1: 1, line: { color: "#ecebe7", width: 1 } };
  Plotly.relayout(plot, { shapes: [...(plot.ownShapes || []), line] });
}

async function showDoubt() {
  const doubt = props.doubt || {};
  const figure = doubt.figure;
  none.hidden = Boolean(figure);
  plot.hidden = !figure;
  verdict.textContent = doubt.words || "";
  fill(worst, (doubt.worst || []).map((one, index) => button(`${index + 1} · ${moment(one.time)} s`, { kind: "plain", title: one.words, "data-worst": one.time, onclick: () => goTo(one.time) })));
  if (!figure) { times = { shown: [], source: [] }; return; }
  times = doubt.times || times;
  if (!window.Plotly) { plot.hidden = true; return; }
  const axis = { gridcolor: "#262a33", zerolinecolor: "#363c49", linecolor: "#363c49", color: "#a6abb7", tickfont: { size: 11 }, fixedrange: true };
  const layout = {
    ...figure.layout, height: 190, autosize: true, margin: { l: 44, r: 14, t: 12, b: 26 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "#0e1014", showlegend: false, title: undefined,
    font: { color: "#a6abb7", size: 11 }, hovermode: "x", hoverdistance: -1, dragmode: false,
    xaxis: { ...(figure.layout || {}).xaxis, ...axis },
    yaxis: { ...(figure.layout || {}).yaxis, ...axis },
  };
  plot.ownShapes = (figure.layout || {}).shapes || [];
  await Plotly.react(plot, figure.data, layout, { displayModeBar: false, responsive: true });
  if (plot.heard) return;
  plot.heard = true;
  // Anywhere in the plot counts, not only on the line: a good clip's line lies at the very bottom.
  plot.addEventListener("click", (event) => {
    const axis = plot._fullLayout.xaxis;
    const time = axis.p2d(event.clientX - plot.getBoundingClientRect().left - axis._offset);
    goTo(within(time, 0, times.shown.at(-1) ?? 0));
  });
}

plot.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by || !times.shown.length) return;
  event.preventDefault();
  event.stopPropagation();
  goTo(within((player()?.currentTime || 0) + by * (event.shiftKey ? 1 : 0.1), 0, times.shown.at(-1)));
});

// --- what the other panels do ---
// A panel that comes late hears the latest of each in this order: the mode empties, the others fill.
bus.on("mode", (mode) => {
  const pictures = mode === "pictures";
  tabs.lastChild.hidden = doubtBox.hidden = pictures;
  grid.classList.toggle("ms-lone", pictures);
  ready = false;
  if (pictures && view === "compare") turnTo("wheel");
  grid.classList.remove("ms-wide");
  caption.classList.remove("ms-bad");
  empty.hidden = false; picture.hidden = film.hidden = true; caption.textContent = "";
  words.textContent = pictures ? "Give two pictures to see how everything moves between them" : "Load a clip to see how everything in it moves";
  showWhen();
});
bus.on("clip", () => { ready = true; showWhen(); ask(); });
bus.on("moment", ({ at: time }) => { at = time; showWhen(); if (view !== "compare") ask(); });
bus.on("pictures", () => { ready = true; at = 0; showWhen(); ask(); });
for (const kind of ["pause", "seeked"]) document.addEventListener(kind, (event) => {
  if (event.target !== player() || !event.target.paused || !times.shown.length) return;
  showHead(event.target.currentTime);
  const there = sourceOf(event.target.currentTime);
  if (Math.abs(there - at) < 1e-3) return;
  at = there;
  showWhen();
  if (view !== "compare") ask();
}, true);

watch("shown", show);
watch("doubt", showDoubt);
turnTo("wheel");
show();
showDoubt();
new ResizeObserver(() => { if (plot._fullLayout && plot.clientWidth) Plotly.Plots.resize(plot); }).observe(plot);

document.addEventListener("keydown", (event) => {
  if (!hears(root, event) || event.ctrlKey || event.metaKey || event.altKey) return;
  const chosen = VIEWS[Number(event.key) - 1];
  if (!chosen) return;
  event.preventDefault();
  turnTo(chosen[0]);
});
