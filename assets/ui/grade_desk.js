// The grading desk: looks of this picture, a LUT of one's own, and the controls in groups. Every change can be
// undone; a grade can be copied, saved and loaded.

const root = element.querySelector(".ms-gradedesk");
const spec = props.spec;
const clone = (one) => JSON.parse(JSON.stringify(one));
let value = clone(props.value);
let history = [clone(value)];
let at = 0;
const asked = () => value.adjustments;
const painters = [];
const problems = {};

// --- every change goes through here ---
function change(edit, merge = "") {
  const was = JSON.stringify(value);
  edit(value);
  if (JSON.stringify(value) === was) return;
  if (merge && history[at].merge === merge) history[at] = { ...clone(value), merge };
  else {
    history = [...history.slice(0, at + 1), { ...clone(value), merge }].slice(-200);
    at = history.length - 1;
  }
  say("");
  refresh();
}
function travel(by) {
  if (at + by < 0 || at + by >= history.length) return;
  at += by;
  const { merge, ...plain } = clone(history[at]);
  value = plain;
  say("");
  refresh();
}
const edited = debounce(() => trigger("edited", {}), 250);
function refresh(quiet = false) {
  for (const paint of painters) paint();
  undo.disabled = at === 0;
  redo.disabled = at === history.length - 1;
  if (quiet) return;
  props.value = clone(value);
  room.tell("grade", clone(value));
  edited();
}
const set = (key) => (one, merge) => change((all) => { all.adjustments[key] = one; }, merge);
const problem = (key) => (problems[key] = h("p", { class: "ms-problem ms-bad", role: "alert", hidden: true, "data-problem": key }));
/** A slider of one number of the grade. */
function slider(key, label, { digits = 2, tint = "", index = null } = {}) {
  const name = index === null ? key : `${key}-${index}`;
  const made = control({ id: `gq-${name}`, label, help: spec.fields[key].help, bounds: spec.fields[key], digits, tint, problem: problem(name),
    read: () => (index === null ? asked()[key] : asked()[key][index]),
    write: index === null ? set(key) : (one, merge) => change((all) => { all.adjustments[key][index] = one; }, merge) });
  painters.push(made.paint);
  return made.node;
}

// --- the head ---
const undo = button("", { symbol: "undo", kind: "quiet", title: "Undo (Ctrl+Z)", id: "gq-undo", onclick: () => travel(-1) });
const redo = button("", { symbol: "redo", kind: "quiet", title: "Redo (Ctrl+Shift+Z)", id: "gq-redo", onclick: () => travel(1) });
const menu = h("details", { class: "ms-menu" }, h("summary", { class: "ms-button ms-plain", id: "gq-menu", title: "Copy, paste, save, load or reset the grade" }, "Copy & save"),
  h("div", { class: "ms-menulist" }, [
    ["copy", "Copy this grade", copy], ["paste", "Paste a grade", paste], ["save", "Save as JSON", saveJson], ["cube", "Save as .cube LUT", saveCube], ["load", "Load JSON…", () => loader.click()], ["reset", "Reset everything", () => reset()],
  ].map(([id, label, act]) => h("button", { type: "button", "data-do": id, onclick: () => { menu.open = false; act(); } }, label))));
document.addEventListener("click", (event) => { if (menu.open && !menu.contains(event.target)) menu.open = false; });
const loader = h("input", { type: "file", class: "ms-file", accept: ".json,application/json", "aria-label": "Load a grade", onchange: async () => { if (loader.files[0]) check(await loader.files[0].text()); loader.value = ""; } });
const told = h("p", { class: "ms-note", role: "status", id: "gq-desk-note" });
function say(text, bad = false) { told.replaceChildren(text); told.classList.toggle("ms-bad", bad); }
const luts = {}; // the LUTs sent on this visit, by name

