// What is made smooth: a video, or two pictures. The moment under the playhead is the one that is
// previewed and looked at; I and O say where the part begins and ends.

const root = element.querySelector(".ms-source");
let mode = "video";
let clip = null; // what the server knows of the video on show
let at = 0;
let plays = true; // the browser can play the file itself

// --- the video ---
const picker = h("input", { type: "file", class: "ms-file", "aria-label": "Choose a video", accept: "video/*,.mkv,.mov,.webm,.avi,.mpg,.mts,.gif",
  onchange: () => { if (picker.files[0]) take(picker.files[0]); picker.value = ""; } });
const film = h("video", { class: "ms-picture", muted: true, playsinline: true, preload: "auto", hidden: true, id: "ip-source" });
const still = h("img", { class: "ms-picture", alt: "", hidden: true });
const empty = h("div", { class: "ms-empty" }, icon(ICONS.upload, 26), h("strong", {}, "Drop a video here"), h("span", {}, "or choose a file, or try the example below"));
const busy = h("div", { class: "ms-busy", hidden: true }, h("i"), h("span", {}, "Reading…"));
const frame = h("div", { class: "ms-frame ms-screen", tabindex: "0", role: "button", "aria-label": "Video: click to choose a file, or drop one",
  onclick: () => { if (!clip) picker.click(); else if (plays) toggle(); },
  onkeydown: (event) => { if (event.key === "Enter") { event.preventDefault(); picker.click(); } } }, empty, still, film, busy);
const play = button("", { symbol: "play", kind: "quiet", title: "Play or stop (Space)", onclick: () => toggle() });
const slider = h("input", { type: "range", class: "ms-range", min: "0", max: "1", step: "0.001", value: "0", "aria-label": "Moment of the video", id: "ip-moment",
  oninput: () => seek(Number(slider.value)) });
const when = h("output", { class: "ms-value" });
const band = h("i", { class: "ms-band", hidden: true });
const transport = h("div", { class: "ms-transport" }, play, h("div", { class: "ms-rail" }, band, slider), when);
const part = h("div", { class: "ms-part", id: "ip-part" });
const hint = h("p", { class: "ms-keys" }, ...[["Space", "play"], ["← →", "frame by frame"], ["I", "begin here"], ["O", "end here"]].flatMap(([key, what]) => [h("kbd", {}, key), ` ${what} `]));
const forVideo = h("div", { class: "ms-forvideo" }, frame, transport, part);

// --- two pictures ---
const ends = ["First picture", "Last picture"].map((label, index) => {
  const image = h("img", { class: "ms-picture", alt: "", hidden: true });
  const choose = h("input", { type: "file", class: "ms-file", accept: "image/*", multiple: true, "aria-label": label,
    onchange: () => { takePictures([...choose.files], index); choose.value = ""; } });
  const name = h("span", {}, label);
  const hollow = h("div", { class: "ms-empty" }, icon(ICONS.upload, 22), h("strong", {}, label));
  const node = h("div", { class: "ms-frame", tabindex: "0", role: "button", "aria-label": `${label}: click to choose a file, or drop one`,
    onclick: () => choose.click(), onkeydown: (event) => { if (["Enter", " "].includes(event.key)) { event.preventDefault(); choose.click(); } } }, hollow, image);
  dropsOn(node, (files) => takePictures(files, index));
  return { image, name, hollow, node, choose, file: null };
});
const swap = button("Swap", { kind: "plain", title: "The last picture becomes the first", onclick: () => {
  [ends[0].file, ends[1].file] = [ends[1].file, ends[0].file];
  sendPictures();
} });
const forPictures = h("div", { class: "ms-forpictures", hidden: true },
  h("div", { class: "ms-pair" }, ends.map((end) => h("div", {}, end.node, end.choose, h("div", { class: "ms-label" }, end.name)))),
  h("div", { class: "ms-row" }, swap, h("p", { class: "ms-hint" }, "Both of the same size. They stay as they are, bit for bit; new pictures go between them.")));

// --- around them ---
const KINDS = [["video", "Video"], ["pictures", "Two pictures"]];
const tabs = h("div", { class: "ms-sheets", role: "tablist", "aria-label": "What to start from" }, KINDS.map(([id, label]) =>
  h("button", { type: "button", role: "tab", "data-kind": id, onclick: () => turnTo(id, true) }, label)));
