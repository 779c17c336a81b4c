// The references: short clips of the style, each with what the check found.

const refPicker = h("input", { type: "file", class: "ms-file", multiple: true, accept: "video/*,.mkv,.mov,.webm,.mp4,.gif", "aria-label": "Choose reference clips", id: "st-files",
  onchange: () => { const files = [...refPicker.files]; refPicker.value = ""; if (files.length) takeReferences(files); } });
const refNote = h("p", { class: "ms-note", role: "status", id: "st-ref-note" });
const refGrid = h("div", { class: "ms-refs", role: "list", "aria-label": "Reference clips" });
const refDrop = h("div", { class: "ms-frame ms-drop", tabindex: "0", role: "button", "aria-label": "Add reference clips: click to choose files, or drop them",
  onclick: () => refPicker.click(), onkeydown: (event) => { if (["Enter", " "].includes(event.key)) { event.preventDefault(); refPicker.click(); } } },
h("div", { class: "ms-empty" }, icon(ICONS.upload, 24), h("strong", {}, "Drop clips whose style you want"), h("span", {}, "5 to 10 of 2 to 5 seconds each; any shape and size")));
const refTries = h("div", { class: "ms-row ms-wrap ms-reftries" });
const refSum = h("span", { class: "ms-facts", id: "st-sum" });
const refClear = button("Remove all", { kind: "plain", onclick: async () => { learn(await ask("drop", { all: true })); sayRefs(""); } });
const beforePicker = h("input", { type: "file", class: "ms-file", multiple: true, accept: "video/*,.mkv,.mov,.webm,.mp4,.gif", "aria-label": "Choose the same clips before the grade",
  onchange: () => { const files = [...beforePicker.files]; beforePicker.value = ""; if (files.length) takeBefores(files); } });
const beforeWords = h("span", { id: "st-before-words" });
const beforeClear = button("Remove", { kind: "plain", id: "st-before-clear", title: "Remove the clips before the grade", onclick: async () => { learn(await ask("drop", { befores: true })); sayRefs(""); } });
const beforeBox = h("div", { class: "ms-before", id: "st-befores", hidden: true }, h("div", { class: "ms-beforewords" }, h("b", {}, "Before the grade"), beforeWords), beforeClear,
  button("Add", { symbol: "upload", kind: "plain", id: "st-before-add", title: "Add the same clips before the grade", onclick: () => beforePicker.click() }), beforePicker);
const refPanel = h("section", { class: "ms-panel ms-refpanel" },
  h("header", { class: "ms-head" }, h("h2", {}, "References"), refSum, h("div", { class: "ms-tools" }, refClear, button("", { symbol: "plus", kind: "quiet", title: "Add clips", onclick: () => refPicker.click() }))),
  refDrop, refTries, refGrid, beforeBox, refNote, refPicker);

function sayRefs(text, bad = false) { sayLines(refNote, text, bad); }

async function takeReferences(files) {
  const troubles = await sendFiles(files, "add", sayRefs);
  sayRefs(troubles, troubles.length > 0);
  if (studio.references.length) checkReferences(troubles);
}

async function takeBefores(files) {
  const troubles = await sendFiles(files, "before", sayRefs);
  sayRefs(troubles, troubles.length > 0);
}

/** Look at all clips together: lengths, cuts, duplicates. */
function checkReferences(before = []) {
  begin("check", {}, (state) => {
    if (state.phase === "working") { sayRefs(`${state.stage}…`); return; }
    if (state.phase === "failed") { sayRefs(state.error, true); return; }
    if (state.result) learn(state.result);
    sayRefs(before, before.length > 0);
  });
}

function tryClips(id) {
  for (const one of refTries.querySelectorAll("button")) one.disabled = true;
  begin("trial", { trial: id }, (state) => {
    if (state.phase === "working") { sayRefs(`${state.stage}${state.fraction ? ` · ${Math.round(state.fraction * 100)} %` : "…"}`); return; }
    showTries();
    if (state.phase === "failed") { sayRefs(state.error, true); return; }
    if (state.result) learn(state.result);
    sayRefs("");
    suggestName((spec.trials || []).find((one) => one.id === id)?.title);
  });
}

function showTries() {
  fill(refTries, (spec.trials || []).map((one) => button(`Try: ${one.title}`, { symbol: "play", kind: "second", "data-trial": one.id, title: one.help, onclick: () => tryClips(one.id) })));
  refTries.hidden = studio.references.length > 0;
}

function showReferences() {
  const clips = studio.references, told = studio.told;
  refDrop.hidden = clips.length > 0;
  refClear.hidden = !clips.length;
  showTries();
  const whole = clips.reduce((sum, one) => sum + (one.seconds || 0), 0);
  refSum.textContent = clips.length ? `${plural(clips.length, "clip")}, ${seconds(whole)}` : "";
  fill(refGrid, clips.map((one) => h("article", { class: `ms-ref${one.bad ? " ms-trouble" : ""}`, role: "listitem", "data-ref": one.id },
    h("div", { class: "ms-refpic" }, picture(one.picture, one.name), one.seconds ? h("span", { class: "ms-side ms-side1" }, seconds(one.seconds)) : null),
    h("div", { class: "ms-refwords" }, h("b", { title: one.name }, one.name), h("span", {}, one.facts), one.before ? h("span", { class: "ms-wasbefore", title: `Before the grade: ${one.before}` }, `Before: ${one.before}`) : null,
      (one.notes || []).map((note) => h("span", { class: one.bad ? "ms-bad" : "ms-advice" }, note)),
      one.checked && !(one.notes || []).length ? h("span", { class: "ms-fine" }, "Can be used") : null),
    button("", { symbol: "clear", kind: "quiet", title: `Remove ${one.name}`, onclick: async () => { learn(await ask("drop", { reference: one.id })); if (studio.references.length) checkReferences(); } }))),
  ...[...(told.problems || []).map((one) => h("p", { class: "ms-note ms-bad", role: "alert" }, one)), ...(told.notes || []).map((one) => h("p", { class: "ms-note" }, one))]);
  refGrid.hidden = !clips.length;
  beforeBox.hidden = !clips.length;
  const befores = studio.befores.length, without = clips.filter((one) => !one.before).length;
  beforeClear.hidden = !befores;
  beforeWords.textContent = !befores ? "Optional: drop the same clips as they were before the grade here, and the look is exact. They go together by their names, or by their order."
    : befores < clips.length ? `${plural(befores, "clip")}; ${without} of the references ${without === 1 ? "has" : "have"} none, so these only tell what ungraded pictures look like.`
    : `${plural(befores, "clip")}, one for each reference: the look is learned from what the grade did to each pixel.`;
}
studio.on("references", showReferences);
