// The keyframe editor's store: the camera path that is edited, its history, what is selected, where the
// playhead stands, and the talk with the server. The parts of the editor draw what it holds and change
// it through `change` alone. `store.doc` and its keys are never altered in place: every change is a new
// object, so parts may compare by identity.

/** The numbers of a key, as film people name them: a field, its place in it, step and decimals. */
const KEY_CHANNELS = [
  { id: "x", label: "X", hint: "right", field: "position", index: 0, unit: "", step: 0.05, digits: 3, colour: "#ff8e7f" },
  { id: "y", label: "Y", hint: "up", field: "position", index: 1, unit: "", step: 0.05, digits: 3, colour: "#7bd3a0" },
  { id: "z", label: "Z", hint: "back", field: "position", index: 2, unit: "", step: 0.05, digits: 3, colour: "#63b3f5" },
  { id: "pitch", label: "Tilt", hint: "up", field: "rotation", index: 0, unit: "°", step: 0.5, digits: 2, colour: "#ffb454" },
  { id: "yaw", label: "Pan", hint: "left", field: "rotation", index: 1, unit: "°", step: 0.5, digits: 2, colour: "#d9a6ff" },
  { id: "roll", label: "Roll", hint: "counter-clockwise", field: "rotation", index: 2, unit: "°", step: 0.5, digits: 2, colour: "#6fd8d4" },
  { id: "focal", label: "Lens", hint: "longer", field: "focal_length", index: null, unit: " mm", step: 1, digits: 1, colour: "#f2e07a" },
].map((channel) => ({
  ...channel,
  get: (key) => (channel.index === null ? key[channel.field] : key[channel.field][channel.index]),
  set: (key, value) => {
    if (channel.index === null) key[channel.field] = value;
    else key[channel.field] = key[channel.field].map((old, index) => (index === channel.index ? value : old));
  },
}));

const KEY_PATH_DEFAULTS = { curve: "linear", turn_curve: "angles", lens_curve: "linear", constant_speed: false,
  loop: false, look_at: null, hold_size: false, handheld: null };
const KEY_DEFAULTS = { position: [0, 0, 10], rotation: [0, 0, 0], focal_length: 50, easing: "linear", curve: null,
  turn_curve: null, lens_curve: null, tangent_in: null, tangent_out: null, tension: 0, continuity: 0, bias: 0, long_way: false };
const KEYS_SAVED = "motion-synth.keys";
const KEYS_ANSWERED = { preset: "Ready-made move", transform: "Transform", aim: "Look at", fit: "Fit", imported: "Import", from_motion: "From Motion" };
const KEYS_FARTHEST = 10000;
const KEYS_STEEPEST = 36000;

const keysClone = (value) => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));
const keysClamp = (value, low, high) => Math.min(high, Math.max(low, value));

/** Frames per second as a number, from text such as "24" or "24000/1001". */
function keysRate(text) {
  const [over, under = 1] = String(text).split("/").map(Number);
  return over > 0 && under > 0 ? over / under : 24;
}

/** Hours are of no use in a clip: "0:05:12" is minutes, seconds and frames. */
function keysTimecode(frame, fps) {
  const rate = Math.max(1, Math.round(fps));
  const whole = Math.max(0, Math.round(frame));
  const all = Math.floor(whole / rate);
  const two = (number) => String(number).padStart(2, "0");
  return `${Math.floor(all / 60)}:${two(all % 60)}:${two(whole % rate)}`;
}

/** A number with no more decimals than it needs. */
const keysNumber = (value, digits = 3) => String(Number(Number(value).toFixed(digits)) || 0);

/** The server's words about a path as the store keeps it: every field there, every key with an id. */
function keysFilled(values, nameOf) {
  const doc = { schema: "motion-synth.camera/1", frames: 120, fps: "24", ...KEY_PATH_DEFAULTS, ...keysClone(values || {}) };
  if (!Array.isArray(doc.keys) || !doc.keys.length) doc.keys = [{ frame: 0 }];
  doc.keys = doc.keys.map((key) => ({ ...keysClone(KEY_DEFAULTS), ...key, _id: nameOf(key.frame || 0), frame: Number(key.frame) || 0 }))
    .sort((one, other) => one.frame - other.frame);
  return doc;
}

