// The frame at the playhead, rendered as the clip will hold it; and the photo itself to point at what
// the camera shall look at.

/** Build the rendered frame in `host`. */
function keysStill(host, store, catalog) {
  const picture = h("img", { class: "ms-keys-picture", alt: "", hidden: true, draggable: "false" });
  const thirds = h("div", { class: "ms-keys-thirds", hidden: true, "aria-hidden": "true" });
  const cross = h("i", { class: "ms-keys-aimed", hidden: true });
  const stage = h("div", { class: "ms-keys-screen" }, picture, thirds, cross);
  const empty = h("div", { class: "ms-empty" }, icon(ICONS.film, 26), h("span", {}, "The frame at the playhead appears here"));
  const busy = h("div", { class: "ms-busy", hidden: true }, h("i"), h("span", {}, "Rendering…"));
  const label = h("span", { class: "ms-keys-when" });
  const size = h("span", { class: "ms-keys-size" });
  const note = h("p", { class: "ms-keys-notice", role: "status", hidden: true });
  const prompt = h("p", { class: "ms-keys-prompt", hidden: true });
  const grid = button("Thirds", { kind: "plain", id: "ms-keys-thirds", title: "Lines of thirds over the picture", "aria-pressed": "false", onclick: () => {
    thirds.hidden = !thirds.hidden;
    grid.setAttribute("aria-pressed", String(!thirds.hidden));
  } });
  const aim = button("Look at…", { kind: "plain", id: "ms-keys-aim", title: "Click a point of the photo that the camera shall always look at", "aria-pressed": "false", onclick: () => aiming(!pointing) });
  const free = button("", { symbol: "clear", kind: "quiet", id: "ms-keys-free", title: "Look at nothing: the keys' own pan and tilt count again", hidden: true,
    onclick: () => store.change("Look at nothing", (draft) => { draft.look_at = null; }) });
  host.classList.add("ms-keys-still");
  host.append(stage, empty, busy, h("div", { class: "ms-keys-over ms-keys-overtop" }, label, h("span", { class: "ms-keys-over-right" }, grid, aim, free)), prompt, note, size);

  let pointing = false;
  let hush = 0;
  let shown = null; // the last frame that came; it stays where a newer one fails

  function say(text, bad = false) {
    note.textContent = text;
    note.hidden = !text;
    note.classList.toggle("ms-bad", bad);
    clearTimeout(hush);
    if (text && !bad) hush = setTimeout(() => { note.hidden = true; }, 6000);
  }

  function aiming(on) {
    if (on && !store.scenery?.picture) { say("There is no photo yet. Drop one on the Motion tab.", true); return; }
    pointing = on;
    aim.setAttribute("aria-pressed", String(on));
    host.classList.toggle("ms-keys-pointing", on);
    prompt.textContent = "This is the photo. Click what the camera shall look at; Esc to leave it.";
    prompt.hidden = !on;
    cross.hidden = true;
    if (on) store.pause();
    show();
  }

  stage.addEventListener("click", (event) => {
    if (!pointing) return;
    const box = picture.getBoundingClientRect();
    const [u, v] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    if (!(u >= 0 && u <= 1 && v >= 0 && v <= 1)) return;
    Object.assign(cross.style, { left: `${u * 100}%`, top: `${v * 100}%` });
    cross.hidden = false;
    prompt.textContent = "Finding how far away that is…";
    store.tell("aim", { u, v });
  });
  host.addEventListener("keydown", (event) => { if (event.key === "Escape" && pointing) { event.stopPropagation(); aiming(false); aim.focus(); } });

  function show() {
    const still = shown;
    const photo = pointing || !still;
    const source = photo ? store.scenery?.picture : still.picture;
    picture.hidden = !source;
    empty.hidden = Boolean(source);
    if (source && picture.src !== source) picture.src = source;
    picture.classList.toggle("ms-keys-dim", photo && !pointing);
    const shape = photo ? store.scenery : still;
    if (shape?.width) {
      host.style.setProperty("--ratio", String(shape.width / shape.height));
      picture.alt = pointing ? "The photo" : `Frame ${still?.frame ?? store.playhead} as the clip will hold it`;
    }
    size.textContent = !photo && still.width ? `${still.width} × ${still.height}${still.ms ? ` · ${still.ms < 1000 ? `${still.ms} ms` : seconds(still.ms / 1000)}` : ""}` : "";
    when();
  }

  function when() {
    label.textContent = `Frame ${store.playhead} · ${keysTimecode(store.playhead, store.fps)}`;
    const stale = store.scrubbing || !store.still || (!store.sampled?.error && store.still.rev !== store.rev) || (!store.still.error && store.still.frame !== store.playhead);
    busy.hidden = !stale || pointing || store.playing;
    free.hidden = !store.doc.look_at;
  }

  store.on("still", () => {
    if (store.still.picture) shown = store.still;
    if (store.still.error || store.sampled?.error) say(store.still.error || store.sampled.error, true);
    else if (note.classList.contains("ms-bad")) say("");
    show();
  });
  store.on("sampled", () => { // A path that cannot be is said here, until there is one that can.
    if (store.sampled.error) say(store.sampled.error, true);
    else if (note.classList.contains("ms-bad") && store.still?.rev !== store.sampled.rev) say("");
    when();
  });
  store.on("scenery", () => { if (store.scenery.error) say(store.scenery.error, true); show(); });
  for (const name of ["playhead", "doc", "play", "scrub"]) store.on(name, when);
  store.on("reply", () => {
    if (store.reply?.kind !== "aim") return;
    if (store.reply.error) { prompt.textContent = store.reply.error; return; }
    aiming(false);
    say(store.reply.text || "The camera looks there now.");
  });
  show();
}
