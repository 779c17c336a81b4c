// The Sequence tab as a whole: what stands where, the keys, and what a reload finds again.

const FACES = { shot: "Shot", way: "Transition", sound: "Sound & titles", light: "Continuity", film: "Film" };
const title = h("input", { class: "ms-input ms-filmname", id: "sq-name", maxlength: "120", "aria-label": "Name of the film", onchange: () => desk.withProject({ name: title.value.trim() || "Untitled" }) });
const sum = h("output", { class: "ms-sum", id: "sq-sum", role: "status" });
const kept = h("span", { class: "ms-kept", title: "The storyboard is kept in this browser as you work" });
const undoButton = button("", { symbol: "undo", kind: "quiet", title: "Undo (Ctrl+Z)", id: "sq-undo", onclick: () => desk.undo() });
const redoButton = button("", { symbol: "redo", kind: "quiet", title: "Redo (Ctrl+Shift+Z)", id: "sq-redo", onclick: () => desk.redo() });
const trouble = h("p", { class: "ms-note ms-bad", role: "alert", id: "sq-trouble", hidden: true });

const lost = h("p", { class: "ms-note ms-bad ms-lost", role: "alert", id: "sq-missing", hidden: true });

const empty = h("section", { class: "ms-panel ms-seqempty" },
  icon(ICONS.film, 34), h("h2", {}, "A film of several shots"),
  h("p", {}, "Lay photos and clips out as cards, say how each camera moves, choose how one shot becomes the next, and make one film of them."),
  h("div", { class: "ms-row ms-wrap" },
    button("Start with three example shots", { symbol: "play", kind: "primary", id: "sq-examples", onclick: tryExamples }),
    button("Add photos", { symbol: "upload", kind: "plain", onclick: () => pickFiles("photo") }),
    button("Add clips", { symbol: "film", kind: "plain", onclick: () => pickFiles("video") }),
    button("Open a project", { symbol: "save", kind: "plain", onclick: () => pickFiles("project") })));

const faces = { shot: shotFace, way: wayFace, sound: soundFace, light: lightFace, film: filmFace };
const redraw = { shot: () => showShotFace(true), way: showWay, sound: () => showSound(true), light: () => showLight(true), film: () => { filmMark = ""; showFilm(); } };
const tabs = h("div", { class: "ms-segments ms-facetabs", role: "tablist" }, Object.entries(FACES).map(([name, words]) =>
  h("button", { type: "button", role: "tab", "data-face": name, onclick: () => showFace(name) }, words)));
const sheet = h("section", { class: "ms-panel ms-sheet" }, tabs, ...Object.values(faces));

function showFace(name) {
  for (const [one, face] of Object.entries(faces)) face.hidden = one !== name;
  for (const one of tabs.children) one.setAttribute("aria-checked", String(one.dataset.face === name));
  for (const one of tabs.children) one.setAttribute("aria-selected", String(one.dataset.face === name));
  if (name === "way" && !desk.way && desk.cards.length > 1) desk.way = desk.cards[Math.max(0, Math.min(desk.index(desk.chosen), desk.cards.length - 2))].key;
  if (name !== "way" && desk.way) { desk.way = null; showCards(); }
  redraw[name]();
}
desk.on("face", showFace);

const head = h("header", { class: "ms-panel ms-seqhead" }, title, sum, kept,
  h("div", { class: "ms-tools" },
    button("Photos", { symbol: "plus", kind: "plain", id: "sq-add-photos", title: "Add photos", onclick: () => pickFiles("photo") }),
    button("Clips", { symbol: "plus", kind: "plain", title: "Add clips", onclick: () => pickFiles("video") }), undoButton, redoButton, menu));
const below = h("button", { type: "button", class: "ms-below", hidden: true, onclick: () => board.scrollBy({ top: board.clientHeight * 0.8, behavior: "smooth" }) });
const boardPanel = h("section", { class: "ms-panel ms-boardpanel" }, lost, trouble, board, below);
/** How many cards lie below what is seen of the storyboard. */
const showBelow = debounce(() => {
  const end = board.getBoundingClientRect().bottom;
  const hidden = root.offsetParent === null ? 0 : [...board.children].filter((cell) => cell.getBoundingClientRect().bottom > end + 12).length;
  below.hidden = !hidden;
  boardPanel.classList.toggle("ms-hasbelow", hidden > 0);
  below.textContent = `${hidden === 1 ? "1 shot goes" : `${hidden} shots go`} on below ▾`;
}, 60);
board.addEventListener("scroll", showBelow, { passive: true });
new ResizeObserver(showBelow).observe(board);
desk.on("doc media", showBelow);
const main = h("div", { class: "ms-seqgrid" },
  h("div", { class: "ms-seqleft" }, boardPanel, timelinePanel, sheet), h("div", { class: "ms-seqright" }, monitor));
