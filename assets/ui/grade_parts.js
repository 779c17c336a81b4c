// The parts a grading desk is made of: a slider that rests in its middle, a number to type, a colour wheel,
// and a tone curve. Each has a `node` and `paint()`; each goes back to rest on a double click.

/**
 * Where a value stands on a slider: from -1 to 1 with the value at rest in the middle, or from 0 to 1 where
 * it rests at an end or is a share.
 */
function scaleOf({ min, max, rest }) {
  if (rest <= min || rest >= max || (min === 0 && max === 1)) {
    return { least: 0, place: (value) => (value - min) / (max - min), value: (place) => min + (max - min) * place, anchor: 0, rest: (rest - min) / (max - min) };
  }
  const up = max - rest, down = rest - min;
  // A side that is much longer is stretched, so that its first steps are as fine as the other's.
  const power = up > down * 1.5 ? 2 : 1;
  return {
    least: -1, anchor: 0, rest: 0,
    place: (value) => (value >= rest ? ((value - rest) / up) ** (1 / power) : (value - rest) / down),
    value: (place) => (place >= 0 ? rest + up * place ** power : rest + down * place),
  };
}

/** A number as short as it may be. */
const brief = (value, digits) => String(Number(value.toFixed(digits)));

function numberField({ id, label, digits, read, write }) {
  const input = h("input", { type: "text", inputmode: "decimal", class: "ms-input ms-number", id, "aria-label": label, title: label,
    onfocus: () => input.select(),
    onchange: () => {
      const typed = Number(input.value.replace(",", ".").replace("−", "-").trim() || NaN);
      if (Number.isFinite(typed)) write(typed, "");
      input.blur();
      paint();
    },
    onkeydown: (event) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (event.key === "Enter") input.blur();
      if (!by) return;
      event.preventDefault();
      write(Number((read() + by * 10 ** -digits * (event.shiftKey ? 10 : 1)).toFixed(digits + 1)), `keys ${id}`);
      input.value = brief(read(), digits);
    } });
  const paint = () => { if (document.activeElement !== input) input.value = brief(read(), digits); };
  return { node: input, paint };
}

/** A slider with a number beside it; the button and a double click put it back. */
function control({ id, label, help, bounds, digits = 2, read, write, tint = "", problem, reset = () => write(bounds.rest, ""), off = () => Math.abs(read() - bounds.rest) > 1e-9 }) {
  const scale = scaleOf(bounds);
  const box = numberField({ id: `${id}-number`, label: `${label}, as a number`, digits, read, write });
  let strokes = 0; // each stroke of the hand is one step of undo
  const slider = h("input", { type: "range", class: "ms-range ms-centred", id, min: String(scale.least), max: "1", step: "0.005", title: `${help} Double click puts it back.`, "aria-label": label,
    oninput: () => {
      const near = slider.matches(":active") && Math.abs(Number(slider.value) - scale.rest) < 0.012;
      write(near ? bounds.rest : Number(scale.value(Number(slider.value)).toFixed(digits + 1)), `slide ${id} ${strokes}`);
      slider.setAttribute("aria-valuetext", brief(read(), digits));
    },
    onchange: () => { strokes += 1; },
    ondblclick: reset });
  if (tint) slider.style.setProperty("--lamp", tint);
  const back = button("", { symbol: "counterclockwise", kind: "quiet", title: `Put ${label.toLowerCase()} back`, class: "ms-button ms-quiet ms-back", "data-reset": id, onclick: reset });
  const node = h("div", { class: "ms-field ms-control" }, h("div", { class: "ms-label", ondblclick: reset }, h("label", { for: id, title: help }, label), back, box.node), slider, problem || null);
  function paint() {
    const value = read(), place = within(scale.place(value), scale.least, 1);
    if (!slider.matches(":active")) slider.value = String(place);
    const share = (one) => `${(one - scale.least) / (1 - scale.least) * 100}%`;
    slider.style.setProperty("--from", share(Math.min(scale.anchor, place)));
    slider.style.setProperty("--to", share(Math.max(scale.anchor, place)));
    back.classList.toggle("ms-idle", !off());
    node.classList.toggle("ms-set", off());
    box.paint();
  }
  return { node, paint };
}

