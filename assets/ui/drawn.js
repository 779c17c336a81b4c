// "Drawn by": who draws a shot, and before anything is rendered, what of it that one keeps exactly, in
// words, or not at all. One line while it is the photo's own geometry.

/** The style tags of a prompt: their text, name and strength. */
function styleTags(prompt) {
  return [...(prompt || "").matchAll(/<\s*lora\s*:([^<>\r\n]+)>/gi)].map((found) => {
    const cut = found[1].lastIndexOf(":"), last = cut < 0 ? NaN : Number(found[1].slice(cut + 1));
    return Number.isFinite(last) ? { text: found[0], name: found[1].slice(0, cut).trim(), strength: last } : { text: found[0], name: found[1].trim(), strength: 1 };
  });
}

/**
 * The choice of who draws a shot.
 * @param choices what there is, from the server
 * @param get gives the shot as it stands
 * @param set takes new fields of its backend
 * @param prompt takes another prompt
 * @param preflight asks the server about the shot
 * @param prefix begins the names of its parts
 */
function drawnBy({ choices, get, set, prompt, preflight, prefix, again = null, guide = null }) {
  const backend = () => get().backend || {};
  const name = () => backend().name || "geometric";
  const summary = h("summary", { id: `${prefix}-drawn` }, "Drawn by: ", h("b", {}, "photo geometry"));
  const body = h("div", { class: "ms-foldbody ms-drawnbody" });
  const node = h("details", { class: "ms-fold ms-drawn", ontoggle: () => { if (node.open) { showChoice(); lookSoon(); } } }, summary, body);
  const who = h("div", { class: "ms-who", role: "radiogroup", "aria-label": "Who draws the shot" }, choices.names.map((one) => h("button", { type: "button", role: "radio", "data-backend": one.id, title: one.help,
    onclick: () => { set({ name: one.id, family: "", model: "", sentence: null, negative: null }); showChoice(); lookSoon(); } }, h("b", {}, one.title), h("span", {}, one.words))));
  const picks = h("div", { class: "ms-fields" });
  const styles = h("div", { class: "ms-styletags" });
  const report = h("div", { class: "ms-preflight", id: `${prefix}-preflight`, role: "status" });
  const sentence = h("textarea", { class: "ms-json ms-sentencebox", id: `${prefix}-words`, rows: "4", "aria-label": "What the model reads",
    onchange: () => { set({ sentence: sentence.value.trim() && sentence.value.trim() !== compiled ? sentence.value.trim() : null }); lookSoon(); } });
  const reset = button("Reset", { symbol: "undo", kind: "plain", id: `${prefix}-words-reset`, title: "The sentence as it is compiled from the shot", onclick: () => { set({ sentence: null }); sentence.value = compiled; lookSoon(); } });
  const words = h("div", { class: "ms-field", hidden: true }, h("div", { class: "ms-label" }, h("label", { for: `${prefix}-words` }, "What the model reads"), reset), sentence);
  const token = h("input", { class: "ms-input", type: "password", id: `${prefix}-token`, autocomplete: "off", "data-token": "1", maxlength: "200", placeholder: "hf_…", "aria-label": "Hugging Face token", oninput: () => { for (const one of report.querySelectorAll(".ms-lacks")) one.hidden = Boolean(token.value.trim()); } });
  const secret = h("div", { class: "ms-field", hidden: true }, h("div", { class: "ms-label" }, h("label", { for: `${prefix}-token` }, "Hugging Face token")), token,
    h("p", { class: "ms-note" }, "It goes along with the next render alone, and is kept nowhere: not in the page, not in the project, not on the server."));
  const leaves = h("p", { class: "ms-leaves", role: "note", hidden: true }, "The photo leaves this machine: it is sent to the service that draws.");
  const tryAgain = again ? button("Try until it passes", { symbol: "redo", kind: "plain", id: `${prefix}-again`, title: "Render, judge the quality, and where it fails try again in the way that its reasons suggest", onclick: again }) : null;
  const tries = again ? h("p", { class: "ms-note", id: `${prefix}-tries` }) : null;
  body.append(who, picks, styles, words, leaves, secret, report, ...[tryAgain, tries].filter(Boolean));
  let compiled = "", asked = 0;

  function pick(label, value, options, give, id) {
    const input = h("select", { class: "ms-select", id: `${prefix}-${id}`, onchange: () => { give(input.value); lookSoon(); } }, options.map(([one, text]) => h("option", { value: one, selected: one === value }, text)));
    return h("label", { class: "ms-field" }, h("span", { class: "ms-label" }, label), input);
  }

  function amount(key, label, bound) {
    const value = backend()[key] ?? bound.rest;
    const input = h("input", { class: "ms-input ms-number", id: `${prefix}-${key}`, inputmode: "decimal", value: value === null || value === undefined ? "" : String(value), placeholder: bound.empty ? "usual" : "",
      onchange: () => {
        const number = Number(input.value.replace(",", "."));
        if (!input.value.trim()) set({ [key]: bound.rest });
        else if (Number.isFinite(number)) { const held = Math.min(bound.max, Math.max(bound.min, bound.whole ? Math.round(number) : number)); input.value = String(held); set({ [key]: held }); }
        else input.value = "";
        lookSoon();
      } });
    return h("label", { class: "ms-field", title: bound.help }, h("span", { class: "ms-label" }, label), input);
  }

  function showChoice() {
    const now = name(), about = choices.names.find((one) => one.id === now) || choices.names[0];
    const family = (choices.families[now] || []).find(([id]) => id === backend().family) || (choices.families[now] || [])[0];
    fill(summary, "Drawn by: ", h("b", {}, now === "geometric" ? "photo geometry" : [about.title.toLowerCase(), family ? family[1] : ""].filter(Boolean).join(", ")));
    for (const one of who.children) one.setAttribute("aria-checked", String(one.dataset.backend === now));
    showStyles();
    if (!node.open) return;
    const model = now !== "geometric";
    picks.hidden = !model;
    words.hidden = !model;
    if (tries) tries.textContent = `Up to ${choices.attempts} tries, until the overall quality is ${choices.threshold} or more; it is measured on the finished clip.${now === "providers" ? " The service charges for every try." : ""}`;
    secret.hidden = now !== "providers" || choices.signed;
    if (secret.hidden) token.value = "";
    if (!picks.contains(document.activeElement)) fill(picks, !model ? null : [
      now === "providers" ? pick("Service", backend().provider || "auto", choices.providers, (value) => set({ provider: value }), "provider") : null,
      (choices.families[now] || []).length ? pick("Model", backend().family || family[0], choices.families[now], (value) => set({ family: value, model: "", sentence: null, negative: null }), "family") : null,
      now === "guided" ? amount("guide_scale", "Follow the geometry", choices.bounds.guide_scale) : null,
      amount("steps", "Steps", choices.bounds.steps), amount("guidance", "Follow the words", choices.bounds.guidance)]);
  }

  /** The learned styles in the prompt, each with its strength at hand. */
  function showStyles() {
    const tags = styleTags(get().prompt);
    styles.hidden = !tags.length;
    if (styles.contains(document.activeElement) && document.activeElement.type === "range") return;
    fill(styles, tags.map((one) => {
      const out = h("output", { class: "ms-value" }, one.strength.toFixed(2));
      let text = one.text;
      const put = (next) => { prompt((get().prompt || "").replace(text, next)); text = next; lookSoon(); };
      const input = h("input", { class: "ms-range", type: "range", min: "0", max: "1.5", step: "0.05", value: String(one.strength), "aria-label": `Strength of the style ${one.name}`,
        oninput: () => { paintRange(input); out.textContent = Number(input.value).toFixed(2); put(`<lora:${one.name}:${Number(input.value)}>`); } });
      paintRange(input);
      return h("div", { class: "ms-styletag", "data-style": one.name }, h("span", {}, "Style ", h("b", {}, one.name)), input, out,
        button("", { symbol: "clear", kind: "quiet", title: `Take the style ${one.name} out`, onclick: () => { put(""); showChoice(); } }));
    }));
  }

  const group = (title, kind, lines) => (lines.length ? h("section", { class: `ms-keeps ms-keeps-${kind}` }, h("h3", {}, title),
    h("ul", {}, lines.map((one) => h("li", {}, h("b", {}, one.said), one.why ? ` ${one.why}` : "")))) : null);

  const lookSoon = debounce(async () => {
    if (!node.open || !node.isConnected) return;
    const mine = (asked += 1);
    const answer = await preflight(get(), styleDesk());
    if (mine !== asked) return;
    const edited = backend().sentence !== null && backend().sentence !== undefined;
    if (answer.error) { fill(report, h("p", { class: "ms-note ms-bad", role: "alert" }, answer.error),
      backend().model ? button("Use the family's own model", { symbol: "undo", kind: "plain", id: `${prefix}-own-model`, onclick: () => { set({ model: "" }); lookSoon(); } }) : null); return; }
    compiled = answer.compiled || answer.sentence || "";
    if (document.activeElement !== sentence) sentence.value = edited ? backend().sentence : compiled;
    reset.hidden = !edited;
    leaves.hidden = !answer.remote;
    const lines = answer.lines || [];
    const of = (kind) => lines.filter((one) => one.keeps === kind);
    fill(report,
      answer.missing ? h("p", { class: "ms-lacks", role: "alert", hidden: Boolean(token.value.trim()) }, answer.missing) : null,
      (answer.problems || []).filter((one) => one !== answer.missing).map((one) => h("p", { class: "ms-note ms-bad", role: "alert" }, one)),
      h("p", { class: "ms-madeas" }, [answer.made, answer.cost].filter(Boolean).join(" ")),
      answer.calls > 1 && new Set((answer.told || []).map((one) => one.text)).size > 1 ? h("details", { class: "ms-fold ms-told" }, h("summary", {}, `What each of the ${answer.calls} calls reads`),
        h("ol", {}, answer.told.map((one) => h("li", {}, one.text, one.negative ? h("em", {}, ` Avoids: ${one.negative}`) : null)))) : null,
      group("Kept exactly", "exactly", of("exactly")), group("In words, as far as the model listens", "words", of("in words")), group("Not kept", "not", of("not")),
      guide && name() === "guided" ? button("Save the guide for other programs", { symbol: "save", kind: "plain", id: `${prefix}-guide`, title: "The guide video, its masks, depth, flow, camera and sentence in one .zip, for ComfyUI and others", onclick: guide }) : null);
  }, 220);

  return {
    node,
    /** The shot is another now. */
    refresh() { showChoice(); lookSoon(); },
    open() { node.open = true; },
  };
}
