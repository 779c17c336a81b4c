// The editor's timeline: transport, ruler, keys to drag, the easing between them, the clip's end, and
// under the ruler what the camera will see that was never photographed.

/** An element of a drawing, with attributes, on* handlers and children. */
function drawn(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, String(value));
  }
  for (const child of children.flat()) if (child !== null && child !== undefined && child !== false) node.append(child);
  return node;
}

/** Elements that are drawn again and again under one name stay the same ones: a test, a pointer or a
 *  screen reader may hold on to them. `next()` begins a drawing; what it does not ask for is forgotten. */
function keptDrawings() {
  let old = new Map(), now = new Map();
  return {
    next: () => { old = now; now = new Map(); },
    get: (name, tag, attributes, build) => {
      const node = old.get(name) || drawn(tag);
      if (build && !node.firstChild) build(node);
      now.set(name, node);
      for (const [key, value] of Object.entries(attributes)) if (node.getAttribute(key) !== String(value)) node.setAttribute(key, String(value));
      return node;
    },
  };
}

/** How far keys can be moved in time: inside the clip, and never onto a key that stays. `places` is a Map of ids. */
function freeShift(store, places, wanted) {
  const all = [...places.values()], others = new Set(store.keys.filter((key) => !places.has(key._id)).map((key) => key.frame));
  let by = Math.max(-Math.min(...all), Math.min(store.doc.frames - Math.max(...all), wanted));
  while (Math.abs(by) > 1e-9 && all.some((place) => others.has(place + by))) by = Math.abs(by) <= 1 ? 0 : by - Math.sign(by);
  return by;
}

/** What a typed time means, in frames: "2:12" is seconds and frames, "1:02:12" has minutes, "2.5 s" seconds. */
function readTimecode(text, fps) {
  const plain = text.trim().toLowerCase().replace(",", ".");
  const inSeconds = plain.match(/^(\d+(?:\.\d+)?)\s*s(?:ec(?:onds?)?)?$/) || plain.match(/^(\d*\.\d+)$/);
  if (inSeconds) return Math.round(Number(inSeconds[1]) * fps);
  let parts = plain.split(/[:;]/);
  if (parts.length === 1 && /^\d{1,8}$/.test(plain)) parts = plain.padStart(Math.ceil(plain.length / 2) * 2, "0").match(/../g); // 212 is 2:12
  if (parts.length > 4 || !parts.every((part) => /^\d{1,4}$/.test(part))) return null;
  const [frames, secs = 0, minutes = 0, hours = 0] = parts.map(Number).reverse();
  return ((hours * 60 + minutes) * 60 + secs) * Math.max(1, Math.round(fps)) + frames;
}

const KEY_SIGNS = {
  start: "M4.500 4v12M16 4.500l-8 5.500 8 5.500z", end: "M15.500 4v12M4 4.500l8 5.500-8 5.500z", pause: "M7 4.500v11M13 4.500v11",
  before: "M7.500 5L3 10l4.500 5M14 6.500l3.500 3.500-3.500 3.500L10.500 10z", after: "M12.500 5L17 10l-4.500 5M6 6.500L9.500 10 6 13.500 2.500 10z",
  add: "M8 4.500l5.500 5.500L8 15.500 2.500 10zM16.500 3v5M14 5.500h5", remove: "M4 6h12M8 6V4h4v2M5.500 6l.8 10h7.400l.8-10",
  closer: "M10 5v10M5 10h10", wider: "M5 10h10", whole: "M3 5v10M17 5v10M5.500 10h9M8 7.500L5.500 10 8 12.500M12 7.500l2.500 2.500-2.500 2.500",
};