const name = h("span", { class: "ms-name" });
const facts = h("p", { class: "ms-facts", role: "status" });
const note = h("p", { class: "ms-note", role: "status", id: "ip-source-note" });
const strip = h("div", { class: "ms-tries" });
root.append(
  h("header", { class: "ms-head" }, tabs, name, h("div", { class: "ms-tools" },
    button("", { symbol: "upload", kind: "quiet", title: "Choose a file from this device", onclick: () => (mode === "video" ? picker : ends[0].choose).click() }))),
  forVideo, forPictures, picker, facts, note, hint, strip);
dropsOn(frame, (files) => { if (files[0]) take(files[0]); });

function dropsOn(node, act) {
  for (const kind of ["dragenter", "dragover"]) node.addEventListener(kind, (event) => { event.preventDefault(); node.classList.add("ms-over"); });
  for (const kind of ["dragleave", "drop"]) node.addEventListener(kind, () => node.classList.remove("ms-over"));
  node.addEventListener("drop", (event) => { event.preventDefault(); act([...event.dataTransfer.files]); });
}

function say(text, bad = false) {
  note.textContent = text;
  note.classList.toggle("ms-bad", bad);
}

/** Show one of the two ways; `asked` tells the server that a person turned to it. */
function turnTo(kind, asked = false) {
  mode = kind;
  for (const tab of tabs.children) tab.setAttribute("aria-selected", String(tab.dataset.kind === kind));
  forVideo.hidden = kind !== "video";
  forPictures.hidden = kind === "video";
  hint.hidden = kind !== "video" || !clip;
  film.pause();
  for (const one of strip.children) one.hidden = one.dataset.kind !== kind;
  bus.forget("clip", "pictures", "moment"); // of the other way; told anew by what is shown
  bus.tell("mode", kind);
  name.textContent = "";
  facts.textContent = "";
  if (asked) { say(""); trigger("turned", { kind }); }
}

async function sendFile(file) {
  busy.hidden = false;
  say("");
  try {
    const { path, url } = await upload(file);
    return { path, url, orig_name: file.name, size: file.size, meta: { _type: "gradio.FileData" } };
  } catch (problem) {
    busy.hidden = true;
    say("The file could not be sent. It may be larger than this server accepts.", true);
    return null;
  }
}

async function take(file) {
  const sent = await sendFile(file);
  if (!sent) return;
  props.value = { ...(props.value || {}), video: sent };
  trigger("video", {});
}

async function takePictures(files, index) {
  for (const [step, file] of files.slice(0, 2).entries()) {
    const place = files.length > 1 ? step : index;
    const sent = await sendFile(file);
    if (!sent) return;
    ends[place].file = sent;
  }
  sendPictures();
}

function sendPictures() {
  props.value = { ...(props.value || {}), pictures: ends.map((end) => end.file) };
  busy.hidden = false;
  trigger("pictures", {});
}

// --- the playhead ---
const step = () => 1 / (clip?.fps || 25);
const lastMoment = () => Math.max(0, (clip?.seconds || 0) - step() / 2);

function seek(to, quiet = false) {
  if (!clip) return;
  at = within(to, 0, lastMoment());
  if (plays && Math.abs(film.currentTime - at) > 1e-3) film.currentTime = at;
  if (!plays) askStill();
  showMoment();
  if (!quiet) tellMoment();
}

function showMoment() {
  slider.value = String(at);
  paintRange(slider);
  when.textContent = clip ? `${moment(at)} / ${seconds(clip.seconds)}` : "";
}

const askStill = debounce(() => trigger("still", { at }), 160);
const settle = debounce(() => { props.value = { ...(props.value || {}), moment: at }; }, 60);

function tellMoment() {
  settle();
  bus.tell("moment", { at, from: "source" });
}

function toggle() {
  if (!clip || !plays) return;
  if (!film.paused) { film.pause(); return; }
  const range = bus.last.range || {};
  if (at >= (range.end ?? clip.seconds) - step()) seek(range.start || 0, true);
  film.play().catch(() => {});
}

