// The storyboard: a card for each shot, the transition into the next beside it. A card's elements are
// made once and changed where something changed, so that sixty of them stay quick under the fingers.

const board = h("ol", { class: "ms-board", "aria-label": "Storyboard" });
const oneColumn = matchMedia("(max-width: 680px)"); // a card's sheet is then far below it
const known = new Map(); // card key -> its elements

const CAMERA = spec.moves.flatMap((move) => (move.directions.length > 1
  ? move.directions.map((way) => [`${move.words} ${way}`, `${move.label} ${spec.directions[way].toLowerCase()}`])
  : [[move.words, move.label]]));

function makeCard(key) {
  const parts = { key, seen: {} };
  parts.number = h("span", { class: "ms-cardno" });
  parts.picture = h("img", { alt: "", draggable: "false" });
  parts.lost = h("span", { class: "ms-cardlost", hidden: true }, "Add the file again");
  parts.state = h("span", { class: "ms-cardstate", hidden: true });
  parts.meter = h("i", { class: "ms-cardmeter" });
  parts.grip = h("span", { class: "ms-grip", title: "Drag to another place", "aria-hidden": "true" }, icon("M7 4v.01M7 10v.01M7 16v.01M13 4v.01M13 10v.01M13 16v.01", 16));
  parts.name = h("span", { class: "ms-cardname" });
  parts.tools = h("span", { class: "ms-cardtools" },
    button("", { symbol: "duplicate", kind: "quiet", title: "Duplicate (Ctrl+D)", onclick: (event) => { event.stopPropagation(); duplicate(key); } }),
    button("", { symbol: "clear", kind: "quiet", title: "Delete (Del)", onclick: (event) => { event.stopPropagation(); remove(key); } }));
  parts.sentence = h("input", { class: "ms-input ms-say", type: "text", maxlength: "2000", "aria-label": "How the camera moves", placeholder: "slow push in",
    onfocus: () => desk.choose(key), onchange: () => speak(key, parts.sentence.value), onkeydown: (event) => { if (event.key === "Enter") parts.sentence.blur(); } });
  parts.move = h("select", { class: "ms-select ms-movemenu", "aria-label": "Move", title: "Choose a move",
    onchange: () => { if (parts.move.value) { parts.sentence.value = parts.move.value; speak(key, parts.move.value); } parts.move.value = ""; } },
    h("option", { value: "" }, "Move…"), CAMERA.map(([words, label]) => h("option", { value: words }, label)));
  parts.length = numberInput({ min: 0.1, "aria-label": "Length in seconds", onfocus: () => desk.choose(key), onchange: () => setLength(key, numberIn(parts.length.value)) });
  parts.wrong = h("p", { class: "ms-note ms-bad", role: "alert", hidden: true });
  parts.frame = h("div", { class: "ms-cardframe" }, parts.picture, parts.lost, parts.number, parts.state, parts.grip, parts.meter);
  parts.saying = h("div", { class: "ms-cardsay" }, parts.sentence);
  parts.body = h("article", { class: "ms-card", tabindex: "0", "data-card": key, onclick: (event) => { desk.choose(key, "shot"); if (oneColumn.matches && !event.target.closest("input, select, button, .ms-grip")) bringIntoView(sheet, 300); }, onkeydown: (event) => cardKeys(event, key) },
    parts.frame, h("div", { class: "ms-cardhead" }, parts.name, parts.tools), parts.saying,
    h("div", { class: "ms-cardrow" }, parts.move, parts.length, h("span", { class: "ms-unit" }, "s")), parts.wrong);
  parts.chip = h("button", { type: "button", class: "ms-chip", onclick: () => { desk.way = key; desk.choose(key); desk.tell("face", "way"); bringIntoView(sheet, 300); } });
  parts.node = h("li", { class: "ms-cell" }, parts.body, parts.chip);
  grab(parts.frame, key);
  known.set(key, parts);
  return parts;
}

/** Set what differs from what is shown; `seen` remembers it. */
function put(parts, name, value, set) {
  if (parts.seen[name] === value) return;
  parts.seen[name] = value;
  set(value);
}

