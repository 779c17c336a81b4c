// The style on show: a photo before and after it, at any strength; the way to the Motion tab; the files.

const result = { strength: spec.usual, split: 50, photo: "", asked: 0, waits: false, busy: false };
const beforeImage = h("img", { class: "ms-picture", alt: "Before", hidden: true, draggable: "false", id: "st-before" });
const afterImage = h("img", { class: "ms-picture ms-after", alt: "After", hidden: true, draggable: "false", id: "st-after" });
const divider = h("div", { class: "ms-divider", role: "slider", tabindex: "0", "aria-label": "Divider between before and after", "aria-valuemin": "0", "aria-valuemax": "100", hidden: true }, h("i", {}, "↔"));
const sides = ["Before", "After"].map((word, index) => h("span", { class: `ms-side ms-side${index}`, hidden: true }, word));
const resultEmpty = h("div", { class: "ms-empty" }, icon(ICONS.drop, 28), h("strong", {}, ""), h("span", {}, ""));
function sayEmpty(what, why) { fill(resultEmpty.children[1], what); fill(resultEmpty.children[2], why); resultEmpty.hidden = false; }
const resultBusy = h("div", { class: "ms-busy", hidden: true }, h("i"), h("span", {}, "Drawing…"));
const frame = h("div", { class: "ms-frame ms-screen ms-gradeframe" }, resultEmpty, beforeImage, afterImage, ...sides, divider, resultBusy);
const told = h("p", { class: "ms-note", role: "status", id: "st-note" });
const strengthOut = h("output", { class: "ms-value" });
const strength = h("input", { type: "range", class: "ms-range", min: "0", max: "1.5", step: "0.05", value: String(spec.usual), id: "st-strength", "aria-label": "Strength",
  oninput: () => { result.strength = Number(strength.value); showStrength(); drawSoon(); } });
const photoPicker = h("input", { type: "file", class: "ms-file", accept: "image/*,.heic,.avif", "aria-label": "Choose a photo to try the style on", onchange: () => { const file = photoPicker.files[0]; photoPicker.value = ""; if (file) takePhoto(file); } });
const useButton = button("Use in Motion", { symbol: "camera", kind: "primary", id: "st-use", title: "Put this style into the prompt of the Motion tab", onclick: () => useInMotion() });
const downloads = h("div", { class: "ms-row ms-wrap" });
const resultName = h("h2", {}, "Before and after"), resultFacts = h("span", { class: "ms-facts" });
const resultPanel = h("section", { class: "ms-panel ms-stylepanel" },
  h("header", { class: "ms-head" }, resultName, resultFacts, h("div", { class: "ms-tools" },
    button("This photo", { kind: "plain", id: "st-this", title: "Try it on the photo of the Motion tab", onclick: () => takeMotionPhoto() }),
    button("", { symbol: "upload", kind: "quiet", title: "Try it on another photo", onclick: () => photoPicker.click() }))),
  frame,
  h("div", { class: "ms-stylebar" }, h("div", { class: "ms-field" }, h("div", { class: "ms-label" }, h("label", { for: "st-strength" }, "Strength"), strengthOut), strength), useButton),
  told, downloads, photoPicker);

function sayResult(text, bad = false) {
  told.textContent = text;
  told.classList.toggle("ms-bad", bad);
}

const tag = () => { const style = studio.style(); return style ? `<lora:${style.name}:${Number(result.strength.toFixed(2))}>` : ""; };

function showStrength() {
  paintRange(strength);
  strengthOut.textContent = result.strength.toFixed(2);
}

function useInMotion() {
  const style = studio.style();
  if (!style) return;
  document.dispatchEvent(new CustomEvent("ms-use-style", { detail: { name: style.name, tag: tag(), kind: style.kind } }));
  turnPage("Motion");
}

/** Where the divider stands. */
function showSides() {
  const both = Boolean(beforeImage.getAttribute("src") && afterImage.getAttribute("src")) && !afterImage.hidden;
  afterImage.style.clipPath = `inset(0 0 0 ${result.split}%)`;
  divider.hidden = !both;
  divider.style.left = `${result.split}%`;
  divider.setAttribute("aria-valuenow", String(Math.round(result.split)));
  sides[0].hidden = !both || result.split < 12;
  sides[1].hidden = !both || result.split > 88;
}