/** The path as the server reads it: no ids, no fields at their default. */
function keysPlain(doc) {
  const lean = (values, defaults) => Object.fromEntries(Object.entries(values).filter(([name, value]) =>
    name !== "_id" && !(name in defaults && JSON.stringify(value) === JSON.stringify(defaults[name]))));
  return { ...lean({ ...doc, keys: undefined }, KEY_PATH_DEFAULTS), schema: doc.schema, frames: doc.frames, fps: doc.fps,
    keys: doc.keys.map((key) => ({ frame: key.frame, position: key.position, rotation: key.rotation,
      focal_length: key.focal_length, ...lean(key, KEY_DEFAULTS) })) };
}

/** Put every number of a path within its limits; what is no number becomes what it was before. */
function keysBounded(doc, before, limits) {
  const [shortest, longest] = limits.focal;
  const old = new Map(before.keys.map((key) => [key._id, key]));
  const number = (value, fallback, low, high) => (Number.isFinite(value) ? keysClamp(value, low, high) : fallback);
  const place = (value, fallback, far) => [0, 1, 2].map((index) => number(value?.[index], (fallback || [0, 0, 0])[index], -far, far));
  const last = Math.max(0, ...doc.keys.map((key) => (Number.isFinite(key.frame) ? key.frame : 0)).filter((frame) => frame <= before.frames));
  const most = Math.max(before.frames, Math.min(limits.frames, Math.floor(limits.seconds * keysRate(doc.fps))));
  doc.frames = Math.round(number(doc.frames, before.frames, Math.max(1, Math.ceil(last)), most));
  for (const key of doc.keys) {
    const was = old.get(key._id) || KEY_DEFAULTS;
    key.frame = number(key.frame, was.frame || 0, 0, doc.frames);
    key.position = place(key.position, was.position, KEYS_FARTHEST);
    key.rotation = place(key.rotation, was.rotation, KEYS_STEEPEST);
    key.focal_length = number(key.focal_length, was.focal_length, shortest, longest);
    for (const name of ["tension", "continuity", "bias"]) key[name] = number(key[name], was[name] || 0, -1, 1);
    for (const name of ["tangent_in", "tangent_out"]) if (key[name]) key[name] = place(key[name], was[name], KEYS_FARTHEST);
  }
  if (doc.look_at) doc.look_at.target = place(doc.look_at.target, before.look_at?.target, KEYS_FARTHEST);
  if (doc.handheld) doc.handheld.strength = number(doc.handheld.strength, 0.3, 0, 1);
}

/** No two keys on one frame: a key that was moved onto another stops beside it. */
function keysApart(doc, before) {
  const old = new Map(before.keys.map((key) => [key._id, key.frame]));
  const taken = new Set(doc.keys.filter((key) => old.get(key._id) === key.frame).map((key) => key.frame));
  for (const key of doc.keys) {
    const from = old.get(key._id);
    if (from === key.frame) continue;
    const back = from === undefined || from > key.frame ? 1 : -1; // towards where it came from
    const free = (frame) => frame >= 0 && frame <= doc.frames && !taken.has(frame);
    for (let away = 0; !free(key.frame) && away <= doc.frames; away += 1) {
      if (free(key.frame + back * away)) key.frame += back * away;
      else if (free(key.frame - back * away)) key.frame -= back * away;
    }
    for (let part = 2; !free(key.frame) && part < 1e6; part *= 2) if (free(key.frame + back / part)) key.frame += back / part;
    taken.add(key.frame);
  }
  doc.keys.sort((one, other) => one.frame - other.frame);
}

