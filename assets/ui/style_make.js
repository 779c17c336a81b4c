// What to make of the references: a look in seconds, or a LoRA with its cost told beforehand. While a
// LoRA is trained, its losses and its previews come in.

const make = { kind: "look", name: "", settings: { ...spec.lora.rest }, estimate: null, asked: 0, jobs: {} };
const kinds = h("div", { class: "ms-kinds", role: "radiogroup", "aria-label": "What to make" }, [
  ["look", "A look", "Colour, contrast, grain, glow, vignette. Seconds on any machine; photo geometry obeys it."],
  ["lora", "A LoRA", "Weights for one AI model, which paints in the style. Needs a GPU and hours."],
].map(([id, title, words]) => h("button", { type: "button", role: "radio", "data-kind": id, onclick: () => { make.kind = id; showMake(); } }, h("b", {}, title), h("span", {}, words))));
const styleName = h("input", { class: "ms-input", id: "st-name", maxlength: "60", placeholder: "Name of the style, such as cinematic noir", "aria-label": "Name of the style", oninput: () => { make.name = styleName.value; } });
const loraFields = h("div", { class: "ms-fields ms-lora" });
const estimateBox = h("div", { class: "ms-estimate", id: "st-estimate", role: "status" });
const makeButton = button("Learn the look", { symbol: "drop", kind: "primary", id: "st-make", onclick: () => startMaking() });
const makeNote = h("p", { class: "ms-note", role: "status", id: "st-make-note" });
const makeStage = h("span", { class: "ms-stagename" }), makeLeft = h("span", { class: "ms-left" });
const makeMeter = h("progress", { class: "ms-meter", max: "1", value: "0" });
const makeStop = button("Cancel", { kind: "plain", id: "st-cancel", onclick: () => { stopJob("style"); makeStage.textContent = "Stopping…"; } });
const makeProgress = h("div", { class: "ms-making", hidden: true, "aria-live": "polite" }, h("div", { class: "ms-label" }, makeStage, makeLeft), makeMeter, makeStop);
const makeSaid = h("p", { class: "ms-note", id: "st-said" });
const makePage = h("p", { class: "ms-note", id: "st-page" });
const curve = h("figure", { class: "ms-losses", hidden: true, id: "st-curve" });
const previews = h("div", { class: "ms-previews", hidden: true, "aria-label": "Pictures drawn while it learns" });
const makePanel = h("section", { class: "ms-panel ms-makepanel" }, h("header", { class: "ms-head" }, h("h2", {}, "What to make of them")), kinds,
  h("div", { class: "ms-row ms-makerow" }, styleName, makeButton), loraFields, estimateBox, makeProgress, curve, previews, makeSaid, makePage, makeNote);

function sayMake(text, bad = false) { sayLines(makeNote, text, bad); }

/** Propose a name where none is given yet. */
function suggestName(wanted) {
  if (!wanted || make.name.trim()) return;
  const taken = new Set(studio.styles.map((one) => one.name.toLowerCase()));
  let name = wanted;
  for (let number = 2; taken.has(name.toLowerCase()); number += 1) name = `${wanted} ${number}`;
  make.name = styleName.value = name;
}

function loraField(key) {
  const field = spec.lora.fields[key];
  const value = make.settings[key] ?? field.rest;
  const set = (given) => { make.settings = { ...make.settings, [key]: given }; estimateSoon(); };
  const input = field.choices
    ? h("select", { class: "ms-select", id: `st-${key}`, onchange: () => set(input.value) }, field.choices.map(([one, words]) => h("option", { value: one, selected: one === value }, words)))
    : field.words ? h("input", { class: "ms-input", id: `st-${key}`, maxlength: "80", value: String(value), placeholder: "its name", onchange: () => set(input.value.trim()) })
    : h("input", { class: "ms-input ms-number", id: `st-${key}`, inputmode: "decimal", value: String(value), onchange: () => {
      const number = Number(input.value.replace(",", "."));
      if (input.value.trim() && Number.isFinite(number)) set(field.whole ? Math.round(number) : number);
      else { input.value = String(make.settings[key] ?? field.rest); sayMake(`${field.label} must be a number.`, true); }
    } });
  return h("label", { class: "ms-field", title: field.help }, h("span", { class: "ms-label" }, field.label), input);
}

function showMake() {
  for (const one of kinds.children) one.setAttribute("aria-checked", String(one.dataset.kind === make.kind));
  const lora = make.kind === "lora";
  loraFields.hidden = !lora;
  if (lora && !loraFields.children.length) fill(loraFields, Object.keys(spec.lora.fields).map(loraField));
  makeButton.lastChild.textContent = lora ? "Train the LoRA" : "Learn the look";
  estimateSoon();
  readyToMake();
}

function readyToMake() {
  const working = Boolean(watched.style);
  const lacks = make.kind === "lora" && make.estimate && make.estimate.lacks;
  makeButton.disabled = working || !studio.references.length || Boolean(lacks);
  showRemote();
  makeButton.title = !studio.references.length ? "Add reference clips first" : lacks ? "See what is missing above" : "";
}

