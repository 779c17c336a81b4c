// A LoRA where this machine cannot train it: the job as a file for another machine, or a training on Hugging
// Face Jobs, for which the price is asked first and agreed to by name.

const remote = { price: null, for: "", asking: false };
const takeSteps = h("ol", { class: "ms-takesteps", hidden: true, id: "st-take-steps" });
const takeButton = button("Take the job along", { symbol: "save", kind: "plain", id: "st-take", title: "This training as job.json, for a machine with a graphics card", onclick: () => takeJob() });
const COMMAND = "python -m synth.style.training job.json";

async function takeJob() {
  const answer = await ask("take", { make: "lora", name: make.name, settings: make.settings });
  if (answer.error) { sayMake(answer.error, true); return; }
  learn({ desk: answer.desk });
  sayMake("");
  fetchFile(answer);
  fill(takeSteps,
    h("li", {}, "Put the clips into a folder named ", h("code", {}, "clips"), " beside ", h("code", {}, "job.json"), ", on a machine with a graphics card and Motion Synth (", h("code", {}, "make ai"), ")."),
    h("li", {}, "Run ", h("code", { id: "st-command" }, COMMAND), " there. Stopped, it goes on from where it was."),
    h("li", {}, "Import the ", h("code", {}, ".safetensors"), " that it writes, under Your styles."));
  takeSteps.hidden = false;
}

const remoteToken = h("input", { class: "ms-input", type: "password", id: "st-token", autocomplete: "off", "data-token": "1", maxlength: "200", placeholder: "hf_…", "aria-label": "Hugging Face token", oninput: () => showRemote() });
const remoteSecret = h("div", { class: "ms-field", hidden: spec.signed }, h("div", { class: "ms-label" }, h("label", { for: "st-token" }, "Hugging Face token")), remoteToken,
  h("p", { class: "ms-note" }, "Of the account that pays. It goes along with the question for the price and with the order, and is kept nowhere."));
const askButton = button("Ask for the price", { kind: "second", id: "st-price", onclick: () => askPrice() });
const orderButton = button("Train there", { symbol: "drop", kind: "primary", id: "st-order", hidden: true, onclick: () => order() });
const remoteNote = h("p", { class: "ms-note", role: "status", id: "st-remote-note" });
const offerBox = h("p", { class: "ms-offer", id: "st-offer", hidden: true });
const remoteFold = h("details", { class: "ms-fold ms-remote", id: "st-remote" }, h("summary", {}, "Train on Hugging Face Jobs"),
  h("div", { class: "ms-remotebody" },
    h("p", { class: "ms-leaves", role: "note" }, "The clips leave this machine: they go into a private bucket of your account, and Hugging Face charges the account by the minute. If this page's server stops meanwhile, the training goes on; its own page on Hugging Face ends it."),
    remoteSecret, h("div", { class: "ms-row ms-wrap" }, askButton, orderButton), offerBox, remoteNote));
const elsewhere = h("div", { class: "ms-elsewhere", hidden: true }, h("div", { class: "ms-row ms-wrap" }, takeButton), takeSteps, remoteFold);
makePanel.append(elsewhere);

/** What a price holds for: another setting or clip has another one. */
const priceFor = () => JSON.stringify([make.settings, studio.references.map((one) => one.id)]);
const dollars = (value) => `$${value.toFixed(2)}`;

function sayRemote(text, bad = false) { sayLines(remoteNote, text, bad); }

function showRemote() {
  elsewhere.hidden = make.kind !== "lora" || Boolean(watched.style);
  if (make.kind !== "lora") remoteToken.value = "";
  const may = studio.references.length > 0 && !watched.style && (spec.signed || Boolean(remoteToken.value.trim()));
  askButton.disabled = !may || remote.asking;
  askButton.title = studio.references.length ? "" : "Add reference clips first";
  const price = remote.price && remote.for === priceFor() ? remote.price : null;
  offerBox.hidden = orderButton.hidden = !price;
  orderButton.disabled = !may;
  if (!price) return;
  offerBox.textContent = price.said;
  orderButton.lastChild.textContent = price.dollars === null ? `Train there for ${dollars(price.most)} at most` : `Train there for about ${dollars(price.dollars)}, ${dollars(price.most)} at most`;
}

function askPrice() {
  sayRemote("");
  remote.price = null;
  remote.asking = true;
  const holds = priceFor();
  begin("price", { make: "lora", settings: make.settings, token: remoteToken.value }, (state) => {
    remote.asking = state.phase === "working";
    if (state.phase === "working") sayRemote(`${state.stage || "Asking"}…`);
    else if (state.phase === "done") { remote.price = state.result.price; remote.for = holds; sayRemote(""); }
    else { remoteToken.value = ""; sayRemote(state.error || "", true); }
    showRemote();
  });
  showRemote();
}

function order() {
  const price = remote.price;
  if (!named()) return;
  curve.hidden = previews.hidden = true;
  const token = remoteToken.value;
  remoteToken.value = "";
  remote.price = null;
  begin("style", { make: "lora", where: "jobs", name: make.name.trim(), settings: make.settings, token, machine: price.machine, most: price.most }, making);
  readyToMake();
}
studio.on("references", showRemote);
