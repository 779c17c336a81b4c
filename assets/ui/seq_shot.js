// The sheet of one card: its name, its words, its camera, what of it is used, its look.

const shotFace = h("div", { class: "ms-face", "data-face": "shot" });
let shownMark = "";

/** A number with a label, in the sheet. `give` gets the number. */
function numberField(label, value, give, more = {}) {
  const shown = value === null || value === undefined ? "" : short(value);
  const input = numberInput({ value: shown, ...more, onchange: () => {
    const number = numberIn(input.value);
    if (Number.isFinite(number)) give(number);
    else if (input.value.trim() === "" && more.placeholder) give(null);
    else { say(`“${input.value}” is not a number. ${label} stays as it was.`, true); input.value = shown; }
  } });
  return h("label", { class: "ms-field" }, h("span", { class: "ms-label" }, label), input);
}

/** A slider with its number beside it. */
function sliderField(label, value, { min = 0, max = 1, step = 0.01, id, words = (one) => `${Math.round(one * 100)} %` }, give) {
  const told = h("output", { class: "ms-value" }, words(value));
  const input = h("input", { class: "ms-range", id, type: "range", min, max, step, value, "aria-label": label,
    oninput: () => { paintRange(input); told.textContent = words(Number(input.value)); }, onchange: () => give(Number(input.value)) });
  paintRange(input);
  return h("div", { class: "ms-field" }, h("div", { class: "ms-label" }, h("span", {}, label), told), input);
}

const selectField = (label, value, choices, give, id) => {
  const input = h("select", { class: "ms-select", id, "aria-label": label, onchange: () => give(input.value) }, choices.map(([one, words]) => h("option", { value: one, selected: String(one) === String(value) }, words)));
  return h("label", { class: "ms-field" }, h("span", { class: "ms-label" }, label), input);
};

/** The photo of the card that is chosen, where it shows one. */
const drawnShot = () => { const card = desk.card(desk.chosen), shot = card && card.shot ? desk.shot(card.shot) : null; return shot && shot.media.kind === "photo" ? shot : null; };
const withDrawn = (fields, label) => { const shot = drawnShot(); if (shot) desk.withShot(shot.id, { shot: { ...shot.shot, ...fields } }, label); };
const drawer = drawnBy({
  prefix: "sq", choices: spec.drawn, get: () => (drawnShot() || {}).shot || {},
  set: (fields) => withDrawn({ backend: { ...((drawnShot() || { shot: {} }).shot.backend || {}), ...fields } }, "backend"),
  prompt: (prompt) => withDrawn({ prompt }, "prompt"),
  preflight: (shot, styles) => { const seen = desk.media[(drawnShot() || { media: {} }).media.sha256] || {}; return ask("preflight", { shot: { ...shot, output: { ...(shot.output || {}), ...filmForm() } }, styles, lighting: desk.project.lighting, width: seen.width || 0, height: seen.height || 0 }); },
});
/** What of the film's form decides how a shot is drawn. */
const filmForm = () => { const { long_side, aspect, fps } = desk.project.output; return { long_side, aspect, fps }; };

/** The token that was typed for this one film; its field is empty afterwards. */
function takeToken() {
  const field = drawer.node.querySelector("input[data-token]"), token = field.value.trim();
  field.value = "";
  return token;
}

function rename(id, wanted) {
  const name = wanted.trim().slice(0, 64).replace(/[/\\]/g, "-");
  if (!name || name === id) return showShotFace(true);
  const next = freeName(name);
  desk.said[next] = desk.said[id] || {};
  const project = { ...desk.project, shots: desk.project.shots.map((shot) => (shot.id === id ? { ...shot, id: next } : shot)) };
  if (project.match && project.match.reference === id) project.match = { ...project.match, reference: next };
  desk.commit({ project, cards: desk.cards.map((card) => (card.shot === id ? { ...card, shot: next } : card)) });
}

/** Cut a card in two. The second has a shot of its own, so that each is changed for itself. */
function split(key) {
  const index = desk.index(key), card = desk.cards[index];
  const half = toSeconds(Math.floor(toFrames(card.seconds) / 2));
  if (half <= 0) return;
  const first = { ...card, seconds: half, way: null };
  const second = { ...card, key: newKey(), start: card.start + half, seconds: card.seconds - half };
  let shots = desk.project.shots;
  if (card.shot) {
    second.shot = freeName(card.shot);
    shots = [...shots, { ...desk.shot(card.shot), id: second.shot }];
    if (desk.said[card.shot]) desk.said[second.shot] = { ...desk.said[card.shot] };
  }
  desk.commit({ project: { ...desk.project, shots }, cards: [...desk.cards.slice(0, index), first, second, ...desk.cards.slice(index + 1)] });
}

