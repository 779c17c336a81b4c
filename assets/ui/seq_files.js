// What comes in and goes out: photos, clips, sounds, projects; files for other programs; the way to the
// Motion tab and back.

const ACCEPT = {
  photo: "image/*,.heic,.heif,.avif,.tif,.tiff", video: "video/*,.mkv,.mov,.mp4,.webm", music: "audio/*,video/*,.mp3,.wav,.flac,.m4a,.ogg",
  project: ".json,.zip,.otio,.edl,.mp4,.webm,.mov,application/json,application/zip", again: "image/*,video/*,audio/*", captions: ".srt,.vtt",
};
let picking = { what: "photo" };
const picker = h("input", { type: "file", class: "ms-file", multiple: true, "aria-label": "Choose files for the sequence",
  onchange: () => { const files = [...picker.files]; picker.value = ""; if (files.length) takeFiles(files, picking.what, picking.sha); } });
const note = h("p", { class: "ms-note ms-seqnote", role: "status", id: "sq-note" });

let notedOf = null; // the document that the note was said of

function say(text, bad = false) {
  note.textContent = text;
  note.classList.toggle("ms-bad", bad);
  note.hidden = !text;
  notedOf = desk.doc;
}

/** Take the note away, unless something is still under way. */
function settle() { if (!note.textContent.endsWith("…")) say(""); }
desk.on("doc", () => { if (!note.hidden && desk.doc !== notedOf) settle(); });
desk.on("elsewhere", () => {
  say("This storyboard was changed in another tab; this is how it stands now. Undo brings back what was here.");
  refresh();
});

function pickFiles(what, sha = null) {
  picking = { what, sha };
  picker.accept = ACCEPT[what === "voice" ? "music" : what] || "";
  picker.multiple = !["project", "captions"].includes(what);
  picker.click();
}

/** Hashes of the project's files that the server lacks: cards wait for them. */
function waited() {
  const refs = [...desk.project.shots, ...desk.project.sound.tracks].map((one) => one.media);
  const absent = refs.filter((ref) => (ref.kind === "sound" ? !desk.waves[ref.sha256] : !desk.media[ref.sha256]));
  return new Set([...absent.map((ref) => ref.sha256), ...Object.keys((desk.plan || {}).missing || {})]);
}

async function takeFiles(files, what, sha = null) {
  const one = files[0];
  if (["project", "photo"].includes(what) && files.length === 1 && /\.(srt|vtt)$/i.test(one.name)) what = "captions";
  if (what === "project" || (what === "photo" && files.length === 1 && /\.(json|zip|otio|edl)$/i.test(one.name))) return openFile(one);
  say(files.length === 1 ? `Reading ${one.name}…` : `Reading ${files.length} files…`);
  const sent = [];
  for (const file of files) {
    try {
      const { path } = await upload(ownName(file));
      sent.push({ path, orig_name: file.name });
    } catch (problem) { say(`${file.name} could not be sent. It may be larger than this server accepts.`, true); return; }
  }
  if (what === "captions") return takeCaptions(sent[0]);
  const as = { music: "sound", voice: "sound" }[what] || null;
  const troubles = [];
  const away = waited();
  for (const [place, file] of sent.entries()) { // one at a time, so that cards appear as they are read
    if (sent.length > 1) say(`Reading ${file.orig_name}, ${place + 1} of ${sent.length}…`);
    const answer = await ask("add", { files: [file], as });
    if (answer.error) { troubles.push(answer.error); continue; }
    desk.id = answer.desk;
    troubles.push(...answer.failed);
    for (const added of answer.added) {
      desk.media[added.media.sha256] = added;
      if (added.wave) desk.waves[added.media.sha256] = added.wave;
      if (what === "again" && !away.has(added.media.sha256)) troubles.push(`${file.orig_name} is another file: its content differs from ${sha ? "the one" : "those"} in the project.`);
      if (what === "again") continue;
      if (away.has(added.media.sha256)) { away.delete(added.media.sha256); continue; } // a card waits for it
      if (added.media.kind === "sound") addSound(added.media, what === "voice" ? "voice" : "music");
      else addCard(added);
    }
  }
  desk.tell("media");
  desk.changed();
  say(troubles.join(" "), troubles.length > 0);
}

function addSound(media, role) {
  const music = role === "music";
  withSound({ tracks: [...sound().tracks, { media, role, start: 0, trim_start: 0, seconds: null, gain: 0, fade_in: music ? 0.5 : 0, fade_out: music ? 1.5 : 0, loop: false }] });
  desk.tell("face", "sound");
}

