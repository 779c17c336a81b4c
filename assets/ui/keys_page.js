// The keyframe editor put together: bar, 3D view and frame, timeline, graph and numbers; its keyboard; and
// what the server answers, shown beside the control that asked.

const keysRoot = element.firstElementChild;
keysRoot.className = "ms-keyeditor";
const keysCatalog = keysClone(props.catalog) || {};
const keysState = keysStore({ trigger, props, watch });

/** One part of the editor; a part that fails to start leaves the others alone. */
function keysPart(name, build, label) {
  const host = h("div", { class: `ms-keys-${name} ms-panel`, "aria-label": label, role: "region" });
  try { build?.(host, keysState, keysCatalog); } catch (problem) {
    console.error(`keyframe editor, ${name}:`, problem);
    fill(host, h("p", { class: "ms-bad" }, `${label} could not be shown. Reload the page.`));
  }
  return host;
}

const keysNote = h("div", { class: "ms-keys-note", role: "status", hidden: true });
let keysAsked = null; // the request that the note line waits for

/** Send a request whose answer is a reply; say meanwhile that it is on its way. */
function keysSend(name, payload) {
  keysState.pause();
  const kind = { imported: "import", exported: "export" }[name] || name;
  const menu = keysTop.menus[kind];
  clearTimeout(keysAsked?.timer);
  keysAsked = { kind, timer: setTimeout(() => {
    if (menu?.open) menu.say("Working…");
    else keysTell("Working…");
  }, 250) };
  keysState.tell(name, payload);
}

let keysHush = 0;
function keysTell(text, bad = false, notes = []) {
  clearTimeout(keysHush);
  if (text && !bad && !notes.length) keysHush = setTimeout(() => keysTell(""), 7000);
  fill(keysNote, h("span", {}, text), notes.length ? h("ul", {}, notes.map((one) => h("li", {}, one))) : null,
    text ? button("", { symbol: "clear", kind: "quiet", title: "Close this note", onclick: () => keysTell("") }) : null);
  keysNote.hidden = !text;
  keysNote.classList.toggle("ms-bad", bad);
}

const keysBarHost = h("header", { class: "ms-keys-bar ms-panel", role: "toolbar", "aria-label": "Path" });
const keysTop = keysBar(keysBarHost, keysState, keysCatalog, keysSend);
const keysPieces = {
  stage: keysPart("stagehost", keysStage, "3D view of the path"),
  still: keysPart("stillhost", keysStill, "Frame at the playhead"),
  timeline: keysPart("timeline", typeof keysTimeline === "function" ? keysTimeline : null, "Timeline"),
  graph: keysPart("graph", typeof keysGraph === "function" ? keysGraph : null, "Curves over time"),
  table: keysPart("table", typeof keysTable === "function" ? keysTable : null, "Keys as numbers"),
  inspector: keysPart("inspector", typeof keysInspector === "function" ? keysInspector : null, "Selected key and path"),
};
const keysPathError = h("p", { class: "ms-keys-patherror ms-bad", role: "alert", hidden: true });
keysRoot.append(keysBarHost, h("div", { class: "ms-keys-main" }, keysPieces.stage, keysPieces.still, keysNote), keysPathError, keysPieces.timeline,
  h("div", { class: "ms-keys-lower" }, h("div", { class: "ms-keys-lowerleft" }, keysPieces.graph, keysPieces.table), keysPieces.inspector),
  h("div", { class: "ms-keys-dropping", "aria-hidden": "true" }, icon(ICONS.upload, 30), h("strong", {}, "Drop the camera path here")));

keysState.on("reply", () => {
  const said = keysState.reply || {};
  if (keysAsked && (said.kind === keysAsked.kind || said.kind === "note")) { clearTimeout(keysAsked.timer); keysAsked = null; }
  if (keysNote.textContent.startsWith("Working")) keysTell("");
  if (said.kind === "aim") return; // The frame shows it.
  if (keysTop.reply(said)) { if (!said.error) keysTell(""); return; }
  keysTell(said.error || said.text || "", Boolean(said.error), said.error ? [] : said.notes || []);
});
keysState.on("sampled", () => {
  keysPathError.textContent = keysState.sampled.error || "";
  keysPathError.hidden = !keysState.sampled.error;
});

