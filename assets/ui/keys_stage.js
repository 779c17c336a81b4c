// The 3D view of the keyframe editor: the photo as points in space, the camera's path through it, a
// camera at every key. One can turn, move and zoom it; nothing that is edited moves the viewer.

/** Plotly's third axis is up; ours is the second. Both are right-handed. */
const stagePlace = ([x, y, z]) => [x, -z, y];
const STAGE_SCALE = 0.1; // size of a scene unit in Plotly's own measure, the same whatever is shown
const STAGE_FIELD = Math.PI / 4; // Plotly's angle of view, top to bottom
const STAGE_RAMPS = {
  speed: { label: "Speed", unit: " units/s", stops: ["#2f5d8f", "#63b3f5", "#f2e07a", "#ff8e5f"] },
  coverage: { label: "Coverage", unit: " %", stops: ["#7bd3a0", "#f2e07a", "#ff8e5f", "#ff5d5d"] },
};

/** World-from-camera rotation, rows of a matrix, from pitch, yaw and roll in degrees. */
function stageTurn([pitch, yaw, roll]) {
  const [p, y, r] = [pitch, yaw, roll].map((angle) => angle * Math.PI / 180);
  const [cp, sp, cy, sy, cr, sr] = [Math.cos(p), Math.sin(p), Math.cos(y), Math.sin(y), Math.cos(r), Math.sin(r)];
  return [
    [cy * cr + sy * sp * sr, -cy * sr + sy * sp * cr, sy * cp],
    [cp * sr, cp * cr, -sp],
    [-sy * cr + cy * sp * sr, sy * sr + cy * sp * cr, cy * cp],
  ];
}

/** A camera as line pieces in world places: its pyramid, and a mark on the side that is up. */
function stageFrustum(pose, depth, ratio) {
  const turn = stageTurn(pose.rotation);
  const wide = depth * 18 / pose.focal * Math.min(1, ratio);
  const high = depth * 18 / pose.focal * Math.min(1, 1 / ratio);
  const at = (x, y, z) => turn.map((row, axis) => pose.position[axis] + row[0] * x + row[1] * y + row[2] * z);
  const eye = pose.position;
  const [a, b, c, d] = [at(-wide, high, -depth), at(wide, high, -depth), at(wide, -high, -depth), at(-wide, -high, -depth)];
  return [[a, b, c, d, a, eye, b], [c, eye, d], [at(-wide * 0.4, high * 1.12, -depth), at(0, high * 1.6, -depth), at(wide * 0.4, high * 1.12, -depth), at(-wide * 0.4, high * 1.12, -depth)]];
}

/** Columns for a Plotly line of many pieces. */
function stageLines(pieces) {
  const columns = { x: [], y: [], z: [] };
  for (const piece of pieces) {
    for (const place of piece) {
      const [x, y, z] = stagePlace(place);
      columns.x.push(x); columns.y.push(y); columns.z.push(z);
    }
    for (const column of Object.values(columns)) column.push(null);
  }
  return columns;
}