/** Transport and timeline. */
function keysTimeline(host, store, catalog) {
  host.classList.add("ms-keys-timeline");
  const PAD = 16, RULER = 22, COVER = 8, LANE = 40, SPEED = 20, TALL = RULER + COVER + LANE + SPEED, MIDDLE = RULER + COVER + LANE / 2;
  const view = frameWindow(store, PAD);
  const bubble = noteBubble(host);
  const chooser = easingChooser(host, store, catalog);
  const sign = (path, title, onclick, more = {}) => h("button", { type: "button", class: "ms-button ms-quiet", title, "aria-label": title, onclick, ...more }, icon(path, 17));

  // --- transport ---
  const play = sign(ICONS.play, "Play (Space)", () => store.toggle(), { class: "ms-button ms-quiet ms-keys-play" });
  const field = (label, width, read, shown) => {
    const input = h("input", { type: "text", class: "ms-input", "aria-label": label, title: label, spellcheck: "false", autocomplete: "off", style: { width } });
    let dirty = false; // Only what was typed counts: the playhead may have moved on meanwhile.
    const commit = () => {
      if (!dirty) return;
      dirty = false;
      const frame = read(input.value);
      if (frame === null) bubble.say(`“${input.value.slice(0, 20)}” is no ${label.toLowerCase()}.`, input, { bad: true });
      else { store.pause(); store.seek(frame); }
      input.value = shown();
    };
    input.addEventListener("focus", () => input.select());
    input.addEventListener("input", () => { dirty = true; });
    input.addEventListener("blur", () => { commit(); input.value = shown(); });
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") { commit(); input.select(); }
      if (event.key === "Escape") { dirty = false; input.blur(); }
      const step = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (step) { event.preventDefault(); store.seek(store.playhead + step * (event.shiftKey ? 10 : 1)); input.value = shown(); }
    });
    return { input, show: () => { if (!dirty) input.value = shown(); } };
  };
  const time = field("Time", "84px", (text) => readTimecode(text, store.fps), () => keysTimecode(store.playhead, store.fps));
  time.input.title = "Minutes : seconds : frames. Type a time such as 2:12 or 2.5 s.";
  const frame = field("Frame", "60px", (text) => { const read = readNumber(text, [0, 1e9]); return read.error ? null : Math.min(read.value, store.last); }, () => String(store.playhead));
  frame.input.inputMode = "numeric";
  const of = h("span", { class: "ms-keys-of" });
  const add = sign(KEY_SIGNS.add, "Add a key at the playhead (I)", () => store.addKey(store.playhead), { class: "ms-button ms-quiet ms-keys-add" });
  const remove = sign(KEY_SIGNS.remove, "Delete the selected keys (Delete)", () => store.removeSelected());
  const fit = sign(KEY_SIGNS.whole, "Show the whole clip", () => { view.fit(); draw(); });
  const transport = h("div", { class: "ms-keys-transport" },
    h("div", { class: "ms-keys-drive" },
      sign(KEY_SIGNS.start, "To the start (Home)", () => store.seek(0)), sign(KEY_SIGNS.before, "Previous key ([)", () => store.toKey(store.neighbour(-1))), play,
      sign(KEY_SIGNS.after, "Next key (])", () => store.toKey(store.neighbour(1))), sign(KEY_SIGNS.end, "To the end (End)", () => store.seek(store.last))),
    h("div", { class: "ms-keys-time" }, time.input, frame.input, of),
    h("div", { class: "ms-keys-drive ms-keys-edit" }, add, remove),
    h("div", { class: "ms-keys-drive ms-keys-zoom" }, sign(KEY_SIGNS.wider, "Show more time", () => { view.zoom(1 / 1.6); draw(); }), sign(KEY_SIGNS.closer, "Show less time (Ctrl + wheel)", () => { view.zoom(1.6, store.playhead); draw(); }), fit));

  // --- the drawing ---
  const back = drawn("g"), keysLayer = drawn("g"), front = drawn("g");
  const head = drawn("g", { class: "ms-keys-playhead" }, drawn("path", { d: `M-6 2h12v9l-6 6-6-6z` }), drawn("line", { y1: 14, y2: TALL }));
  const picture = drawn("svg", { class: "ms-keys-lane", height: TALL, tabindex: 0, role: "group", "aria-label": "Timeline" }, back, head, keysLayer, front);
  const thumb = h("i");
  const scroll = h("div", { class: "ms-keys-scroll", hidden: true }, thumb);
  host.append(transport, picture, scroll);

  const kept = keptDrawings(), warnings = keptDrawings();
  const endMark = drawn("g", { class: "ms-keys-end" }, drawn("title", {}, "The clip's end: drag it"), drawn("line", { y2: TALL }), drawn("path", { d: "M0 2h-8v15h8z" }), drawn("path", { class: "ms-keys-grip", d: "M-5.200 6v7M-2.800 6v7" }));
  const near = (frameNumber) => view.X(frameNumber);
  const covered = (at) => (store.coverage?.outside?.[at] || 0) + (store.coverage?.uncovered?.[at] || 0);

  function drawRuler() {
    const { frames } = store.doc, scale = view.scale(), fps = Math.max(1, Math.round(store.fps));
    const major = rulerStep(scale, store.fps, 52), minor = rulerStep(scale, store.fps, 7);
    const parts = [drawn("rect", { class: "ms-keys-ground", x: 0, y: 0, width: view.width, height: TALL, rx: 8 }),
      drawn("rect", { class: "ms-keys-clip", x: near(0), y: RULER, width: Math.max(0, near(frames) - near(0)), height: TALL - RULER })];
    let ticks = "";
    for (let at = Math.ceil(view.from / minor) * minor; at <= view.to; at += minor) if (at % major) ticks += `M${near(at).toFixed(1)} ${RULER - 4}v4`;
    parts.push(drawn("path", { class: "ms-keys-tick", d: ticks }));
    for (let at = Math.floor(view.from / major) * major; at <= view.to; at += major) {
      if (at < 0) continue;
      const whole = at % fps === 0;
      parts.push(drawn("path", { class: whole ? "ms-keys-second" : "ms-keys-tick", d: `M${near(at).toFixed(1)} ${RULER - 8}v8` }),
        drawn("line", { class: "ms-keys-grid", x1: near(at), x2: near(at), y1: RULER + COVER, y2: TALL }),
        drawn("text", { class: "ms-keys-label", x: near(at) + 3, y: 12, opacity: at > frames ? 0.4 : 1 }, String(at)));
    }
    return parts;
  }

  function drawCoverage() {
    const told = store.coverage;
    const strip = drawn("g", { class: `ms-keys-cover${told?.busy || (told && told.rev !== store.rev) ? " ms-keys-old" : ""}` },
      drawn("rect", { class: "ms-keys-seen", x: near(0), y: RULER, width: Math.max(0, near(store.doc.frames) - near(0)), height: COVER }));
    if (!told?.at?.length) return strip;
    let from = near(Math.max(0, told.at[0])), worst = 0;
    told.at.forEach((at, index) => { // One piece a sample, or a pixel and a half: the worst of what lies in it.
      const last = index + 1 === told.at.length, to = near(Math.min(store.doc.frames, last ? at + 1 : (told.at[index + 1] + at) / 2));
      worst = Math.max(worst, covered(index));
      if (to - from < 1.5 && !last) return;
      if (worst >= 0.05 && to > 0 && from < view.width) strip.append(drawn("rect", { class: "ms-keys-unseen", x: from, y: RULER, width: Math.max(0, to - from + 0.3), height: COVER, opacity: Math.min(1, 0.15 + worst / 30).toFixed(2) }));
      [from, worst] = [to, 0];
    });
    for (const at of told.worst || []) strip.append(drawn("path", { class: "ms-keys-worst", d: `M${near(at)} ${RULER + COVER}l-3.500 4h7z` }));
    return strip;
  }

  function drawSpeed() {
    const path = store.sampled, floor = TALL - 2;
    const parts = [];
    if (path?.speed?.length > 1) {
      const most = Math.max(...path.speed, 1e-6);
      const line = path.at.map((at, index) => `${near(at).toFixed(1)} ${(floor - Math.max(0, path.speed[index] || 0) / most * (SPEED - 5)).toFixed(1)}`);
      parts.push(drawn("path", { class: "ms-keys-speed", d: `M${near(path.at[0]).toFixed(1)} ${floor}L${line.join("L")}L${near(path.at.at(-1)).toFixed(1)} ${floor}z` }));
    }
    warnings.next();
    for (const [index, bump] of (path?.bumps || []).entries()) parts.push(warnings.get(index, "g", { class: "ms-keys-bump", transform: `translate(${near(bump.frame)} ${TALL - 10})`, tabindex: 0, role: "img", "aria-label": bump.text, "data-bump": bump.frame }, (node) => {
      node.append(drawn("path", { d: "M0-7.500L8 6.500H-8z" }), drawn("path", { class: "ms-keys-mark", d: "M0-3v4M0 3.600v.2" }));
      node.addEventListener("focus", () => { if (node.matches(":focus-visible")) bubble.say(node.getAttribute("aria-label"), node); });
      node.addEventListener("blur", () => bubble.hide());
    }));
    return parts;
  }

  /** Where each segment's easing stands as a small picture that can be clicked. */
  function pills() {
    const { keys } = store;
    const found = [];
    for (let at = 0; at + (store.doc.loop ? 0 : 1) < keys.length && found.length < 200; at += 1) {
      const left = near(keys[at].frame), right = near(keys[at + 1]?.frame ?? store.doc.frames), width = Math.min(38, right - left - 24);
      if (width >= 18 && right > 0 && left < view.width) found.push({ id: keys[at]._id, key: keys[at], next: keys[at + 1], x: (left + right - width) / 2, width });
    }
    return found;
  }

  function drawKeys() {
    const { keys, doc } = store, parts = [];
    kept.next();
    if (keys.length) parts.push(drawn("line", { class: "ms-keys-wire", x1: near(keys[0].frame), x2: near(keys.at(-1).frame), y1: MIDDLE, y2: MIDDLE }));
    if (doc.loop) parts.push(drawn("line", { class: "ms-keys-wire ms-keys-return", x1: near(keys.at(-1).frame), x2: near(doc.frames), y1: MIDDLE, y2: MIDDLE }));
    for (const pill of pills()) {
      const held = (pill.key.curve || doc.curve) === "hold";
      const curve = held ? [0, 0, 0, 0, 1] : easingCurve(pill.key.easing, catalog);
      const low = Math.min(0, ...curve), high = Math.max(1, ...curve);
      const line = curve.map((y, index) => `${(4 + index / (curve.length - 1) * (pill.width - 8)).toFixed(1)} ${(17 - (y - low) / (high - low) * 14).toFixed(1)}`);
      const d = held ? `M4 17H${pill.width - 4}V3` : `M${line.join("L")}`;
      const eased = held || (pill.key.easing || "linear") !== "linear";
      parts.push(drawn("g", { class: `ms-keys-pill${eased ? " ms-keys-eased" : ""}${doc.constant_speed ? " ms-keys-idle" : ""}`, "data-easing": pill.id, transform: `translate(${pill.x} ${MIDDLE - 10})` },
        drawn("title", {}, doc.constant_speed ? "The path runs at constant speed" : held ? "Held until the next key" : `${easingWords(pill.key.easing)}. Click to choose.`),
        drawn("rect", { width: pill.width, height: 20, rx: 6 }), drawn("path", { d })));
    }
    const seen = keys.filter((key) => near(key.frame) > -10 && near(key.frame) < view.width + 10);
    const diamond = (x) => `M${x.toFixed(1)} ${MIDDLE - 8}l7 8-7 8-7-8z`;
    const many = seen.length > 300;
    if (many) parts.push(drawn("path", { class: "ms-keys-key", d: seen.map((key) => diamond(near(key.frame))).join("") }));
    for (const key of many ? seen.filter((one) => store.selection.has(one._id)).slice(0, 500) : seen) {
      const lit = store.selection.has(key._id);
      parts.push(kept.get(key._id, "path", { class: `ms-keys-key${lit ? " ms-keys-lit" : ""}`, d: diamond(near(key.frame)), "data-key": key._id, "data-frame": key.frame, role: "img", "aria-label": `Key at frame ${keysNumber(key.frame)}${lit ? ", selected" : ""}` }));
    }
    return parts;
  }

  function draw() {
    view.width = Math.max(120, picture.clientWidth || host.clientWidth);
    view.follow();
    const end = near(store.doc.frames);
    back.replaceChildren(...drawRuler(), drawCoverage(), ...drawSpeed(),
      drawn("rect", { class: "ms-keys-beyond", x: end, y: RULER, width: Math.max(0, view.width - end), height: TALL - RULER }),
      endMark);
    endMark.setAttribute("transform", `translate(${end.toFixed(2)} 0)`);
    keysLayer.replaceChildren(...drawKeys());
    const box = drag?.kind === "box" && drag.moved ? drag : null;
    front.replaceChildren(...(box ? [drawn("rect", { class: "ms-keys-box", x: Math.min(box.x, box.toX), y: RULER + COVER + 2, width: Math.abs(box.toX - box.x), height: LANE - 4 })] : []));
    scroll.hidden = !view.zoomed();
    const whole = store.doc.frames * 1.02;
    thumb.style.left = `${view.from / whole * 100}%`;
    thumb.style.width = `${(view.to - view.from) / whole * 100}%`;
    fit.disabled = !view.zoomed();
    remove.disabled = !store.selection.size || store.keys.length < 2;
    of.textContent = `of ${store.doc.frames}`;
    of.title = `${keysNumber(store.doc.frames / store.fps, 2)} seconds at ${keysNumber(store.fps)} frames a second`;
    showPlayhead();
  }

  function showPlayhead() {
    if (store.playing && view.zoomed() && view.reveal(store.playhead)) { draw(); return; }
    head.setAttribute("transform", `translate(${near(store.playhead).toFixed(2)} 0)`);
    time.show();
    frame.show();
    add.disabled = Boolean(store.keyAt(store.playhead));
  }

  // --- the hand ---
  let drag = null;
  let lastTap = { time: 0, x: -99 };
  const touches = new Map();
  const inside = (event) => { const box = picture.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const boxAt = (x, y) => { const box = picture.getBoundingClientRect(); return { left: box.left + x, right: box.left + x, top: box.top + y - 12, bottom: box.top + y + 14, width: 0 }; };
  const keyNear = (x, reach) => store.keys.reduce((best, key) => { const far = Math.abs(near(key.frame) - x); return far <= reach && far < (best?.far ?? 1e9) ? { key, far } : best; }, null)?.key;
  const wholeFrame = (x) => Math.max(0, Math.min(store.doc.frames, Math.round(view.frameAt(x))));

  function press(x, y, event) {
    const finger = event.pointerType !== "mouse", reach = finger ? 20 : 9;
    const bump = y > RULER + COVER + LANE && (store.sampled?.bumps || []).find((one) => Math.abs(near(one.frame) - x) < reach);
    if (bump) return { kind: "bump", bump };
    const inLane = y > RULER + COVER && y < RULER + COVER + LANE;
    const key = inLane && keyNear(x, reach);
    if (key) return { kind: "keys", key };
    const end = near(store.doc.frames);
    if (Math.abs(x - end + 4) < (finger ? 16 : 8) && !(Math.abs(near(store.playhead) - x) < 5 && y < RULER)) return { kind: "end" };
    if (!inLane) return { kind: "scrub" };
    const pill = pills().find((one) => x >= one.x - 2 && x <= one.x + one.width + 2 && Math.abs(y - MIDDLE) < 16);
    return pill ? { kind: "pill", pill } : { kind: "box" };
  }

  picture.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button) return;
    const [x, y] = inside(event);
    picture.setPointerCapture(event.pointerId);
    bubble.hide();
    if (event.pointerType === "touch") touches.set(event.pointerId, x);
    if (touches.size === 2) {
      if (drag && !drag.moved) store.select(drag.before); // The first of two fingers meant no key.
      const [a, b] = touches.values(); drag = { kind: "pinch", apart: Math.abs(a - b), middle: (a + b) / 2 };
      view.held = false;
      draw();
      return;
    }
    drag = { ...press(x, y, event), x, y, toX: x, token: `drag ${performance.now()}`, moved: false, before: [...store.selection], more: event.shiftKey || event.ctrlKey || event.metaKey };
    if (drag.kind === "scrub") { store.pause(); store.seek(wholeFrame(x)); }
    if (drag.kind === "keys") {
      drag.was = store.selection.has(drag.key._id);
      if (!drag.was) store.select([drag.key._id], { add: drag.more });
    }
    if (drag.kind === "end") drag.frames = store.doc.frames;
  });

  function pinch(event) {
    touches.set(event.pointerId, inside(event)[0]);
    const [a, b] = touches.values(), apart = Math.abs(a - b), middle = (a + b) / 2;
    const held = view.frameAt(drag.middle);
    view.zoom(Math.max(0.2, apart) / Math.max(0.2, drag.apart), held);
    view.pan((drag.middle - middle) / view.scale());
    Object.assign(drag, { apart, middle });
    draw();
  }

  picture.addEventListener("pointermove", (event) => {
    const [x, y] = inside(event);
    if (!drag) { hover(x, y); return; }
    if (drag.kind === "pinch") { if (touches.has(event.pointerId) && touches.size === 2) pinch(event); return; }
    if (touches.has(event.pointerId)) touches.set(event.pointerId, x);
    if (!drag.moved && Math.abs(x - drag.x) < (event.pointerType === "mouse" ? 3 : 8)) return;
    if (!drag.moved && drag.kind === "pill") drag.kind = "box";
    if (!drag.moved && drag.kind === "keys") { view.held = true; drag.origin = new Map(store.selected.map((key) => [key._id, key.frame])); }
    drag.moved = true;
    drag.toX = x;
    if (drag.kind === "scrub") store.seek(wholeFrame(x));
    else if (drag.kind === "keys") moveKeys(x, event.altKey);
    else if (drag.kind === "end") moveEnd(x);
    else if (drag.kind === "box") {
      const [from, to] = [drag.x, x].map((at) => view.frameAt(at)).sort((a, b) => a - b);
      const inBox = store.keys.filter((key) => key.frame >= from && key.frame <= to).map((key) => key._id);
      store.select(drag.more ? [...drag.before, ...inBox] : inBox);
      draw();
    }
  });

  /** Move the selected keys together: to whole frames, to the playhead when near, never onto another key. */
  function moveKeys(x, free) {
    if (!drag.origin?.size) return;
    const own = drag.origin.get(drag.key._id) ?? drag.key.frame;
    const aim = own + (x - drag.x) / view.scale();
    const snapped = free ? Math.round(aim * 100) / 100 : Math.abs(near(aim) - near(store.playhead)) < 7 ? store.playhead : Math.round(aim);
    const by = freeShift(store, drag.origin, snapped - own), { size } = drag.origin;
    store.change(size > 1 ? `Move ${size} keys` : "Move key", (draft) => {
      for (const key of draft.keys) if (drag.origin.has(key._id)) key.frame = drag.origin.get(key._id) + by;
    }, { merge: drag.token });
    bubble.say(`Frame ${keysNumber(own + by)} · ${keysTimecode(own + by, store.fps)}`, boxAt(near(own + by), MIDDLE + 4), { wait: 0 });
  }

  function moveEnd(x) {
    view.held = true;
    const wanted = Math.max(1, Math.round(drag.frames + (x - drag.x) / view.scale()));
    store.change("Length of the clip", (draft) => { draft.frames = wanted; }, { merge: drag.token });
    const { frames } = store.doc;
    const stopped = frames > wanted ? " The last key stands here." : frames < wanted ? ` A clip lasts at most ${store.limits.seconds} s.` : "";
    bubble.say(`${frames} frames · ${keysNumber(frames / store.fps, 2)} s.${stopped}`, boxAt(Math.min(near(frames), view.width), MIDDLE), { wait: 0 });
  }

  function release(event) {
    touches.delete(event.pointerId);
    if (!drag) return;
    const done = drag;
    if (done.kind === "pinch") { if (!touches.size) drag = null; return; }
    drag = null;
    view.held = false;
    if (done.moved || event.type === "pointercancel") bubble.hide();
    else if (done.kind === "bump") bubble.say(done.bump.text, boxAt(near(done.bump.frame), TALL - 10));
    else if (done.kind === "pill") {
      const ids = store.selection.has(done.pill.id) ? [...store.selection] : [done.pill.id];
      if (store.doc.constant_speed) bubble.say("The path runs at constant speed, so easings have no effect. Switch it off under Path.", boxAt(done.x, MIDDLE));
      else chooser.open(ids, { getBoundingClientRect: () => boxAt(done.x, MIDDLE) });
    } else if (done.kind === "keys") {
      if (done.more && done.was) store.select([...store.selection].filter((id) => id !== done.key._id));
      else if (!done.more) store.toKey(done.key); // What is changed now is what the frame shows.
    } else if (done.kind === "box") {
      if (tappedTwice(done)) store.toKey(store.addKey(wholeFrame(done.x)));
      else if (!done.more) store.select([]);
    }
    draw();
  }
  picture.addEventListener("pointerup", release);
  picture.addEventListener("pointercancel", release);

  function tappedTwice(done) {
    const twice = performance.now() - lastTap.time < 380 && Math.abs(done.x - lastTap.x) < 14;
    lastTap = twice ? { time: 0, x: -99 } : { time: performance.now(), x: done.x };
    return twice;
  }

  /** A mouse resting on the strip or on a bump is told about it. */
  function hover(x, y) {
    const what = press(x, y, { pointerType: "mouse" });
    picture.style.cursor = { keys: "grab", end: "ew-resize", pill: "pointer", bump: "help", scrub: "default", box: "crosshair" }[what.kind];
    const strip = y >= RULER && y <= RULER + COVER + 4 && store.coverage?.at?.length;
    if (what.kind === "bump") bubble.say(what.bump.text, boxAt(near(what.bump.frame), TALL - 10));
    else if (strip) {
      const at = store.coverage.at.reduce((best, value, index, all) => (Math.abs(value - view.frameAt(x)) < Math.abs(all[best] - view.frameAt(x)) ? index : best), 0);
      const share = (value) => keysNumber(value || 0, 1);
      bubble.say(covered(at) < 0.05 ? `Frame ${store.coverage.at[at]}: all of it was photographed.`
        : `Frame ${store.coverage.at[at]}: ${share(store.coverage.outside[at])} % past the photo's edge, ${share(store.coverage.uncovered[at])} % uncovered behind things.`, boxAt(x, RULER + COVER));
    } else bubble.hide();
  }
  picture.addEventListener("pointerleave", () => { if (!drag) bubble.hide(); });
  zoomable(picture, view, draw);

  scroll.addEventListener("pointerdown", (event) => {
    scroll.setPointerCapture(event.pointerId);
    let x = event.clientX;
    const move = (next) => { view.pan((next.clientX - x) / scroll.clientWidth * store.doc.frames * 1.02); x = next.clientX; draw(); };
    const done = () => { scroll.removeEventListener("pointermove", move); };
    scroll.addEventListener("pointermove", move);
    scroll.addEventListener("pointerup", done, { once: true });
    scroll.addEventListener("pointercancel", done, { once: true });
  });

  for (const name of ["doc", "selection", "sampled", "coverage"]) store.on(name, draw);
  store.on("playhead", showPlayhead);
  store.on("play", () => {
    play.replaceChildren(icon(store.playing ? KEY_SIGNS.pause : ICONS.play, 18));
    play.title = `${store.playing ? "Pause" : "Play"} (Space)`;
    play.setAttribute("aria-label", play.title);
  });
  new ResizeObserver(draw).observe(picture);
  draw();
}
