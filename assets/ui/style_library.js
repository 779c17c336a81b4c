// The visitor's own styles as cards, and the tab put together.

const stylePicker = h("input", { type: "file", class: "ms-file", multiple: true, accept: ".safetensors,.cube", "aria-label": "Choose style files", onchange: () => { const files = [...stylePicker.files]; stylePicker.value = ""; if (files.length) importStyles(files); } });
const libraryNote = h("p", { class: "ms-note", role: "status", id: "st-library-note" });
const cards = h("div", { class: "ms-stylecards", role: "list", "aria-label": "Your styles" });
const forget = button("Delete everything", { kind: "plain", id: "st-forget", title: "Delete your references and styles on the server", onclick: async () => {
  if (!window.confirm("Delete all your references and styles on the server? Files that you downloaded stay yours.")) return;
  for (const kind of Object.keys(watched)) delete watched[kind];
  const gone = await ask("forget");
  studio.lost = false;
  if (gone.error) { sayLibrary(`Nothing was deleted. ${gone.error}`, true); return; }
  learn({ desk: null, references: [], befores: [], styles: [], told: {} });
  sayLibrary("The server has none of your references and styles any more.");
} });
const libraryPanel = h("section", { class: "ms-panel ms-librarypanel" },
  h("header", { class: "ms-head" }, h("h2", {}, "Your styles"), h("div", { class: "ms-tools" }, forget, button("Import", { symbol: "upload", kind: "plain", id: "st-import", title: "Add a style's .safetensors, or a .cube as a look", onclick: () => { sayLibrary(""); stylePicker.click(); } }))),
  cards, libraryNote, stylePicker);

function sayLibrary(text, bad = false) { sayLines(libraryNote, text, bad); }

async function importStyles(files) {
  let words = "";
  const troubles = await sendFiles(files, "import", sayLibrary, (answer) => { studio.choose(answer.added); words = answer.words || words; });
  sayLibrary(troubles.length ? troubles : words, troubles.length > 0);
}

async function renameStyle(style, wanted) {
  if (!wanted.trim()) { sayLibrary(`A style needs a name, so this one is still called “${style.name}”.`, true); showCards(); return; }
  sayLibrary("");
  if (wanted.trim() === style.name) { showCards(); return; }
  const answer = await ask("rename", { style: style.name, name: wanted.trim() });
  if (answer.error) { sayLibrary(answer.error, true); showCards(); return; }
  studio.chosen = answer.renamed;
  learn(answer);
  remember();
  sayLibrary("");
}

async function deleteStyle(style) {
  if (!window.confirm(`Delete the style “${style.name}” on the server?`)) return;
  const answer = await ask("delete", { style: style.name });
  if (answer.error) sayLibrary(answer.error, true);
  else { learn(answer); sayLibrary(""); }
}

function card(style) {
  const chosen = style.name === studio.chosen;
  const name = h("input", { class: "ms-input ms-stylename", value: style.name, title: style.name, maxlength: "60", "aria-label": `Name of the style ${style.name}`, onchange: () => renameStyle(style, name.value), onclick: (event) => event.stopPropagation() });
  return h("article", { class: `ms-stylecard${chosen ? " ms-chosen" : ""}`, role: "listitem", "data-style": style.name },
    h("button", { type: "button", class: "ms-stylepic", "aria-pressed": String(chosen), "aria-label": `Show ${style.name}`, onclick: () => { sayLibrary(""); studio.choose(style.name); } }, picture(style.picture, ""), h("span", { class: `ms-side ms-side0 ms-kind-${style.kind}` }, style.kind === "look" ? "Look" : "LoRA")),
    h("div", { class: "ms-refwords" }, name, style.lines.map(([label, words]) => h("span", {}, h("b", {}, `${label} `), words)), (style.problems || []).map((one) => h("span", { class: "ms-bad" }, one))),
    button("", { symbol: "clear", kind: "quiet", title: `Delete ${style.name}`, onclick: () => deleteStyle(style) }));
}

function showCards() {
  forget.hidden = !studio.id || (!studio.styles.length && !studio.references.length);
  fill(cards, studio.styles.length ? studio.styles.map(card) : h("p", { class: "ms-note" }, "Styles that you learn or import stand here. They are yours alone, and this server keeps them for some hours after your last visit, unless it is restarted: download what you want to keep."));
}
studio.on("styles chosen references", showCards);

root.append(h("div", { class: "ms-stylegrid" },
  h("div", { class: "ms-stylecol" }, refPanel, makePanel), h("div", { class: "ms-stylecol" }, resultPanel, libraryPanel)));

// Files dropped anywhere on the tab go where they belong by their kind.
root.addEventListener("dragover", (event) => { if ([...(event.dataTransfer?.types || [])].includes("Files")) { event.preventDefault(); const before = beforeBox.contains(event.target); refDrop.classList.toggle("ms-over", !before); beforeBox.classList.toggle("ms-over", before); } });
const dragOver = () => { for (const one of [refDrop, beforeBox]) one.classList.remove("ms-over"); };
root.addEventListener("dragleave", dragOver);
root.addEventListener("drop", (event) => {
  dragOver();
  const files = [...(event.dataTransfer?.files || [])];
  if (!files.length) return;
  event.preventDefault();
  const ends = (file, ...all) => all.some((one) => file.name.toLowerCase().endsWith(one));
  const styles = files.filter((file) => ends(file, ".safetensors", ".cube"));
  const photos = files.filter((file) => file.type.startsWith("image/") && !ends(file, ".gif"));
  const clips = files.filter((file) => !styles.includes(file) && !photos.includes(file));
  if (styles.length) importStyles(styles);
  if (photos.length) takePhoto(photos[0]);
  if (clips.length) (beforeBox.contains(event.target) ? takeBefores : takeReferences)(clips);
});

/** The page may be loaded more than once after a restart of the server: each time it says what became of the styles. */
function sayLost() {
  sayLibrary("The server no longer has your references and styles. Add the clips again, or import the files that you downloaded.", true);
  sayEmpty("Your styles are gone from the server", "Import the files that you downloaded, or add the clips again");
}

async function wake() {
  recall();
  showReferences();
  showMake();
  showCards();
  showResult();
  if (!studio.id) { if (studio.lost) sayLost(); return; }
  let answer = await ask("hello");
  while (answer.offline) { sayRefs(answer.error, true); await new Promise((done) => setTimeout(done, 2000)); answer = await ask("hello"); }
  sayRefs("");
  const had = studio.id;
  learn(answer);
  if (had && !studio.id) { studio.lost = true; remember(); sayLost(); }
  for (const job of answer.jobs || []) {
    if (job.kind === "style" && job.phase === "working") { make.kind = job.about.make; showMake(); follow(job, making); }
    else if (job.kind === "style" && job.phase === "failed" && job === answer.jobs.at(-1)) making(job); // it ended while nobody looked
    else if (["check", "trial"].includes(job.kind) && job.phase === "working") follow(job, (state) => { if (state.result) learn(state.result); });
  }
}
wake();
