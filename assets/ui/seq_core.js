// The Sequence tab: what it works on. A document is a project without a timeline and a row of cards
// measured in seconds; it is never changed in place, so undo keeps whole documents, each with what was
// said of its shots. Everything else on the tab listens to what changed.

const root = element.querySelector(".ms-seq");
const spec = props.spec;
const STORE = "motion-synth:sequence:1";
const UNDO_STEPS = 120;

const EMPTY = { project: spec.project, cards: [] };

const desk = {
  doc: EMPTY,
  past: [],
  future: [],
  id: null, // name of the desk on the server
  media: {}, // by hash: picture, seconds, size
  waves: {}, // by hash of a sound
  said: {}, // by shot: its camera in words, its own length, what was understood, what is wrong
  settled: {}, // what was said as the document was last changed: undo brings it back with the document
  chosen: null, // key of the card
  way: null, // key of the card whose transition is on show
  plan: null, // the server's word on the whole
  ears: {},
  awake: false, // whether what the browser kept was read
  label: "",
  labelled: 0,

  on(kinds, ear) {
    for (const kind of kinds.split(" ")) (this.ears[kind] ||= []).push(ear);
  },
  tell(kind, what) {
    for (const ear of this.ears[kind] || []) ear(what);
  },

  /** Take another document. Steps of the same label in quick succession are undone together. */
  commit(doc, label = "") {
    if (doc === this.doc) return;
    const now = Date.now();
    const same = label && label === this.label && now - this.labelled < 900;
    if (!same) this.past = [...this.past.slice(1 - UNDO_STEPS), { doc: this.doc, said: this.settled }];
    this.label = label;
    this.labelled = now;
    this.future = [];
    this.doc = doc;
    this.changed();
  },
  /** Stand where undo or redo leads. */
  stand({ doc, said }) {
    this.doc = doc;
    this.said = { ...said };
    this.label = "";
    this.changed();
  },
  undo() {
    if (!this.past.length) return;
    const step = this.past[this.past.length - 1];
    this.future = [{ doc: this.doc, said: this.settled }, ...this.future];
    this.past = this.past.slice(0, -1);
    this.stand(step);
  },
  redo() {
    if (!this.future.length) return;
    const step = this.future[0];
    this.past = [...this.past, { doc: this.doc, said: this.settled }];
    this.future = this.future.slice(1);
    this.stand(step);
  },
  changed({ mine = true } = {}) {
    const keys = this.doc.cards.map((card) => card.key);
    for (const [id, said] of Object.entries(this.said)) if (said.failed) this.said[id] = { ...said, failed: "" }; // it was about what was there before
    this.settled = { ...this.said };
    if (!keys.includes(this.chosen)) this.chosen = keys[0] || null;
    if (this.way && !keys.slice(0, -1).includes(this.way)) this.way = null;
    this.tell("doc");
    if (mine) keep();
    check();
  },

  // --- looking ---

  get cards() { return this.doc.cards; },
  get project() { return this.doc.project; },
  card(key) { return this.doc.cards.find((card) => card.key === key) || null; },
  index(key) { return this.doc.cards.findIndex((card) => card.key === key); },
  shot(id) { return this.doc.project.shots.find((shot) => shot.id === id) || null; },
  isPhoto(card) { const shot = card && card.shot ? this.shot(card.shot) : null; return Boolean(shot) && shot.media.kind === "photo"; },
  /** Whether geometry draws it, so that a transition may draw frames of it anew. */
  isGeometry(card) { return this.isPhoto(card) && (((this.shot(card.shot).shot || {}).backend || {}).name || "geometric") === "geometric"; },
  picture(card) { const shot = card.shot ? this.shot(card.shot) : null; return shot ? (this.media[shot.media.sha256] || {}).picture || "" : ""; },
  /** How long the card's shot is by itself, seconds; null where that is not known. */
  own(card) {
    if (!card.shot) return null;
    const said = this.said[card.shot];
    const shot = this.shot(card.shot);
    if (shot && shot.media.kind !== "photo") return (this.media[shot.media.sha256] || {}).seconds ?? null;
    return said ? said.seconds : null;
  },

  // --- changing ---

  withProject(fields, label) { this.commit({ ...this.doc, project: { ...this.doc.project, ...fields } }, label); },
  withCard(key, fields, label) {
    this.commit({ ...this.doc, cards: this.doc.cards.map((card) => (card.key === key ? { ...card, ...fields } : card)) }, label);
  },
  withCards(cards, label) { this.commit({ ...this.doc, cards }, label); },
  withShot(id, fields, label) {
    const shots = this.doc.project.shots.map((shot) => (shot.id === id ? { ...shot, ...fields } : shot));
    this.withProject({ shots }, label);
  },
  /** A card and its shot at once. A shot that other cards show too stays theirs: the card gets its own. */
  withOwn(key, shot, fields, said, label) {
    const shared = this.doc.cards.some((card) => card.key !== key && card.shot === shot.id);
    const id = shared ? freeName(shot.id) : shot.id;
    const own = { ...shot, id };
    const shots = shared ? [...this.doc.project.shots, own] : this.doc.project.shots.map((one) => (one.id === id ? own : one));
    this.said = { ...this.said, [id]: said };
    this.commit({ project: { ...this.doc.project, shots }, cards: this.doc.cards.map((card) => (card.key === key ? { ...card, ...fields, shot: id } : card)) }, label);
  },
  choose(key, face = null) {
    if (this.chosen !== key) { this.chosen = key; this.tell("chosen"); }
    if (face) this.tell("face", face);
  },
};