/** A wheel for the balance of three numbers, with their mean below it. `kind` is "add" or "times". */
function colourWheel({ id, label, help, bounds, reach, kind, read, write, problem }) {
  const TURN = [104, 224, 344].map((degree) => degree * Math.PI / 180); // red, green, blue, as on a vectorscope
  const space = "http://www.w3.org/2000/svg";
  const draw = (tag, attributes) => { const one = document.createElementNS(space, tag); for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value); return one; };
  // Numbers that multiply are balanced by their logarithms, so that opposite ways undo each other.
  const into = kind === "add" ? (value) => value : (value) => Math.log2(Math.max(value, 2 ** -12));
  const out = kind === "add" ? (value) => value : (value) => 2 ** value;
  const mean = () => read().reduce((sum, one) => sum + into(one), 0) / 3;
  function spot() {
    const parts = read().map(into), middle = mean();
    return [0, 1].map((axis) => parts.reduce((sum, one, index) => sum + (one - middle) * (axis ? Math.sin : Math.cos)(TURN[index]), 0) * 2 / 3 / reach);
  }
  function put(x, y, middle, merge) {
    const clip = (one) => Number(within(out(one), bounds.min, bounds.max).toFixed(4));
    write(TURN.map((turn) => clip(middle + reach * (x * Math.cos(turn) + y * Math.sin(turn)))), merge);
  }
  const plate = h("div", { class: "ms-plate" });
  const dial = draw("svg", { viewBox: "-1.12 -1.12 2.24 2.24", class: "ms-dial", role: "slider", tabindex: "0", "aria-label": `${label}: colour`, "aria-valuetext": "in the middle", "aria-valuemin": "0", "aria-valuemax": "1", "aria-valuenow": "0", id });
  const puck = draw("circle", { r: "0.1", class: "ms-puck" });
  dial.append(draw("line", { x1: -1, x2: 1, y1: 0, y2: 0, class: "ms-cross" }), draw("line", { x1: 0, x2: 0, y1: -1, y2: 1, class: "ms-cross" }), puck);
  plate.append(dial);
  let drag = null;
  const inside = (event) => { const box = dial.getBoundingClientRect(); return [(event.clientX - box.left) / box.width * 2.24 - 1.12, 1.12 - (event.clientY - box.top) / box.height * 2.24]; };
  dial.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && event.button) return;
    drag = { id: event.pointerId, from: inside(event), start: spot(), middle: mean(), merge: `wheel ${id} ${performance.now()}` };
    dial.setPointerCapture(event.pointerId);
    dial.focus({ preventScroll: true });
    event.preventDefault();
  });
  dial.addEventListener("pointermove", (event) => {
    if (!drag || event.pointerId !== drag.id) return;
    const [x, y] = inside(event), fine = event.shiftKey ? 0.25 : 1; // the puck goes as far as the hand
    let to = [drag.start[0] + (x - drag.from[0]) * fine, drag.start[1] + (y - drag.from[1]) * fine];
    const far = Math.hypot(...to);
    if (far > 1) to = to.map((one) => one / far);
    put(to[0], to[1], drag.middle, drag.merge);
  });
  for (const end of ["pointerup", "pointercancel"]) dial.addEventListener(end, (event) => { if (drag?.id === event.pointerId) drag = null; });
  dial.addEventListener("dblclick", () => put(0, 0, mean(), ""));
  dial.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way) return;
    const [x, y] = spot(), by = event.shiftKey ? 0.1 : 0.02;
    put(x + way[0] * by, y + way[1] * by, mean(), `wheel keys ${id}`);
    event.preventDefault();
    event.stopPropagation();
  });
  const rest = bounds.rest;
  const side = kind === "add" ? Math.min(0.5, bounds.max) : 2;
  const master = control({ id: `${id}-all`, label, help, digits: 3, read: () => out(mean()), problem,
    bounds: kind === "add" ? { min: -side, max: side, rest } : { min: 1 / side / 2, max: side * 1.25, rest },
    reset: () => write([rest, rest, rest], ""), off: () => read().some((one) => Math.abs(one - rest) > 1e-9),
    write: (value, merge) => { const [x, y] = spot(); put(x, y, into(Math.max(value, kind === "add" ? -9 : 0.001)), merge); } });
  const numbers = ["Red", "Green", "Blue"].map((colour, index) => numberField({ id: `${id}-${index}`, label: `${label}, ${colour.toLowerCase()}`, digits: 3, read: () => read()[index],
    write: (value, merge) => { const next = [...read()]; next[index] = value; write(next, merge); } }));
  const node = h("div", { class: "ms-wheel" }, plate, master.node, h("div", { class: "ms-triple" }, numbers.map((one) => one.node)));
  function paint() {
    const [x, y] = spot(), far = Math.hypot(x, y), shrink = far > 1 ? 1 / far : 1;
    puck.setAttribute("cx", String(x * shrink));
    puck.setAttribute("cy", String(-y * shrink));
    dial.setAttribute("aria-valuetext", far < 0.005 ? "in the middle" : `${Math.round(far * 100)} % towards ${Math.round((Math.atan2(y, x) * 180 / Math.PI + 360) % 360)}°`);
    dial.setAttribute("aria-valuenow", far.toFixed(2));
    master.paint();
    for (const one of numbers) one.paint();
  }
  return { node, paint };
}