function addCard(added) {
  const id = freeName(added.shot.id);
  const shot = { ...added.shot, id };
  desk.said[id] = { words: added.words, seconds: added.seconds };
  const before = desk.cards.at(-1);
  const cards = before && !before.way && desk.cards.length > 0
    ? [...desk.cards.slice(0, -1), { ...before, way: { type: "dissolve", seconds: Math.min(0.5, before.seconds / 3, added.seconds / 3), easing: "linear", colour: "#000000", reverse: false } }]
    : desk.cards;
  const card = { key: newKey(), shot: id, start: 0, seconds: Number(added.seconds.toFixed(4)), colour: "#000000", way: null };
  desk.chosen = card.key;
  desk.commit({ project: { ...desk.project, shots: [...desk.project.shots, shot] }, cards: [...cards, card] });
}

function adopt(answer, words) {
  learn(answer);
  desk.chosen = null;
  desk.commit(keyed(answer.document));
  desk.tell("media");
  say([words, ...(answer.notes || [])].filter(Boolean).join(" "));
}

/** Which files the server does not have, in words; empty where it has all. */
function missing() {
  const names = [...new Set(Object.values((desk.plan || {}).missing || {}))];
  if (!names.length) return "";
  return `The server does not have ${names.slice(0, 4).join(", ")}${names.length > 4 ? ` and ${names.length - 4} more` : ""}. Add ${names.length === 1 ? "it" : "them"} again, or open the project's bundle.`;
}

async function openFile(file) {
  say(`Opening ${file.name}…`);
  let path;
  try { ({ path } = await upload(ownName(file))); } catch (problem) { say(`${file.name} could not be sent. It may be larger than this server accepts.`, true); return; }
  const answer = await ask("open", { file: { path, orig_name: file.name } });
  if (answer.error) { say(answer.error, true); return; }
  adopt(answer, `${file.name} is open. Undo brings the one before back.`);
}

async function takeCaptions(file) {
  const answer = await ask("captions", { file });
  if (answer.error) { say(answer.error, true); return; }
  desk.withProject({ titles: [...desk.project.titles, ...answer.titles] });
  say(answer.words);
}

async function tryExamples() {
  say("Laying out three example shots…");
  const answer = await ask("examples");
  if (answer.error) { say(answer.error, true); return; }
  adopt(answer, "");
}

// --- out ---

function saveText(text, name, type = "application/json") {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

const fileStem = () => desk.project.name.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 48) || "film";

async function saveProject() {
  const answer = await ask("project", { document: plain() });
  if (answer.error) { say(answer.error, true); return; }
  saveText(answer.text, `${fileStem()}.json`);
  say("Saved. The file names its media by content; the bundle holds them, too.");
}

async function exportAs(form, words) {
  menu.open = false;
  say(`Making ${words}…`);
  const result = await runJob("file", { form });
  if (result.error) { say(result.error, true); return; }
  const link = h("a", { href: fileUrl(result.file), download: result.name });
  document.body.append(link);
  link.click();
  link.remove();
  say([`${result.name} is saved.`, ...result.notes].join(" "));
}

const menuEntry = (words, act, name) => h("button", { type: "button", "data-do": name, onclick: () => { menu.open = false; act(); } }, words);
const menuHead = (words) => h("span", { class: "ms-menuhead" }, words);
const menu = h("details", { class: "ms-menu ms-seqmenu" }, h("summary", { class: "ms-button ms-plain", id: "sq-menu" }, h("span", {}, "File")),
  h("div", { class: "ms-menulist" },
    menuHead("Project"), menuEntry("New project", () => { desk.commit(EMPTY); say("A new project. Undo brings the one before back."); }, "new"),
    menuEntry("Open a project…", () => pickFiles("project"), "open"), menuEntry("Save project (.json)", saveProject, "save"),
    menuEntry("Save bundle with media (.zip)", () => exportAs("bundle", "the bundle"), "bundle"),
    menuHead("Add"), menuEntry("A plain colour", () => { const card = { key: newKey(), shot: null, start: 0, seconds: 2, colour: "#000000", way: null }; desk.chosen = card.key; desk.withCards([...desk.cards, card]); }, "colour"),
    menuEntry("Subtitles from a file…", () => pickFiles("captions"), "captions"),
    menuHead("Save for others"), menuEntry("OpenTimelineIO (.otio)", () => exportAs("otio", "the timeline"), "otio"), menuEntry("Edit list CMX 3600 (.edl)", () => exportAs("edl", "the edit list"), "edl"),
    menuEntry("Subtitles (.srt)", () => exportAs("srt", "the subtitles"), "srt"), menuEntry("Subtitles (.vtt)", () => exportAs("vtt", "the subtitles"), "vtt"),
    menuEntry("Storyboard to print (.pdf)", () => exportAs("pdf", "the storyboard"), "pdf"), menuEntry("Storyboard as a picture (.png)", () => exportAs("png", "the storyboard"), "png"),
    menuHead("For good"), menuEntry("Delete my files on the server", async () => { if (!window.confirm("Delete all files and films of this sequence on the server? The storyboard stays, but its photos, clips and sounds have to be added again.")) return; if (job) await cancelJob(); rest(); const gone = await ask("forget"); if (gone.error) { say(`Nothing was deleted. ${gone.error}`, true); return; } noFilm(); desk.id = null; desk.media = {}; desk.waves = {}; desk.tell("media"); keep(); check(); say("The server has none of your files of this sequence any more, nor its films. The storyboard stays in this browser; a photo that is open on another tab stays there."); }, "forget")));
