// The desk put together: three sheets (camera, subjects, weather) under one sentence, and one history.

const SHEETS = [["camera", "Camera"], ["subjects", "Subjects"], ["weather", "Weather"]];
const tags = Object.fromEntries(SHEETS.map(([id]) => [id, h("i", { class: "ms-tag", hidden: true })]));
const tabs = h("div", { class: "ms-sheets", role: "tablist", "aria-label": "What the shot is made of" }, SHEETS.map(([id, label]) =>
  h("button", { type: "button", role: "tab", id: `ms-sheet-${id}`, "aria-controls": `ms-sheet-of-${id}`, onclick: () => { turnTo(id); root.scrollIntoView({ block: "nearest", behavior: "smooth" }); } }, h("span", {}, label), tags[id])));
const keyed = h("div", { class: "ms-keyed", id: "ms-keyed", hidden: true }, icon(ICONS.film), h("span", {}),
  button("Edit keys", { kind: "second", onclick: () => openTab("Keyframes") }),
  button("Back to moves", { kind: "plain", title: "Let the moves below drive the camera again", onclick: () => change(() => { delete shot.trajectory; }) }));
const sheets = {
  camera: h("div", { role: "tabpanel", id: "ms-sheet-of-camera", "aria-labelledby": "ms-sheet-camera" }, keyed, grid,
    h("div", { class: "ms-edit" },
      h("div", { class: "ms-editmove" }, controls),
      h("div", { class: "ms-stack" }, h("div", { class: "ms-label" }, h("span", {}, "Moves"), length), lanes, add))),
  subjects: h("div", { role: "tabpanel", id: "ms-sheet-of-subjects", "aria-labelledby": "ms-sheet-subjects" }, subjects.node),
  weather: h("div", { role: "tabpanel", id: "ms-sheet-of-weather", "aria-labelledby": "ms-sheet-weather" }, weather.node),
};

/** Show one sheet of the desk. */
function turnTo(name) {
  for (const [id] of SHEETS) {
    sheets[id].hidden = id !== name;
    document.getElementById(`ms-sheet-${id}`)?.setAttribute("aria-selected", String(id === name));
  }
  subjects.refresh();
  weather.refresh();
  showTags();
}

/** Turn to a sheet on which the shot now differs from what it was: nothing may change unseen. */
function reveal(before) {
  const differs = (part) => JSON.stringify(before.motion[part]) !== JSON.stringify(shot.motion[part]);
  const changed = [["camera", "camera"], ["objects", "subjects"], ["environmental", "weather"]].filter(([part]) => differs(part)).map(([, name]) => name);
  if (changed.length && !changed.some((name) => !sheets[name].hidden)) turnTo(changed[0]);
}

/** Turn to another tab of the page by its name. */
function openTab(name) {
  [...document.querySelectorAll('#tabs button[role="tab"]')].find((tab) => tab.textContent.trim() === name)?.click();
}

/** While keyframes drive the camera, the sheet says so above the moves that wait. */
function showKeyed() {
  const keys = shot.trajectory?.keys?.length || 0;
  keyed.hidden = !keys;
  keyed.querySelector("span").textContent = keys === 1 ? "The camera stands on 1 keyframe" : `The camera follows ${keys} keyframes`;
  sheets.camera.classList.toggle("ms-waiting", keys > 0);
}

function showTags() {
  const count = subjects.count();
  tags.subjects.textContent = count ? String(count) : "";
  tags.weather.textContent = weather.label();
  for (const tag of Object.values(tags)) tag.hidden = !tag.textContent;
  tags.subjects.classList.toggle("ms-trouble", Boolean(subjects.troubled()));
}

function refresh() {
  for (const tile of tiles) tile.node.setAttribute("aria-checked", String(tile.lit()));
  undo.disabled = at === 0;
  redo.disabled = at === history.length - 1;
  showKeyed();
  showControls();
  showStack();
  showOutput();
  subjects.refresh();
  weather.refresh();
  showTags();
  if (document.activeElement !== text) text.value = motionText();
  for (const one of Object.values(drawers)) one.refresh();
}

