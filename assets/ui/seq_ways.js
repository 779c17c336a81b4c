// How one shot becomes the next: a picker with moving thumbnails, grouped by family.

const FAMILIES = { blend: "Blends", dip: "Dips", camera: "Camera", wipe: "Wipes", slide: "Slides", shape: "Shapes", stylised: "Stylised" };
const thumbs = new Map(); // mark -> promise of an address

/** The moving thumbnail of a transition between two cards; "" where there is none. */
function thumbFor(card, next, type, reverse = card.way ? card.way.reverse : false, colour = card.way ? card.way.colour : "#000000") {
  const shas = [card, next].map((one) => (one && one.shot && desk.shot(one.shot) ? desk.shot(one.shot).media.sha256 : ""));
  const mark = [type, ...shas, reverse, colour].join(" ");
  if (!thumbs.has(mark)) {
    const wait = ask("thumbnail", { type, a: shas[0], b: shas[1], reverse, colour }).then((answer) => {
      if (!answer.picture) thumbs.delete(mark);
      return answer.picture || "";
    });
    thumbs.set(mark, wait);
    if (thumbs.size > 400) thumbs.delete(thumbs.keys().next().value);
  }
  return thumbs.get(mark);
}

const wayFace = h("div", { class: "ms-face", "data-face": "way" });
let family = "blend";
let waitingTiles = null;

function setWay(fields, label = "") {
  const card = desk.card(desk.way);
  if (!card) return;
  desk.withCard(card.key, { way: fields === null ? null : { ...(card.way || { type: "dissolve", seconds: 0.5, easing: "linear", colour: "#000000", reverse: false }), ...fields } }, label);
}

function showWay() {
  const index = desk.index(desk.way);
  const card = desk.cards[index], next = desk.cards[index + 1];
  if (!card || !next) {
    fill(wayFace, h("p", { class: "ms-note" }, desk.cards.length > 1 ? "Choose a transition between two cards." : "A transition stands between two shots. Add another."));
    return;
  }
  const way = card.way;
  const trouble = wayTrouble(index);
  const length = numberInput({ id: "sq-way-seconds", min: 0.05, value: way ? short(way.seconds) : "", "aria-label": "Length of the transition in seconds",
    onchange: () => { const value = numberIn(length.value); if (value > 0) setWay({ seconds: value }, "way length"); else { say("A transition's length is a number of seconds above 0.", true); showWay(); } } });
  const easing = h("select", { class: "ms-select", "aria-label": "Easing", onchange: () => setWay({ easing: easing.value }) },
    Object.entries({ linear: "Even pace", "ease-in": "Gathers pace", "ease-out": "Slows down", "ease-in-out": "Eases in and out" }).map(([value, words]) => h("option", { value, selected: way && way.easing === value }, words)));
  const colour = h("input", { type: "color", class: "ms-colour", value: way ? way.colour : "#000000", "aria-label": "Colour of the dip", onchange: () => setWay({ colour: colour.value }) });
  const reverse = h("input", { type: "checkbox", checked: Boolean(way && way.reverse), onchange: () => setWay({ reverse: reverse.checked }) });
  const turns = way && ["whip_pan", "depth_wipe"].includes(way.type);
  const strip = h("div", { class: "ms-ways-grid", role: "radiogroup", "aria-label": "Transitions" });
  waitingTiles?.disconnect();
  waitingTiles = new IntersectionObserver((seen) => {
    for (const { target, isIntersecting } of seen) {
      if (!isIntersecting) continue;
      waitingTiles.unobserve(target);
      thumbFor(card, next, target.dataset.way).then((url) => { if (url) target.firstChild.style.backgroundImage = `url("${url}")`; });
    }
  }, { root: strip });
  const tile = (name, title, help) => {
    const one = h("button", { type: "button", role: "radio", class: "ms-waytile", "data-way": name, "aria-checked": String(way ? way.type === name : name === "cut"), title: help || title,
      onclick: () => setWay(name === "cut" ? null : { type: name }) }, h("i"), h("span", {}, title));
    if (name !== "cut") waitingTiles.observe(one);
    return one;
  };
  fill(strip, tile("cut", "Cut", "The next shot at once."), spec.ways.filter((one) => one.family === family).map((one) => tile(one.name, one.title, one.help || (one.photos === "both" ? "Both shots must be photos." : ""))));
  fill(wayFace,
    h("p", { class: "ms-lead" }, `From ${index + 1} · ${card.shot || "colour"} to ${index + 2} · ${next.shot || "colour"}`),
    h("div", { class: "ms-segments ms-families", role: "radiogroup", "aria-label": "Families" }, Object.entries(FAMILIES).map(([name, words]) =>
      h("button", { type: "button", role: "radio", "data-family": name, "aria-checked": String(family === name), onclick: () => { family = name; showWay(); } }, words))),
    strip,
    trouble ? h("p", { class: "ms-note ms-bad", role: "alert" }, `${trouble} Choose another transition, or a photo for that card.`) : null,
    way ? h("div", { class: "ms-fields" },
      h("label", { class: "ms-field" }, h("span", { class: "ms-label" }, "Length, s"), length),
      h("label", { class: "ms-field" }, h("span", { class: "ms-label" }, "Pace"), easing),
      way.type === "dip" ? h("label", { class: "ms-field" }, h("span", { class: "ms-label" }, "Colour"), colour) : null,
      turns ? h("label", { class: "ms-check" }, reverse, way.type === "whip_pan" ? "To the other side" : "Near things first") : null) : null,
    desk.cards.length > 2 ? button("Use between all shots", { kind: "plain", onclick: () => desk.withCards(desk.cards.map((one) => ({ ...one, way: way ? { ...way } : null }))) }) : null);
}

desk.on("doc", () => { if (!wayFace.hidden) showWay(); });