function showShotFace(force = false) {
  if (shotFace.hidden) return;
  const card = desk.card(desk.chosen);
  const shot = card && card.shot ? desk.shot(card.shot) : null;
  const said = (shot && desk.said[shot.id]) || {};
  const mark = JSON.stringify([card, shot, said, desk.project.match, Boolean(card && desk.picture(card)), shot && (desk.media[shot.media.sha256] || {}).wrong]);
  if (!force && mark === shownMark) return;
  shownMark = mark;
  if (!card) { fill(shotFace, h("p", { class: "ms-note" }, "Choose a card.")); return; }
  if (!shot) {
    const colour = h("input", { type: "color", class: "ms-colour", value: card.colour, "aria-label": "Colour", onchange: () => desk.withCard(card.key, { colour: colour.value }) });
    fill(shotFace, h("label", { class: "ms-field" }, h("span", { class: "ms-label" }, "Colour"), colour));
    return;
  }
  const photo = shot.media.kind === "photo", own = desk.own(card);
  const lost = !desk.picture(card), damaged = (desk.media[shot.media.sha256] || {}).wrong;
  const name = h("input", { class: "ms-input", id: "sq-shot-name", value: shot.id, maxlength: "64", "aria-label": "Name of the shot", onchange: () => rename(shot.id, name.value) });
  const words = [...(said.understood || []).map((one) => h("li", {}, h("b", {}, "Understood "), one)), ...(said.assumed || []).map((one) => h("li", {}, one)),
    ...(said.missed || []).map((one) => h("li", { class: "ms-missed" }, h("b", {}, "Not understood "), one))];
  const trim = own === null ? null : h("div", { class: "ms-fields" },
    numberField("Use from, s", card.start, (value) => { const start = Math.max(0, Math.min(value, own - toSeconds(1))); desk.withCard(card.key, { start, seconds: Math.min(card.seconds, own - start) }); }, { min: "0", id: "sq-trim-start" }),
    numberField("for, s", card.seconds, (value) => { if (value > 0) desk.withCard(card.key, { seconds: Math.min(value, own - card.start) }); }, { min: "0.05", id: "sq-trim-length" }),
    h("p", { class: "ms-note" }, `of ${short(own)} s`));
  const look = shot.style;
  fill(shotFace,
    h("label", { class: "ms-field" }, h("span", { class: "ms-label" }, "Name"), name),
    h("p", { class: "ms-lead" }, photo ? said.words || "" : `${shot.media.name || "A clip"} · ${(desk.media[shot.media.sha256] || {}).facts || ""}`),
    photo && words.length ? h("ul", { class: "ms-heard" }, words) : null,
    damaged ? h("p", { class: "ms-note ms-bad", role: "alert", id: "sq-damaged" }, `${damaged} Add another file, and delete this card.`) : lost ? h("p", { class: "ms-note ms-bad", role: "alert" }, `The file ${shot.media.name || "of this shot"} is not on the server any more. `,
      button("Add it again", { kind: "plain", onclick: () => pickFiles("again", shot.media.sha256) })) : null,
    h("div", { class: "ms-row ms-wrap" },
      photo ? button("Edit camera", { symbol: "camera", kind: "second", id: "sq-edit", title: "Open this shot in the Motion or Keyframes tab; a button there brings it back", onclick: () => openInMotion(card) }) : null,
      button(photo ? "Draw this shot" : "Show this shot", { symbol: "film", kind: "plain", id: "sq-draw", title: "Make this shot alone, as it will be in the film", onclick: () => begin("shot", desk.index(card.key)) }),
      button("Split", { kind: "plain", title: "Two cards of this one, to trim or to move apart", onclick: () => split(card.key) })),
    photo ? drawer.node : null,
    trim,
    h("div", { class: "ms-fields" },
      selectField("Look", look ? look.look : "", [["", "None"], ...spec.looks.map((one) => [one.name, one.title])], (value) => desk.withShot(shot.id, { style: value ? { look: value, strength: look ? look.strength : 1 } : null }), "sq-look"),
      look ? sliderField("Strength", look.strength, {}, (value) => desk.withShot(shot.id, { style: { ...look, strength: value } })) : null,
      photo ? null : sliderField("Its own sound", shot.sound_gain === null ? -60 : shot.sound_gain, { min: -60, max: 12, step: 1, words: (one) => (one <= -60 ? "silent" : `${one} dB`) }, (value) => desk.withShot(shot.id, { sound_gain: value <= -60 ? null : value }))),
    desk.project.match ? h("label", { class: "ms-check" }, h("input", { type: "checkbox", checked: shot.matched !== false, onchange: (event) => desk.withShot(shot.id, { matched: event.target.checked }) }), "Follows the colours of the reference shot") : null);
}

desk.on("doc chosen said media", () => { showShotFace(); drawer.refresh(); });
