// The depth picture and a brush that pulls things nearer or pushes them farther. Strokes are kept as
// lines in shares of the picture, so they survive any size and are small to send.

const root = element.querySelector(".ms-depth");
const picture = h("img", { class: "ms-picture", alt: "Depth of the photo: bright is near" });
const paint = h("canvas", { class: "ms-paint" });
const stage = h("div", { class: "ms-stage" }, picture, paint);
const empty = h("div", { class: "ms-empty" }, h("span", {}, "The depth appears here"));
const busy = h("div", { class: "ms-busy", hidden: true }, h("i"), h("span", {}));
const frame = h("div", { class: "ms-frame ms-brushing" }, empty, stage, busy);
const note = h("p", { class: "ms-note", role: "status" });
const more = h("button", { type: "button", class: "ms-more", hidden: true, "aria-expanded": "false",
  onclick: () => { unclamp(!note.classList.contains("ms-whole")); } });
const offer = button("", { kind: "plain", hidden: true, onclick: () => { wait("Downloading…"); trigger("download", {}); } });
const own = h("input", { type: "file", class: "ms-file", accept: "image/*", "aria-label": "Use my own depth map",
  onchange: async () => {
    const file = own.files[0];
    own.value = "";
    if (!file) return;
    wait("Reading…");
    try {
      const { path } = await upload(file);
      trigger("depthfile", { path });
    } catch (problem) { wait(""); say("The file could not be sent.", true); }
  } });

let tool = "near";
let size = 0.09;
let current = null;
let pending = []; // strokes that the depth picture does not show yet
const strokes = () => (props.value && props.value.strokes) || [];

const tools = h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "Depth brush" },
  ...[["near", "Nearer"], ["far", "Farther"], ["erase", "Erase"]].map(([id, label]) =>
    h("button", { type: "button", role: "radio", "data-tool": id, class: `ms-tool-${id}`, onclick: () => { tool = id; refresh(); } }, label)));
const width = h("input", { type: "range", min: "0.02", max: "0.25", step: "0.01", value: String(size), class: "ms-range ms-brush-size",
  "aria-label": "Brush size", title: "Brush size", oninput: () => { size = Number(width.value); paintRange(width); } });
paintRange(width);
const undo = button("", { symbol: "undo", kind: "quiet", title: "Take back the last brush stroke",
  onclick: () => put(strokes().slice(0, -1)) });
const clear = button("", { symbol: "clear", kind: "quiet", title: "Remove all brush strokes", onclick: () => put([]) });
const method = h("select", { class: "ms-select", "aria-label": "Where the depth comes from", title: "Where the depth comes from",
  onchange: () => {
    if (method.value === "file") { own.click(); refresh(); return; }
    wait("Looking…");
    trigger("method", { name: method.value });
  } });
const unfold = button("", { symbol: "down", kind: "quiet", title: "Show or hide the depth", "aria-expanded": "false",
  onclick: () => unfold.setAttribute("aria-expanded", String(root.classList.toggle("ms-open"))) });
unfold.classList.add("ms-unfold");
root.append(
  h("header", { class: "ms-head" }, h("h2", {}, "Depth"), h("div", { class: "ms-tools" }, method, unfold)),
  frame, own, note, more, offer,
  h("div", { class: "ms-row ms-brushbar" }, tools, width, undo, clear));

function say(text, bad = false) {
  note.textContent = text;
  note.classList.toggle("ms-bad", bad);
  unclamp(false);
}

/** Show the whole note, or its first two lines with a way to the rest where there is any. */
function unclamp(whole) {
  note.classList.toggle("ms-whole", whole);
  more.hidden = !whole && note.scrollHeight <= note.clientHeight + 1;
  more.textContent = whole ? "Show less" : "Show all";
  more.setAttribute("aria-expanded", String(whole));
}

function wait(text) {
  busy.hidden = !text;
  busy.lastChild.textContent = text;
}

function put(list, fresh = null) {
  pending = fresh ? [...pending, fresh] : [];
  props.value = { strokes: list };
  trigger("strokes", {});
  refresh();
}