async function copy() {
  const text = written();
  window.motionSynthGrade.copied = text;
  try { await navigator.clipboard.writeText(text); } catch (problem) { /* kept in the page */ }
  say("Copied. Load another clip and paste it there.");
}
async function paste() {
  let text = "";
  try { text = await navigator.clipboard.readText(); } catch (problem) { /* not allowed */ }
  check(text.includes("adjustments") ? text : window.motionSynthGrade.copied || text);
}
/** The grade as a file: of an uploaded LUT, which only this visit knows, the name. */
function written() {
  const { lut, format: kind, ...grade } = value;
  return JSON.stringify({ grade, ...(lut ? { lut: lut.orig_name } : {}) }, null, 1);
}
async function check(text) {
  const answer = await server.check(text).catch(() => ({ error: "The server did not answer. Reload the page." }));
  if (answer.error) { say(answer.error, true); return; }
  const lut = luts[answer.lut] || null;
  change((all) => Object.assign(all, { ...clone(spec.rest), format: all.format, ...answer.grade, lut }));
  if (answer.lut && !lut) say(`The grade is on the desk, but not its LUT “${answer.lut}”: choose that file again under Your LUT.`, true);
  else say(answer.words || "");
}
const stem = () => (room.last.clip?.name || "grade").replace(/\.\w{1,5}$/, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40) || "grade";
function saveJson() { saveText(`${stem()}-grade.json`, written(), "application/json"); }
async function saveCube() {
  const answer = await server.cube({ grade: value }).catch(() => ({ error: "The server did not answer. Reload the page." }));
  if (answer.error) { say(answer.error, true); return; }
  saveText(`${stem()}.cube`, answer.text, "text/plain");
  say(answer.words || "");
}

// --- looks and LUT ---
const strip = h("div", { class: "ms-looks", role: "radiogroup", "aria-label": "Looks of this picture" });
const tiles = [{ name: null, title: "None", words: "The picture without a look" }, ...spec.looks].map((look) => h("button", { type: "button", role: "radio", class: "ms-looktile", "data-look": look.name || "", title: look.words,
  onclick: () => change((all) => { all.look = look.name; if (look.name) all.lut = null; }) }, h("img", { alt: "", hidden: true }), h("span", {}, look.title)));
const lutFile = h("input", { type: "file", class: "ms-file", accept: ".cube", "aria-label": "Choose a LUT", onchange: () => { if (lutFile.files[0]) takeLut(lutFile.files[0]); lutFile.value = ""; } });
const lutTile = h("button", { type: "button", role: "radio", class: "ms-looktile", "data-look": "lut", title: "A .cube file of your own", onclick: () => lutFile.click() }, h("i", {}, icon(ICONS.plus, 18)), h("span", {}, "Your LUT"));
strip.append(tiles[0], lutTile, ...tiles.slice(1));
dropsOn(lutTile, (file) => takeLut(file));
async function takeLut(file) {
  let sent;
  try { sent = await sendFile(file); } catch (problem) { say(TOO_LARGE, true); return; }
  const answer = await server.lut(sent).catch(() => ({ error: "The server did not answer. Reload the page." }));
  show({ lut: answer.error || "" });
  if (answer.error) return;
  luts[sent.orig_name] = sent;
  change((all) => { all.lut = sent; all.look = null; });
  say(answer.words || "");
}
const strength = control({ id: "gq-lut_strength", label: "Strength of the look", help: spec.fields.lut_strength.help, bounds: { ...spec.fields.lut_strength, rest: 1 }, digits: 2,
  read: () => value.lut_strength, write: (one, merge) => change((all) => { all.lut_strength = one; }, merge), problem: problem("lut_strength") });
const PLACES = [["first", "Before the controls", "As a camera's log-to-display LUT must"], ["last", "After the controls", "As a look over the corrected picture"]];
const placed = h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "Where the look stands" }, PLACES.map(([id, label, help]) =>
  h("button", { type: "button", role: "radio", "data-place": id, title: help, onclick: () => change((all) => { all.lut_place = id; }) }, label)));
