// The timeline: cards to scale, transitions as overlaps, titles, sounds with their waveforms, beats.
// It is drawn anew when the document changes; while something is dragged only that moves.

const playhead = { at: 0 };
const SNAP_PIXELS = 9;
let zoom = 1;

const ruler = h("canvas", { class: "ms-ruler", height: "22", "aria-hidden": "true" });
const lanes = h("div", { class: "ms-tracks" });
const needle = h("i", { class: "ms-needle" });
const strip = h("div", { class: "ms-strip2" }, ruler, lanes, needle);
const scroller = h("div", { class: "ms-scroll", tabindex: "0", "aria-label": "Timeline" }, strip);
const timeSaid = h("output", { class: "ms-value", id: "sq-time" }, "0:00.0");
const zoomer = h("input", { type: "range", class: "ms-range ms-zoom", min: "1", max: "12", step: "0.25", value: "1", "aria-label": "Zoom of the timeline", title: "Zoom",
  oninput: () => { zoom = Number(zoomer.value); paintRange(zoomer); drawTimeline(); } });
const timelinePanel = h("section", { class: "ms-panel ms-timelinepanel" },
  h("header", { class: "ms-head" }, h("h2", {}, "Timeline"), timeSaid, h("span", { class: "ms-name ms-beatnote" }), h("div", { class: "ms-tools" }, zoomer)), scroller);

let scale = 40; // pixels a second
let total = 0;

function drawTimeline() {
  if (root.offsetParent === null || !desk.cards.length) return;
  const found = sums();
  total = found.total;
  const room = Math.max(200, scroller.clientWidth - 2);
  scale = Math.max(2, (room / Math.max(1, total)) * zoom);
  const width = Math.max(room, Math.ceil(total * scale));
  strip.style.width = `${width}px`;
  drawRuler(width);
  const cards = h("div", { class: "ms-lane2 ms-lanecards" });
  found.places.forEach((place, index) => {
    const card = desk.cards[index];
    const left = toSeconds(place.at) * scale, wide = Math.max(2, toSeconds(place.frames) * scale);
    const picture = desk.picture(card);
    const block = h("div", { class: `ms-block${desk.chosen === card.key ? " ms-chosen" : ""}${index % 2 ? " ms-odd" : ""}`, "data-block": card.key, title: `${index + 1} · ${card.shot || "colour"} · ${short(card.seconds)} s`,
      style: { left: `${left}px`, width: `${wide}px`, backgroundColor: card.shot ? "" : card.colour } },
    h("span", {}, card.shot || "colour"));
    if (picture) block.style.backgroundImage = `linear-gradient(rgb(11 12 15 / .35), rgb(11 12 15 / .35)), url("${picture}")`;
    block.addEventListener("click", () => desk.choose(card.key, "shot"));
    cards.append(block);
    if (place.shared) {
      const over = toSeconds(place.shared) * scale;
      cards.append(h("button", { type: "button", class: `ms-overlap${wayTrouble(index) ? " ms-trouble" : ""}`, title: `${card.way.type.replace(/_/g, " ")}, ${short(card.way.seconds)} s`, "aria-label": `Transition after shot ${index + 1}`,
        style: { left: `${left + wide - over}px`, width: `${Math.max(6, over)}px` }, onclick: () => { desk.way = card.key; desk.choose(card.key); desk.tell("face", "way"); } }));
    }
  });
  // The edges lie over the transitions, which would cover them.
  for (const [index, place] of found.places.entries()) {
    const left = toSeconds(place.at) * scale, wide = Math.max(2, toSeconds(place.frames) * scale);
    const edge = h("i", { class: `ms-edge${desk.chosen === place.key ? " ms-chosen" : ""}${index % 2 ? " ms-odd" : ""}`, title: "Drag: the length of this shot", style: { left: `${left + wide - 8}px` } });
    pullEdge(edge, cards.querySelector(`[data-block="${place.key}"]`), place);
    cards.append(edge);
  }
  // Titles that are seen at one time lie in lanes of their own, so that each can be taken hold of.
  const rows = [];
  desk.project.titles.forEach((title, at) => {
    const block = h("div", { class: "ms-block ms-titleblock", title: title.text, style: { left: `${title.start * scale}px`, width: `${Math.max(6, title.seconds * scale)}px` } }, h("span", {}, title.text));
    slide(block, title.start, (start) => desk.withProject({ titles: desk.project.titles.map((one, index) => (index === at ? { ...one, start } : one)) }));
    const free = (row) => row.every(([from, to]) => title.start >= to || title.start + title.seconds <= from);
    let row = rows.find(free);
    if (!row) rows.push(row = Object.assign([], { lane: h("div", { class: "ms-lane2 ms-lanetitles" }) }));
    row.push([title.start, title.start + title.seconds]);
    row.lane.append(block);
  });
  const sounds = desk.project.sound.tracks.map((track, at) => {
    const wave = desk.waves[track.media.sha256];
    const long = soundLength(track, wave);
    const canvas = h("canvas", { class: "ms-wave", height: "30" });
    const block = h("div", { class: `ms-block ms-soundblock ms-${track.role}`, title: track.media.name, style: { left: `${track.start * scale}px`, width: `${Math.max(8, long * scale)}px` } }, canvas, h("span", {}, track.media.name || track.role));
    drawWave(canvas, wave, track, Math.min(4000, Math.max(8, long * scale)), long);
    slide(block, track.start, (start) => desk.withProject({ sound: { ...desk.project.sound, tracks: desk.project.sound.tracks.map((one, index) => (index === at ? { ...one, start } : one)) } }));
    return h("div", { class: "ms-lane2 ms-lanesound" }, block);
  });
  fill(lanes, cards, rows.map((row) => row.lane), sounds);
  moveNeedle();
}

