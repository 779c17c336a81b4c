// The Style tab: what it works on. References, styles and jobs lie on the server, on a desk whose name
// this browser keeps; the page holds what it was last told of them.

const root = element.querySelector(".ms-style");
const spec = props.spec;
const STORE = "motion-synth:style:1";

const studio = {
  id: null, // name of the desk on the server
  references: [],
  befores: [], // the same clips before the grade, where there are such
  styles: [],
  chosen: null, // name of the style on show
  lost: false, // whether the server has forgotten what was here; until there is something new
  told: { notes: [], problems: [], words: "" }, // what the check said of all references together
  ears: {},
  on(kinds, ear) { for (const kind of kinds.split(" ")) (this.ears[kind] ||= []).push(ear); },
  tell(kind, what) { for (const ear of this.ears[kind] || []) ear(what); },
  style(name = this.chosen) { return this.styles.find((one) => one.name === name) || null; },
  choose(name) { this.chosen = name; remember(); this.tell("chosen"); },
};

/** Ask the server. Gives {error} in words; {offline: true} with it where it cannot be reached. */
async function ask(what, more = {}) {
  try {
    const answer = await server.ask({ do: what, desk: studio.id, ...more });
    if (answer && typeof answer === "object") return answer;
  } catch (problem) { /* told below */ }
  return { error: "The server cannot be reached. Try again in a moment.", offline: true };
}

/** Take what an answer says of the desk, its references and its styles. */
function learn(answer) {
  if (answer.desk !== undefined && answer.desk !== studio.id) { studio.id = answer.desk; if (studio.id) studio.lost = false; remember(); }
  if (answer.references) { studio.references = answer.references; studio.befores = answer.befores || []; studio.told = answer.told || studio.told; studio.tell("references"); }
  if (answer.styles) {
    studio.styles = answer.styles;
    if (!studio.style()) studio.chosen = (studio.styles[0] || {}).name || null;
    studio.tell("styles");
    studio.tell("chosen");
    document.dispatchEvent(new CustomEvent("ms-styles", { detail: studio.styles.map(({ name, kind, base, strength }) => ({ name, kind, base, strength })) }));
  }
}

function remember() {
  try { localStorage.setItem(STORE, JSON.stringify({ desk: studio.id, chosen: studio.chosen, lost: studio.lost })); } catch (problem) { /* a private window keeps nothing */ }
}

function recall() {
  try {
    const found = JSON.parse(localStorage.getItem(STORE) || "null");
    studio.lost = Boolean(found && found.lost === true);
    if (found && typeof found.desk === "string") { studio.id = found.desk; studio.chosen = typeof found.chosen === "string" ? found.chosen : null; }
  } catch (problem) { /* nothing is kept here */ }
}

// --- work that goes on on the server ---

const watched = {}; // by kind of job: its name

/** Begin a job and follow it: `hear` gets each state, the last one with phase "done", "failed" or "stopped". */
async function begin(kind, more, hear) {
  const answer = await ask("start", { kind, ...more });
  if (answer.error) { hear({ phase: "failed", error: answer.error }); return; }
  if (answer.desk) learn({ desk: answer.desk });
  follow(answer, hear);
}

function follow(state, hear) {
  watched[state.kind] = state.job;
  const home = studio.id;
  const again = async () => {
    if (watched[state.kind] !== state.job) return;
    const answer = await ask("status", { job: state.job, desk: home });
    if (watched[state.kind] !== state.job) return;
    if (answer.offline) hear({ phase: "working", stage: "The connection is lost; the work goes on", fraction: null });
    else if (answer.error) { delete watched[state.kind]; hear({ phase: "failed", error: answer.error }); return; }
    else if (answer.phase !== "working") { delete watched[state.kind]; hear(answer); return; }
    else hear(answer);
    setTimeout(again, answer.offline ? 1500 : 400);
  };
  if (state.phase === "working") { hear(state); setTimeout(again, 250); } else { delete watched[state.kind]; hear(state); }
}

const stopJob = (kind) => { if (watched[kind]) ask("cancel", { job: watched[kind] }); };

const picture = (source, words) => (source ? h("img", { src: source, alt: words || "", draggable: "false" }) : h("i", { class: "ms-blank" }, icon(ICONS.film, 20)));

/** What went wrong with files, {name, why} each: a line for each reason, with all files that it holds for. */
function troubleLines(troubles) {
  const lines = new Map();
  for (const { name, why } of troubles) {
    const reason = why.startsWith(`${name}: `) ? why.slice(name.length + 2) : why;
    lines.set(reason, [...(lines.get(reason) || []), name]);
  }
  return [...lines].map(([reason, names]) => `${names.join(", ")}: ${reason}`);
}

/** Show sentences in a note, a line each. */
function sayLines(note, text, bad) {
  const lines = (Array.isArray(text) ? text : [text]).filter(Boolean);
  fill(note, lines.length > 1 ? lines.map((one) => h("span", { class: "ms-line" }, one)) : lines);
  note.classList.toggle("ms-bad", bad);
}

/** Send files one after another to the server's `what`; gives what went wrong. */
async function sendFiles(files, what, say, took = () => {}) {
  const troubles = [];
  for (const [place, file] of files.entries()) {
    say(files.length === 1 ? `Reading ${file.name}…` : `Reading ${file.name}, ${place + 1} of ${files.length}…`);
    let path;
    try { ({ path } = await upload(ownName(file))); } catch (problem) { troubles.push({ name: file.name, why: "It could not be sent. It may be larger than this server accepts." }); continue; }
    const answer = await ask(what, { file: { path, orig_name: file.name } });
    if (answer.error) troubles.push({ name: file.name, why: answer.error });
    else { learn(answer); took(answer); }
  }
  return troubleLines(troubles);
}

/** Have the browser keep a file that the server gave. */
function fetchFile({ file, name }) {
  const link = h("a", { href: fileUrl(file), download: name });
  document.body.append(link);
  link.click();
  link.remove();
}

const plural = (count, one, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;