menu.addEventListener("keydown", (event) => { if (event.key === "Escape" && menu.open) { menu.open = false; menu.firstChild.focus(); event.stopPropagation(); } });
document.addEventListener("click", (event) => { if (menu.open && !menu.contains(event.target)) menu.open = false; });

// --- to the Motion tab and back ---

let lent = null; // the shot that is open on another tab
const backBar = h("div", { class: "ms-backbar", role: "region", "aria-label": "Editing a shot of the sequence", hidden: true });
document.querySelectorAll(".ms-backbar").forEach((old) => old.remove());
document.body.append(backBar);

function openTab(name) {
  [...document.querySelectorAll('#tabs button[role="tab"]')].find((tab) => tab.textContent.trim() === name)?.click();
  window.scrollTo(0, 0);
}
const openTabName = () => document.querySelector('#tabs button[role="tab"][aria-selected="true"]')?.textContent.trim() || "";

function openInMotion(card) {
  const shot = desk.shot(card.shot);
  if ((desk.media[shot.media.sha256] || {}).wrong) { say(desk.media[shot.media.sha256].wrong, true); return; }
  if (!desk.media[shot.media.sha256]) { say(`The file ${shot.media.name} is not on the server any more. Add it again first.`, true); return; }
  lent = { id: shot.id, key: card.key, seconds: desk.own(card) };
  fill(backBar, h("span", {}, "Editing ", h("strong", {}, shot.id)),
    button("Take Motion's camera back", { kind: "primary", id: "sq-back-motion", onclick: () => bring("motion") }),
    button("Take Keyframes' camera back", { kind: "second", id: "sq-back-keys", onclick: () => bring("keys") }),
    button("Leave it as it was", { kind: "plain", id: "sq-back-none", onclick: () => { lent = null; backBar.hidden = true; openTab("Sequence"); } }));
  backBar.hidden = false;
  trigger("edit_camera", { desk: desk.id, shot, fps: desk.project.output.fps });
  openTab("Motion");
}

function bring(from) {
  trigger("take_back", { from });
  for (const one of backBar.querySelectorAll("button")) one.disabled = true;
}

function arrived() {
  const reply = props.reply || {};
  if (!reply.stamp) return;
  if (reply.kind === "back") {
    for (const one of backBar.querySelectorAll("button")) one.disabled = false;
    if (reply.error) { backBar.firstChild.textContent = reply.error; return; }
    const shot = lent ? desk.shot(lent.id) : null;
    backBar.hidden = true;
    openTab("Sequence");
    if (!shot) return;
    const own = lent.seconds || reply.seconds, ratio = reply.seconds / own;
    const card = desk.cards.find((one) => one.key === lent.key && one.shot === shot.id) || desk.cards.find((one) => one.shot === shot.id);
    desk.withOwn(card.key, { ...shot, shot: { ...reply.shot, output: shot.shot.output } }, { start: card.start * ratio, seconds: card.seconds * ratio }, { words: reply.words, seconds: reply.seconds });
    lent = null;
  } else if (reply.kind === "incoming") incoming(reply);
}

async function incoming(reply) {
  openTab("Sequence");
  if (reply.error) { say(reply.error, true); return; }
  const answer = await ask("add", { files: [reply.file], as: "photo" });
  if (answer.error || answer.failed.length) { say(answer.error || answer.failed.join(" "), true); return; }
  desk.id = answer.desk;
  const added = answer.added[0];
  desk.media[added.media.sha256] = added;
  addCard(added);
  desk.tell("media");
  say(`${added.shot.id} is the last shot of the sequence now.`);
}
watch("reply", arrived);