let sighted = "";
const lutRow = h("div", { class: "ms-lutrow" }, strength.node, placed);
painters.push(() => {
  for (const tile of tiles) tile.setAttribute("aria-checked", String((tile.dataset.look || null) === value.look && !(value.lut)));
  lutTile.setAttribute("aria-checked", String(Boolean(value.lut)));
  lutTile.lastChild.textContent = value.lut ? value.lut.orig_name || "Your LUT" : "Your LUT";
  lutRow.hidden = !value.look && !value.lut;
  const chosen = value.lut ? "lut" : value.look || "";
  if (chosen !== sighted) { sighted = chosen; inSight([...strip.children].find((tile) => tile.dataset.look === chosen)); }
  strength.paint();
  for (const one of placed.children) one.setAttribute("aria-checked", String(one.dataset.place === value.lut_place));
});
/** Scroll a row sideways until one of its tiles can be seen. */
function inSight(tile) {
  const row = tile?.parentElement, left = tile ? tile.offsetLeft - row.offsetLeft : 0;
  if (tile && (left < row.scrollLeft || left + tile.offsetWidth > row.scrollLeft + row.clientWidth)) row.scrollTo({ left: left - row.clientWidth / 2 + tile.offsetWidth / 2, behavior: "smooth" });
}
let pictured = "";
const thumbs = debounce(async (frame) => {
  if (pictured === frame.key || root.offsetParent === null) return;
  pictured = frame.key;
  const answer = await server.looks({ file: frame.file, at: frame.at }).catch(() => ({}));
  for (const tile of tiles) {
    const url = (answer.pictures || {})[tile.dataset.look];
    if (url) { tile.firstChild.src = url; tile.firstChild.hidden = false; }
  }
}, 500);
room.on("frame", (frame) => thumbs(frame));

// --- groups ---
const pairs = (...nodes) => h("div", { class: "ms-gradefields" }, nodes);
const CHANNELS = [["curve", "All", "#ecebe7"], ["red_curve", "Red", "#ff6058"], ["green_curve", "Green", "#60e080"], ["blue_curve", "Blue", "#6896ff"]];
let channel = 0;
const tone = toneCurve({ read: () => asked()[CHANNELS[channel][0]], write: (points, merge) => change((all) => { all.adjustments[CHANNELS[channel][0]] = points; }, merge), ink: () => CHANNELS[channel][2], longest: spec.fields.curve.longest });
const channels = h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "Which curve" }, CHANNELS.map(([id, label], index) => h("button", { type: "button", role: "radio", "data-curve": id, onclick: () => { channel = index; refresh(true); } }, label)));
const flat = button("", { symbol: "counterclockwise", kind: "quiet", title: "Put this curve back", "data-reset": "gq-curve", onclick: () => change((all) => { all.adjustments[CHANNELS[channel][0]] = []; }) });
painters.push(() => {
  for (const [index, one] of [...channels.children].entries()) { one.setAttribute("aria-checked", String(index === channel)); one.classList.toggle("ms-set", asked()[CHANNELS[index][0]].length > 0); }
  flat.classList.toggle("ms-idle", !asked()[CHANNELS[channel][0]].length);
  tone.paint();
});
room.on("scopes", ({ levels }) => { if (levels) tone.histogram(levels); });

function wheel(key, label, kind, reach) {
  const made = colourWheel({ id: `gq-${key}`, label, help: spec.fields[key].help, bounds: { ...spec.fields[key], rest: spec.fields[key].rest }, reach, kind, read: () => asked()[key], write: set(key), problem: problem(key) });
  painters.push(made.paint);
  return made.node;
}
const COLOURS = ["Red", "Green", "Blue"], TINTS = ["#ff6f66", "#62d98a", "#7aa2ff"];
const cdl = (key, label) => [h("div", { class: "ms-rowname", title: spec.fields[key].help }, label), ...COLOURS.map((colour, index) => slider(key, colour, { digits: 3, index, tint: TINTS[index] }))];
const HUES = [["Reds", "#ff5e57"], ["Yellows", "#e8cf4a"], ["Greens", "#58cf77"], ["Cyans", "#4fd0d6"], ["Blues", "#6a8dff"], ["Magentas", "#e06ad6"]];

