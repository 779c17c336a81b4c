// The keyframe editor's top bar: ready-made moves, transforms of the whole path, fitting it to the photo,
// files, undo, the way to and from the Motion tab, preview and render.

Object.assign(ICONS, {
  chevron: "M5.5 8l4.500 4.500L14.500 8",
  transform: "M4 4h4M4 4v4M16 16h-4M16 16v-4M6 14L14 6",
  fit: "M3.500 7V3.500H7M13 3.500h3.500V7M16.500 13v3.500H13M7 16.500H3.500V13M7.500 7.500h5v5h-5z",
  help: "M7.600 7.600a2.500 2.500 0 1 1 3.600 2.300c-.8.4-1.200 1-1.200 1.900M10 14.600v.01",
});
const KEYS_HELP = [["Space", "play, pause"], ["I", "add a key"], ["Delete", "delete the selected keys"], ["← →", "one frame (Shift: ten)"],
  ["↑ ↓", "nudge the number last used of the selected key (Shift: ten steps, Alt: a tenth)"], ["Home End", "first and last frame"], ["[ ]", "previous, next key"],
  ["Ctrl C, Ctrl V", "copy keys, paste them at the playhead"], ["Ctrl A", "select all keys"], ["Ctrl Z, Shift Ctrl Z", "undo, redo"], ["P, R", "preview, render"], ["Esc", "close what is open"]];
const KEYS_DIRECTIONS = { forward: "In", backward: "Out", left: "Left", right: "Right", up: "Up", down: "Down", clockwise: "Clockwise", counterclockwise: "Counter-clockwise" };

/** A button that opens a small panel below itself; only one is open at a time. */
function keysMenu(label, symbol, title, id, build) {
  const note = h("p", { class: "ms-keys-menunote", role: "status", hidden: true });
  const panel = h("div", { class: "ms-keys-panel", role: "dialog", "aria-label": title, hidden: true });
  const opener = h("button", { type: "button", class: label ? "ms-button ms-plain" : "ms-button ms-quiet", id, title, "aria-haspopup": "dialog", "aria-expanded": "false", "aria-label": label ? undefined : title },
    icon(ICONS[symbol], 16), label ? h("span", {}, label) : null, label ? icon(ICONS.chevron, 12) : null);
  const node = h("div", { class: "ms-keys-menu" }, opener, panel);
  const menu = { node, opener, note, panel, get open() { return !panel.hidden; } };
  let built = false;

  menu.show = () => {
    if (!built) { built = true; panel.append(...[build(menu)].flat(), note); }
    document.dispatchEvent(new CustomEvent("ms-keys-menu", { detail: menu }));
    panel.hidden = false;
    opener.setAttribute("aria-expanded", "true");
    panel.style.setProperty("--shift", "0px");
    const box = panel.getBoundingClientRect();
    panel.style.setProperty("--shift", `${Math.min(0, document.documentElement.clientWidth - 8 - box.right)}px`);
    menu.onshow?.();
    if (matchMedia("(pointer: fine)").matches) panel.querySelector("button, input, select")?.focus({ preventScroll: true });
  };
  menu.close = (back = false) => {
    if (panel.hidden) return;
    panel.hidden = true;
    opener.setAttribute("aria-expanded", "false");
    menu.say("");
    if (back) opener.focus();
  };
  menu.say = (text, bad = false, notes = []) => {
    fill(note, text, notes.length ? h("ul", {}, notes.map((one) => h("li", {}, one))) : null);
    note.hidden = !note.textContent;
    note.classList.toggle("ms-bad", bad);
  };
  opener.addEventListener("click", () => (menu.open ? menu.close() : menu.show()));
  node.addEventListener("keydown", (event) => { if (event.key === "Escape" && menu.open) { event.stopPropagation(); menu.close(true); } });
  document.addEventListener("pointerdown", (event) => { if (menu.open && !node.contains(event.target)) menu.close(); }, true);
  document.addEventListener("ms-keys-menu", (event) => { if (event.detail !== menu) menu.close(); });
  return menu;
}