let drag = null;
const placed = (event) => { const box = frame.getBoundingClientRect(); return Math.min(100, Math.max(0, (event.clientX - box.left) / box.width * 100)); };
frame.addEventListener("pointerdown", (event) => {
  if (divider.hidden || (event.pointerType === "mouse" && event.button)) return;
  drag = event.pointerId;
  frame.setPointerCapture(event.pointerId);
  result.split = placed(event);
  showSides();
});
frame.addEventListener("pointermove", (event) => { if (event.pointerId === drag) { result.split = placed(event); showSides(); } });
for (const kind of ["pointerup", "pointercancel"]) frame.addEventListener(kind, (event) => { if (event.pointerId === drag) drag = null; });
divider.addEventListener("keydown", (event) => {
  const by = { ArrowLeft: -2, ArrowRight: 2 }[event.key];
  if (!by) return;
  result.split = Math.min(100, Math.max(0, result.split + by));
  showSides();
  event.preventDefault();
});

/** Ask for the picture as it now should be. While one is on its way, only the newest wish is kept. */
async function draw() {
  const style = studio.style();
  if (!style) return;
  result.waits = true;
  if (result.busy) return;
  result.busy = true;
  const late = setTimeout(() => { resultBusy.hidden = false; }, 350);
  while (result.waits) {
    result.waits = false;
    const name = studio.chosen;
    const answer = await ask("try", { style: name, strength: result.strength, photo: result.photo });
    if (name !== studio.chosen) { result.waits = Boolean(studio.style()); continue; }
    if (answer.error) { sayResult(answer.error, true); break; }
    beforeImage.src = answer.before;
    beforeImage.hidden = !answer.before;
    if (answer.after) afterImage.src = answer.after;
    afterImage.hidden = !answer.after;
    result.photo = answer.photo || "";
    resultEmpty.hidden = true;
    if (!answer.before) sayEmpty("No picture in this file", "It shows in what its model paints");
    sayResult(answer.words || "");
  }
  clearTimeout(late);
  resultBusy.hidden = true;
  result.busy = false;
  showSides();
}
const drawSoon = debounce(draw, 60);

async function takePhoto(file) {
  sayResult(`Reading ${file.name}…`);
  let path;
  try { ({ path } = await upload(ownName(file))); } catch (problem) { sayResult(`${file.name} could not be sent. It may be larger than this server accepts.`, true); return; }
  const answer = await ask("photo", { file: { path, orig_name: file.name } });
  if (answer.error) { sayResult(answer.error, true); return; }
  learn(answer);
  result.photo = answer.photo;
  sayResult("");
  draw();
}

/** The photo that the Motion tab shows, as the page has it. */
async function takeMotionPhoto() {
  const shown = document.querySelector("#photo img.ms-picture");
  if (!shown || !shown.src.startsWith("data:")) { sayResult("There is no photo on the Motion tab yet.", true); return; }
  takePhoto(new File([await (await fetch(shown.src)).blob()], "photo.jpg", { type: "image/jpeg" }));
}

async function download(form) {
  const answer = await ask("file", { style: studio.chosen, form });
  if (answer.error) sayResult(answer.error, true);
  else fetchFile(answer);
}

function showResult() {
  const style = studio.style();
  resultName.textContent = style ? style.name : "Before and after";
  resultFacts.textContent = style ? style.facts : "";
  useButton.disabled = strength.disabled = !style;
  fill(downloads, style ? style.forms.map(([form, words]) => button(words, { symbol: "save", kind: "plain", "data-form": form, onclick: () => download(form) })) : null,
    style ? h("code", { class: "ms-tagline", title: "This stands in the prompt" }, tag()) : null);
  if (!style) { sayEmpty("No style yet", "Learn one from clips, or import a file below"); beforeImage.hidden = afterImage.hidden = true; showSides(); return; }
  draw();
}
let shownStyle = null;
studio.on("chosen", () => {
  const style = studio.style();
  const mark = style && `${style.name} ${style.stamp}`;
  if (mark === shownStyle) return;
  if (style) { result.strength = style.strength; strength.value = String(style.strength); showStrength(); }
  shownStyle = mark;
  showResult();
});
strength.addEventListener("input", () => { const line = downloads.querySelector("code"); if (line) line.textContent = tag(); });
showStrength();
