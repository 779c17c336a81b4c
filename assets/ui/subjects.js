// Subjects: marked on the photo by clicks, a box or a brush, with the mask that the server found laid
// over it, and what each of them does. All of it lives in the motion control's "objects".

const subjects = (() => {
  const about = props.spec.subjects;
  const TINTS = ["#ffb454", "#63b3f5", "#7bd3a0", "#ff8fb1", "#b79bff", "#6fd9d6"];
  const tint = (index) => TINTS[index % TINTS.length];
  const list = () => (Array.isArray(shot.motion.objects) ? shot.motion.objects : []);
  const keyOf = (mark) => JSON.stringify(mark || null);
  let at = 0;
  let fresh = false; // a further subject that waits for its first mark
  let tool = "point";
  let size = 0.05;
  let found = new Map(); // from a mark to what was found for it
  let epoch = 0; // counts photos and depths: an answer about an earlier one is not wanted
  let asked = null;
  let drag = null;

  const picture = h("img", { class: "ms-picture", alt: "The photo, to mark subjects on", draggable: "false" });
  const overlay = h("canvas", { class: "ms-overlay", id: "ms-mark", role: "img", "aria-label": "Mark the subject on the photo" });
  const stage = h("div", { class: "ms-stage" }, picture, overlay);
  const busy = h("div", { class: "ms-busy", hidden: true }, h("i"), h("span", {}, "Finding it…"));
  const hint = h("p", { class: "ms-onstage", hidden: true });
  const frame = h("div", { class: "ms-frame" }, stage, hint, busy);
  const note = h("p", { class: "ms-note", role: "status", id: "ms-mark-note" });

  const MARK_ICONS = {
    point: "M10 3v14M3 10h14M10 6a4 4 0 1 1 0 8 4 4 0 0 1 0-8", away: "M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14M6.500 10h7",
    box: "M3.500 7V4.500H7M13 4.500h3.500V7M16.500 13v2.500H13M7 15.500H3.500V13", brush: "M16.500 3.500L9 11M7.500 11c-2.500 0-2.500 3-4.500 4.500 3.500 1 6.500-.5 6.500-3z",
    erase: "M8.500 16L3.500 11 11 3.500 16.500 9 9.500 16zM7 7.500L12.500 13M9.500 16H17",
  };
  const TOOLS = [["point", "Subject", "Click on the subject"], ["away", "Not it", "Click on what is not the subject"],
    ["box", "Box", "Drag a box around the subject"], ["brush", "Brush", "Paint the subject"], ["erase", "Eraser", "Take away what is not the subject"]];
  const HOW = { point: "Click to correct it.", away: "Click what is not it.", box: "Drag a new box around it.", brush: "Paint what is missing.", erase: "Wipe off what is not it." };
  const tools = h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "How to mark the subject" }, TOOLS.map(([id, label, title]) =>
    h("button", { type: "button", role: "radio", "data-mark": id, title, onclick: () => { tool = id; refresh(); } }, icon(MARK_ICONS[id], 15), h("span", {}, label))));
  const width = h("input", { type: "range", min: "0.01", max: "0.2", step: "0.005", value: String(size), class: "ms-range ms-brush-size",
    "aria-label": "Brush size", title: "Brush size", oninput: () => { size = Number(width.value); paintRange(width); } });
  paintRange(width);
  const likeliest = button("Likeliest subject", { kind: "plain", id: "ms-likeliest", title: "Forget the marks and take the photo's likeliest subject",
    onclick: () => change(() => { delete list()[at].mark; }) });
  const bar = h("div", { class: "ms-row ms-markbar" }, tools, width);
  const lead = h("p", { class: "ms-lead" }, "Something in the photo can act: choose what it does and the likeliest subject does it, or click the subject on the photo first.");
  const cast = h("ol", { class: "ms-cast" });
  const add = button("Add a subject", { symbol: "plus", kind: "plain", id: "ms-add-subject", onclick: () => {
    if (!list().length) put({});
    else { fresh = true; if (tool === "away" || tool === "erase") tool = "point"; refresh(); }
  } });
  const tiles = about.actions.map((one) => {
    const canvas = h("canvas", { class: "ms-view", "aria-hidden": "true" });
    const node = h("button", { type: "button", class: "ms-tile", role: "radio", "data-action": one.id, title: one.about, onclick: () => act(one) },
      canvas, h("span", {}, one.label));
    return { ...one, canvas, node };
  });
  const grid = h("div", { class: "ms-acts", role: "radiogroup", "aria-label": "What the subject does" }, tiles.map((one) => one.node));
  const way = h("div", { class: "ms-segments ms-ways", role: "radiogroup", "aria-label": "Where the subject goes" });
  const heading = h("span", { class: "ms-value" });
  const pace = h("div", {});
  const pacing = h("div", { class: "ms-pace" }, h("div", { class: "ms-field" }, h("div", { class: "ms-label" }, "Direction", heading), way), pace);
  const doing = h("div", { class: "ms-doing" }, grid, pacing);
  const node = h("section", { class: "ms-scene ms-mark", id: "ms-subjects", "aria-label": "Subjects" },
    h("div", { class: "ms-sceneleft" }, frame, bar, note),
    h("div", { class: "ms-sceneright" }, lead, cast, h("div", { class: "ms-row" }, add, likeliest), doing));

  /** A name that no subject bears yet. */
  function unused(wanted, but = -1) {
    const taken = list().filter((_, index) => index !== but).map((one) => one.id);
    let name = wanted;
    for (let n = 2; taken.includes(name); n++) name = `${wanted} ${n}`;
    return name;
  }

  const travels = (action) => Boolean(about.actions.find((one) => one.id === action)?.travels);

  /** One more subject, with a mark or, for the likeliest, without. */
  function put(mark, action = "walk") {
    change(() => {
      const one = { id: unused("subject"), action, speed: about.speed.default, direction: travels(action) ? "left_to_right" : "in_place" };
      if (Object.keys(mark).length) one.mark = mark;
      shot.motion.objects = [...list(), one];
      at = list().length - 1;
      fresh = false;
    });
  }

  /** Change the mark of the chosen subject, or make the one that waits for it. */
  function mark(edit) {
    const before = !fresh && list()[at] ? clone(list()[at].mark || {}) : {};
    const after = edit(before);
    for (const name of Object.keys(after)) {
      if (after[name] === null || (Array.isArray(after[name]) && !after[name].length)) delete after[name];
    }
    if (fresh || !list().length) put(after);
    else change(() => { if (Object.keys(after).length) list()[at].mark = after; else delete list()[at].mark; });
  }

  function act(one) {
    if (!list().length) { put({}, one.id); return; }
    change(() => {
      const subject = list()[at];
      const went = travels(subject.action);
      subject.action = one.id;
      if (one.travels && !went && subject.direction === "in_place") subject.direction = "left_to_right";
      if (!one.directed || (!one.travels && went)) subject.direction = "in_place";
    });
  }

  // --- what the server finds ---
  function ask() {
    if (asked || node.offsetParent === null || !picture.src) { wait(); return; }
    const order = [list()[at], ...list()].filter(Boolean);
    const next = order.find((one) => !found.get(keyOf(one.mark)) || found.get(keyOf(one.mark)).draft);
    asked = next ? { key: keyOf(next.mark), epoch, since: Date.now() } : null;
    if (asked) {
      const mine = asked;
      trigger("find_subject", { mark: next.mark || null, epoch });
      setTimeout(() => { if (asked === mine) { asked = null; ask(); } }, 45000); // The connection was lost.
    }
    wait();
  }

  function wait() {
    const one = list()[at];
    busy.hidden = !asked || fresh || !one || Boolean(found.get(keyOf(one.mark)));
  }

  function take(answer) {
    if (!answer || !asked || answer.epoch !== asked.epoch) return;
    const { key } = asked;
    const done = (entry) => { if (answer.epoch === epoch) found.set(key, entry); asked = null; draw(); say(); showTags(); ask(); };
    if (!answer.picture) { done({ error: answer.error || "", note: answer.note || "" }); return; }
    load(answer.picture).then((image) => done({ layer: canvasOf(image), share: answer.share }), () => done({ error: "The mask could not be shown." }));
  }

  function forget() { found = new Map(); epoch += 1; asked = null; draw(); say(); ask(); }

  function load(url) {
    return new Promise((ready, failed) => { const image = new Image(); image.onload = () => ready(image); image.onerror = failed; image.src = url; });
  }

  function canvasOf(image) {
    const canvas = h("canvas", { width: image.naturalWidth, height: image.naturalHeight });
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas;
  }

  function say() {
    const one = fresh ? null : list()[at];
    const known = one && found.get(keyOf(one.mark));
    const bad = Boolean(known && known.error);
    let words = "";
    if (bad) words = known.error;
    else if (known && known.note) words = known.note;
    else if (known && known.share !== undefined) {
      const share = known.share < 0.095 ? (known.share * 100).toFixed(1) : Math.round(known.share * 100);
      words = `${one.mark ? "Found" : "The likeliest subject"}: ${share} % of the photo. ${HOW[tool]}`;
    }
    note.textContent = words;
    note.classList.toggle("ms-bad", bad);
    hint.textContent = fresh ? "Click the next subject, box it or paint it" : !list().length ? "Click what should act" : "";
    hint.hidden = !hint.textContent;
  }

  // --- painting ---
  /** A drawing of the mask, opaque where the subject is: what was painted, or else what was found. */
  function paintLayer() {
    const one = fresh ? null : list()[at];
    const ratio = picture.naturalWidth / picture.naturalHeight || 1.5;
    const side = about.mask_side;
    const layer = h("canvas", { width: Math.round(ratio >= 1 ? side : side * ratio), height: Math.round(ratio >= 1 ? side / ratio : side) });
    const known = one && found.get(keyOf(one.mark));
    if (known && known.layer) layer.getContext("2d").drawImage(known.layer, 0, 0, layer.width, layer.height);
    return layer;
  }

  function stroke(from, to) {
    const pen = drag.layer.getContext("2d");
    pen.globalCompositeOperation = tool === "erase" ? "destination-out" : "source-over";
    pen.lineCap = "round"; pen.strokeStyle = "#fff";
    pen.lineWidth = size * Math.max(drag.layer.width, drag.layer.height);
    pen.beginPath();
    pen.moveTo(from[0] * drag.layer.width, from[1] * drag.layer.height);
    pen.lineTo(to[0] * drag.layer.width + 0.01, to[1] * drag.layer.height);
    pen.stroke();
  }

  /** The painted layer as the motion control keeps it: a PNG in base64, white on black. */
  function encode(layer) {
    const flat = h("canvas", { width: layer.width, height: layer.height });
    const ctx = flat.getContext("2d", { alpha: false });
    ctx.fillStyle = "#000"; ctx.fillRect(0, 0, flat.width, flat.height);
    ctx.drawImage(layer, 0, 0);
    return flat.toDataURL("image/png").split(",")[1];
  }

  // --- the pointer ---
  function place(event) {
    const box = overlay.getBoundingClientRect();
    const clamp = (value) => Number(Math.min(1, Math.max(0, value)).toFixed(4));
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  }

  overlay.addEventListener("pointerdown", (event) => {
    if (!picture.src || (event.pointerType === "mouse" && event.button === 1)) return;
    const point = place(event);
    const kind = tool === "point" && (event.button === 2 || event.altKey) ? "away" : tool;
    drag = { kind, from: point, to: point, x: event.clientX, y: event.clientY };
    if (kind === "point" || kind === "away") return;
    event.preventDefault();
    overlay.setPointerCapture(event.pointerId);
    if (kind === "brush" || kind === "erase") { drag.layer = paintLayer(); stroke(point, point); }
    draw();
  });
  overlay.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const point = place(event);
    if (drag.layer) stroke(drag.to, point);
    drag.to = point;
    if (drag.kind === "box" || drag.layer) draw();
  });
  overlay.addEventListener("pointercancel", () => { drag = null; draw(); });
  overlay.addEventListener("contextmenu", (event) => event.preventDefault());
  overlay.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const done = drag;
    drag = null;
    if (done.layer) { painted(done.layer); return; }
    if (done.kind === "box") {
      const [x0, x1] = [done.from[0], done.to[0]].sort((a, b) => a - b), [y0, y1] = [done.from[1], done.to[1]].sort((a, b) => a - b);
      if (x1 - x0 > 0.01 && y1 - y0 > 0.01) { mark((before) => ({ points: before.points, away: before.away, box: [x0, y0, x1, y1] })); tool = "point"; refresh(); }
      draw();
      return;
    }
    if (Math.hypot(event.clientX - done.x, event.clientY - done.y) < 12) clicked(done.kind, done.from);
  });

  function clicked(kind, point) {
    const name = kind === "away" ? "away" : "points";
    mark((before) => {
      const wide = overlay.clientWidth, high = overlay.clientHeight;
      const near = (one) => Math.hypot((one[0] - point[0]) * wide, (one[1] - point[1]) * high) < 10;
      const old = ["points", "away"].find((group) => (before[group] || []).some(near));
      const after = { box: before.box || null, points: before.points || [], away: before.away || [] };
      if (old) after[old] = after[old].filter((one) => !near(one));
      else after[name] = [...after[name], point].slice(-about.most_points);
      if (after.box && name === "points" && !old) after.box = widened(after.box, point);
      return after;
    });
  }

  /** The box, grown so that a click on the subject lies inside. */
  function widened([left, top, right, bottom], [x, y]) {
    const out = 0.01, clamp = (value) => Number(Math.min(1, Math.max(0, value)).toFixed(4));
    return [x < left ? clamp(x - out) : left, y < top ? clamp(y - out) : top, x > right ? clamp(x + out) : right, y > bottom ? clamp(y + out) : bottom];
  }

  function painted(layer) {
    const text = encode(layer);
    if (text.length > about.mask_letters) {
      note.textContent = "That painting is too fine to keep. Paint it with a larger brush.";
      note.classList.add("ms-bad");
      draw();
      return;
    }
    found.set(keyOf({ mask: text }), { layer, draft: true });
    mark(() => ({ mask: text }));
  }

  // --- drawing ---
  function draw() {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const w = picture.clientWidth, hgt = picture.clientHeight;
    if (!w || !hgt) return;
    overlay.width = Math.round(w * ratio);
    overlay.height = Math.round(hgt * ratio);
    const ctx = overlay.getContext("2d");
    const current = fresh ? -1 : at;
    list().forEach((one, index) => { if (index !== current) lay(ctx, found.get(keyOf(one.mark))?.layer, tint(index), 0.4); });
    const one = list()[current];
    const colour = tint(fresh ? list().length : at);
    lay(ctx, drag?.layer || (one && found.get(keyOf(one.mark))?.layer), colour, 0.5, ratio);
    const X = (x) => x * overlay.width, Y = (y) => y * overlay.height;
    const box = drag?.kind === "box" ? [...drag.from, ...drag.to] : one?.mark?.box;
    if (box) {
      ctx.strokeStyle = "#000a"; ctx.lineWidth = 3 * ratio; ctx.strokeRect(X(box[0]), Y(box[1]), X(box[2] - box[0]), Y(box[3] - box[1]));
      ctx.strokeStyle = colour; ctx.lineWidth = 1.5 * ratio; ctx.setLineDash([6 * ratio, 4 * ratio]);
      ctx.strokeRect(X(box[0]), Y(box[1]), X(box[2] - box[0]), Y(box[3] - box[1])); ctx.setLineDash([]);
    }
    for (const [group, sign] of [["points", true], ["away", false]]) for (const [x, y] of one?.mark?.[group] || []) {
      ctx.fillStyle = sign ? "#101216" : "#ff8e7f"; ctx.strokeStyle = sign ? "#fff" : "#101216"; ctx.lineWidth = 1.6 * ratio;
      ctx.beginPath(); ctx.arc(X(x), Y(y), 7 * ratio, 0, 2 * Math.PI); ctx.fill(); ctx.stroke();
      ctx.beginPath(); ctx.moveTo(X(x) - 3.5 * ratio, Y(y)); ctx.lineTo(X(x) + 3.5 * ratio, Y(y));
      if (sign) { ctx.moveTo(X(x), Y(y) - 3.5 * ratio); ctx.lineTo(X(x), Y(y) + 3.5 * ratio); }
      ctx.stroke();
    }
  }

  /** Lay a mask over the photo in one colour; with `rim`, its outline in pixels as well. */
  function lay(ctx, layer, colour, strength, rim = 0) {
    if (!layer) return;
    const { width: w, height: hgt } = ctx.canvas;
    const sheet = h("canvas", { width: w, height: hgt });
    const pen = sheet.getContext("2d");
    pen.drawImage(layer, 0, 0, w, hgt);
    pen.globalCompositeOperation = "source-in";
    pen.fillStyle = colour; pen.fillRect(0, 0, w, hgt);
    if (rim) {
      const line = h("canvas", { width: w, height: hgt });
      const edge = line.getContext("2d");
      for (let n = 0; n < 8; n++) edge.drawImage(sheet, Math.cos(n * Math.PI / 4) * 1.6 * rim, Math.sin(n * Math.PI / 4) * 1.6 * rim);
      edge.globalCompositeOperation = "destination-out";
      edge.drawImage(sheet, 0, 0);
      ctx.drawImage(line, 0, 0);
    }
    ctx.globalAlpha = strength;
    ctx.drawImage(sheet, 0, 0);
    ctx.globalAlpha = 1;
  }

  // --- the list and the controls ---
  const WAY_ICONS = { left_to_right: ICONS.right, right_to_left: ICONS.left, toward_camera: ICONS.down, away_from_camera: ICONS.up,
    in_place: "M10 8a2 2 0 1 1 0 4 2 2 0 0 1 0-4M4 15.500c3 1.800 9 1.800 12 0" };

  function showCast() {
    if (cast.contains(document.activeElement) && document.activeElement.tagName === "INPUT") return;
    fill(cast, list().map((one, index) => {
      const lit = index === at && !fresh;
      const choose = () => { at = index; fresh = false; refresh(); };
      const action = about.actions.find((other) => other.id === one.action);
      return h("li", { class: `ms-actor${lit ? " ms-chosen" : ""}`, "data-subject": String(index) },
        h("button", { type: "button", class: "ms-dot", style: { background: tint(index) }, "aria-pressed": String(lit), "aria-label": `Choose ${one.id}`, onclick: choose }),
        lit ? h("input", { type: "text", class: "ms-input", value: one.id, maxlength: String(about.name_length), "aria-label": "Name of the subject", title: "Rename",
          onkeydown: (event) => { if (event.key === "Enter") event.target.blur(); },
          onchange: (event) => rename(index, event.target) }) : h("button", { type: "button", class: "ms-actor-name", onclick: choose }, one.id),
        h("span", { class: "ms-actor-does" }, `${action ? action.label : one.action}${one.direction && one.direction !== "in_place" ? `, ${about.headings[one.direction].toLowerCase()}` : ""}`),
        button("", { symbol: "clear", kind: "quiet", title: `Remove ${one.id}`, onclick: () => change(() => {
          shot.motion.objects = list().filter((_, other) => other !== index);
          if (!list().length) delete shot.motion.objects;
          at = Math.max(0, Math.min(at, list().length - 1));
        }) }));
    }), fresh ? h("li", { class: "ms-actor ms-chosen ms-fresh" }, h("i", { class: "ms-dot", style: { background: tint(list().length) } }),
      h("span", { class: "ms-actor-does" }, "Mark it on the photo"), button("", { symbol: "clear", kind: "quiet", title: "Do not add it", onclick: () => { fresh = false; refresh(); } })) : null);
  }

  function rename(index, input) {
    const name = unused(input.value.trim() || list()[index].id, index);
    input.value = name;
    if (name !== list()[index].id) change(() => { list()[index].id = name; });
    showCast();
  }

  function refresh() {
    at = Math.max(0, Math.min(at, list().length - 1));
    const one = list()[at];
    for (const item of tools.children) item.setAttribute("aria-checked", String(item.dataset.mark === tool));
    width.hidden = tool !== "brush" && tool !== "erase";
    overlay.style.touchAction = tool === "point" || tool === "away" ? "pan-y" : "none";
    likeliest.hidden = fresh || !one || !one.mark;
    lead.hidden = Boolean(one) || fresh;
    add.disabled = fresh || list().length >= about.most;
    doing.hidden = fresh;
    pacing.hidden = !one;
    for (const tile of tiles) tile.node.setAttribute("aria-checked", String(tile.id === one?.action));
    showCast();
    if (one) {
      const kind = about.actions.find((other) => other.id === one.action);
      const stays = kind && !kind.directed;
      heading.textContent = stays ? "stays in place" : about.headings[one.direction || "in_place"] || "";
      fill(way, Object.entries(about.headings).map(([id, label]) => h("button", { type: "button", role: "radio", "data-heading": id, disabled: stays, title: label, "aria-label": label,
        "aria-checked": String((one.direction || "in_place") === id), onclick: () => change(() => { list()[at].direction = id; }) }, icon(WAY_ICONS[id], 15), h("span", {}, label))));
      if (document.activeElement?.id !== "ms-speed") fill(pace, slider("speed", "Speed", { ...about.speed, help: kind ? kind.ground : about.speed.help, step: 0.01 }, one.speed ?? about.speed.default,
        (value) => { list()[at].speed = value; }, (value) => `${value.toFixed(2)} · ${about.paces[Math.min(about.paces.length - 1, Math.floor(value * about.paces.length))]}`));
    }
    draw();
    say();
    ask();
  }

  const photo = document.querySelector.bind(document, "#photo img.ms-picture");
  const depth = document.querySelector.bind(document, "#depth img.ms-picture");
  (function follow(tries) { // The panels of the photo and its depth stand beside this one.
    if (!photo() || !depth()) { if (tries) requestAnimationFrame(() => follow(tries - 1)); return; }
    const show = () => { if (photo().src) { picture.src = photo().src; fresh = false; forget(); } };
    photo().addEventListener("load", show);
    depth().addEventListener("load", forget);
    if (photo().complete) show();
  })(600);
  picture.addEventListener("load", () => {
    fitFrame(frame, stage, picture);
    draw();
  });
  new ResizeObserver(draw).observe(stage);
  watch("found", () => take(props.found));
  playTiles(tiles, (tile, still, now) => FIGURE(tile.canvas, tile.id, still ?? (now % ROUNDS[tile.id]) / ROUNDS[tile.id], list()[at]?.action === tile.id));

  return { node, refresh, count: () => list().length, troubled: () => list().some((one) => found.get(keyOf(one.mark))?.error) };
})();