root.append(head, note, empty, main, picker, status);

function showHead() {
  const any = desk.cards.length > 0;
  empty.hidden = any;
  main.hidden = sum.hidden = !any;
  if (document.activeElement !== title) title.value = desk.project.name;
  undoButton.disabled = !desk.past.length;
  redoButton.disabled = !desk.future.length;
  if (any) sum.textContent = arithmetic();
}

function showTrouble() {
  const plan = desk.plan || {};
  const own = desk.cards.map((_, index) => cardTrouble(index)).some(Boolean);
  const words = own ? "" : plan.error || "";
  trouble.textContent = words;
  trouble.hidden = !words;
  const away = missing();
  if (lost.dataset.words === away) return;
  lost.dataset.words = away;
  lost.hidden = !away;
  fill(lost, h("span", {}, away), button("Add the missing files", { symbol: "upload", kind: "plain", id: "sq-again", onclick: () => pickFiles("again") }));
}

desk.on("doc", showHead);
desk.on("plan doc", showTrouble);
desk.on("kept", (well) => { kept.textContent = well ? "Kept in this browser" : "Too large to keep in this browser: save it to a file"; kept.classList.toggle("ms-bad", !well); });

// Files dropped anywhere on the tab.
root.addEventListener("dragover", (event) => { if ([...(event.dataTransfer?.types || [])].includes("Files")) { event.preventDefault(); root.classList.add("ms-over"); } });
root.addEventListener("dragleave", () => root.classList.remove("ms-over"));
root.addEventListener("drop", (event) => {
  root.classList.remove("ms-over");
  const files = [...(event.dataTransfer?.files || [])];
  if (!files.length) return;
  event.preventDefault();
  takeFiles(files, "photo");
});

document.addEventListener("keydown", (event) => {
  if (!root.isConnected || root.offsetParent === null) return;
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && !event.altKey && (key === "z" || key === "y")) {
    if (isTyping(event)) return; // the field's own undo
    if (key === "y" || event.shiftKey) desk.redo(); else desk.undo();
    event.preventDefault();
    return;
  }
  if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("button, summary")) return;
  if (key === "p") begin("play");
  else if (key === "r") begin("film");
  else if (key === "escape") cancelJob();
  else if (key === " " && !film.hidden) { if (film.paused) film.play().catch(() => {}); else film.pause(); }
  else return;
  event.preventDefault();
});

async function wake() {
  const had = recall();
  desk.awake = true;
  showFace("shot");
  desk.chosen = (desk.cards[0] || {}).key || null;
  showHead();
  desk.tell("doc");
  if (!had || !desk.cards.length) { arrived(); return; }
  let answer = await hello();
  while (answer.offline) { say(answer.error, true); await new Promise((done) => setTimeout(done, 2000)); answer = await hello(); }
  if ((answer.desk || null) !== desk.id) { desk.id = answer.desk || null; keep(); }
  desk.media = answer.media || {};
  desk.tell("media");
  for (const track of desk.project.sound.tracks) ask("waveform", { media: track.media }).then((wave) => { if (!wave.error) { desk.waves[track.media.sha256] = wave; desk.tell("waves"); } });
  say("");
  const jobs = (answer.jobs || []).filter((one) => ["film", "play", "shot"].includes(one.kind));
  const running = jobs.find((one) => one.phase === "working");
  const last = jobs.filter((one) => one.phase === "done").pop();
  if (last) { showFilmFile(last); film.pause(); }
  if (running) follow(running);
  else if (!last && jobs.length && jobs.at(-1).phase === "failed") failed(jobs.at(-1).error);
  check();
  arrived();
}
/** Another tab changed the storyboard: see which of its files the server has. */
async function refresh() {
  const answer = await hello();
  if (answer.offline) return;
  if (answer.desk) desk.id = answer.desk;
  desk.media = { ...desk.media, ...(answer.media || {}) };
  desk.tell("media");
}
const hello = () => ask("hello", { shas: [...new Set([...desk.project.shots.map((shot) => shot.media.sha256), ...desk.project.sound.tracks.map((track) => track.media.sha256)])] });
wake();
