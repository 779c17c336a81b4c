// The channels of the camera over time: the curves that the server sampled, with the keys on them to
// drag up and down (their value) and sideways (their frame), and the handles of Bézier keys. The span of
// frames on show, its zoom and its ruler work for the timeline as well.

/** Which frames a drawing shows between two margins, in pixels, and how that is changed. */
function frameWindow(store, left, right = left) {
  const whole = () => Math.max(1, store.doc.frames);
  const view = { from: 0, to: whole() * 1.02, width: 100, held: false };
  let fitted = true;
  const keep = () => {
    const span = Math.min(view.to - view.from, whole() * 1.02);
    view.from = Math.max(0, Math.min(view.from, whole() * 1.02 - span));
    view.to = view.from + span;
    fitted = span >= whole() * 1.02 - 1e-6;
  };
  return Object.assign(view, {
    /** Follow the clip's length, unless a hand is holding something on the drawing. */
    follow: () => { if (view.held) return; if (fitted) { view.from = 0; view.to = whole() * 1.02; } keep(); },
    fit: () => { fitted = true; view.follow(); },
    zoomed: () => !fitted,
    scale: () => (view.width - left - right) / (view.to - view.from),
    X: (frame) => left + (frame - view.from) * view.scale(),
    frameAt: (x) => view.from + (x - left) / view.scale(),
    zoom: (factor, frame = (view.from + view.to) / 2) => {
      const span = Math.max(Math.min(8, whole()), Math.min(whole() * 1.02, (view.to - view.from) / factor));
      const share = (frame - view.from) / (view.to - view.from);
      view.from = frame - share * span;
      view.to = view.from + span;
      keep();
    },
    pan: (frames) => { view.from += frames; view.to += frames; keep(); },
    reveal: (frame) => {
      const span = view.to - view.from;
      if (frame < view.from || frame > view.to) { view.from = frame - span * 0.1; view.to = view.from + span; keep(); return true; }
      return false;
    },
  });
}

/** Steps of a frame ruler at about `room` pixels each: whole frames, then parts and multiples of seconds. */
function rulerStep(scale, fps, room) {
  const second = Math.max(1, Math.round(fps));
  const steps = [1, 2, 5, 10, ...[0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600].map((part) => part * second)].filter((step) => Number.isInteger(step)).sort((a, b) => a - b);
  return steps.find((step) => step * scale >= room) || steps.at(-1);
}

/** Zoom by pinch or Ctrl + wheel and pan by a sideways wheel, on any drawing with a frame window. */
function zoomable(node, view, changed) {
  node.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : event.shiftKey ? event.deltaY : 0;
    if (event.ctrlKey || event.metaKey) view.zoom(Math.exp(-keysClamp(event.deltaY, -30, 30) * 0.01), view.frameAt(event.clientX - node.getBoundingClientRect().left));
    else if (sideways && view.zoomed()) view.pan(sideways / view.scale());
    else return;
    event.preventDefault();
    changed();
  }, { passive: false });
}

/** The handle a key has where none is set: that of an even passage, as the server chooses it. */
function autoHandle(store, key, name) {
  const { keys } = store, at = keys.findIndex((one) => one._id === key._id), way = name === "tangent_out" ? 1 : -1;
  const twin = name === "tangent_out" ? "tangent_in" : "tangent_out";
  const from = keys[at], to = keys[at + way], back = keys[at - way], beyond = keys[at + 2 * way];
  const tidy = (values) => values.map((value) => Number(value.toFixed(4)) || 0);
  if (!to) return [0, 0, 0];
  const ahead = Math.abs(to.frame - from.frame), behind = back ? Math.abs(from.frame - back.frame) : 0;
  const step = to.position.map((value, axis) => value - from.position[axis]);
  if (back && from[twin]) return tidy(from[twin].map((value) => -value * ahead / behind));
  if (back) return tidy(to.position.map((value, axis) => (value - back.position[axis]) / (ahead + behind) * ahead / 3));
  if (to[twin]) return tidy(step.map((value, axis) => (value + to[twin][axis]) / 2));
  if (!beyond) return tidy(step.map((value) => value / 3));
  const run = Math.abs(beyond.frame - from.frame);
  return tidy(step.map((value, axis) => (3 * value - (beyond.position[axis] - from.position[axis]) * ahead / run) / 6));
}