let count = 0;
/** A name for a card that no other has. */
const newKey = () => `c${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 6)}${(count += 1).toString(36)}`;
/** A document with whole cards, each of a key of its own: the one that it had, where it had one. */
function keyed(doc) {
  const seen = new Set();
  const key = (card) => { const had = typeof card.key === "string" && !seen.has(card.key) ? card.key : newKey(); seen.add(had); return had; };
  return { ...doc, cards: doc.cards.map((card) => ({ start: 0, colour: "#000000", way: null, ...card, key: key(card) })) };
}

/** A name that no shot has yet: "robot", "robot 2". */
function freeName(wanted, shots = desk.project.shots) {
  const taken = new Set(shots.map((shot) => shot.id));
  if (!taken.has(wanted)) return wanted;
  const bare = wanted.replace(/ \d+$/, "");
  const base = (taken.has(bare) ? bare : wanted).slice(0, 58); // a number counts copies only beside what it was copied from: "summer 1987"
  for (let number = 2; ; number += 1) if (!taken.has(`${base} ${number}`)) return `${base} ${number}`;
}

/** A number as people write it: "2.5", "2,5", "2.5 s"; NaN for anything else. */
function numberIn(text) {
  const bare = String(text).trim().replace(/\s*s(ec(onds?)?)?$/i, "").replace("\u2212", "-");
  return /^[+-]?(\d+([.,]\d*)?|[.,]\d+)$/.test(bare) ? Number(bare.replace(",", ".")) : NaN;
}

/** A field for a number: text, so that nothing of what is typed is dropped unseen. The arrows step it. */
function numberInput({ step = 0.1, min = -Infinity, onkeydown, ...more }) {
  const input = h("input", { class: "ms-input ms-number", type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false", maxlength: "24", ...more,
    onkeydown: (event) => {
      const way = { ArrowUp: 1, ArrowDown: -1 }[event.key], now = numberIn(input.value);
      if (way && Number.isFinite(now)) {
        input.value = short(Math.max(Number(min), now + way * step));
        input.dispatchEvent(new Event("change"));
        event.preventDefault();
      } else if (onkeydown) onkeydown(event);
      if (event.key === "Enter") input.blur();
    } });
  return input;
}

// --- time ---

const frameRate = () => spec.rates[desk.project.output.fps] || 24;
/** As the server counts: halves upward, and a hair for what seconds cannot hold. */
const toFrames = (value) => Math.floor(value * frameRate() + 0.5 + 1e-6);
const toSeconds = (frames) => frames / frameRate();
const said1 = (value) => `${value > 0 && value < 0.1 ? value.toFixed(2) : value.toFixed(1)} s`;
const clock = (value) => `${Math.floor(value / 60)}:${(value % 60).toFixed(1).padStart(4, "0")}`;
const short = (value, digits = 2) => String(Number(Number(value).toFixed(digits)));

/** Where each card lies in the film: its first frame, its length, what it shares with the next. */
function layout() {
  const cards = desk.cards;
  let at = 0;
  return cards.map((card, index) => {
    const frames = toFrames(card.seconds);
    const shared = card.way && index < cards.length - 1 ? toFrames(card.way.seconds) : 0;
    const place = { key: card.key, at, frames, shared };
    at += frames - shared;
    return place;
  });
}

function sums() {
  const places = layout();
  const used = places.reduce((sum, place) => sum + place.frames, 0);
  const ways = places.filter((place) => place.shared > 0);
  const shared = ways.reduce((sum, place) => sum + place.shared, 0);
  return { places, used: toSeconds(used), ways: ways.length, shared: toSeconds(shared), total: toSeconds(used - shared) };
}

/** "3 shots 17.0 s − 2 transitions 1.0 s = 16.0 s" */
function arithmetic() {
  const found = sums();
  const number = desk.cards.length;
  const words = `${number} ${number === 1 ? "shot" : "shots"} ${said1(found.used)}`;
  if (!found.ways) return words;
  return `${words} − ${found.ways} ${found.ways === 1 ? "transition" : "transitions"} ${said1(found.shared)} = ${said1(found.total)}`;
}