function soundLength(track, wave) {
  const left = Math.max(0, total - track.start);
  const own = wave ? Math.max(0, wave.seconds - track.trim_start) : left;
  const wanted = track.seconds ?? (track.loop ? left : own);
  return Math.max(0.1, Math.min(left || wanted, track.loop ? wanted : Math.min(wanted, own)));
}

function drawRuler(width) {
  const sharp = Math.min(2, window.devicePixelRatio || 1) * (width > 6000 ? 0.5 : 1);
  ruler.width = Math.round(width * sharp);
  ruler.height = Math.round(22 * sharp);
  ruler.style.width = `${width}px`;
  const ink = ruler.getContext("2d");
  ink.scale(sharp, sharp);
  ink.font = "10.5px ui-sans-serif, system-ui, sans-serif";
  const step = [0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300].find((one) => one * scale >= 56) || 600;
  ink.fillStyle = "#8b91a0";
  ink.strokeStyle = "#363c49";
  ink.beginPath();
  for (let at = 0; at <= width / scale; at += step) {
    ink.moveTo(at * scale + 0.5, 13);
    ink.lineTo(at * scale + 0.5, 22);
    ink.fillText(step < 1 ? at.toFixed(1) : at >= 60 ? `${Math.floor(at / 60)}:${String(Math.round(at % 60)).padStart(2, "0")}` : `${at}`, at * scale + 3, 12);
  }
  ink.stroke();
  ink.strokeStyle = "#ffb454";
  ink.beginPath();
  for (const beat of desk.project.sound.beats) { ink.moveTo(beat * scale, 17); ink.lineTo(beat * scale, 22); }
  ink.stroke();
}

