// The photo: upload, drop, paste, take with the webcam, or pick an example. A video made here that is
// dropped on the frame gives its settings back.

const root = element.querySelector(".ms-photo");
const picker = h("input", { type: "file", class: "ms-file", "aria-label": "Choose a photo",
  accept: "image/*,.heic,.heif,.avif,.tif,.tiff,video/mp4,video/webm,video/quicktime,image/gif",
  onchange: () => { if (picker.files[0]) take(picker.files[0]); picker.value = ""; } });
const picture = h("img", { class: "ms-picture", alt: "" });
const empty = h("div", { class: "ms-empty" },
  icon(ICONS.upload, 26), h("strong", {}, "Drop a photo here"),
  h("span", {}, "or paste it, or choose a file"));
const film = h("video", { class: "ms-picture", muted: true, playsinline: true, hidden: true });
const busy = h("div", { class: "ms-busy", hidden: true }, h("i"), h("span", {}, "Reading…"));
const frame = h("div", { class: "ms-frame", tabindex: "0", role: "button",
  "aria-label": "Photo: click to choose a file, or drop one",
  onclick: () => { if (!stream) picker.click(); },
  onkeydown: (event) => { if (["Enter", " "].includes(event.key)) { event.preventDefault(); picker.click(); } } },
  empty, picture, film, busy);
const name = h("span", { class: "ms-name" });
const shutter = button("Take photo", { kind: "primary", onclick: shoot, hidden: true });
const webcam = button("", { symbol: "camera", kind: "quiet", title: "Take a photo with the webcam", onclick: toggleWebcam });
const note = h("p", { class: "ms-note", role: "status" });
const strip = h("div", { class: "ms-strip", role: "listbox", "aria-label": "Example photos" });
root.append(
  h("header", { class: "ms-head" }, h("h2", {}, "Photo"), name, h("div", { class: "ms-tools" }, shutter, webcam,
    button("", { symbol: "upload", kind: "quiet", title: "Choose a photo from this device", onclick: () => picker.click() }))),
  frame, picker, note, strip,
  h("p", { class: "ms-hint" }, "Drop or paste a photo, or a video made here for its settings."));

let stream = null;

async function take(file) {
  stopWebcam();
  busy.hidden = false;
  say("");
  try {
    const { path, url } = await upload(file);
    // A GIF may be either; the server looks whether it is a clip made here.
    const looksLikeFilm = file.type.startsWith("video/") || /\.(mp4|webm|mov)$/i.test(file.name);
    const size = file.size;
    if (looksLikeFilm) trigger("restore", { path, name: file.name });
    else {
      props.value = { path, url, orig_name: file.name, size, meta: { _type: "gradio.FileData" } };
      trigger("photo", {});
    }
  } catch (problem) {
    busy.hidden = true;
    say("The file could not be sent. It may be larger than this server accepts.", true);
  }
}

function say(text, bad = false) {
  note.textContent = text;
  note.classList.toggle("ms-bad", bad);
}

async function toggleWebcam() {
  if (stream) { stopWebcam(); show(); return; }
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1920 }, height: { ideal: 1080 } } });
    film.srcObject = stream;
    await film.play();
    film.hidden = false; shutter.hidden = false;
    picture.hidden = true; empty.hidden = true;
  } catch (problem) {
    stopWebcam();
    say("No webcam could be opened. Allow it in the browser, or choose a file.", true);
  }
}

function stopWebcam() {
  if (stream) stream.getTracks().forEach((track) => track.stop());
  stream = null;
  film.hidden = true; shutter.hidden = true;
}

function shoot() {
  const canvas = h("canvas", { width: film.videoWidth, height: film.videoHeight });
  canvas.getContext("2d").drawImage(film, 0, 0);
  canvas.toBlob((blob) => { if (blob) take(new File([blob], "webcam.jpg", { type: "image/jpeg" })); }, "image/jpeg", 0.95);
}

for (const kind of ["dragenter", "dragover"]) frame.addEventListener(kind, (event) => {
  event.preventDefault();
  frame.classList.add("ms-over");
});
for (const kind of ["dragleave", "drop"]) frame.addEventListener(kind, () => frame.classList.remove("ms-over"));
frame.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) take(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => {
  if (!root.isConnected || isTyping(event)) return;
  const file = [...(event.clipboardData?.files || [])].find((one) => one.type.startsWith("image/"));
  if (file) take(file);
});

function show() {
  const shown = props.shown || {};
  busy.hidden = true;
  if (shown.error && !shown.picture) { say(shown.error, true); return; } // What was there stays.
  if (!stream) {
    picture.hidden = !shown.picture;
    empty.hidden = Boolean(shown.picture);
    if (shown.picture) picture.src = shown.picture;
    picture.alt = shown.name ? `The photo: ${shown.name}` : "";
  }
  name.textContent = shown.name ? `${shown.name} · ${shown.width} × ${shown.height}` : "";
  say(shown.error || (shown.notes || []).join(" "), Boolean(shown.error));
  for (const one of strip.children) {
    one.setAttribute("aria-selected", String(one.dataset.example === (shown.example || "")));
  }
}

for (const example of props.examples || []) {
  strip.append(h("button", { type: "button", role: "option", class: "ms-thumb", "data-example": example.id,
    title: example.title, "aria-label": `Example: ${example.title}`,
    onclick: () => { stopWebcam(); busy.hidden = false; say(""); trigger("example", { id: example.id }); } },
  h("img", { src: example.thumbnail, alt: "", loading: "lazy" })));
}

watch("shown", show);
show();