// --- who draws it ---
/** The shot on the camera of the keyframe editor, as that stands now. */
function onKeys(one) {
  let keys = null;
  document.dispatchEvent(new CustomEvent("ms-keys-wanted", { detail: (found) => { keys = found; } }));
  return keys ? { ...one, trajectory: keys } : one;
}
document.addEventListener("ms-keys", () => { if (root.isConnected) drawers.kf.refresh(); });

function drawer(prefix, full) {
  return drawnBy({
    prefix, choices: spec.drawn, get: () => shot,
    set: (fields) => change((one) => { one.backend = { ...(one.backend || {}), ...fields }; }, "backend"),
    prompt: (words) => change((one) => { one.prompt = words; sentence.value = words; }, "prompt"),
    preflight: (one, styles) => askServer({ shot: full(one), styles, width: photoSize()[0], height: photoSize()[1] }),
    again: () => document.dispatchEvent(new CustomEvent("ms-begin", { detail: [prefix, "again"] })),
    guide: () => document.dispatchEvent(new CustomEvent("ms-begin", { detail: [prefix, "guide"] })),
  });
}
const drawers = { ms: drawer("ms", (one) => one), kf: drawer("kf", onKeys) };

async function askServer(asked) {
  try { return await server.preflight(asked); } catch (problem) { return { error: "The server cannot be reached. Try again in a moment." }; }
}

/** Size of the photo on the desk as the page knows it; its shape is what counts. */
function photoSize() {
  const picture = document.querySelector("#photo img.ms-picture");
  return picture && picture.naturalWidth ? [picture.naturalWidth, picture.naturalHeight] : [0, 0];
}

/** A style of the Style tab goes into the prompt; one of the same name gives way to it. */
document.addEventListener("ms-use-style", ({ detail }) => {
  if (!root.isConnected) return;
  const bare = styleTags(shot.prompt).filter((one) => one.name === detail.name).reduce((words, one) => words.replace(one.text, ""), shot.prompt || "");
  const words = `${bare.trim()} ${detail.tag}`.trim();
  change((one) => { one.prompt = words; });
  sentence.value = words;
  drawers.ms.open();
});

const settings = h("div", { class: "ms-settings" }, output, drawers.ms.node, h("div", { class: "ms-folds" }, lens, json));

root.append(
  h("header", { class: "ms-head" }, tabs,
    h("div", { class: "ms-sentence" }, sentence, button("Fill in", { kind: "plain", id: "ms-read", onclick: read })),
    h("div", { class: "ms-tools" }, undo, redo)),
  reply, ...Object.values(sheets), settings);
turnTo("camera");

// The settings of the output belong beside the Render button, in the result panel.
(function settle(tries) {
  const slot = document.querySelector("#ms-settings");
  if (slot) slot.append(settings);
  else if (tries) requestAnimationFrame(() => settle(tries - 1));
})(600);
document.addEventListener("ms-slot", ({ detail }) => { if (detail === "kf" && root.isConnected) document.querySelector("#kf-settings")?.append(drawers.kf.node); });
watch("value", () => {
  const { merge, ...plain } = clone(props.value || {});
  if (JSON.stringify(plain) === mine) return;
  const before = shot;
  shot = tidy(plain);
  chosen = 0;
  if (said) reveal(before);
  said = false;
  mine = JSON.stringify(plain);
  history = [...history.slice(0, at + 1), clone(shot)].slice(-200);
  at = history.length - 1;
  refresh();
  tell(); // the summary that came along may have been followed by that of an edit before it
});
watch("reply", showReply);
refresh();
playMoves(tiles);

document.addEventListener("keydown", (event) => {
  if (!root.isConnected || root.offsetParent === null || isTyping(event) || !(event.ctrlKey || event.metaKey) || event.altKey) return;
  const key = event.key.toLowerCase();
  if (key === "z") { event.preventDefault(); travel(event.shiftKey ? 1 : -1); }
  else if (key === "y") { event.preventDefault(); travel(1); }
});
