// The film: the quick play-through, the render with each shot's progress, and what came out. A job
// goes on by itself on the server; this only watches, and finds it again after a reload.

const film = h("video", { class: "ms-picture", controls: true, playsinline: true, id: "sq-film", hidden: true });
const still = h("img", { class: "ms-picture", hidden: true, alt: "The finished film" });
const parcel = h("div", { class: "ms-empty", hidden: true }, icon(ICONS.film, 28), h("strong", {}, "Ready to download"), h("span", {}, "This format does not play in a browser."));
const nothing = h("div", { class: "ms-empty" }, icon(ICONS.film, 28), h("span", {}, "Play it through, or render the film"));
const backdrop = h("img", { class: "ms-picture ms-backdrop", alt: "", hidden: true });
const meter = h("progress", { class: "ms-meter", max: "1", value: "0" });
const stageName = h("span", { class: "ms-stagename" });
const timeLeft = h("span", { class: "ms-left" });
const stop = button("Cancel", { kind: "plain", id: "sq-cancel", title: "Cancel (Esc)", onclick: cancelJob });
const working = h("div", { class: "ms-progress", hidden: true, "aria-live": "polite" }, h("div", { class: "ms-label" }, stageName, timeLeft), meter, stop);
// In small windows the buttons stand in a bar at the foot of the window: it tells how the film gets on,
// since the screen may be anywhere. The screen is what screen readers hear.
const barMeter = h("progress", { class: "ms-meter", max: "1", value: "0", "aria-hidden": "true" });
const barName = h("span", { "aria-hidden": "true" });
const bar = h("div", { class: "ms-barstate", id: "sq-bar", hidden: true }, barName, barMeter, button("Cancel", { kind: "plain", onclick: cancelJob }));
const badge = h("span", { class: "ms-badge", hidden: true });
const download = h("a", { class: "ms-button ms-plain", hidden: true, id: "sq-download" }, icon(ICONS.save), h("span", {}, "Download"));
const stale = h("p", { class: "ms-stale", role: "status", hidden: true }, "Made with an earlier cut");
const playButton = button("Play through", { symbol: "play", kind: "second", id: "sq-play", title: "The whole film, small and quick (P)", onclick: () => begin("play") });
const renderButton = button("Render", { symbol: "film", kind: "primary", id: "sq-render", title: "The finished film (R)", onclick: () => begin("film") });
const failure = h("p", { class: "ms-note ms-bad", role: "alert", id: "sq-failure" });
const told = h("p", { class: "ms-note", role: "status", id: "sq-told" });
const facts = h("section", { class: "ms-report", hidden: true });
const screen = h("div", { class: "ms-frame ms-screen" }, backdrop, nothing, film, still, parcel, stale, working);
const monitor = h("section", { class: "ms-panel ms-seqmonitor" },
  h("header", { class: "ms-head" }, h("h2", {}, "Film"), badge, h("div", { class: "ms-tools" }, download)),
  screen,
  h("div", { class: "ms-actions" }, bar, playButton, renderButton), failure, told, facts);

let job = null; // what is watched: {job, kind}
let madeOf = ""; // what the film on show was made of
let ticks = 0;
/** The same text for the same document, in whatever order its fields were written. */
const stamp = (of = plain()) => JSON.stringify(of, (_, value) => (value && typeof value === "object" && !Array.isArray(value)
  ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value));
/** What a film is marked with: that of one shot with its card, and what goes for that card alone. */
function markOf(key = "") {
  if (!key) return hash(stamp());
  const card = desk.card(key), { output, lighting, match } = desk.project;
  return card ? `shot:${key}:${hash(stamp([{ ...card, way: null }, card.shot && desk.shot(card.shot), output, lighting, match]))}` : "gone";
}
let failedOf = null; // the document that could not be made

function failed(words) {
  failure.textContent = words;
  failedOf = desk.doc;
}
desk.on("doc", () => { if (failure.textContent && failedOf !== desk.doc) failure.textContent = ""; });
const TITLES = { play: "Playing through", film: "Rendering", shot: "Drawing the shot" };

async function begin(kind, card = null) {
  if (job && (kind !== "film" || job.kind !== "play")) return;
  if (!desk.cards.length) return;
  failure.textContent = told.textContent = "";
  settle();
  const mark = markOf(kind === "shot" ? desk.cards[card].key : "");
  busyNow({ kind, stage: "Starting", fraction: 0 });
  bringIntoView(screen);
  const answer = await ask("start", { kind, card, document: plain(), mark, styles: styleDesk(), token: kind === "play" ? "" : takeToken() });
  if (answer.error) { rest(); failed(answer.error); return; }
  follow(answer);
}

/** A short mark of a text, to know whether a film still is of this document. */
function hash(text) {
  let one = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) one = Math.imul(one ^ text.charCodeAt(at), 0x01000193);
  return (one >>> 0).toString(16);
}

function follow(state) {
  job = state;
  const home = desk.id;
  take(state);
  const mine = (ticks += 1);
  const again = async () => {
    if (mine !== ticks || !job) return;
    const answer = await ask("status", { job: job.job, desk: home });
    if (mine !== ticks || !job) return;
    if (answer.offline) told.textContent = "The connection is lost. The film goes on being made; this page finds it again.";
    else if (answer.error) { rest(); failed(answer.error); return; }
    else { told.textContent = ""; take(answer); }
    if (job) setTimeout(again, answer.offline ? 1500 : 500);
  };
  if (job) setTimeout(again, 350);
}