function refresh() {
  for (const one of tools.children) one.setAttribute("aria-checked", String(one.dataset.tool === tool));
  undo.disabled = clear.disabled = strokes().length === 0;
  const shown = props.shown || {};
  if (method.options.length !== (props.methods || []).length) {
    fill(method, ...(props.methods || []).map((one) => h("option", { value: one.id }, one.label)));
  }
  method.value = shown.method || "";
  draw();
}

function show() {
  const shown = props.shown || {};
  wait(shown.busy || "");
  if (shown.picture || shown.fresh) { // Otherwise what was there stays.
    stage.hidden = !shown.picture;
    empty.hidden = Boolean(shown.picture);
  }
  if (shown.picture) {
    pending = [];
    if (picture.src !== shown.picture) picture.src = shown.picture;
  }
  say(shown.error || shown.note || "", Boolean(shown.error));
  offer.hidden = !shown.offer;
  fill(offer, shown.offer || "");
  refresh();
}

function draw() {
  const ratio = Math.min(2, window.devicePixelRatio || 1);
  const w = picture.clientWidth, hgt = picture.clientHeight;
  if (!w || !hgt) return;
  paint.width = Math.round(w * ratio);
  paint.height = Math.round(hgt * ratio);
  const ctx = paint.getContext("2d");
  ctx.lineCap = ctx.lineJoin = "round";
  for (const stroke of current ? [...pending, current] : pending) {
    const layer = h("canvas", { width: paint.width, height: paint.height });
    const pen = layer.getContext("2d");
    pen.lineCap = pen.lineJoin = "round";
    pen.strokeStyle = stroke.tool === "near" ? "#ffb454" : stroke.tool === "far" ? "#4aa8ff" : "#000";
    pen.lineWidth = stroke.size * Math.max(paint.width, paint.height);
    pen.filter = `blur(${Math.max(1, pen.lineWidth * 0.12)}px)`;
    pen.beginPath();
    stroke.points.forEach(([x, y], index) => {
      if (index) pen.lineTo(x * paint.width, y * paint.height);
      else { pen.moveTo(x * paint.width, y * paint.height); pen.lineTo(x * paint.width + 0.1, y * paint.height); }
    });
    pen.stroke();
    ctx.globalCompositeOperation = stroke.tool === "erase" ? "destination-out" : "source-over";
    ctx.globalAlpha = stroke.tool === "erase" ? 1 : 0.5;
    ctx.drawImage(layer, 0, 0);
  }
}

function place(event) {
  const box = paint.getBoundingClientRect();
  const clamp = (value) => Math.min(1, Math.max(0, value));
  return [Number(clamp((event.clientX - box.left) / box.width).toFixed(4)),
    Number(clamp((event.clientY - box.top) / box.height).toFixed(4))];
}

paint.addEventListener("pointerdown", (event) => {
  event.preventDefault();
  paint.setPointerCapture(event.pointerId);
  current = { tool, size: Number(size.toFixed(3)), points: [place(event)] };
  draw();
});
paint.addEventListener("pointermove", (event) => {
  if (!current) return;
  const [x, y] = place(event);
  const [px, py] = current.points.at(-1);
  if (Math.hypot(x - px, y - py) < 0.006 || current.points.length >= 400) return;
  current.points.push([x, y]);
  draw();
});
for (const kind of ["pointerup", "pointercancel"]) paint.addEventListener(kind, () => {
  if (!current) return;
  const done = current;
  current = null;
  put([...strokes(), done].slice(-200), done);
});
picture.addEventListener("load", () => {
  stage.style.setProperty("--ratio", String(picture.naturalWidth / picture.naturalHeight));
  draw();
});
new ResizeObserver(draw).observe(stage);
new ResizeObserver(() => { if (!note.classList.contains("ms-whole")) unclamp(false); }).observe(note);

watch("shown", show);
watch("value", refresh);
show();
// The page opens with a photo but no depth yet; the server is asked for it once the page stands.
trigger("ready", {});
