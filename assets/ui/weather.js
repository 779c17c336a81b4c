// Weather: what is in the air, where the wind blows and how strong it is, with a picture of it on this
// photo. All of it lives in the motion control's "environmental".

const weather = (() => {
  const about = props.spec.weather;
  const usual = { particle_effects: "none", wind_direction: "still", weather_intensity: about.intensity.default };
  const air = () => ({ ...usual, ...(shot.motion.environmental || {}) });
  let kept = { ...usual };
  let asked = null;
  let shown = "";
  let epoch = 0;

  const picture = h("img", { class: "ms-picture", alt: "" });
  const stage = h("div", { class: "ms-stage" }, picture);
  const busy = h("div", { class: "ms-busy", hidden: true }, h("i"), h("span", {}, "Looking…"));
  const frame = h("div", { class: "ms-frame", id: "ms-weather-look" }, stage, busy);
  const note = h("p", { class: "ms-note", role: "status", id: "ms-weather-note" });
  const tiles = about.effects.map((one) => {
    const canvas = h("canvas", { class: "ms-view", "aria-hidden": "true" });
    const node = h("button", { type: "button", class: "ms-tile", role: "radio", "data-air": one.id, title: one.label,
      onclick: () => change(() => write({ particle_effects: one.id })) }, canvas, h("span", {}, one.label));
    return { ...one, canvas, node };
  });
  const grid = h("div", { class: "ms-acts", role: "radiogroup", "aria-label": "What is in the air" }, tiles.map((one) => one.node));
  const pad = h("div", { class: "ms-pad", role: "radiogroup", "aria-label": "Where the wind blows" }, about.winds.map((one) =>
    h("button", { type: "button", role: "radio", "data-wind": one.id, title: one.label, "aria-label": one.label, style: { gridArea: one.place },
      onclick: () => change(() => write({ wind_direction: one.id })) },
    one.place === "middle" ? h("i") : icon(ICONS[{ top: "up", bottom: "down", left: "left", right: "right" }[one.place]], 17))));
  const words = h("span", { class: "ms-value" });
  const strength = h("div", {});
  const force = h("div", { class: "ms-force" }, h("div", { class: "ms-field" }, h("div", { class: "ms-label" }, "Wind", words), pad), strength);
  const node = h("section", { class: "ms-scene ms-mark", id: "ms-weather", "aria-label": "Weather" },
    h("div", { class: "ms-sceneleft" }, frame, note), h("div", { class: "ms-sceneright" }, grid, force));

  function write(some) {
    kept = { ...kept, ...shot.motion.environmental, ...some };
    const calm = kept.particle_effects === "none" && kept.wind_direction === "still";
    if (calm) delete shot.motion.environmental; // Nothing in the air is how a shot begins.
    else shot.motion.environmental = { ...usual, ...kept };
  }

  const look = debounce(ask, 220);

  function ask() {
    const wanted = JSON.stringify(air()) + epoch;
    const none = air().particle_effects === "none";
    if (none) { shown = ""; plain(); return; }
    if (node.offsetParent === null || asked || shown === wanted || !photo()?.src) { busy.hidden = !asked; return; }
    asked = wanted;
    busy.hidden = false;
    trigger("weather_look", { environmental: air(), stamp: wanted });
    setTimeout(() => { if (asked === wanted) { asked = null; busy.hidden = true; } }, 45000); // The connection was lost.
  }

  function take(answer) {
    if (!answer || answer.stamp !== asked) return;
    asked = null;
    busy.hidden = true;
    shown = answer.stamp;
    if (answer.stamp === JSON.stringify(air()) + epoch) {
      note.textContent = answer.error || "";
      note.classList.toggle("ms-bad", Boolean(answer.error));
      if (answer.picture) picture.src = answer.picture;
      else plain();
    }
    look();
  }

  /** The photo as it is. */
  function plain() {
    if (photo()?.src && picture.src !== photo().src) picture.src = photo().src;
    if (air().particle_effects === "none") { note.textContent = ""; busy.hidden = true; }
  }

  function refresh() {
    const now = air();
    const none = now.particle_effects === "none";
    for (const tile of tiles) tile.node.setAttribute("aria-checked", String(tile.id === now.particle_effects));
    for (const one of pad.children) one.setAttribute("aria-checked", String(one.dataset.wind === now.wind_direction));
    words.textContent = about.winds.find((one) => one.id === now.wind_direction)?.label || now.wind_direction;
    force.classList.toggle("ms-idle", none);
    if (document.activeElement?.id !== "ms-weather-intensity") {
      fill(strength, slider("weather-intensity", "How strong", { ...about.intensity, step: 0.01 }, now.weather_intensity,
        (value) => write({ weather_intensity: value }), (value) => `${value.toFixed(2)} · ${about.strengths[Math.min(about.strengths.length - 1, Math.floor(value * about.strengths.length))]}`));
    }
    look();
  }

  const photo = () => document.querySelector("#photo img.ms-picture");
  const again = () => { epoch += 1; asked = null; shown = ""; plain(); look(); };
  (function follow(tries) {
    const depth = document.querySelector("#depth img.ms-picture");
    if (!photo() || !depth) { if (tries) requestAnimationFrame(() => follow(tries - 1)); return; }
    photo().addEventListener("load", again);
    depth.addEventListener("load", again);
    again();
  })(600);
  picture.addEventListener("load", () => fitFrame(frame, stage, picture));
  watch("looked", () => take(props.looked));
  playTiles(tiles, (tile, still, now) => {
    const chosen = tile.id === air().particle_effects;
    AIR(tile.canvas, tile.id, still ?? now / 2600, { wind: air().wind_direction, amount: chosen ? air().weather_intensity : 0.6 });
  });

  return { node, refresh, label: () => about.effects.find((one) => one.id === air().particle_effects && one.id !== "none")?.label || "" };
})();