/** The store of one editor. */
function keysStore({ trigger, props, watch }) {
  const limits = { frames: 100000, focal: [4, 1200], seconds: 60, ...keysClone(props.catalog?.limits || {}) };
  const listeners = {};
  const seen = {};
  let names = 0, history = [], at = 0, memory = "";
  const store = { selection: new Set(), playhead: 0, playing: false, channel: "x", rev: 0, sampled: null, coverage: null,
    still: null, scenery: null, reply: null, limits };

  store.on = (name, action) => {
    (listeners[name] = listeners[name] || new Set()).add(action);
    return () => listeners[name].delete(action);
  };
  const fire = (name, detail) => {
    for (const action of listeners[name] || []) {
      try { action(detail); } catch (problem) { console.error(`keyframe editor, ${name}:`, problem); }
    }
  };
  store.fire = fire;

  const freshName = () => `k${names += 1}`;
  Object.defineProperties(store, {
    keys: { get: () => store.doc.keys },
    fps: { get: () => keysRate(store.doc.fps) },
    last: { get: () => Math.max(0, store.doc.frames - 1) }, // the last frame that is shown
    selected: { get: () => store.doc.keys.filter((key) => store.selection.has(key._id)) },
    canUndo: { get: () => at > 0 },
    canRedo: { get: () => at < history.length - 1 },
    undoLabel: { get: () => history[at]?.label || "" },
  });

  // --- out to the server ---
  let mine = [];
  let announced = ""; // the path that others on the page were last told of
  let answering = ""; // what a path that comes from the server answers
  let throttle = 0;
  let editAsked = null; // {rev, timer} of the edit that the server works on
  let scrubAsked = null, scrubWanted = null;

  store.sync = () => {
    clearTimeout(throttle);
    throttle = 0;
    const value = { keys: keysPlain(store.doc), rev: store.rev };
    const text = JSON.stringify(value);
    try { sessionStorage.setItem(KEYS_SAVED, text); } catch (full) { /* A path too large to keep is still edited. */ }
    if (text !== announced) { announced = text; document.dispatchEvent(new CustomEvent("ms-keys")); }
    if (text === mine.at(-1)) return; // the server sent it
    mine = [...mine.slice(-30), text];
    props.value = value;
  };

  /** Others on the page ask for the path as it stands now. */
  document.addEventListener("ms-keys-wanted", ({ detail }) => { if (element.isConnected) detail(keysPlain(store.doc)); });

  /** Send an event with the path as it stands now. */
  store.tell = (name, payload = {}) => {
    if (name in KEYS_ANSWERED) answering = KEYS_ANSWERED[name];
    store.sync();
    trigger(name, payload);
  };

  const sendEdit = () => {
    if (editAsked || store.sampled?.rev === store.rev) return;
    const rev = store.rev;
    editAsked = { rev, timer: setTimeout(() => { editAsked = null; if (store.rev !== rev) sendEdit(); }, 2000) };
    store.tell("edited", {});
  };

  const sendScrub = () => {
    if (scrubAsked || !scrubWanted) return;
    const asked = scrubWanted;
    scrubWanted = null;
    scrubAsked = { ...asked, timer: setTimeout(() => { scrubAsked = null; fire("scrub"); sendScrub(); }, 3000) };
    store.tell("scrub", { frame: asked.frame, rev: asked.rev });
    fire("scrub");
  };

  // What was never photographed is measured once the hand rests, one path at a time.
  let coverAsked = null, coverRest = 0;
  const sendCover = () => {
    clearTimeout(coverRest);
    coverRest = setTimeout(() => {
      if (coverAsked || store.playing || store.sampled?.rev !== store.rev || store.sampled.error) return;
      coverAsked = { rev: store.rev, timer: setTimeout(() => { coverAsked = null; fire("cover"); }, 15000) };
      store.tell("cover", {});
      fire("cover");
    }, 350);
  };
  Object.defineProperty(store, "covering", { get: () => Boolean(coverAsked) });
  /** Another photo or other settings: what was seen of them is old. */
  store.refresh = () => { if (store.sampled) { store.scrub(); store.coverage = { ...store.coverage, busy: true }; fire("coverage"); sendCover(); } };

  store.scrub = () => { scrubWanted = { frame: store.playhead, rev: store.rev }; sendScrub(); };
  Object.defineProperty(store, "scrubbing", { get: () => Boolean(scrubAsked) });

  const changed = () => {
    store.rev += 1;
    if (!throttle) throttle = setTimeout(() => { throttle = 0; store.sync(); sendEdit(); }, 50);
    fire("doc");
  };

  // --- changes and their history ---
  const keepSelection = () => {
    const there = new Set(store.doc.keys.map((key) => key._id));
    const kept = new Set([...store.selection].filter((id) => there.has(id)));
    if (kept.size === store.selection.size) return;
    store.selection = kept;
    fire("selection");
  };

  const adopt = (doc) => {
    store.doc = doc;
    keepSelection();
    if (store.playhead > store.last) { store.playhead = store.last; fire("playhead"); }
    changed();
    fire("undo");
  };

  const remember = (doc, label, merge) => {
    if (merge && at > 0 && history[at].merge === merge && at === history.length - 1) history[at] = { doc, label, merge };
    else {
      const most = keysClamp(Math.floor(200000 / doc.keys.length), 10, 300); // long paths keep a shorter history
      history = [...history.slice(0, at + 1), { doc, label, merge }].slice(-most);
      at = history.length - 1;
    }
  };

  /** Change the path: `edit` gets a copy to alter. Changes with the same `merge` are one step of undo. */
  store.change = (label, edit, { merge = "" } = {}) => {
    const draft = keysClone(store.doc);
    edit(draft);
    draft.keys = draft.keys.map((key) => ({ ...keysClone(KEY_DEFAULTS), ...key, _id: key._id || freshName() }));
    keysBounded(draft, store.doc, limits);
    keysApart(draft, store.doc);
    if (JSON.stringify(draft) === JSON.stringify(store.doc)) return false;
    remember(draft, label, merge);
    adopt(draft);
    return true;
  };

  const travel = (step) => {
    if (at + step < 0 || at + step >= history.length) return;
    at += step;
    history[at] = { ...history[at], merge: "" };
    adopt(history[at].doc); store.sync(); sendEdit();
  };
  Object.assign(store, { undo: () => travel(-1), redo: () => travel(1) });

  /** Say something in the editor's own note line, as the server's replies do. */
  store.say = (text, bad = false) => { store.reply = { kind: "note", text: bad ? "" : text, error: bad ? text : undefined }; fire("reply"); };

  // --- selection and keys ---
  store.select = (ids, { add = false } = {}) => {
    const next = add ? new Set([...store.selection, ...ids]) : new Set(ids);
    if (next.size === store.selection.size && [...next].every((id) => store.selection.has(id))) return;
    store.selection = next;
    fire("selection");
  };
  store.setChannel = (id) => { store.channel = id; };

  store.keyAt = (frame) => store.doc.keys.find((key) => Math.abs(key.frame - frame) < 0.5);
  /** The next key after the playhead (or before it, for -1). */
  store.neighbour = (way) => (way > 0 ? store.doc.keys.find((key) => Math.round(key.frame) > store.playhead)
    : store.doc.keys.findLast((key) => Math.round(key.frame) < store.playhead));
  store.toKey = (key) => { if (key) { store.select([key._id]); store.seek(key.frame); } };

  /** Add a key with the pose that the path has at that frame; a key that is there is selected instead. */
  store.addKey = (frame = store.playhead) => {
    const there = store.keyAt(frame);
    if (there) { store.select([there._id]); return there; }
    const before = store.doc.keys.findLast((key) => key.frame < frame);
    const split = before !== store.doc.keys.at(-1) && String(before?.easing).startsWith("ease_in_out"); // or the camera would stop at the new key
    const half = (way) => before.easing.replace("in_out", way);
    const pose = store.poseAt(frame);
    const key = { ...keysClone(KEY_DEFAULTS), _id: freshName(), frame, position: pose.position, rotation: pose.rotation,
      focal_length: pose.focal, ...(before ? { easing: split ? half("out") : before.easing, curve: before.curve, turn_curve: before.turn_curve, lens_curve: before.lens_curve } : {}) };
    store.change("Add key", (draft) => { if (split) draft.keys.find((one) => one._id === before._id).easing = half("in"); draft.keys.push(key); });
    store.select([key._id]);
    return key;
  };

  store.removeSelected = () => {
    const doomed = store.selected;
    if (!doomed.length) return;
    if (doomed.length === store.doc.keys.length) doomed.shift(); // A path has at least one key.
    if (!doomed.length) { store.say("The path needs at least one key.", true); return; }
    const ids = new Set(doomed.map((key) => key._id));
    store.change(ids.size > 1 ? `Delete ${ids.size} keys` : "Delete key", (draft) => { draft.keys = draft.keys.filter((key) => !ids.has(key._id)); });
  };

  /** Move the focused channel of the selected keys by `steps` of its steps. */
  store.nudge = (steps, id = store.channel) => {
    const channel = KEY_CHANNELS.find((one) => one.id === id);
    if (!channel || !store.selection.size) return;
    store.change(`Nudge ${channel.label}`, (draft) => {
      for (const key of draft.keys) if (store.selection.has(key._id)) channel.set(key, Number((channel.get(key) + steps * channel.step).toFixed(6)));
    }, { merge: `nudge ${id} ${[...store.selection].join()}` });
  };

  // --- clipboard ---
  store.copy = () => {
    const keys = store.selected.length ? store.selected : store.doc.keys.filter((key) => Math.abs(key.frame - store.playhead) < 0.5);
    if (!keys.length) return "";
    memory = JSON.stringify({ "motion-synth.keys": keysPlain({ ...store.doc, keys }).keys.map((key) => ({ ...key, frame: key.frame - keys[0].frame })) });
    navigator.clipboard?.writeText(memory).catch(() => {});
    return memory;
  };
  /** Add copied keys from `frame` on; false if the text holds none. */
  store.paste = (frame = store.playhead, text = memory) => {
    let keys;
    try { keys = JSON.parse(text)["motion-synth.keys"]; } catch (problem) { return false; }
    if (!Array.isArray(keys) || !keys.length || !keys.every((key) => key && Number.isFinite(key.frame))) return false;
    const fresh = keys.slice(0, 10000).map((key) => ({ ...Object.fromEntries(Object.entries(key).filter(([name]) => name in KEY_DEFAULTS)), frame: frame + key.frame, _id: freshName() }));
    store.change(fresh.length > 1 ? `Paste ${fresh.length} keys` : "Paste key", (draft) => {
      draft.frames = Math.max(draft.frames, Math.ceil(Math.max(...fresh.map((key) => key.frame))));
      draft.keys.push(...fresh);
    });
    store.select(fresh.map((key) => key._id));
    return true;
  };

  // --- time ---
  store.seek = (frame, { scrub = true } = {}) => {
    const whole = keysClamp(Math.round(Number(frame) || 0), 0, store.last);
    const moved = whole !== store.playhead;
    store.playhead = whole;
    if (moved) fire("playhead");
    if (scrub && (moved || !store.still)) store.scrub();
  };
  store.play = () => {
    if (store.playing || store.last === 0) return;
    store.playing = true;
    const from = store.playhead >= store.last ? 0 : store.playhead;
    const began = performance.now();
    const step = () => {
      if (!store.playing) return;
      store.seek(Math.floor(from + (performance.now() - began) / 1000 * store.fps) % store.doc.frames);
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
    fire("play");
  };
  store.pause = () => {
    if (!store.playing) return;
    store.playing = false;
    fire("play");
    store.scrub();
    if (store.coverage?.rev !== store.rev) sendCover();
  };
  store.toggle = () => (store.playing ? store.pause() : store.play());

  const between = (numbers, index, share) => numbers[index] + (numbers[Math.min(index + 1, numbers.length - 1)] - numbers[index]) * share;
  /** Camera at a frame as the server sampled the path; straight from the keys until it has. */
  store.poseAt = (frame) => {
    const path = store.sampled?.at?.length ? store.sampled : null;
    const times = path ? path.at : store.doc.keys.map((key) => key.frame);
    let low = 0;
    for (let high = times.length - 1; low < high;) {
      const middle = (low + high + 1) >> 1;
      if (times[middle] <= frame) low = middle; else high = middle - 1;
    }
    const gap = low + 1 < times.length ? times[low + 1] - times[low] : 0;
    const share = gap > 0 ? keysClamp((frame - times[low]) / gap, 0, 1) : 0;
    const value = (id, pick) => between(path ? path[id] : store.doc.keys.map(pick), low, share);
    const all = Object.fromEntries(KEY_CHANNELS.map((channel) => [channel.id, value(channel.id, channel.get)]));
    return { position: [all.x, all.y, all.z], rotation: [all.pitch, all.yaw, all.roll], focal: all.focal };
  };

  // --- in from the server ---
  const receive = (name, action) => {
    const take = () => {
      const value = props[name];
      if (!value?.stamp || value.stamp === seen[name]) return; // nothing yet, or told before
      seen[name] = value.stamp;
      // A plain copy: what the page framework hands out is slow to read, and long lists slow it down
      // at every update, so that an answer may also come as JSON text.
      store[name] = typeof value.json === "string" ? { ...JSON.parse(value.json), stamp: value.stamp } : keysClone(value);
      action?.();
      fire(name);
    };
    watch(name, take);
    take();
  };

  const takeDoc = () => {
    const value = keysClone(props.value);
    if (!value?.keys?.keys || mine.includes(JSON.stringify(value))) return;
    if (Number(value.rev) <= store.rev) { // an answer to a path that has been changed since
      const what = answering;
      if (what) setTimeout(() => store.say(`${what}: the path was changed meanwhile, so it stays as it is now. Try again.`, true), 0);
      answering = "";
      return;
    }
    const old = new Map(store.doc.keys.map((key) => [key.frame, key._id]));
    const doc = keysFilled(value.keys, (frame) => { const id = old.get(frame); old.delete(frame); return id || freshName(); });
    remember(doc, answering || "Change", "");
    answering = "";
    mine.push(JSON.stringify(value));
    store.rev = Math.max(store.rev, (Number(value.rev) || 0) - 1); // `adopt` raises it by one
    adopt(doc);
  };

  let first = keysClone(props.value);
  let restored = false;
  try {
    const saved = JSON.parse(sessionStorage.getItem(KEYS_SAVED) || "null");
    if (saved?.keys?.keys?.length) { first = saved; restored = true; }
  } catch (unreadable) { /* Then the path is the server's. */ }
  store.doc = keysFilled(first?.keys, freshName);
  store.rev = Number(first?.rev) || 0;
  history = [{ doc: store.doc, label: "", merge: "" }];

  /** Begin: to be called once all parts listen. */
  store.open = () => {
    if (!restored) mine.push(JSON.stringify(keysClone(props.value)));
    watch("value", takeDoc);
    receive("sampled", () => {
      if (editAsked && store.sampled.rev >= editAsked.rev) {
        clearTimeout(editAsked.timer);
        editAsked = null;
        if (store.sampled.rev < store.rev) sendEdit();
      }
      if (store.sampled.rev !== store.rev) return;
      if (!store.playing && store.still?.rev !== store.rev) store.scrub();
      if (store.coverage?.rev !== store.rev) sendCover();
    });
    receive("coverage", () => {
      if (coverAsked) clearTimeout(coverAsked.timer);
      coverAsked = null;
      if (store.coverage.rev !== store.rev) sendCover();
    });
    receive("still", () => {
      if (scrubAsked) { clearTimeout(scrubAsked.timer); scrubAsked = null; }
      if (!store.playing && (store.still.rev !== store.rev || store.still.frame !== store.playhead)) store.scrub(); // a late answer, to an older question
      else sendScrub();
    });
    receive("scenery", store.refresh);
    receive("reply");
    fire("doc");
    store.tell("opened", { restored });
  };
  return store;
}