/** Time, memory and cost, before anything starts; and what this machine lacks. */
const estimateSoon = debounce(async () => {
  const mine = (make.asked += 1);
  const answer = await ask("estimate", { kind: make.kind, settings: make.settings });
  if (mine !== make.asked) return;
  make.estimate = answer.error ? { lines: [], lacks: "", error: answer.error } : answer;
  const { lines = [], lacks, error } = make.estimate;
  fill(estimateBox, error ? h("p", { class: "ms-note ms-bad" }, error) : null,
    lines.length ? h("dl", {}, lines.map(([name, words]) => h("div", {}, h("dt", {}, name), h("dd", {}, words)))) : null,
    lacks ? h("p", { class: "ms-lacks", role: "alert", id: "st-lacks" }, lacks) : null,
    lacks && make.kind === "lora" ? button("Learn a look in its place", { kind: "plain", onclick: () => { make.kind = "look"; showMake(); } }) : null);
  readyToMake();
}, 250);

/** Whether there is a name; asks for one otherwise. */
function named() {
  sayMake("");
  if (make.name.trim()) return true;
  styleName.focus();
  sayMake("Give the style a name first.", true);
  return false;
}

function startMaking() {
  if (!named()) return;
  curve.hidden = previews.hidden = true;
  begin("style", { make: make.kind, name: make.name.trim(), settings: make.settings }, making);
  readyToMake();
}

/** One state of the job that learns a style, or its end. */
function making(state) {
  const working = state.phase === "working";
  makeProgress.hidden = !working;
  if (working) {
    makeStage.textContent = `${state.stage}${state.fraction ? ` · ${Math.round(state.fraction * 100)} %` : "…"}`;
    makeLeft.textContent = saidLeft(state.left);
    if (state.fraction) makeMeter.value = state.fraction; else makeMeter.removeAttribute("value");
  }
  if (state.losses && state.losses.length > 1) drawLosses(state.losses, state.checks || []);
  if ((state.previews || []).length) {
    previews.hidden = false;
    fill(previews, state.previews.map((one) => h("figure", {}, h("img", { src: one.picture, alt: one.words }), h("figcaption", {}, one.words))));
  }
  makeSaid.textContent = working ? state.said || "" : "";
  fill(makePage, state.page ? [h("a", { href: state.page, target: "_blank", rel: "noopener noreferrer" }, "Its page on Hugging Face"), state.place ? ` · kept in ${state.place}` : null] : null);
  if (state.phase === "failed") sayMake(state.error, true);
  else if (state.phase === "stopped") sayMake(state.page ? "Cancelled. The rented machine is told to stop; its page says when it has." : "Cancelled.");
  else if (state.phase === "done") {
    const { made, notes = [] } = state.result;
    studio.chosen = made;
    learn(state.result);
    remember();
    make.name = styleName.value = "";
    sayMake([`“${made}” is ready, in ${saidTook(state.result.took)}.`, ...notes]);
  }
  readyToMake();
}

const saidTook = (took) => (took > 5400 ? `${(took / 3600).toFixed(1)} h` : took > 99 ? `${Math.round(took / 60)} min` : seconds(took));

/** Losses over the steps: every step faint, the checks on a fixed grid of noise bold. */
function drawLosses(losses, checks) {
  curve.hidden = false;
  const space = "http://www.w3.org/2000/svg", width = Math.max(240, curve.clientWidth || 520), height = 120, pad = 36;
  const all = [...losses, ...checks];
  const most = Math.max(...all.map(([, loss]) => loss)), least = Math.min(...all.map(([, loss]) => loss));
  const last = Math.max(...all.map(([step]) => step), 1), sparse = losses.length <= checks.length;
  const place = ([step, loss]) => [pad + step / last * (width - pad - 8), 8 + (most - loss) / (most - least || 1) * (height - pad)];
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `Loss from ${losses[0][1].toPrecision(3)} to ${losses.at(-1)[1].toPrecision(3)} over ${last} steps`);
  const line = (points, name) => {
    const node = document.createElementNS(space, "polyline");
    node.setAttribute("points", points.map((one) => place(one).map((v) => v.toFixed(1)).join(",")).join(" "));
    node.setAttribute("class", name);
    svg.append(node);
  };
  const words = (text, x, y, anchor) => {
    const node = document.createElementNS(space, "text");
    node.textContent = text;
    for (const [key, value] of Object.entries({ x, y, "text-anchor": anchor })) node.setAttribute(key, value);
    svg.append(node);
  };
  line(losses, "ms-loss");
  if (checks.length > 1) line(checks, "ms-lossheld");
  words(most.toPrecision(2), pad - 4, 14, "end");
  words(least.toPrecision(2), pad - 4, height - pad + 10, "end");
  words(`${last} steps`, width - 8, height - 3, "end");
  fill(curve, svg, h("figcaption", {}, h("i", { class: "ms-keyloss" }), sparse ? "clips it learns from" : "each step", checks.length > 1 ? [h("i", { class: "ms-keyheld" }), "held-out clips"] : null));
}
studio.on("references", () => { estimateSoon(); readyToMake(); });