/** Round numbers between two ends, about `count` of them. */
function roundSteps(low, high, count) {
  const rough = (high - low) / Math.max(1, count), size = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((part) => part * size).find((one) => one >= rough) || 10 * size;
  const found = [];
  for (let at = Math.ceil(low / step); at * step <= high; at += 1) found.push(Number((at * step).toPrecision(12)));
  return found;
}

/** The graph. */
function keysGraph(host, store, catalog) {
  host.classList.add("ms-keys-graph");
  const LEFT = 50, RIGHT = 14, AXIS = 18, GAP = 8;
  const view = frameWindow(store, LEFT, RIGHT);
  const bubble = noteBubble(host);
  const shown = new Set(), touched = new Set();
  let spans = new Map();

  /** Show the channels that move, unless a hand has chosen: at first those that count, later any that begins to. */
  function follow() {
    const before = spans;
    spans = new Map(KEY_NUMBERS.map((about) => { const all = store.keys.map(about.get); return [about.id, all.reduce((a, b) => Math.max(a, b)) - all.reduce((a, b) => Math.min(a, b))]; }));
    for (const about of KEY_NUMBERS) {
      const most = Math.max(...KEY_NUMBERS.filter((one) => one.group === about.group).map((one) => spans.get(one.id)));
      const counts = before.size ? !before.get(about.id) : spans.get(about.id) >= most * 0.04;
      if (spans.get(about.id) > 0 && counts && !touched.has(about.id)) shown.add(about.id);
    }
    if (!before.size && !shown.size) for (const id of ["x", "y", "z"]) shown.add(id);
  }
  follow();
  let panes = [], drag = null, lastTap = { time: 0, x: -99, y: -99 };

  const chips = KEY_NUMBERS.map((about) => h("button", { type: "button", class: "ms-keys-chip", "data-channel": about.id, style: { cssText: `--tint: ${about.colour}` }, title: `${about.help}. Double-click to see it alone.`,
    onclick: () => { touched.add(about.id); if (shown.has(about.id)) shown.delete(about.id); else shown.add(about.id); draw(); },
    ondblclick: () => { for (const one of KEY_NUMBERS) touched.add(one.id); const alone = shown.size === 1 && shown.has(about.id); shown.clear(); for (const one of KEY_NUMBERS) if (alone || one.id === about.id) shown.add(one.id); draw(); } }, h("i"), about.label));
  const picture = drawn("svg", { class: "ms-keys-curveplot", role: "group", "aria-label": "Channels of the camera over time" });
  const fit = h("button", { type: "button", class: "ms-button ms-quiet", title: "Show the whole clip", "aria-label": "Show the whole clip", onclick: () => { view.fit(); draw(); } }, icon(KEY_SIGNS.whole, 16));
  const none = h("p", { class: "ms-hint", hidden: true }, "Choose a channel above to see its curve.");
  host.append(h("div", { class: "ms-keys-chips", role: "group", "aria-label": "Channels shown" }, chips, fit), picture, none);

  const values = (about) => (store.sampled?.at?.length ? store.sampled[about.id] : null) || [];
  /** Why a key's number does not decide what the camera does here; "" if it does. */
  const ruled = (about, at) => (store.doc.look_at && (about.id === "pitch" || about.id === "yaw") ? "Look at decides where the camera points." : store.doc.hold_size && about.id === "focal" && at ? "Hold subject size decides the lens." : "");

  /** A key's value where its curve runs: rotations along quaternions may be whole turns away. */
  function placed(about, key) {
    const value = about.get(key);
    if (about.group !== "rotation" || (key.turn_curve || store.doc.turn_curve) === "angles" || !store.sampled?.at?.length) return value;
    const there = store.poseAt(key.frame).rotation[about.index];
    return value + 360 * Math.round((there - value) / 360);
  }

  function scales() {
    const groups = Object.entries(KEY_GROUPS).map(([id, group]) => ({ id, ...group, numbers: KEY_NUMBERS.filter((about) => about.group === id && shown.has(about.id)) })).filter((group) => group.numbers.length);
    picture.style.height = `${groups.length > 2 ? 276 : 226}px`;
    const height = picture.clientHeight || 240;
    const room = (height - AXIS - 6 - GAP * (groups.length - 1)) / Math.max(1, groups.length);
    panes = groups.map((group, index) => {
      const old = panes.find((pane) => pane.id === group.id);
      let { low, high } = drag && old ? old : { low: Infinity, high: -Infinity };
      if (low === Infinity) {
        for (const about of group.numbers) {
          for (const value of values(about)) { if (value < low) low = value; if (value > high) high = value; }
          for (const key of store.keys) { const value = placed(about, key); if (value < low) low = value; if (value > high) high = value; }
        }
        const span = Math.max(high - low, group.least), middle = (low + high) / 2;
        [low, high] = [middle - span * 0.6, middle + span * 0.6];
      }
      const top = 6 + index * (room + GAP);
      return { ...group, low, high, top, bottom: top + room, Y: (value) => top + room - (value - low) / (high - low) * room, perPixel: (high - low) / room };
    });
  }

  /** Every key as a point of every shown channel. */
  function* points() {
    for (const pane of panes) for (const about of pane.numbers) for (const [at, key] of store.keys.entries()) {
      const x = view.X(key.frame);
      if (x >= LEFT - 8 && x <= view.width + 8) yield { pane, about, key, at, x, y: pane.Y(placed(about, key)), ruled: ruled(about, at) };
    }
  }

  /** The handles of selected Bézier keys. */
  function* knobs() {
    const pane = panes.find((one) => one.id === "position"), { keys, doc } = store;
    if (!pane || store.selection.size > 50) return;
    for (const [at, key] of keys.entries()) {
      if (!store.selection.has(key._id)) continue;
      for (const [name, piece, next] of [["tangent_in", keys[at - 1], keys[at - 1]], ["tangent_out", key, keys[at + 1]]]) {
        if (!piece || !next || (piece.curve || doc.curve) !== "bezier") continue;
        const offset = key[name] || autoHandle(store, key, name), span = (next.frame - key.frame) / 3;
        for (const about of pane.numbers) yield { pane, about, key, name, offset, own: Boolean(key[name]), x: view.X(key.frame + span), y: pane.Y(key.position[about.index] + offset[about.index]), fromX: view.X(key.frame), fromY: pane.Y(key.position[about.index]) };
      }
    }
  }

  function drawPane(pane) {
    const parts = [drawn("rect", { class: "ms-keys-pane", x: LEFT, y: pane.top, width: Math.max(0, view.width - LEFT - RIGHT), height: pane.bottom - pane.top, rx: 4 })];
    for (const value of roundSteps(pane.low, pane.high, (pane.bottom - pane.top) / 26)) {
      const y = pane.Y(value);
      parts.push(drawn("line", { class: value === 0 ? "ms-keys-zero" : "ms-keys-grid", x1: LEFT, x2: view.width - RIGHT, y1: y, y2: y }));
      if (y > pane.top + 14 || pane.bottom - pane.top < 40) parts.push(drawn("text", { class: "ms-keys-label", x: LEFT - 5, y: y + 3.5, "text-anchor": "end" }, `${keysNumber(value)}${pane.unit === "°" ? "°" : ""}`));
    }
    parts.push(drawn("text", { class: "ms-keys-unit", x: 3, y: pane.top + 9 }, pane.unit === "°" ? "degrees" : pane.unit));
    const lines = pane.numbers.map((about) => {
      const found = values(about), known = found.length > 0; // Straight from key to key until the server has answered.
      const dots = known ? found.map((value, index) => [store.sampled.at[index], value]) : store.keys.map((key) => [key.frame, about.get(key)]);
      const d = dots.map(([at, value]) => `${view.X(at).toFixed(1)} ${pane.Y(value).toFixed(1)}`).join("L");
      return drawn("path", { class: `ms-keys-line${known ? "" : " ms-keys-guess"}`, d: `M${d}`, stroke: about.colour, "data-curve": about.id });
    });
    const clip = `ms-keys-clip-${pane.id}`;
    return [...parts, drawn("clipPath", { id: clip }, drawn("rect", { x: LEFT, y: pane.top - 3, width: Math.max(0, view.width - LEFT - RIGHT), height: pane.bottom - pane.top + 6 })), drawn("g", { "clip-path": `url(#${clip})` }, lines)];
  }

  const head = drawn("line", { class: "ms-keys-headline" });
  const kept = keptDrawings();

  function draw() {
    view.width = Math.max(160, picture.clientWidth || host.clientWidth);
    view.follow();
    scales();
    const height = picture.clientHeight || 240;
    for (const chip of chips) chip.setAttribute("aria-pressed", String(shown.has(chip.dataset.channel)));
    none.hidden = panes.length > 0;
    fit.hidden = !view.zoomed();
    const parts = panes.flatMap(drawPane);
    const step = rulerStep(view.scale(), store.fps, 52);
    for (let at = Math.ceil(view.from / step) * step; panes.length && at <= view.to; at += step) {
      parts.push(drawn("line", { class: "ms-keys-grid", x1: view.X(at), x2: view.X(at), y1: 6, y2: height - AXIS }), drawn("text", { class: "ms-keys-label", x: view.X(at), y: height - 5, "text-anchor": "middle" }, String(at)));
    }
    const all = [...points()];
    kept.next();
    for (const point of all.length > 700 ? all.filter((one) => store.selection.has(one.key._id)).slice(0, 400) : all) {
      const lit = store.selection.has(point.key._id);
      parts.push(kept.get(`${point.about.id} ${point.key._id}`, "circle", { class: `ms-keys-point${lit ? " ms-keys-lit" : ""}${point.ruled ? " ms-keys-ruled" : ""}`, cx: point.x.toFixed(1), cy: point.y.toFixed(1), r: lit ? 5 : 4, style: `--tint: ${point.about.colour}`, "data-point": `${point.about.id} ${point.key._id}` }));
    }
    for (const knob of knobs()) parts.push(drawn("line", { class: "ms-keys-arm", x1: knob.fromX, y1: knob.fromY, x2: knob.x, y2: knob.y, stroke: knob.about.colour }),
      drawn("rect", { class: `ms-keys-knob${knob.own ? " ms-keys-lit" : ""}`, x: knob.x - 4, y: knob.y - 4, width: 8, height: 8, rx: 2, style: `--tint: ${knob.about.colour}`, "data-knob": `${knob.name} ${knob.about.id}` }));
    if (drag?.kind === "box" && drag.moved) parts.push(drawn("rect", { class: "ms-keys-box", x: Math.min(drag.x, drag.toX), y: Math.min(drag.y, drag.toY), width: Math.abs(drag.x - drag.toX), height: Math.abs(drag.y - drag.toY) }));
    picture.replaceChildren(...parts, head);
    showPlayhead();
  }

  function showPlayhead() {
    if (store.playing && view.zoomed() && view.reveal(store.playhead)) { draw(); return; }
    const x = view.X(store.playhead);
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: 2, y2: (picture.clientHeight || 240) - AXIS + 4, visibility: x < LEFT - 1 || !panes.length ? "hidden" : "visible" })) head.setAttribute(name, value);
  }

  // --- the hand ---
  const inside = (event) => { const box = picture.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const boxAt = (x, y) => { const box = picture.getBoundingClientRect(); return { left: box.left + x, right: box.left + x, top: box.top + y - 10, bottom: box.top + y + 12, width: 0 }; };
  const nearest = (list, x, y, reach) => { let best = null; for (const one of list) { const far = Math.hypot(one.x - x, one.y - y); if (far <= reach && (!best || far < best.far || (far < best.far + 2 && store.selection.has(one.key._id) && !store.selection.has(best.one.key._id)))) best = { one, far }; } return best?.one; };
  /** As many digits as a pixel is worth. */
  const tidy = (value, pane, free) => { const digits = Math.max(0, Math.min(5, Math.ceil(-Math.log10(pane.perPixel)) + (free ? 1 : 0))); return Number(value.toFixed(digits)); };

  function press(x, y, finger) {
    const reach = finger ? 20 : 9;
    const knob = nearest(knobs(), x, y, reach), point = nearest(points(), x, y, reach);
    const far = (one) => Math.hypot(one.x - x, one.y - y);
    if (knob && !(point && far(point) <= far(knob))) return { kind: "knob", knob };
    if (point) return { kind: point.ruled ? "ruled" : "point", point };
    return { kind: y > picture.clientHeight - AXIS - 2 || Math.abs(view.X(store.playhead) - x) < 3 ? "scrub" : "box" };
  }
  const scrubTo = (x) => store.seek(keysClamp(Math.round(view.frameAt(x)), 0, store.last));

  picture.addEventListener("pointerdown", (event) => {
    if ((event.pointerType === "mouse" && event.button) || drag) return;
    const [x, y] = inside(event);
    picture.setPointerCapture(event.pointerId);
    bubble.hide();
    drag = { ...press(x, y, event.pointerType !== "mouse"), x, y, toX: x, toY: y, pointer: event.pointerId, token: `graph ${performance.now()}`, moved: false, before: [...store.selection], more: event.shiftKey || event.ctrlKey || event.metaKey };
    if (drag.kind === "scrub") { store.pause(); scrubTo(x); }
    if (drag.point) {
      store.setChannel(drag.point.about.id);
      drag.was = store.selection.has(drag.point.key._id);
      if (!drag.was) store.select([drag.point.key._id], { add: drag.more });
    }
  });

  picture.addEventListener("pointermove", (event) => {
    const [x, y] = inside(event);
    if (!drag) { picture.style.cursor = { knob: "ns-resize", point: "move", ruled: "help", scrub: "ew-resize", box: "crosshair" }[press(x, y, false).kind]; return; }
    if (event.pointerId !== drag.pointer) return;
    if (!drag.moved && Math.hypot(x - drag.x, y - drag.y) < (event.pointerType === "mouse" ? 3 : 8)) return;
    if (!drag.moved) { view.held = true; drag.origin = new Map(store.selected.map((key) => [key._id, key])); drag.moved = true; }
    [drag.toX, drag.toY] = [x, y];
    if (drag.kind === "scrub") scrubTo(x);
    else if (drag.kind === "point") movePoints(x - drag.x, y - drag.y, event);
    else if (drag.kind === "knob") moveKnob(y - drag.y, event.altKey);
    else if (drag.kind === "box") {
      const [left, right] = [drag.x, x].sort((a, b) => a - b), [top, bottom] = [drag.y, y].sort((a, b) => a - b);
      const found = [...points()].filter((one) => one.x >= left && one.x <= right && one.y >= top && one.y <= bottom).map((one) => one.key._id);
      store.select(drag.more ? [...drag.before, ...found] : found);
      draw();
    }
  });

  /** Each direction has to be meant: small wobbles change neither the frame nor the value. */
  function movePoints(dx, dy, event) {
    const { pane, about, key } = drag.point, origin = drag.origin;
    if (!origin.size) return;
    if (Math.abs(dx) > 9) drag.sideways = true;
    if (Math.abs(dy) > 3) drag.upward = true;
    if (event.shiftKey) { drag.sideways = Math.abs(dx) > Math.abs(dy); drag.upward = !drag.sideways; }
    const own = origin.get(key._id) || key;
    const frames = drag.sideways ? freeShift(store, new Map([...origin].map(([id, one]) => [id, one.frame])), Math.round(own.frame + dx / view.scale()) - own.frame) : 0;
    const value = drag.upward ? tidy(about.get(own) - dy * pane.perPixel * (event.altKey ? 0.1 : 1), pane, event.altKey) : about.get(own);
    const by = value - about.get(own), [low, high] = limitsOf(about, store);
    store.change(origin.size > 1 ? `Move ${origin.size} keys` : about.label, (draft) => editKeys(draft, origin.keys(), (one) => {
      const was = origin.get(one._id);
      one.frame = was.frame + frames;
      about.set(one, Number(keysClamp(about.get(was) + by, low, high).toFixed(6)));
    }), { merge: drag.token });
    const now = store.keys.find((one) => one._id === key._id);
    if (now) bubble.say(`Frame ${keysNumber(now.frame)} · ${about.label} ${keysNumber(about.get(now))}${about.unit === "°" ? "°" : ""}`, boxAt(view.X(now.frame), Math.max(pane.top, Math.min(pane.bottom, pane.Y(placed(about, now))))), { wait: 0 });
  }

  /** Turn a handle; the one on the other side turns with it unless Alt breaks them apart. */
  function moveKnob(dy, apart) {
    const { pane, about, key, name, offset } = drag.knob, twin = name === "tangent_out" ? "tangent_in" : "tangent_out";
    const value = tidy(offset[about.index] - dy * pane.perPixel, pane), { keys } = store, at = keys.findIndex((one) => one._id === key._id);
    const span = (handle) => Math.abs((keys[at + (handle === "tangent_out" ? 1 : -1)]?.frame ?? key.frame) - key.frame);
    store.change("Handle", (draft) => editKeys(draft, [key._id], (one) => {
      one[name] = (one[name] || offset).map((old, axis) => (axis === about.index ? value : old));
      if (apart) one[twin] = one[twin] || (span(twin) ? autoHandle(store, key, twin) : null);
      else if (one[twin]) one[twin] = one[twin].map((old, axis) => (axis === about.index ? Number((-value * span(twin) / (span(name) || 1)).toFixed(4)) || 0 : old));
    }), { merge: drag.token });
    bubble.say(`${about.label} handle ${keysNumber(value)}`, boxAt(drag.knob.x, drag.toY), { wait: 0 });
  }

  function release(event) {
    if (!drag || event.pointerId !== drag.pointer) return;
    const done = drag;
    drag = null;
    view.held = false;
    bubble.hide();
    if (event.type === "pointerup" && !done.moved) {
      const twice = performance.now() - lastTap.time < 380 && Math.hypot(done.x - lastTap.x, done.y - lastTap.y) < 14;
      lastTap = twice ? { time: 0, x: -99, y: -99 } : { time: performance.now(), x: done.x, y: done.y };
      if (done.kind === "knob" && twice) store.change("Automatic handles", (draft) => editKeys(draft, [done.knob.key._id], (key) => { key.tangent_in = key.tangent_out = null; }));
      if (done.kind === "ruled") bubble.say(done.point.ruled, boxAt(done.point.x, done.point.y));
      if (done.point && done.more && done.was) store.select([...store.selection].filter((id) => id !== done.point.key._id));
      else if (done.point && !done.more && store.selection.size > 1) store.select([done.point.key._id]);
      if (done.point && twice) store.seek(done.point.key.frame);
      if (done.kind === "box" && twice) store.addKey(keysClamp(Math.round(view.frameAt(done.x)), 0, store.doc.frames));
      else if (done.kind === "box" && !done.more) store.select([]);
    }
    draw();
  }
  picture.addEventListener("pointerup", release);
  picture.addEventListener("pointercancel", release);
  zoomable(picture, view, draw);
  store.on("doc", () => { follow(); draw(); });
  for (const name of ["selection", "sampled"]) store.on(name, draw);
  store.on("playhead", showPlayhead);
  new ResizeObserver(draw).observe(picture);
  draw();
}