function showCards() {
  const keys = new Set(desk.cards.map((card) => card.key));
  for (const [key, parts] of known) if (!keys.has(key)) { parts.node.remove(); known.delete(key); }
  desk.cards.forEach((card, index) => {
    const parts = known.get(card.key) || makeCard(card.key);
    if (board.children[index] !== parts.node) board.insertBefore(parts.node, board.children[index] || null);
    showCard(parts, card, index);
  });
}

function showCard(parts, card, index) {
  const shot = card.shot ? desk.shot(card.shot) : null;
  const said = (card.shot && desk.said[card.shot]) || {};
  const photo = desk.isPhoto(card);
  const name = card.shot || "Plain colour";
  put(parts, "number", index + 1, (value) => { parts.number.textContent = value; });
  put(parts, "name", name, (value) => { parts.name.textContent = parts.name.title = value; });
  put(parts, "label", `${index + 1} ${name}`, () => parts.body.setAttribute("aria-label", `Shot ${index + 1}: ${name}. Alt with an arrow key moves it.`));
  const picture = desk.picture(card);
  put(parts, "picture", picture, (value) => { parts.picture.hidden = !value; if (value) parts.picture.src = value; });
  put(parts, "colour", card.shot ? "" : card.colour, (value) => { parts.frame.style.background = value; });
  const damaged = shot && (desk.media[shot.media.sha256] || {}).wrong;
  put(parts, "lost", !card.shot || picture ? "" : damaged ? `${shot.media.name || "This file"} is damaged` : "Add the file again", (value) => { parts.lost.hidden = !value; parts.lost.textContent = value; });
  put(parts, "photo", photo, (value) => { parts.saying.hidden = parts.move.hidden = !value; });
  const text = shot ? (shot.shot || {}).prompt || "" : "";
  put(parts, "sentence", text, (value) => { parts.sentence.value = value; });
  const heard = said.understood && said.understood.length ? said.understood.join(" ") : said.words || "";
  put(parts, "heard", heard, (value) => { parts.sentence.title = value; });
  put(parts, "length", card.seconds, (value) => { parts.length.value = short(value); });
  put(parts, "chosen", desk.chosen === card.key, (value) => parts.body.classList.toggle("ms-chosen", value));
  const wrong = (said.failed || "") || ((desk.plan || {}).styles || {})[card.shot] || cardTrouble(index);
  put(parts, "wrong", wrong, (value) => { parts.wrong.textContent = value; parts.wrong.hidden = !value; });
  const last = index === desk.cards.length - 1;
  put(parts, "last", last, (value) => { parts.chip.hidden = value; });
  if (!last) showChip(parts, card, index);
}

function showChip(parts, card, index) {
  const kind = card.way ? spec.ways.find((one) => one.name === card.way.type) : null;
  const trouble = wayTrouble(index);
  const next = desk.cards[index + 1];
  const mark = JSON.stringify([card.way, trouble, desk.way === card.key, card.shot, next.shot]);
  put(parts, "chip", mark, () => {
    const title = card.way ? (kind ? kind.title : card.way.type) : "Cut";
    parts.chip.classList.toggle("ms-lit", desk.way === card.key);
    parts.chip.classList.toggle("ms-trouble", Boolean(trouble));
    parts.chip.title = trouble || `${title}: change the transition`;
    parts.chip.setAttribute("aria-label", `Transition after shot ${index + 1}: ${title}${card.way ? `, ${short(card.way.seconds)} seconds` : ""}${trouble ? `. ${trouble}` : ""}`);
    const picture = h("i", { class: "ms-chippic" }, card.way ? null : icon("M10 3v14M6 6l-3 4 3 4M14 6l3 4-3 4", 16));
    if (card.way) thumbFor(card, next, card.way.type).then((url) => { if (url) picture.style.backgroundImage = `url("${url}")`; });
    fill(parts.chip, picture, h("span", {}, trouble ? "⚠" : ""), h("b", {}, title), card.way ? h("em", {}, `${short(card.way.seconds)} s`) : null);
  });
}