function drawWave(canvas, wave, track, width, long) {
  canvas.width = Math.round(width);
  if (!wave || !wave.peaks || !wave.peaks.length) return;
  const ink = canvas.getContext("2d");
  ink.fillStyle = track.role === "voice" ? "#7bd3a0" : "#63b3f5";
  const each = wave.seconds / wave.peaks.length;
  const under = Math.ceil(long / canvas.width / each);
  for (let x = 0; x < canvas.width; x += 1) {
    const at = track.trim_start + (x / canvas.width) * long;
    const place = Math.floor((track.loop ? at % wave.seconds : at) / each);
    if (wave.peaks[place] === undefined) continue;
    let peak = wave.peaks[place]; // the loudest of those under this pixel
    for (let next = place + 1; next < Math.min(wave.peaks.length, place + under); next += 1) peak = Math.max(peak, wave.peaks[next]);
    const tall = Math.max(1, peak * 28);
    ink.fillRect(x, 15 - tall / 2, 1, tall);
  }
}

// --- under the fingers ---

function pointer(node, { start = () => {}, move, end }) {
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    event.stopPropagation();
    event.preventDefault();
    node.setPointerCapture(event.pointerId);
    start(event);
    const from = event.clientX;
    const moving = (now) => move(now, (now.clientX - from) / scale);
    const stop = (now) => {
      node.removeEventListener("pointermove", moving);
      node.removeEventListener("pointerup", stop);
      node.removeEventListener("pointercancel", stop);
      end(now, (now.clientX - from) / scale, now.type === "pointerup");
    };
    node.addEventListener("pointermove", moving);
    node.addEventListener("pointerup", stop);
    node.addEventListener("pointercancel", stop);
  });
}

/** A moment drawn to the nearest beat, if one is close. */
function snapped(at) {
  let best = at, least = SNAP_PIXELS / scale;
  for (const beat of desk.project.sound.beats) {
    const far = Math.abs(beat - at);
    if (far < least) { least = far; best = beat; }
  }
  return best;
}

/** A card's right edge: the cut there, which lies in the middle of the transition, snaps to beats. */
function pullEdge(edge, block, place) {
  const begin = toSeconds(place.at), half = toSeconds(place.shared) / 2;
  let now = null;
  const target = (by) => Math.max(toSeconds(place.shared + 2), snapped(begin + toSeconds(place.frames) + by - half) + half - begin);
  pointer(edge, {
    move: (event, by) => { now = target(by); block.style.width = `${now * scale}px`; edge.style.left = `${(begin + now) * scale - 8}px`; timeSaid.textContent = `${short(now)} s long`; },
    end: (event, by, done) => { if (done && now !== null && Math.abs(by) * scale > 2) setLength(place.key, toSeconds(toFrames(now))); else drawTimeline(); now = null; },
  });
}

function slide(block, start, give) {
  let now = start;
  pointer(block, {
    move: (event, by) => { now = Math.max(0, snapped(start + by)); block.style.left = `${now * scale}px`; },
    end: (event, by, done) => { if (done && Math.abs(by) * scale > 2) give(Number(now.toFixed(3))); else desk.tell("face", "sound"); },
  });
}

function moveNeedle() {
  needle.style.transform = `translateX(${Math.min(playhead.at, total) * scale}px)`;
  timeSaid.textContent = `${clock(Math.min(playhead.at, total))} of ${clock(total)}`;
}

/** Put the playhead somewhere; the film on show follows. */
function seek(at, fromFilm = false) {
  playhead.at = Math.max(0, Math.min(total || 0, at));
  moveNeedle();
  if (!fromFilm) desk.tell("seek", playhead.at);
}

pointer(ruler, {
  start: (event) => seek((event.clientX - ruler.getBoundingClientRect().left) / scale),
  move: (event) => seek((event.clientX - ruler.getBoundingClientRect().left) / scale),
  end: () => {},
});
scroller.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!step) return;
  seek(playhead.at + step * (event.shiftKey ? 1 : 1 / frameRate()));
  event.preventDefault();
});
paintRange(zoomer);
desk.on("doc media said waves chosen", debounce(drawTimeline, 30));
new ResizeObserver(debounce(drawTimeline, 60)).observe(scroller);