// --- a file dropped anywhere on the editor ---
const keysCarries = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
for (const kind of ["dragenter", "dragover"]) keysRoot.addEventListener(kind, (event) => {
  if (!keysCarries(event)) return;
  event.preventDefault();
  keysRoot.classList.add("ms-keys-over-drop");
});
keysRoot.addEventListener("dragleave", (event) => { if (!keysRoot.contains(event.relatedTarget)) keysRoot.classList.remove("ms-keys-over-drop"); });
keysRoot.addEventListener("drop", (event) => {
  keysRoot.classList.remove("ms-keys-over-drop");
  if (!keysCarries(event)) return;
  event.preventDefault();
  keysTop.take(event.dataTransfer.files[0]);
});

// --- keyboard: only while the editor is on show and nobody types ---
function keysListens(event) {
  if (!keysRoot.isConnected || keysRoot.offsetParent === null || isTyping(event)) return false;
  const focus = document.activeElement;
  return !focus || focus === document.body || keysRoot.contains(focus) || !focus.matches("input, select, textarea, button, a, [tabindex]") || focus.closest("#tabs > .tab-wrapper") !== null;
}

function keysPress(event) {
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const state = keysState;
  if (control && !event.altKey) {
    if (key === "z") return () => (event.shiftKey ? state.redo() : state.undo());
    if (key === "y") return () => state.redo();
    if (key === "a") return () => state.select(state.keys.map((one) => one._id));
    return null;
  }
  const range = event.target instanceof HTMLInputElement && event.target.type === "range";
  const steps = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
  const inControl = event.target instanceof Element && event.target.closest("button, a, summary, input, [role='radio'], [role='tab']") !== null;
  if (key === " ") return inControl ? null : () => state.toggle();
  if (range || event.target instanceof Element && event.target.closest("[role='listbox'], [role='menu'], [role='dialog'], [role='slider'], [role='grid']")) return null;
  switch (key) {
    case "i": return () => state.addKey(state.playhead);
    case "Delete": case "Backspace": return () => state.removeSelected();
    case "ArrowLeft": return event.altKey ? null : () => { state.pause(); state.seek(state.playhead - steps); };
    case "ArrowRight": return event.altKey ? null : () => { state.pause(); state.seek(state.playhead + steps); };
    case "ArrowUp": return state.selection.size ? () => state.nudge(steps) : null;
    case "ArrowDown": return state.selection.size ? () => state.nudge(-steps) : null;
    case "Home": return () => state.seek(0);
    case "End": return () => state.seek(state.last);
    case "[": return () => state.toKey(state.neighbour(-1));
    case "]": return () => state.toKey(state.neighbour(1));
    case "p": return event.shiftKey ? null : () => keysTop.preview.click();
    case "r": return event.shiftKey ? null : () => keysTop.render.click();
    default: return null;
  }
}

// Before the Motion tab's own shortcuts, which must not act while this tab is on show.
document.addEventListener("keydown", (event) => {
  if (!keysListens(event)) return;
  const action = keysPress(event);
  if (!action) return;
  event.preventDefault();
  event.stopPropagation();
  action();
}, true);
document.addEventListener("copy", (event) => {
  if (!keysListens(event) || !window.getSelection().isCollapsed) return;
  const text = keysState.copy();
  if (!text) return;
  event.clipboardData.setData("text/plain", text);
  event.preventDefault();
});
document.addEventListener("paste", (event) => {
  if (!keysListens(event) || event.clipboardData.files.length) return;
  const text = event.clipboardData.getData("text/plain");
  if (!text.trim()) return;
  event.preventDefault();
  if (keysState.paste(keysState.playhead, text)) return;
  if (text.length > 40) keysTop.take(new File([text], "pasted.txt", { type: "text/plain" })); // a path as text, from elsewhere
  else keysState.say("What was copied holds no keys.", true);
});

// Back from the Motion tab, the shot's other settings may be others.
let keysAway = !keysRoot.clientWidth;
new ResizeObserver(() => {
  const away = !keysRoot.clientWidth;
  if (keysAway && !away) keysState.refresh();
  keysAway = away;
}).observe(keysRoot);
keysState.open();