film.addEventListener("play", () => play.classList.add("ms-on"));
film.addEventListener("pause", () => { play.classList.remove("ms-on"); if (clip) { at = film.currentTime; showMoment(); tellMoment(); } });
film.addEventListener("timeupdate", () => { if (!film.paused) { at = film.currentTime; showMoment(); } });
film.addEventListener("loadeddata", () => { still.hidden = true; film.hidden = false; });
film.addEventListener("error", () => {
  if (!film.getAttribute("src")) return;
  plays = false; // ProRes and the like: the server shows its frames
  film.hidden = true;
  still.hidden = false;
  play.disabled = true;
});

/** The chosen part, drawn under the playhead. */
bus.on("range", (range) => {
  const long = clip?.seconds || 0;
  const from = range.start || 0, to = range.end ?? long;
  band.hidden = !long || (from <= 0 && to >= long - 1e-3);
  Object.assign(band.style, { left: `${within(from / long, 0, 1) * 100}%`, right: `${(1 - within(to / long, 0, 1)) * 100}%` });
});
bus.on("seek", ({ at: to }) => { film.pause(); seek(to, true); settle(); });

// --- what the server says ---
function show() {
  const shown = props.shown || {};
  busy.hidden = !shown.busy;
  busy.lastChild.textContent = shown.busy || "";
  if (shown.kind && shown.kind !== mode) turnTo(shown.kind);
  if (shown.busy) return;
  say(shown.error || shown.wrong || (shown.notes || []).join(" "), Boolean(shown.error || shown.wrong));
  if (shown.still) { if (Math.abs(shown.at - at) < 1e-6) still.src = shown.still; return; } // else a later one is coming
  if (shown.error) return; // What was there stays.
  name.textContent = shown.name || "";
  name.title = shown.name || "";
  facts.textContent = shown.facts || "";
  if (shown.kind === "pictures") showPictures(shown);
  else if (shown.file) showClip(shown);
}

function showClip(shown) {
  const same = clip && clip.file.url === shown.file.url;
  clip = shown;
  bus.tell("clip", { seconds: shown.seconds, fps: shown.fps, rate: shown.rate, sound: shown.sound, url: shown.file.url });
  if (same) return;
  plays = shown.playable;
  play.disabled = !plays;
  empty.hidden = true;
  hint.hidden = false;
  still.src = shown.poster;
  still.hidden = false;
  film.hidden = true;
  slider.max = String(lastMoment());
  slider.step = String(Math.min(0.01, step() / 4));
  at = 0;
  if (plays) film.src = shown.file.url;
  else film.removeAttribute("src");
  showMoment();
  tellMoment();
}

function showPictures(shown) {
  for (const [index, end] of ends.entries()) {
    const picture = (shown.pictures || [])[index];
    end.image.hidden = !picture;
    end.hollow.hidden = Boolean(picture);
    if (picture) { end.image.src = picture.url; end.name.textContent = picture.name; end.file = picture.file || end.file; }
  }
  swap.disabled = !ends.every((end) => end.file);
  if (!swap.disabled && !shown.wrong) bus.tell("pictures", {});
}

for (const example of props.examples || []) {
  strip.append(h("button", { type: "button", class: "ms-try", "data-example": example.id, "data-kind": example.kind, title: example.help,
    onclick: () => { film.pause(); busy.hidden = false; busy.lastChild.textContent = "Rendering the example…"; say(""); trigger("example", { id: example.id }); } },
  h("img", { src: example.thumbnail, alt: "" }), h("span", {}, h("b", {}, example.title), h("small", {}, example.help))));
}

watch("shown", show);
turnTo("video");
show();
showMoment();

document.addEventListener("keydown", (event) => {
  if (!hears(root, event) || mode !== "video" || !clip || event.ctrlKey || event.metaKey || event.altKey) return;
  const range = event.target instanceof HTMLInputElement || event.target instanceof Element && event.target.closest("[role='slider'], .ms-doubtplot");
  const pressed = event.target instanceof Element && event.target.closest("button, a, summary");
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const far = event.shiftKey ? 10 : 1;
  if (key === " " && !pressed) toggle();
  else if (key === "ArrowLeft" && !range) seek(at - far * step());
  else if (key === "ArrowRight" && !range) seek(at + far * step());
  else if (key === "i") bus.tell("mark", { edge: "start", at });
  else if (key === "o") bus.tell("mark", { edge: "end", at });
  else return;
  event.preventDefault();
});