function take(state) {
  if (state.phase === "working") { busyNow(state); return; }
  showStates(state.kind === "play" ? [] : state.shots);
  rest();
  if (state.phase === "failed") failed(state.error);
  else if (state.phase === "stopped") told.textContent = "Cancelled. What was drawn is kept.";
  else if (state.phase === "done") { showFilmFile(state); bringIntoView(screen); }
}

/** Scroll the page to something that was asked for, where it cannot be seen. */
function bringIntoView(node, room = 160) {
  if (root.offsetParent === null || isTyping({ target: document.activeElement })) return;
  const box = node.getBoundingClientRect();
  if (box.top >= 0 && box.top + Math.min(box.height, room) <= window.innerHeight - (innerWidth <= 1180 ? 80 : 0)) return;
  node.scrollIntoView({ block: box.height < window.innerHeight - 100 ? "center" : "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
}

/** A stage of the work in words for somebody who waits. */
const plainly = (stage) => stage.replace(/measuring the camera/i, "checking the camera's path").replace(/levelling the sound/i, "Setting the loudness");

function busyNow(state) {
  working.hidden = bar.hidden = false;
  playButton.disabled = true;
  renderButton.disabled = state.kind !== "play";
  const share = state.fraction || 0;
  stageName.textContent = `${TITLES[state.kind] || "Working"} · ${plainly(state.stage)}${share ? ` · ${Math.round(share * 100)} %` : "…"}`;
  const left = state.left;
  timeLeft.textContent = left === null || left === undefined ? "" : left < 1 ? "almost there" : left > 99 ? `about ${Math.round(left / 60)} min left` : `${Math.ceil(left)} s left`;
  for (const one of [meter, barMeter]) { if (share) one.value = share; else one.removeAttribute("value"); }
  barName.textContent = `${TITLES[state.kind] || "Working"}${share ? ` · ${Math.round(share * 100)} %` : "…"}${timeLeft.textContent ? ` · ${timeLeft.textContent}` : ""}`;
  if (state.kind !== "play") showStates(state.shots);
}

function rest() {
  job = null;
  ticks += 1;
  working.hidden = bar.hidden = true;
  playButton.disabled = renderButton.disabled = false;
}

async function cancelJob() {
  if (!job || !job.job) return;
  stageName.textContent = barName.textContent = "Stopping…";
  await ask("cancel", { job: job.job });
}

function showFilmFile(state) {
  const result = state.result, url = fileUrl(result.file);
  nothing.hidden = backdrop.hidden = true;
  film.hidden = result.playable !== "video";
  still.hidden = result.playable !== "image";
  parcel.hidden = result.playable !== "none";
  film.dataset.kind = state.kind;
  if (result.playable === "video") {
    film.src = url;
    film.muted = false;
    film.play().catch(() => { film.muted = true; film.play().catch(() => {}); });
  } else { film.pause(); film.removeAttribute("src"); }
  if (result.playable === "image") still.src = url;
  download.href = url;
  download.setAttribute("download", result.name);
  download.hidden = false;
  badge.hidden = false;
  badge.classList.toggle("ms-final", state.kind === "film");
  badge.textContent = `${{ film: "Rendered", play: "Play-through", shot: "One shot" }[state.kind]} in ${result.took} s`;
  fill(facts, h("dl", {}, result.facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    result.notes.length ? h("ul", { class: "ms-notes" }, result.notes.map((note) => h("li", {}, note))) : null);
  facts.hidden = false;
  madeOf = (state.about || {}).mark || "";
  markStale();
}

/** Nothing is on show any more. */
function noFilm() {
  film.pause();
  film.removeAttribute("src");
  film.load();
  still.removeAttribute("src");
  film.hidden = still.hidden = parcel.hidden = badge.hidden = download.hidden = facts.hidden = true;
  download.removeAttribute("href");
  nothing.hidden = false;
  madeOf = "";
  markStale();
}

const markStale = debounce(() => { stale.hidden = !madeOf || madeOf === markOf(/^shot:([^:]+):/.exec(madeOf)?.[1]); }, 200);

/** A job whose answer is wanted here: a file to save, two pictures to compare. */
async function runJob(kind, more) {
  let state = await ask("start", { kind, document: plain(), styles: styleDesk(), ...more });
  while (!state.error && state.phase === "working") {
    await new Promise((done) => setTimeout(done, 400));
    const next = await ask("status", { job: state.job });
    if (!next.offline) state = next;
  }
  return state.error ? state : state.phase === "done" ? state.result : { error: state.phase === "stopped" ? "It was cancelled." : state.error || "It failed." };
}

film.addEventListener("timeupdate", () => { if (film.dataset.kind !== "shot" && stale.hidden) seek(film.currentTime, true); });
desk.on("seek", (at) => { if (!film.hidden && film.dataset.kind !== "shot" && Number.isFinite(film.duration)) film.currentTime = Math.min(at, film.duration); });
desk.on("doc", () => { markStale(); const first = desk.cards.find((card) => desk.picture(card)); if (!nothing.hidden && first) { backdrop.src = desk.picture(first); backdrop.hidden = false; } });
desk.on("media", () => desk.tell("doc"));