const reference = { file: null };
const refFile = h("input", { type: "file", class: "ms-file", accept: "image/*,video/*,.mkv,.mov", "aria-label": "Choose a reference to match", onchange: () => { if (refFile.files[0]) takeReference(refFile.files[0]); refFile.value = ""; } });
const refName = h("span", { class: "ms-soft" }, "The picture under the playhead");
async function takeReference(file) {
  try { reference.file = await sendFile(file); refName.textContent = file.name; refName.title = file.name; } catch (problem) { say(TOO_LARGE, true); }
}
const amounts = {};
const amount = (key, label, help, rest) => {
  const made = control({ id: `gq-${key}`, label, help, bounds: { min: 0, max: 1, rest }, digits: 2, read: () => amounts[key] ?? rest, write: (one) => { amounts[key] = one; made.paint(); } });
  made.paint();
  return made.node;
};
function repair(fix) {
  props.value = { ...clone(value), repair: { amounts: { ...amounts }, reference: fix === "match" ? reference.file : null } };
  beginWork();
  trigger("repair", { fix });
}
const repairs = spec.repairs.map((one) => h("div", { class: "ms-repair", "data-repair": one.id }, h("div", {}, h("b", {}, one.label), h("small", {}, one.help)), amount(`repair-${one.id}`, "Strength", one.strength, one.rest), button(one.label, { kind: "second", id: `gq-mend-${one.id}`, onclick: () => repair(one.id) }),
  one.id === "match" ? h("div", { class: "ms-row ms-refrow" }, button("Reference…", { kind: "plain", title: "A picture, or another shot, to look like", onclick: () => refFile.click() }), refName, refFile) : null));

const GROUPS = [
  ["basics", "Basics", ["exposure", "contrast", "brightness", "saturation", "vibrance", "temperature", "tint"], () => pairs(
    slider("exposure", "Exposure"), slider("contrast", "Contrast"), slider("temperature", "Temperature", { digits: 0 }), slider("tint", "Tint", { digits: 0 }), slider("saturation", "Saturation"), slider("vibrance", "Vibrance"), slider("brightness", "Brightness"))],
  ["tone", "Tone", ["shadows", "highlights", "curve", "red_curve", "green_curve", "blue_curve"], () => h("div", { class: "ms-tonegrid" },
    h("div", {}, slider("highlights", "Highlights"), slider("shadows", "Shadows"), h("div", { class: "ms-label" }, h("span", {}, "Curve"), channels, flat), ...CHANNELS.map(([key]) => problem(key))), tone.node)],
  ["wheels", "Wheels", ["lift", "gamma", "gain"], () => h("div", { class: "ms-wheels" }, wheel("lift", "Lift", "add", 0.2), wheel("gamma", "Gamma", "times", 0.6), wheel("gain", "Gain", "times", 0.6))],
  ["cdl", "CDL", ["slope", "offset", "power"], () => h("div", { class: "ms-cdl" }, cdl("slope", "Slope"), cdl("offset", "Offset"), cdl("power", "Power"))],
  ["hues", "Hues", ["hues"], () => pairs(...HUES.map(([label, tint], index) => slider("hues", label, { index, tint })))],
  ["finish", "Finish", ["sharpen", "grain"], () => pairs(slider("sharpen", "Sharpen"), slider("grain", "Grain"))],
  ["repair", "Repair", [], () => h("div", { class: "ms-repairs" }, repairs)],
];
const sheets = h("div", { class: "ms-sheets ms-groups", role: "tablist", "aria-label": "Controls" }, GROUPS.map(([id, label]) => h("button", { type: "button", role: "tab", "data-group": id, onclick: () => open(id) }, label, h("i", { class: "ms-touched", hidden: true }))));
const bodies = GROUPS.map(([id, , , build]) => h("div", { class: "ms-groupbody", role: "tabpanel", "data-body": id }, build()));
const back = button("", { symbol: "counterclockwise", kind: "quiet", title: "Put this group back", id: "gq-reset-group", onclick: () => { const group = GROUPS.find(([id]) => id === lit); change((all) => { for (const key of group[2]) all.adjustments[key] = clone(spec.rest.adjustments[key]); }); } });
let lit = "basics";
function open(id) {
  lit = id;
  for (const [index, tab] of [...sheets.children].entries()) { tab.setAttribute("aria-selected", String(tab.dataset.group === id)); bodies[index].hidden = bodies[index].dataset.body !== id; }
  refresh(true);
}
painters.push(() => {
  for (const [index, [, , keys]] of GROUPS.entries()) {
    const used = keys.some((key) => JSON.stringify(asked()[key]) !== JSON.stringify(spec.rest.adjustments[key]));
    sheets.children[index].lastChild.hidden = !used;
    if (GROUPS[index][0] === lit) back.hidden = !used;
  }
});

