// What goes for all shots: the light, the colours that follow one shot, and the file to make.

const lightFace = h("div", { class: "ms-face", "data-face": "light" });
const filmFace = h("div", { class: "ms-face", "data-face": "film" });
let lightMark = "";
let filmMark = "";
let compared = null;
let comparing = false;

async function compareColours() {
  const reference = desk.project.match.reference;
  const card = desk.card(desk.chosen);
  const shot = card && card.shot && card.shot !== reference ? card.shot : (desk.project.shots.find((one) => one.id !== reference) || {}).id;
  if (!shot) return;
  comparing = true; compared = null;
  showLight(true);
  compared = await runJob("match", { shot });
  comparing = false;
  showLight(true);
}

function showLight(force = false) {
  if (lightFace.hidden) return;
  const { lighting, match, shots } = desk.project;
  const mark = JSON.stringify([lighting, match, shots.map((shot) => shot.id)]);
  if (!force && mark === lightMark) return;
  lightMark = mark;
  const cue = h("textarea", { class: "ms-json ms-cue", rows: "2", maxlength: "400", id: "sq-lighting", "aria-label": "Lighting of the whole film", placeholder: "low golden sun from the left, soft haze", onchange: () => desk.withProject({ lighting: cue.value }) });
  cue.value = lighting;
  const setMatch = (fields) => desk.withProject({ match: { reference: shots[0].id, strength: 0.8, ...(match || {}), ...fields } });
  fill(lightFace,
    h("div", { class: "ms-field" }, h("div", { class: "ms-label" }, "Light, in words"), cue),
    h("p", { class: "ms-note" }, "It goes into the prompt of every shot. Shots drawn from geometry keep the light of their photo."),
    shots.length > 1 ? h("label", { class: "ms-check" }, h("input", { type: "checkbox", id: "sq-match", checked: Boolean(match), onchange: (event) => (event.target.checked ? setMatch({}) : desk.withProject({ match: null })) }), "All shots follow the colours of one") : null,
    match ? h("div", { class: "ms-fields" },
      selectField("Reference", match.reference, shots.map((shot) => [shot.id, shot.id]), (value) => setMatch({ reference: value })),
      sliderField("Strength", match.strength, {}, (value) => setMatch({ strength: value }))) : null,
    match && shots.length > 1 ? button(comparing ? "Comparing…" : "Before and after", { kind: "plain", disabled: comparing, id: "sq-compare", onclick: compareColours }) : null,
    compared && compared.error ? h("p", { class: "ms-note ms-bad", role: "alert" }, compared.error) : null,
    compared && compared.before ? h("figure", { class: "ms-pair" }, h("img", { src: compared.before, alt: "Before" }), h("img", { src: compared.after, alt: "After" }), h("figcaption", {}, `${compared.shot}: as it is, and in the film`)) : null);
}

function showFilm() {
  if (filmFace.hidden) return;
  const output = desk.project.output;
  const mark = JSON.stringify(output);
  if (mark === filmMark) return;
  filmMark = mark;
  const set = (fields) => desk.withProject({ output: { ...output, ...fields } });
  fill(filmFace, h("div", { class: "ms-fields" },
    selectField("Long side", output.long_side, [...new Set([...spec.sides, output.long_side])].sort((a, b) => a - b).map((one) => [one, `${one} px`]), (value) => set({ long_side: Number(value) }), "sq-side"),
    selectField("Shape", output.aspect, spec.aspects.map((one) => [one, one === "photo" ? "As the first shot" : one]), (value) => set({ aspect: value }), "sq-aspect"),
    selectField("Frames a second", output.fps, Object.keys(spec.rates).sort((a, b) => a - b).map((one) => [one, one]), (value) => set({ fps: value }), "sq-fps"),
    selectField("File", output.format, Object.entries(spec.formats), (value) => set({ format: value }), "sq-format"),
    sliderField("Quality", output.crf, { min: 8, max: 34, step: 1, words: (one) => (one <= 14 ? `finest (${one})` : one <= 20 ? `fine (${one})` : one <= 26 ? `smaller (${one})` : `small (${one})`) }, (value) => set({ crf: value }))));
}

desk.on("doc", () => { showLight(); showFilm(); });