/** The tone curve of one channel: click to add a point, drag it, Delete or a double click takes it away. */
function toneCurve({ read, write, ink, longest }) {
  const space = "http://www.w3.org/2000/svg", EDGE = 8;
  const plot = document.createElementNS(space, "svg");
  plot.setAttribute("class", "ms-tonecurve");
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", "Tone curve: dark to bright; click to add a point");
  let chosen = -1, drag = null, bins = null;
  const draw = (tag, attributes = {}) => { const one = document.createElementNS(space, tag); for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value); return one; };
  const points = () => (read().length ? read().map((one) => [...one]) : [[0, 0], [1, 1]]);
  const size = () => ({ width: Math.max(120, plot.clientWidth || 240), height: plot.clientHeight || 200 });
  const X = (x) => EDGE + x * (size().width - 2 * EDGE);
  const Y = (y) => size().height - EDGE - y * (size().height - 2 * EDGE);
  const place = (event) => { const box = plot.getBoundingClientRect(); const { width, height } = size();
    return [within((event.clientX - box.left - EDGE) / (width - 2 * EDGE), 0, 1), within(1 - (event.clientY - box.top - EDGE) / (height - 2 * EDGE), 0, 1)]; };
  /** Points that change nothing are no points. */
  const tidy = (all) => (all.length === 2 && JSON.stringify(all) === "[[0,0],[1,1]]" ? [] : all.map((one) => one.map((value) => Number(value.toFixed(4)))));
  const save = (all, merge) => write(tidy(all), merge);

  /** The smooth curve without overshoot of Fritsch and Butland (1984), as the server draws it. */
  function through(all) {
    const n = all.length, slope = [], tangent = new Array(n).fill(0);
    for (let i = 0; i < n - 1; i++) slope.push((all[i + 1][1] - all[i][1]) / (all[i + 1][0] - all[i][0]));
    for (let i = 1; i < n - 1; i++) {
      if (slope[i - 1] * slope[i] <= 0) continue;
      const before = all[i][0] - all[i - 1][0], after = all[i + 1][0] - all[i][0];
      const near = 2 * after + before, far = after + 2 * before;
      tangent[i] = (near + far) / (near / slope[i - 1] + far / slope[i]);
    }
    const end = (h0, h1, m0, m1) => {
      if (m1 === undefined) return m0;
      const one = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1);
      if (one * m0 <= 0) return 0;
      return m0 * m1 <= 0 && Math.abs(one) > 3 * Math.abs(m0) ? 3 * m0 : one;
    };
    const gap = (i) => all[i + 1][0] - all[i][0];
    tangent[0] = end(gap(0), n > 2 ? gap(1) : 0, slope[0], slope[1]);
    tangent[n - 1] = end(gap(n - 2), n > 2 ? gap(n - 3) : 0, slope[n - 2], slope[n - 3]);
    return (x) => {
      if (x <= all[0][0]) return all[0][1];
      if (x >= all[n - 1][0]) return all[n - 1][1];
      let i = 0;
      while (x > all[i + 1][0]) i += 1;
      const wide = gap(i), t = (x - all[i][0]) / wide, u = 1 - t;
      return all[i][1] * u * u * (1 + 2 * t) + tangent[i] * wide * t * u * u + all[i + 1][1] * t * t * (3 - 2 * t) - tangent[i + 1] * wide * t * t * u;
    };
  }

  function paint() {
    const all = points(), curve = through(all), parts = [];
    chosen = Math.min(chosen, all.length - 1);
    parts.push(draw("rect", { class: "ms-rampfield", x: X(0), y: Y(1), width: X(1) - X(0), height: Y(0) - Y(1), rx: 4 }));
    if (bins) {
      const top = Math.max(1, ...bins.slice(2, -2));
      parts.push(draw("path", { class: "ms-bins", d: `M${X(0)} ${Y(0)}${bins.map((one, index) => `L${X(index / 255).toFixed(1)} ${Y(Math.min(1, one / top) * 0.9).toFixed(1)}`).join("")}L${X(1)} ${Y(0)}Z` }));
    }
    for (const share of [0.25, 0.5, 0.75]) parts.push(draw("line", { class: "ms-rampgrid", x1: X(share), x2: X(share), y1: Y(0), y2: Y(1) }), draw("line", { class: "ms-rampgrid", x1: X(0), x2: X(1), y1: Y(share), y2: Y(share) }));
    parts.push(draw("line", { class: "ms-rampone", x1: X(0), y1: Y(0), x2: X(1), y2: Y(1) }));
    const dots = [];
    for (let step = 0; step <= 128; step++) dots.push(`${X(step / 128).toFixed(1)} ${Y(within(curve(step / 128), 0, 1)).toFixed(1)}`);
    parts.push(draw("path", { class: "ms-rampline", d: `M${dots.join("L")}`, style: `stroke: ${ink()}` }));
    for (const [index, [x, y]] of all.entries()) {
      const dot = draw("circle", { class: `ms-ramppoint${index === chosen ? " ms-lit" : ""}`, cx: X(x).toFixed(1), cy: Y(y).toFixed(1), r: 5.5, tabindex: "0", role: "slider", "data-tone": String(index),
        "aria-label": `Point ${index + 1}`, "aria-valuetext": `${Math.round(x * 255)} becomes ${Math.round(y * 255)}`, "aria-valuenow": y.toFixed(3), "aria-valuemin": "0", "aria-valuemax": "1", style: `stroke: ${ink()}` });
      dot.addEventListener("focus", () => { if (chosen !== index && !drag) { chosen = index; paint(); focusOn(index); } });
      dot.addEventListener("keydown", (event) => nudge(event, index));
      parts.push(dot);
    }
    plot.replaceChildren(...parts);
  }
  const focusOn = (index) => plot.querySelector(`[data-tone="${index}"]`)?.focus({ preventScroll: true });
  function move(index, x, y, merge) {
    const all = points();
    all[index] = [within(x, index ? all[index - 1][0] + 0.005 : 0, index < all.length - 1 ? all[index + 1][0] - 0.005 : 1), within(y, 0, 1)];
    save(all, merge);
  }
  function remove(index) {
    const all = points();
    if (all.length <= 2) save([], "");
    else save(all.filter((_, one) => one !== index), "");
    chosen = -1;
  }
  function nudge(event, index) {
    const by = (event.shiftKey ? 10 : 1) / 255, all = points();
    const way = { ArrowLeft: [-by, 0], ArrowRight: [by, 0], ArrowUp: [0, by], ArrowDown: [0, -by] }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") remove(index);
    else if (way) { move(index, all[index][0] + way[0], all[index][1] + way[1], `tone keys ${index}`); focusOn(index); } else return;
    event.preventDefault();
    event.stopPropagation();
  }
  function near(event) {
    const box = plot.getBoundingClientRect(), reach = event.pointerType === "mouse" ? 11 : 20;
    const far = points().map(([x, y]) => Math.hypot(X(x) - (event.clientX - box.left), Y(y) - (event.clientY - box.top)));
    const best = far.indexOf(Math.min(...far));
    return far[best] <= reach ? best : -1;
  }
  plot.addEventListener("pointerdown", (event) => {
    if (drag || (event.pointerType === "mouse" && event.button)) return;
    let index = near(event);
    const merge = `tone ${performance.now()}`;
    if (index < 0) {
      const all = points(), [x, y] = place(event);
      if (all.length >= longest) return;
      index = all.findIndex((one) => one[0] > x);
      if (index < 0) index = all.length;
      if ([all[index - 1], all[index]].some((one) => one && Math.abs(one[0] - x) < 0.006)) return;
      all.splice(index, 0, [x, y]);
      save(all, merge);
    }
    chosen = index;
    drag = { id: event.pointerId, merge };
    plot.setPointerCapture(event.pointerId);
    paint();
    event.preventDefault();
  });
  plot.addEventListener("pointermove", (event) => { if (drag?.id === event.pointerId) move(chosen, ...place(event), drag.merge); });
  for (const kind of ["pointerup", "pointercancel"]) plot.addEventListener(kind, (event) => { if (drag?.id === event.pointerId) { drag = null; paint(); focusOn(chosen); } });
  plot.addEventListener("dblclick", (event) => { const index = near(event); if (index >= 0) { remove(index); paint(); } });
  new ResizeObserver(paint).observe(plot);
  return { node: plot, paint, histogram: (counts) => { bins = counts; paint(); } };
}