/** A number to type, with its own message where it is no number. */
function keysField(label, value, { unit = "", step = "any", min, max, id, title } = {}) {
  const input = h("input", { type: "number", class: "ms-input", step, min, max, id, title, value, inputmode: "decimal" });
  const bad = h("span", { class: "ms-bad", role: "alert" });
  return { input, node: h("label", { class: "ms-keys-field" }, h("span", {}, label), input, unit ? h("em", {}, unit) : null, bad),
    read() {
      const number = input.value.trim() === "" ? NaN : Number(input.value);
      const wrong = !Number.isFinite(number) ? "A number, please." : min !== undefined && number < min ? `At least ${min}.` : max !== undefined && number > max ? `At most ${max}.` : "";
      bad.textContent = wrong;
      return wrong ? null : number;
    } };
}

/** Build the bar in `host`; `menus` by the kind of reply that belongs to each. */
function keysBar(host, store, catalog, send) {
  const menus = {};

  // --- ready-made moves ---
  menus.preset = keysMenu("Moves", "camera", "Start from a ready-made move", "ms-keys-presets", (menu) => {
    let chosen = catalog.presets.find((one) => one.type === "push_in") || catalog.presets[0];
    let way = chosen.directions[0] || "";
    const tiles = catalog.presets.map((one) => {
      const canvas = h("canvas", { class: "ms-view", "aria-hidden": "true" });
      const node = h("button", { type: "button", class: "ms-tile", role: "radio", "data-preset": one.type, title: one.help, onclick: () => { chosen = one; way = one.directions[0] || ""; show(); } }, canvas, h("span", {}, one.label));
      return { node, canvas, type: one.type, lit: () => chosen === one, direction: () => (chosen === one ? way : one.directions[0] || "") };
    });
    const ways = h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "Direction" });
    const amount = h("input", { type: "range", class: "ms-range", min: 0.05, max: 1, step: 0.05, value: 0.6, "aria-label": "Intensity", oninput: () => { paintRange(amount); out.textContent = Number(amount.value).toFixed(2); } });
    const out = h("output", { class: "ms-value" }, "0.60");
    const time = keysField("Seconds", keysNumber(store.doc.frames / store.fps, 2), { min: 0.1, max: store.limits.seconds, step: 0.5 });
    let plays = false;
    menu.onshow = () => {
      time.input.value = keysNumber(store.doc.frames / store.fps, 2);
      if (!plays) playMoves(tiles);
      plays = true;
    };
    function show() {
      for (const tile of tiles) tile.node.setAttribute("aria-checked", String(tile.lit()));
      fill(ways, chosen.directions.map((one) => h("button", { type: "button", role: "radio", title: KEYS_DIRECTIONS[one], "aria-label": KEYS_DIRECTIONS[one], "aria-checked": String(one === way),
        onclick: () => { way = one; show(); } }, icon(ICONS[one], 16), chosen.directions.length < 3 ? h("span", {}, KEYS_DIRECTIONS[one]) : null)));
      ways.hidden = !chosen.directions.length;
    }
    paintRange(amount);
    show();
    return [h("div", { class: "ms-moves", role: "radiogroup", "aria-label": "Move" }, tiles.map((tile) => tile.node)),
      h("div", { class: "ms-keys-row" }, ways, h("label", { class: "ms-keys-amount" }, h("span", {}, "Intensity"), amount, out), time.node,
        button("Use this move", { kind: "primary", id: "ms-keys-preset", onclick: () => {
          const seconds = time.read();
          if (seconds !== null) send("preset", { type: chosen.type, direction: way, intensity: Number(amount.value), seconds });
        } })),
      h("p", { class: "ms-hint" }, "It takes the place of the keys that are there; Undo brings them back.")];
  });

  // --- transforms of the whole path ---
  menus.transform = keysMenu("Transform", "transform", "Change the whole path", "ms-keys-transform", () => {
    const row = (label, fields, action, id) => h("form", { class: "ms-keys-row", novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      const numbers = fields.map((field) => field.read());
      if (numbers.every((number) => number !== null)) send("transform", action(numbers));
    } }, h("b", {}, label), fields.map((field) => field.node), h("button", { type: "submit", class: "ms-button ms-plain", id }, "Apply"));
    const one = (label, choices) => h("div", { class: "ms-keys-row" }, h("b", {}, label), choices.map(([text, payload, id]) => button(text, { id, onclick: () => send("transform", payload) })));
    const number = (label, value, unit = "") => keysField(label, value, { unit });
    return [
      row("Size of the move", [keysField("", 1.25, { unit: "×", min: 0.01, max: 100 })], ([factor]) => ({ kind: "scale", factor }), "ms-keys-scale"),
      row("Length in time", [keysField("", 2, { unit: "×", min: 0.01, max: 100 })], ([factor]) => ({ kind: "stretch", factor }), "ms-keys-stretch"),
      row("Move", [number("X", 0), number("Y", 0), number("Z", 0)], ([x, y, z]) => ({ kind: "move", x, y, z }), "ms-keys-move"),
      row("Turn", [number("Tilt", 0, "°"), number("Pan", 0, "°"), number("Roll", 0, "°")], ([pitch, yaw, roll]) => ({ kind: "turn", pitch, yaw, roll }), "ms-keys-turn"),
      one("Mirror", [["Left – right", { kind: "mirror", axis: "x" }, "ms-keys-mirror"], ["Up – down", { kind: "mirror", axis: "y" }, "ms-keys-mirror-y"]]),
      one("Time", [["Reverse", { kind: "reverse" }, "ms-keys-reverse"]])];
  });

  // --- no further than the photo reaches ---
  menus.fit = keysMenu("Fit", "fit", "Scale the move to what the photo holds", "ms-keys-fit", (menu) => {
    const share = keysField("At most", 2, { unit: "%", min: 0, max: 100, step: 0.5, id: "ms-keys-percent" });
    const now = h("p", { class: "ms-keys-now" });
    const tell = () => { now.textContent = store.coverage?.rev === store.rev && !store.coverage.busy ? store.coverage.error || store.coverage.sentence || "" : "Measuring the path…"; };
    for (const name of ["coverage", "doc"]) store.on(name, tell);
    menu.onshow = tell;
    return h("form", { novalidate: true, onsubmit: (event) => { event.preventDefault(); const percent = share.read(); if (percent !== null) send("fit", { percent }); } },
      h("p", {}, "Make the move smaller until no frame shows more than this share that was never photographed."), now,
      h("div", { class: "ms-keys-row" }, share.node, h("button", { type: "submit", class: "ms-button ms-primary", id: "ms-keys-fit-go" }, "Fit the move")));
  });

  // --- files ---
  let sent = null;
  async function take(file) {
    if (!file) return;
    const menu = menus.import;
    if (!menu.open) menu.show();
    if (/^(image|video)\//.test(file.type)) { menu.say("That is a picture or a video. Photos are dropped on the Motion tab; a camera path comes as text, JSON or a scene file.", true); return; }
    if (file.size > 20e6) { menu.say(`The file is ${(file.size / 1e6).toFixed(1)} MB; a camera path may have 20 MB.`, true); return; }
    menu.say("Reading…");
    try { sent = { ...(await upload(file)), orig_name: file.name }; } catch (problem) { menu.say("The file could not be sent. Try again.", true); return; }
    read();
  }
  function read() {
    const factor = scale.input.value.trim() === "" ? undefined : scale.read();
    if (factor === null) return;
    again.hidden = false;
    send("imported", { file: sent, scale: factor, anchor: anchor.value === "auto" ? undefined : anchor.value });
  }
  const scale = keysField("Scale", "", { unit: "× (empty: as the file says)", min: 1e-6, max: 1e6, id: "ms-keys-import-scale", title: "Scene units for one unit of the file; the camera stands 10 units before the subject" });
  const anchor = h("select", { class: "ms-select", id: "ms-keys-anchor", "aria-label": "Where the path is put" },
    [["auto", "Put it where it fits best"], ["first", "First camera takes the photo's place"], ["world", "Keep the file's own places"]].map(([id, label]) => h("option", { value: id }, label)));
  const again = button("Read it again", { kind: "plain", id: "ms-keys-again", hidden: true, onclick: () => { if (sent) read(); } });
  menus.import = keysMenu("Import", "upload", "Open a camera path from a file", "ms-keys-import", () => {
    const picker = h("input", { type: "file", class: "ms-file", id: "ms-keys-file", "aria-label": "Camera path file", onchange: () => { take(picker.files[0]); picker.value = ""; } });
    const reads = catalog.formats.filter((one) => one.reads);
    return [h("button", { type: "button", class: "ms-keys-drop", onclick: () => picker.click() }, icon(ICONS.upload, 20), h("strong", {}, "Drop a file, or choose one"), h("span", {}, reads.map((one) => one.label).join(", "))),
      picker, h("div", { class: "ms-keys-row" }, scale.node), h("div", { class: "ms-keys-row" }, anchor, again)];
  });
  const download = h("a", { class: "ms-button ms-plain", hidden: true }, icon(ICONS.save), h("span", {}));
  menus.export = keysMenu("Export", "save", "Save the path for another program", "ms-keys-export", () => [
    h("div", { class: "ms-keys-formats" }, catalog.formats.filter((one) => one.writes).map((one) => h("button", { type: "button", "data-format": one.id, title: one.about, onclick: () => { download.hidden = true; send("exported", { format: one.id }); } },
      h("strong", {}, one.label), h("em", {}, one.suffix), h("span", {}, one.about)))),
    h("div", { class: "ms-keys-row" }, download)]);

  // --- history, the other tab, the film ---
  const undo = button("", { symbol: "undo", kind: "quiet", title: "Undo (Ctrl+Z)", id: "ms-keys-undo", onclick: () => store.undo() });
  const redo = button("", { symbol: "redo", kind: "quiet", title: "Redo (Ctrl+Shift+Z)", id: "ms-keys-redo", onclick: () => store.redo() });
  const help = keysMenu("", "help", "Keyboard shortcuts", "ms-keys-help", () => h("dl", { class: "ms-keys-shortcuts" }, KEYS_HELP.map(([keys, what]) =>
    h("div", {}, h("dt", {}, keys.split(", ").flatMap((one, index) => [index ? " " : "", h("kbd", {}, one)])), h("dd", {}, what)))));
  const history = () => {
    undo.disabled = !store.canUndo;
    redo.disabled = !store.canRedo;
    undo.title = store.canUndo && store.undoLabel ? `Undo: ${store.undoLabel} (Ctrl+Z)` : "Undo (Ctrl+Z)";
  };
  store.on("undo", history);
  history();
  /** Make the clip: by the result panel's own button where there is one, so that it shows the progress. */
  function film(id, event) {
    store.pause();
    store.sync();
    const there = document.getElementById(id);
    if (there) there.click();
    else send(event, {});
  }
  const preview = button("Preview", { symbol: "play", kind: "second", id: "ms-keys-preview", title: "A small clip in a moment (P)", onclick: () => film("kf-preview", "preview_shot") });
  const render = button("Render", { symbol: "film", kind: "primary", id: "ms-keys-render", title: "The finished clip (R)", onclick: () => film("kf-render", "render_shot") });
  host.append(
    h("div", { class: "ms-keys-group" }, menus.preset.node, menus.transform.node, menus.fit.node),
    h("div", { class: "ms-keys-group" }, menus.import.node, menus.export.node),
    h("div", { class: "ms-keys-group ms-keys-history" }, undo, redo, help.node),
    h("div", { class: "ms-keys-group ms-keys-tabs" },
      button("From Motion", { symbol: "down", kind: "plain", id: "ms-keys-from", title: "Make keys of the move on the Motion tab", onclick: () => send("from_motion", {}) }),
      button("To Motion", { symbol: "up", kind: "plain", id: "ms-keys-to", title: "Let the Motion tab's shot follow these keys", onclick: () => send("to_motion", {}) })),
    h("div", { class: "ms-keys-group ms-keys-film" }, preview, render));

  /** Show a reply beside its control; false where that is not open. */
  function reply(said) {
    const menu = menus[said.kind];
    if (said.kind === "export" && said.file && !said.error) {
      menu.show();
      download.href = said.file.url;
      download.setAttribute("download", said.file.orig_name);
      download.lastChild.textContent = said.file.orig_name;
      download.hidden = false;
      download.click();
    }
    if (!menu || !(menu.open || said.ask_scale)) return false;
    if (!menu.open) menu.show();
    if (said.error) { menu.say(said.error, true); return true; }
    if (said.kind === "preset") { menu.close(true); return false; } // The move itself is what there is to see.
    menu.say([said.text, said.ask_scale ? "The file does not say how large its units are: type a scale and read it again, until the path looks right." : ""].filter(Boolean).join(" "), false, said.notes || []);
    if (said.ask_scale) { if (!scale.input.value) scale.input.value = "1"; scale.input.focus(); scale.input.select(); }
    return true;
  }
  return { menus, take, reply, preview, render };
}