/** What is wrong with a card's transition, in words; empty where nothing is. */
function wayTrouble(index) {
  const card = desk.cards[index], next = desk.cards[index + 1];
  if (!card || !next || !card.way) return "";
  const kind = spec.ways.find((one) => one.name === card.way.type);
  if (!kind) return "This transition is unknown. Choose another.";
  const photos = [desk.isGeometry(card), desk.isGeometry(next)];
  const need = kind.photos === "both" && !(photos[0] && photos[1]) ? "both its shots" : kind.photos === "either" && !(photos[0] || photos[1]) ? "one of its shots" : "";
  if (need) return `${kind.title} needs ${need} to be a photo${desk.isPhoto(card) && desk.isPhoto(next) ? " that its own geometry draws" : ""}.`;
  return "";
}

/** What is wrong with a card's own length, in words. */
function cardTrouble(index) {
  const places = layout();
  const place = places[index], before = places[index - 1];
  if (place.frames < 1) return "It has no length. Give it at least one frame.";
  const shared = (before ? before.shared : 0) + place.shared;
  if (shared > place.frames) return `Its transitions need ${said1(toSeconds(shared))}, and it is ${said1(toSeconds(place.frames))} long. Shorten them, or lengthen it.`;
  const card = desk.cards[index], own = desk.own(card);
  if (own !== null && card.start + card.seconds > own + 0.6 / frameRate()) return `It uses ${short(card.start + card.seconds)} s of a shot that is ${short(own)} s long.`;
  return "";
}

// --- the server ---

/** Ask the server. Gives {error} in words; {offline: true} with it where it cannot be reached. */
async function ask(what, more = {}) {
  try {
    const answer = await server.ask({ do: what, desk: desk.id, ...more });
    if (answer && typeof answer === "object") return answer;
  } catch (problem) { /* told below */ }
  return { error: "The server cannot be reached. Your storyboard is kept in this browser.", offline: true };
}

/** The document as the server reads it. */
const plain = () => ({ project: desk.doc.project, cards: desk.doc.cards.map(({ key, ...card }) => card) });

let asked = 0;
const check = debounce(async () => {
  if (!desk.cards.length) { desk.plan = null; desk.tell("plan"); return; }
  const mine = (asked += 1);
  const answer = await ask("plan", { document: plain(), styles: styleDesk() });
  if (mine !== asked || answer.offline) return;
  desk.plan = answer;
  desk.tell("plan");
}, 350);

// --- what the browser keeps ---

let unkept = false; // whether this page changed something that is not kept yet
let lastKept = null; // the text as this page last read or wrote it

/** Keep the storyboard, unless this page changed nothing, or another tab wrote since it last looked. */
function keepNow() {
  if (!unkept) return;
  try {
    const there = localStorage.getItem(STORE);
    if (there !== null && there !== lastKept) { takeOver(there); return; }
    const text = JSON.stringify({ doc: desk.doc, desk: desk.id, said: desk.said, chosen: desk.chosen });
    localStorage.setItem(STORE, text);
    lastKept = text;
    unkept = false;
    desk.tell("kept", true);
  } catch (problem) {
    desk.tell("kept", false);
  }
}
const keepSoon = debounce(keepNow, 250);
const keep = () => { unkept = true; keepSoon(); };
window.addEventListener("pagehide", () => { if (root.isConnected && desk.awake) keepNow(); });
window.addEventListener("storage", (event) => { if (event.key === STORE && event.newValue !== null && root.isConnected && desk.awake) takeOver(event.newValue); });

/** Another tab keeps a storyboard here, too: follow it, and leave one's own to undo. */
function takeOver(text) {
  const found = readKept(text);
  if (!found || text === lastKept) return;
  lastKept = text;
  unkept = false;
  if (typeof found.desk === "string") desk.id = found.desk;
  if (JSON.stringify(found.doc) === JSON.stringify(desk.doc)) return;
  desk.past = [...desk.past.slice(1 - UNDO_STEPS), { doc: desk.doc, said: desk.settled }];
  desk.future = [];
  desk.label = "";
  desk.doc = keyed(found.doc);
  desk.said = found.said || {};
  desk.changed({ mine: false });
  desk.tell("elsewhere");
}

/** What a kept text holds; null where it holds no storyboard. */
function readKept(text) {
  try {
    const found = JSON.parse(text || "null");
    return found && found.doc && Array.isArray(found.doc.cards) && found.doc.project ? found : null;
  } catch (problem) {
    return null;
  }
}

function recall() {
  let text = null;
  try { text = localStorage.getItem(STORE); } catch (problem) { /* nothing is kept here */ }
  lastKept = text;
  const found = readKept(text);
  if (!found) return false;
  desk.doc = keyed(found.doc);
  desk.id = typeof found.desk === "string" ? found.desk : null;
  desk.said = found.said || {};
  desk.settled = { ...desk.said };
  return true;
}

/** Take what the server says of a document: its media, and its shots in words. */
function learn(answer) {
  if (answer.desk) desk.id = answer.desk;
  Object.assign(desk.media, answer.media || {});
  Object.assign(desk.waves, answer.waves || {});
  for (const [id, words] of Object.entries(answer.shots || {})) desk.said[id] = words;
}