// --- the file ---
const format = h("select", { class: "ms-select", id: "gq-format", title: "Kind of file", "aria-label": "Kind of file", onchange: () => change((all) => { all.format = format.value; }) }, spec.formats.map((one) => h("option", { value: one.id }, one.label)));
painters.push(() => { format.value = value.format; });
(function settleDown(tries) {
  const slot = document.querySelector("#gq-settings");
  if (slot) slot.append(h("div", { class: "ms-row ms-formatrow" }, h("span", { class: "ms-soft" }, "File"), format));
  else if (tries) requestAnimationFrame(() => settleDown(tries - 1));
})(600);

const trouble = problem("all");
const lutTrouble = problem("lut");
root.append(h("header", { class: "ms-head" }, h("h2", {}, "Look"), h("div", { class: "ms-tools" }, undo, redo, menu)), strip, lutFile, loader, lutTrouble, told, lutRow,
  h("div", { class: "ms-groupbar" }, sheets, back), ...bodies, trouble);

function show(wrong) {
  for (const [key, node] of Object.entries(problems)) {
    const text = wrong[key] || "";
    node.textContent = text;
    node.hidden = !text;
    node.closest(".ms-control")?.querySelector(".ms-number")?.toggleAttribute("aria-invalid", Boolean(text));
  }
  const rest = Object.entries(wrong).filter(([key]) => !problems[key]).map(([, text]) => text);
  if (rest.length) { trouble.textContent = rest.join(" "); trouble.hidden = false; }
}
room.on("problems", show);
const reset = () => change((all) => Object.assign(all, clone(spec.rest), { format: all.format }));
let graded = ""; // the name of the clip that the grade was made on
room.on("clip", ({ name, keep }) => {
  pictured = "";
  const { format: kind, ...grade } = value, { format: other, ...rest } = spec.rest;
  if (!graded || keep || JSON.stringify(grade) === JSON.stringify(rest)) say("");
  else {
    reset(); // the first look at a clip is at the clip
    say(`The grade of ${graded} was put aside. `);
    told.append(button("Use it here too", { kind: "plain", id: "gq-regrade", onclick: () => change((all) => Object.assign(all, grade)) }));
  }
  graded = name;
});
open("basics");
room.tell("grade", clone(value));

document.addEventListener("keydown", (event) => {
  if (!hears(root, event) || event.altKey || !(event.ctrlKey || event.metaKey)) return;
  const key = event.key.toLowerCase();
  if (key === "z") travel(event.shiftKey ? 1 : -1);
  else if (key === "y") travel(1);
  else return;
  event.preventDefault();
});