/** What the film says of each shot while it is made, on its card. */
function showStates(shots) {
  const states = new Map((shots || []).map((one) => [one.id, one]));
  for (const card of desk.cards) {
    const parts = known.get(card.key);
    if (!parts) continue;
    const one = card.shot ? states.get(card.shot) : null;
    const share = one && one.total ? Math.min(1, one.done / one.total) : 0;
    const words = !one ? "" : one.state === "ready" ? "Ready" : one.state === "drawing" ? `Drawing ${Math.round(share * 100)} %` : "Waiting";
    put(parts, "state", words, (value) => { parts.state.textContent = value; parts.state.hidden = !value; parts.state.dataset.state = one ? one.state : ""; });
    put(parts, "meter", one && one.state === "drawing" ? share : 0, (value) => { parts.meter.style.width = `${value * 100}%`; });
  }
}

// --- what is done to cards ---

const speaking = {};
async function speak(key, text) {
  const card = desk.card(key);
  if (!card || !card.shot) return;
  const id = card.shot;
  if (!text.trim()) { fail(id, "Say how the camera moves, for example “slow push in”."); return; }
  const turn = (speaking[key] = (speaking[key] || 0) + 1);
  const answer = await ask("sentence", { text, shot: desk.shot(id), seconds: desk.own(card) || card.seconds, styles: styleDesk() });
  if (turn !== speaking[key] || !desk.card(key) || desk.card(key).shot !== id) return;
  if (answer.error) { fail(id, answer.error); return; }
  desk.withOwn(key, answer.shot, {}, { words: answer.words, seconds: answer.seconds, understood: answer.understood, assumed: answer.assumed, missed: answer.not_understood }, `say ${key}`);
  desk.tell("said");
}

function fail(id, words) {
  desk.said = { ...desk.said, [id]: { ...desk.said[id], failed: words } };
  desk.tell("doc");
}

/** The card's length: of a photo the whole move in that time, of a clip how much is used. */
async function setLength(key, value) {
  const card = desk.card(key);
  if (!card) return;
  if (!(value > 0)) { known.get(key).seen.length = null; if (card.shot) fail(card.shot, "A length is a number of seconds above 0."); return; }
  if (!desk.isPhoto(card)) {
    const own = desk.own(card);
    const most = own === null ? value : Math.max(0.04, own - card.start);
    if (card.shot) delete (desk.said[card.shot] || {}).failed;
    desk.withCard(key, { seconds: Math.min(value, most) }, `length ${key}`);
    if (value > most + 1e-6) fail(card.shot, `The clip has ${short(most)} s from there.`);
    return;
  }
  const id = card.shot, own = desk.own(card) || card.seconds;
  const ratio = value / card.seconds;
  const turn = (speaking[key] = (speaking[key] || 0) + 1);
  const answer = await ask("length", { shot: desk.shot(id), seconds: own * ratio });
  const now = desk.card(key);
  if (turn !== speaking[key] || !now || now.shot !== id) return;
  if (answer.error) { known.get(key).seen.length = null; fail(id, answer.error); return; }
  desk.withOwn(key, answer.shot, { start: now.start * ratio, seconds: now.seconds * ratio }, { ...desk.said[id], failed: "", words: answer.words, seconds: answer.seconds }, `length ${key}`);
}

function duplicate(key) {
  const index = desk.index(key), card = desk.cards[index];
  if (!card) return;
  const copy = { ...card, key: newKey() };
  let shots = desk.project.shots;
  if (card.shot) {
    const id = freeName(card.shot);
    copy.shot = id;
    shots = [...shots, { ...desk.shot(card.shot), id }];
    if (desk.said[card.shot]) desk.said[id] = { ...desk.said[card.shot] };
  }
  const cards = [...desk.cards.slice(0, index + 1), copy, ...desk.cards.slice(index + 1)];
  desk.chosen = copy.key;
  desk.commit({ project: { ...desk.project, shots }, cards });
  const made = known.get(copy.key); // the keys go on with the copy, which is the one that is lit
  made?.body.focus({ preventScroll: true });
  made?.node.scrollIntoView({ block: "nearest" });
}

function remove(key) {
  const index = desk.index(key), card = desk.cards[index];
  if (!card) return;
  const cards = desk.cards.filter((one) => one.key !== key);
  const used = new Set(cards.map((one) => one.shot));
  const shots = desk.project.shots.filter((shot) => shot.id !== card.shot || used.has(shot.id));
  const match = desk.project.match && shots.some((shot) => shot.id === desk.project.match.reference) ? desk.project.match : null;
  const next = cards[Math.min(index, cards.length - 1)];
  desk.chosen = next ? next.key : null;
  desk.commit({ project: { ...desk.project, shots, match }, cards });
  if (next) known.get(next.key)?.body.focus({ preventScroll: true });
}