/** Build the 3D view in `host`. */
function keysStage(host, store, catalog) {
  const plot = h("div", { class: "ms-keys-plot" });
  const trouble = h("p", { class: "ms-keys-trouble", hidden: true });
  const legend = h("div", { class: "ms-keys-legend" });
  const compass = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  compass.setAttribute("viewBox", "-58 -40 116 80");
  compass.setAttribute("class", "ms-keys-compass");
  compass.setAttribute("aria-hidden", "true");
  let ramp = "speed";
  const ramps = h("div", { class: "ms-segments", role: "radiogroup", "aria-label": "Colour of the path" },
    Object.entries(STAGE_RAMPS).map(([id, one]) => h("button", { type: "button", role: "radio", "data-ramp": id, "aria-checked": String(id === ramp),
      title: id === "speed" ? "Colour the path by the camera's speed" : "Colour the path by how much of the frame was never photographed",
      onclick: () => { ramp = id; for (const other of ramps.children) other.setAttribute("aria-checked", String(other.dataset.ramp === id)); draw(); } }, one.label)));
  const views = h("div", { class: "ms-segments ms-keys-views", role: "group", "aria-label": "Point of view" },
    [["stage", "Stage", "From behind and above the camera"], ["top", "Top", "From above"], ["side", "Side", "From the camera's right"], ["path", "Path", "Close to the path"]]
      .map(([id, label, title]) => h("button", { type: "button", "data-view": id, title, onclick: () => look(id) }, label)));
  host.classList.add("ms-keys-stage");
  const [overlay, sightLine, headLine] = ["svg", "path", "path"].map((tag) => document.createElementNS("http://www.w3.org/2000/svg", tag));
  overlay.setAttribute("class", "ms-keys-heads");
  overlay.setAttribute("aria-hidden", "true");
  sightLine.setAttribute("class", "ms-keys-sight");
  overlay.append(sightLine, headLine);
  host.append(plot, overlay, trouble, h("div", { class: "ms-keys-over ms-keys-overtop" }, ramps, views), legend, compass);

  const home = { position: [0, 0, 10], rotation: [0, 0, 0], focal: 50 };
  let half = [8, 14, 5];
  let ready = false;
  let failed = false;

  const ratio = () => (store.scenery ? store.scenery.width / store.scenery.height : 16 / 9);
  const pathPlaces = () => {
    const path = store.sampled;
    const places = path?.at?.length ? path.at.map((_, index) => [path.x[index], path.y[index], path.z[index]]) : [];
    return [...places, ...store.keys.map((key) => key.position)];
  };
  const bounds = () => {
    const places = pathPlaces();
    const low = [0, 1, 2].map((axis) => Math.min(...places.map((place) => place[axis])));
    const high = [0, 1, 2].map((axis) => Math.max(...places.map((place) => place[axis])));
    return { middle: low.map((value, axis) => (value + high[axis]) / 2), extent: Math.hypot(...low.map((value, axis) => high[axis] - value)) };
  };
  const size = () => keysClamp(bounds().extent * 0.2, 0.35, 3); // of the cameras drawn, units
  /** The key's camera as the path has it there: with a target, its pan and tilt are not its own. */
  const keyPose = (key) => {
    const own = { position: key.position, rotation: key.rotation, focal: key.focal_length };
    if (!(store.doc.look_at || store.doc.hold_size) || store.sampled?.rev !== store.rev || store.sampled.error) return own;
    const pose = store.poseAt(key.frame);
    return { position: key.position, rotation: store.doc.look_at ? pose.rotation : key.rotation, focal: pose.focal };
  };

  // --- the point of view: it belongs to this view alone, so that drawing anew never moves it ---
  let view = null; // the point looked at, and from where: distance, angle round it, angle above it
  function viewFrom(id) {
    const { middle: [x, y, z], extent } = bounds();
    const far = keysClamp(extent * 1.5, 3, 400);
    const from = (target, distance, around, above) => ({ target: stagePlace(target).map((value) => value * STAGE_SCALE), distance: distance * STAGE_SCALE, around, above });
    if (id === "top") return from([x * 0.5, 0, z * 0.5 + 2], far + 16, 0, 1.55);
    if (id === "side") return from([0, y, z * 0.5 + 2], far + 15, Math.PI / 2, 0);
    if (id === "path") return from([x, y, z], far * 1.15, 0.6, 0.5);
    return from([x * 0.85, y * 0.7 + 0.3, z - 1.8], keysClamp(extent * 1.6 + 3.6, 4.4, 400), 0.42, 0.26);
  }
  const minus = (a, b) => a.map((value, index) => value - b[index]);
  const plus = (a, b, times = 1) => a.map((value, index) => value + b[index] * times);
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  /** Where the viewer stands and its axes; Plotly's third axis is up. */
  function axes() {
    view = view || viewFrom("stage");
    const [ca, sa, cb, sb] = [Math.cos(view.around), Math.sin(view.around), Math.cos(view.above), Math.sin(view.above)];
    const ahead = [-sa * cb, ca * cb, -sb];
    return { eye: plus(view.target, ahead, -view.distance), ahead, right: [ca, sa, 0], above: [-sa * sb, ca * sb, cb] };
  }
  function camera() {
    const named = ([x, y, z]) => ({ x, y, z });
    return { eye: named(axes().eye), center: named(view.target), up: { x: 0, y: 0, z: 1 }, projection: { type: "perspective" } };
  }
  function look(id) {
    view = viewFrom(id);
    later("view");
  }
  /** A function from world places to pixels of the view, or null for what lies behind the viewer. */
  function projector() {
    const { eye, ahead, right, above } = axes();
    const [wide, tall] = [plot.clientWidth, plot.clientHeight], focal = tall / 2 / Math.tan(STAGE_FIELD / 2);
    return (place) => {
      const to = minus(stagePlace(place).map((value) => value * STAGE_SCALE), eye);
      const deep = dot(to, ahead);
      return deep > 0.01 ? [wide / 2 + focal * dot(to, right) / deep, tall / 2 - focal * dot(to, above) / deep] : null;
    };
  }
  function showCompass() {
    const { ahead, right, above } = axes();
    const arms = [["X", "right", [1, 0, 0], "#ff8e7f"], ["Y", "up", [0, 1, 0], "#7bd3a0"], ["Z", "back", [0, 0, 1], "#63b3f5"]]
      .map(([name, hint, way, colour]) => { const to = stagePlace(way); return { name, hint, colour, x: dot(to, right) * 22, y: -dot(to, above) * 22, deep: dot(to, ahead) }; })
      .sort((one, other) => other.deep - one.deep);
    compass.replaceChildren(...arms.flatMap(({ name, hint, colour, x, y }) => ["line", "text"].map((tag) => {
      const mark = document.createElementNS("http://www.w3.org/2000/svg", tag);
      const put = (values) => { for (const [key, value] of Object.entries(values)) mark.setAttribute(key, value); };
      if (tag === "line") put({ x1: 0, y1: 0, x2: x, y2: y, stroke: colour, "stroke-width": 2, "stroke-linecap": "round" });
      else {
        put({ x: x * 1.2 + Math.sign(x) * 2, y: y * 1.32 + 3, fill: colour, "font-size": 9, "text-anchor": x > 9 ? "start" : x < -9 ? "end" : "middle" });
        mark.textContent = Math.hypot(x, y) > 11 ? `${name} ${hint}` : "";
      }
      return mark;
    })));
  }

  // --- what is drawn ---
  const line = (pieces, colour, width, more = {}) => ({ type: "scatter3d", mode: "lines", hoverinfo: "skip", connectgaps: false,
    line: { color: colour, width }, ...stageLines(pieces), ...more });
  const column = (places) => { const turned = places.map(stagePlace); return { x: turned.map((p) => p[0]), y: turned.map((p) => p[1]), z: turned.map((p) => p[2]) }; };

  function floor() {
    const lowest = store.scenery ? Math.max(-6, Math.min(...store.scenery.points.y)) : -3;
    const y = Math.min(-1.5, lowest);
    const pieces = [];
    for (let x = -8; x <= 8; x += 2) pieces.push([[x, y, 14], [x, y, -20]]);
    for (let z = -20; z <= 14; z += 2) pieces.push([[-8, y, z], [8, y, z]]);
    return pieces;
  }

  /** What the path is coloured by, for every sample. */
  function tones(path) {
    if (ramp === "speed") return path.speed || [];
    const cover = store.coverage;
    if (!cover?.at?.length) return [];
    const total = cover.outside.map((value, index) => value + cover.uncovered[index]);
    let low = 0;
    return path.at.map((frame) => {
      while (low + 2 < cover.at.length && cover.at[low + 1] <= frame) low += 1;
      const next = Math.min(low + 1, cover.at.length - 1);
      const share = keysClamp((frame - cover.at[low]) / Math.max(1e-9, cover.at[next] - cover.at[low]), 0, 1);
      return total[low] + (total[next] - total[low]) * share;
    });
  }

  function pathTrace() {
    const path = store.sampled;
    if (!path?.at?.length) return line([store.keys.map((key) => key.position)], "#63b3f5", 4);
    const values = tones(path);
    const most = Math.max(ramp === "speed" ? 0.05 : 2, ...values);
    showLegend(values.length ? most : null);
    const { stops, unit: measure } = STAGE_RAMPS[ramp];
    return { type: "scatter3d", mode: "lines", ...column(path.at.map((_, index) => [path.x[index], path.y[index], path.z[index]])),
      line: { width: 6, color: values.length ? values : "#63b3f5", cmin: 0, cmax: most, colorscale: stops.map((colour, index) => [index / (stops.length - 1), colour]) },
      hoverinfo: "text", text: path.at.map((frame, index) => `Frame ${frame}${values.length ? ` · ${keysNumber(values[index], 2)}${measure}` : ""}`) };
  }

  function showLegend(most) {
    const { label, unit: measure, stops } = STAGE_RAMPS[ramp];
    const waits = most === null ? (store.coverage?.error || (ramp === "coverage" ? "Coverage is being measured…" : "")) : null;
    fill(legend, waits || [h("span", {}, ramp === "speed" ? "still" : "all photographed"), h("i", { style: { background: `linear-gradient(90deg, ${stops.join(",")})` }, title: label }), h("span", {}, `${keysNumber(most, most < 10 ? 1 : 0)}${measure}`)]);
  }

  function keyTraces() {
    const keys = store.keys;
    const every = Math.ceil(keys.length / 80);
    const shown = keys.filter((key, index) => index % every === 0 || store.selection.has(key._id));
    const chosen = shown.filter((key) => store.selection.has(key._id));
    const rest = shown.filter((key) => !store.selection.has(key._id));
    const deep = size();
    const marks = { type: "scatter3d", mode: shown.length <= 12 ? "markers+text" : "markers", ...column(shown.map((key) => key.position)),
      marker: { size: shown.map((key) => (store.selection.has(key._id) ? 7 : 5)), symbol: "diamond", color: shown.map((key) => (store.selection.has(key._id) ? "#ffb454" : "#ecebe7")), line: { width: 0 } },
      text: shown.map((key) => String(keys.indexOf(key) + 1)), textposition: "top center", textfont: { color: "#ecebe7", size: 12 },
      hoverinfo: "text", hovertext: shown.map((key) => `Key ${keys.indexOf(key) + 1} · frame ${keysNumber(key.frame, 2)}`) };
    return [line(rest.flatMap((key) => stageFrustum(keyPose(key), deep, ratio())), "#9aa3b5", 2), marks,
      line(chosen.flatMap((key) => stageFrustum(keyPose(key), deep * 1.15, ratio())), "#ffb454", 5)];
  }

  /** The playhead's camera and its line of sight, drawn over the view: they move with every frame. */
  function showHead() {
    if (!plot.clientWidth || !ready) return;
    const see = projector();
    const pose = store.poseAt(store.playhead);
    const outline = (pieces) => pieces.map((piece) => piece.map(see)).filter((piece) => piece.every(Boolean))
      .map((piece) => `M${piece.map((spot) => spot.map((value) => value.toFixed(1)).join(" ")).join("L")}`).join("");
    const target = store.doc.look_at && (store.sampled?.target?.length === 1 ? store.sampled.target[0] : store.doc.look_at.keys?.length ? null : store.doc.look_at.target);
    headLine.classList.toggle("ms-keys-onkey", store.selected.some((key) => Math.round(key.frame) === store.playhead));
    headLine.setAttribute("d", outline(stageFrustum(pose, size() * 1.3, ratio())));
    sightLine.setAttribute("d", target ? outline([[pose.position, target]]) : "");
  }

  function traces() {
    const points = store.scenery?.points;
    const cloud = { type: "scatter3d", mode: "markers", hoverinfo: "skip", x: points ? points.x : [], y: points ? points.z.map((value) => -value) : [], z: points ? points.y : [],
      marker: { size: 2.4, color: points ? points.colour : [], opacity: 1, line: { width: 0 } } };
    const targets = store.doc.look_at ? (store.sampled?.target || [store.doc.look_at.target]) : [];
    return [cloud, line([...floor(), ...stageFrustum({ ...home, focal: store.scenery?.focal || 50 }, 0.5, ratio())], "#2b313d", 1), pathTrace(), ...keyTraces(),
      { type: "scatter3d", mode: targets.length > 1 ? "lines+markers" : "markers", ...column(targets), hoverinfo: "text", text: "Looks here", marker: { size: 7, symbol: "cross", color: "#6fd8d4" }, line: { color: "#6fd8d4", width: 2 } }];
  }

  function layout() {
    const reach = [...pathPlaces(), ...(store.doc.look_at ? [store.doc.look_at.target] : [])].map(stagePlace);
    const points = store.scenery?.points;
    const clouds = points ? [points.x, points.z, points.y] : [[], [], []];
    half = half.map((old, axis) => Math.max(old, ...[...reach.map((place) => Math.abs(place[axis]) + 3), clouds[axis].reduce((most, value) => Math.max(most, Math.abs(value)), 0) + 1]));
    const axis = (index) => ({ visible: false, showspikes: false, autorange: false, range: [-half[index], half[index]] });
    return { uirevision: "keep", showlegend: false, margin: { l: 0, r: 0, t: 0, b: 0 }, paper_bgcolor: "rgba(0,0,0,0)", hovermode: "closest",
      hoverlabel: { bgcolor: "#14161b", bordercolor: "#363c49", font: { color: "#ecebe7", size: 12 } },
      scene: { uirevision: "keep", dragmode: false, aspectmode: "manual", bgcolor: "rgba(0,0,0,0)", camera: camera(),
        aspectratio: { x: half[0] * 2 * STAGE_SCALE, y: half[1] * 2 * STAGE_SCALE, z: half[2] * 2 * STAGE_SCALE }, xaxis: axis(0), yaxis: axis(1), zaxis: axis(2) } };
  }

  // --- drawing, no faster than it can be seen ---
  let busy = false, wanted = "";
  function later(what) {
    wanted = what === "all" || wanted === "all" ? "all" : what;
    if (busy || failed || !plot.clientWidth) return;
    busy = true;
    requestAnimationFrame(async () => {
      const now = wanted;
      const began = performance.now();
      wanted = "";
      try {
        if (!ready) await begin();
        else if (now === "all") await Plotly.react(plot, traces(), layout(), CONFIG);
        else await Plotly.relayout(plot, { "scene.camera": camera() });
      } catch (problem) { fail(problem); }
      showCompass();
      showHead();
      setTimeout(() => { busy = false; if (wanted) later(wanted); }, now === "view" ? 0 : Math.min(300, performance.now() - began)); // Leave the page time for itself.
    });
  }
  const draw = () => later("all");
  const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false, showTips: false };

  async function begin() {
    if (!window.Plotly) throw new Error("Plotly is missing");
    const probe = document.createElement("canvas");
    if (!probe.getContext("webgl") && !probe.getContext("webgl2")) throw new Error("WebGL is missing"); // or Plotly covers the page with a notice of its own
    await Plotly.newPlot(plot, traces(), layout(), CONFIG);
    if (!plot.querySelector("canvas")) throw new Error("WebGL is missing");
    ready = true;
  }
  function fail(problem) {
    console.error("3D view:", problem);
    if (ready && window.Plotly) return;
    failed = true;
    window.Plotly?.purge(plot);
    plot.replaceChildren();
    trouble.hidden = false;
    trouble.textContent = "The 3D view needs WebGL, which this browser does not offer here. Everything else works without it.";
  }

  // --- hands: drag turns, Shift or the right button or two fingers move, wheel or pinch comes nearer ---
  const fingers = new Map();
  let began = null; // where and when a press began that may still become a click
  function turnView(dx, dy) {
    view.around -= dx * 0.0075;
    view.above = keysClamp(view.above + dy * 0.0075, -1.55, 1.55);
  }
  function moveView(dx, dy) {
    const { right, above } = axes();
    const far = view.distance * 2 * Math.tan(STAGE_FIELD / 2) / plot.clientHeight;
    view.target = plus(plus(view.target, right, -dx * far), above, dy * far);
  }
  function nearer(times) { view.distance = keysClamp(view.distance * times, 0.05, 100); }

  plot.addEventListener("pointerdown", (event) => {
    if (!ready) return;
    plot.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    began = fingers.size === 1 && event.button === 0 ? { x: event.clientX, y: event.clientY, time: event.timeStamp } : null;
  });
  plot.addEventListener("pointermove", (event) => {
    const old = fingers.get(event.pointerId);
    if (!old) return;
    const now = [event.clientX, event.clientY];
    if (began && Math.hypot(now[0] - began.x, now[1] - began.y) < 5) return;
    const [dx, dy] = minus(now, old);
    began = null;
    if (fingers.size === 2) {
      const other = [...fingers].find(([id]) => id !== event.pointerId)[1];
      const spread = (one) => Math.max(20, Math.hypot(...minus(one, other)));
      nearer(spread(old) / spread(now));
      moveView(dx / 2, dy / 2);
    } else if (event.shiftKey || event.buttons & 6) moveView(dx, dy);
    else turnView(dx, dy);
    fingers.set(event.pointerId, now);
    later("view");
  });
  for (const kind of ["pointerup", "pointercancel"]) plot.addEventListener(kind, (event) => {
    fingers.delete(event.pointerId);
    if (kind === "pointerup" && began && event.timeStamp - began.time < 800) pick(event);
    began = null;
  });
  plot.addEventListener("wheel", (event) => {
    if (!ready) return;
    event.preventDefault();
    nearer(Math.exp(keysClamp(event.deltaY, -200, 200) * (event.deltaMode ? 0.03 : 0.0015)));
    later("view");
  }, { passive: false });
  plot.addEventListener("contextmenu", (event) => event.preventDefault());

  /** A click on a key's camera selects it, one on the path moves the playhead there. */
  function pick(event) {
    const box = plot.getBoundingClientRect();
    const at = [event.clientX - box.left, event.clientY - box.top];
    const see = projector();
    const near = (place) => { const spot = see(place); return spot ? Math.hypot(...minus(spot, at)) : Infinity; };
    const reach = event.pointerType === "touch" ? 30 : 18;
    const deep = size();
    const found = store.keys.map((key) => {
      const pose = keyPose(key);
      const middle = stageTurn(pose.rotation).map((row, axis) => pose.position[axis] - row[2] * deep * 0.7);
      return { key, away: Math.min(near(key.position), near(middle)) };
    }).sort((one, other) => one.away - other.away)[0];
    if (found.away <= reach) {
      if (event.shiftKey) store.select([found.key._id], { add: true });
      else store.toKey(found.key);
      return;
    }
    const path = store.sampled;
    const spot = path?.at?.map((frame, index) => ({ frame, away: near([path.x[index], path.y[index], path.z[index]]) })).sort((one, other) => one.away - other.away)[0];
    if (spot && spot.away <= reach * 0.6) store.seek(spot.frame);
  }

  for (const name of ["doc", "selection", "sampled", "coverage", "scenery"]) store.on(name, draw);
  store.on("playhead", showHead);
  new ResizeObserver(() => {
    if (!plot.clientWidth) return;
    if (ready) Plotly.Plots.resize(plot).then(() => { showHead(); if (wanted) later(wanted); }); // what changed while the tab was hidden
    else draw();
  }).observe(plot);
}