/** Move a card so that it stands at a place of the row, 0 first. */
function moveCard(key, place) {
  const index = desk.index(key);
  const to = Math.max(0, Math.min(desk.cards.length - 1, place));
  if (index < 0 || to === index) return;
  const cards = desk.cards.filter((card) => card.key !== key);
  cards.splice(to, 0, desk.cards[index]);
  // The ways between shots stay between places; only the cards change theirs.
  const ways = desk.cards.map((card) => card.way);
  desk.withCards(cards.map((card, at) => ({ ...card, way: ways[at] })));
  status.textContent = `Shot moved to place ${to + 1} of ${cards.length}.`;
}

function cardKeys(event, key) {
  if (event.target !== event.currentTarget) return;
  const index = desk.index(key);
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step && (event.altKey || event.ctrlKey || event.metaKey)) {
    moveCard(key, index + step);
    known.get(key).body.focus();
  } else if (step) {
    const next = desk.cards[index + step];
    if (next) { desk.choose(next.key); known.get(next.key).body.focus(); }
  } else if (event.key === "Delete" || event.key === "Backspace") remove(key);
  else if (event.key.toLowerCase() === "d" && (event.ctrlKey || event.metaKey)) duplicate(key);
  else if (event.key === "Enter") { desk.choose(key, "shot"); known.get(key).sentence.focus(); }
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Dragging: the mouse takes a card anywhere on its picture, a finger at the grip. */
function grab(frame, key) {
  frame.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (event.pointerType === "touch" && !event.target.closest(".ms-grip")) return;
    const from = { x: event.clientX, y: event.clientY };
    const parts = known.get(key);
    let ghost = null, place = desk.index(key);
    const move = (now) => {
      if (!ghost) {
        if (Math.hypot(now.clientX - from.x, now.clientY - from.y) < 6) return;
        ghost = h("div", { class: "ms-ghost" }, parts.picture.cloneNode());
        document.body.append(ghost);
        parts.body.classList.add("ms-lifted");
      }
      now.preventDefault();
      ghost.style.transform = `translate(${now.clientX - 60}px, ${now.clientY - 40}px)`;
      const box = board.getBoundingClientRect();
      if (now.clientY > box.bottom - 30) board.scrollTop += 12;
      else if (now.clientY < box.top + 30) board.scrollTop -= 12;
      place = placeAt(now.clientX, now.clientY, key);
      for (const [other, one] of known) {
        const at = desk.index(other), here = desk.index(key);
        one.node.classList.toggle("ms-before", at === place && place < here);
        one.node.classList.toggle("ms-after", at === place && place > here);
      }
    };
    const end = (now) => {
      frame.removeEventListener("pointermove", move);
      frame.removeEventListener("pointerup", end);
      frame.removeEventListener("pointercancel", end);
      for (const one of known.values()) one.node.classList.remove("ms-before", "ms-after");
      parts.body.classList.remove("ms-lifted");
      if (!ghost) return;
      ghost.remove();
      if (now.type === "pointerup") moveCard(key, place);
    };
    frame.setPointerCapture(event.pointerId);
    frame.addEventListener("pointermove", move);
    frame.addEventListener("pointerup", end);
    frame.addEventListener("pointercancel", end);
  });
}

/** The card nearest to a point of the window. */
function placeAt(x, y, key) {
  let best = desk.index(key), least = Infinity;
  desk.cards.forEach((card, index) => {
    const box = known.get(card.key).body.getBoundingClientRect();
    const across = x - (box.left + box.width / 2), down = y - (box.top + box.height / 2);
    const far = across * across + down * down * 2;
    if (far < least) { least = far; best = index; }
  });
  return best;
}

const status = h("p", { class: "ms-unseen", role: "status", "aria-live": "polite" });
desk.on("doc chosen plan said media", showCards);
desk.on("chosen", () => known.get(desk.chosen)?.node.scrollIntoView({ block: "nearest" }));
