// The speed ramp: speed over the time of the clip, as points to drag. Up is faster, down is slower, each
// step of the scale twice as much.

/**
 * The editor of a ramp.
 *
 * `hands` says how to read and change it: keys() gives a copy, change(edit, merge) takes new keys, and
 * eases holds 33 samples of each easing by name.
 */
function rampEditor(hands) {
  const LEFT = 34, RIGHT = 10, TOP = 8, AXIS = 18;
  const space = "http://www.w3.org/2000/svg";
  const plot = document.createElementNS(space, "svg");
  plot.setAttribute("class", "ms-ramp");
  plot.setAttribute("role", "group");
  plot.setAttribute("aria-label", "Speed over the time of the clip; click to add a point");
  let chosen = 0, drag = null, playhead = 0;

  const draw = (tag, attributes = {}, text = "") => {
    const node = document.createElementNS(space, tag);
    for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
    if (text) node.textContent = text;
    return node;
  };
  const length = () => Math.max(0.1, hands.seconds());
  const span = () => {
    const speeds = hands.keys().map((key) => Math.log2(key.speed));
    return { low: Math.min(-3, ...speeds) - 0.25, high: Math.max(1, ...speeds) + 0.25 };
  };
  const size = () => ({ width: Math.max(160, plot.clientWidth || 360), height: plot.clientHeight || 150 });
  function scales() {
    const { width, height } = size();
    const { low, high } = drag?.span || span();
    const inner = width - LEFT - RIGHT, tall = height - TOP - AXIS;
    return {
      width, height, low, high,
      X: (time) => LEFT + time / length() * inner,
      Y: (speed) => TOP + (high - Math.log2(speed)) / (high - low) * tall,
      time: (x) => within((x - LEFT) / inner * length(), 0, length()),
      speed: (y) => 2 ** within(high - (y - TOP) / tall * (high - low), Math.log2(hands.least), Math.log2(hands.most)),
    };
  }

  /** The speed at a moment, as the server works it out. */
  function speedAt(keys, time) {
    const after = keys.findIndex((key) => key.time > time);
    if (after === 0) return keys[0].speed;
    if (after < 0) return keys.at(-1).speed;
    const from = keys[after - 1], to = keys[after];
    const samples = hands.eases[from.ease] || hands.eases.linear;
    const place = (time - from.time) / (to.time - from.time) * (samples.length - 1);
    const lower = Math.min(samples.length - 2, Math.floor(place));
    const share = samples[lower] + (samples[lower + 1] - samples[lower]) * (place - lower);
    return hands.mix(from.speed, to.speed, share);
  }

  const words = (speed) => (speed >= 1 ? `${Number(speed.toFixed(2))}×` : ({ 0.5: "½", 0.25: "¼", 0.125: "⅛", 0.0625: "1⁄16" })[speed] || `${Number(speed.toFixed(3))}×`);

  function show() {
    const { width, height, low, high, X, Y } = scales();
    const keys = hands.keys();
    chosen = within(chosen, 0, keys.length - 1);
    const parts = [draw("rect", { class: "ms-rampfield", x: LEFT, y: TOP, width: Math.max(0, width - LEFT - RIGHT), height: height - TOP - AXIS, rx: 6 })];
    for (let step = Math.ceil(low); step <= high; step += 1) {
      const y = Y(2 ** step);
      parts.push(draw("line", { class: step === 0 ? "ms-rampone" : "ms-rampgrid", x1: LEFT, x2: width - RIGHT, y1: y, y2: y }),
        draw("text", { class: "ms-ramplabel", x: LEFT - 6, y: y + 4, "text-anchor": "end" }, words(2 ** step)));
    }
    const every = [0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600].find((one) => one / length() * (width - LEFT - RIGHT) >= 48) || 1200;
    for (let time = 0; time <= length() + 1e-6; time += every) {
      parts.push(draw("text", { class: "ms-ramplabel", x: X(time), y: height - 4, "text-anchor": time ? "middle" : "start" }, `${Number(time.toFixed(1))} s`));
    }
    const dots = [];
    for (let index = 0; index <= 160; index += 1) {
      const time = index / 160 * length();
      dots.push(`${X(time).toFixed(1)} ${Y(speedAt(keys, time)).toFixed(1)}`);
    }
    const base = Y(1);
    parts.push(draw("path", { class: "ms-ramparea", d: `M${X(0)} ${base}L${dots.join("L")}L${X(length())} ${base}Z` }),
      draw("path", { class: "ms-rampline", d: `M${dots.join("L")}` }),
      draw("line", { class: "ms-ramphead", x1: X(playhead), x2: X(playhead), y1: TOP, y2: height - AXIS }));
    for (const [index, key] of keys.entries()) {
      const dot = draw("circle", { class: `ms-ramppoint${index === chosen ? " ms-lit" : ""}`, cx: X(Math.min(key.time, length())).toFixed(1), cy: Y(key.speed).toFixed(1), r: index === chosen ? 7 : 5.5,
        tabindex: "0", role: "slider", "data-point": String(index), "aria-label": `Point ${index + 1} at ${moment(key.time)} s`,
        "aria-valuenow": String(key.speed), "aria-valuemin": String(hands.least), "aria-valuemax": String(hands.most), "aria-valuetext": speedWords(key.speed) });
      dot.addEventListener("keydown", (event) => nudge(event, index));
      dot.addEventListener("focus", () => { if (chosen !== index && !drag) { chosen = index; show(); focusOn(index); } });
      parts.push(dot);
    }
    plot.replaceChildren(...parts);
    hands.shown(keys[chosen], chosen);
  }
  const focusOn = (index) => plot.querySelector(`[data-point="${index}"]`)?.focus({ preventScroll: true });

  // --- the hand ---
  const inside = (event) => { const box = plot.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  function pointAt(x, y, reach) {
    const { X, Y } = scales();
    const far = hands.keys().map((key) => Math.hypot(X(Math.min(key.time, length())) - x, Y(key.speed) - y));
    const best = far.indexOf(Math.min(...far));
    return far[best] <= reach ? best : -1;
  }
  /** Near a round speed or the line's own height, a point settles there; Alt lets it go free. */
  function settled(speed, free) {
    if (free) return Number(speed.toFixed(4));
    const round = [1 / 16, 1 / 8, 1 / 4, 1 / 3, 1 / 2, 3 / 4, 1, 1.5, 2, 3, 4, 8, 16].find((one) => Math.abs(Math.log2(speed / one)) < 0.09);
    return round ?? Number(speed.toFixed(2));
  }
  const onFrame = (time) => Number((Math.round(time * hands.fps()) / hands.fps()).toFixed(4));

  function place(index, time, speed, merge) {
    hands.change((keys) => {
      const key = keys[index];
      const gap = 1 / hands.fps();
      const low = index ? keys[index - 1].time + gap : 0;
      const high = index < keys.length - 1 ? keys[index + 1].time - gap : Math.max(length(), key.time);
      key.time = Number(within(time, low, Math.max(low, high)).toFixed(4));
      key.speed = within(speed, hands.least, hands.most);
    }, merge);
  }

  plot.addEventListener("pointerdown", (event) => {
    if (drag || (event.pointerType === "mouse" && event.button)) return;
    const [x, y] = inside(event);
    const found = pointAt(x, y, event.pointerType === "mouse" ? 11 : 22);
    drag = { x, y, index: found, pointer: event.pointerId, moved: false, merge: `ramp ${performance.now()}`, span: span() };
    plot.setPointerCapture(event.pointerId);
    if (found >= 0) { chosen = found; show(); focusOn(found); }
    event.preventDefault();
  });
  plot.addEventListener("pointermove", (event) => {
    const [x, y] = inside(event);
    if (!drag) { plot.style.cursor = pointAt(x, y, 11) >= 0 ? "grab" : "copy"; return; }
    if (event.pointerId !== drag.pointer) return;
    if (!drag.moved && Math.hypot(x - drag.x, y - drag.y) < 4) return;
    drag.moved = true;
    if (drag.index < 0) return;
    const { time, speed } = scales();
    place(drag.index, onFrame(time(x)), settled(speed(y), event.altKey), drag.merge);
    show();
  });
  function release(event) {
    if (!drag || event.pointerId !== drag.pointer) return;
    const done = drag;
    drag = null;
    if (event.type === "pointerup" && !done.moved && done.index < 0) {
      const { time, speed } = scales();
      add(onFrame(time(done.x)), settled(speed(done.y), event.altKey));
    }
    show();
    if (event.type === "pointerup") focusOn(chosen);
  }
  plot.addEventListener("pointerup", release);
  plot.addEventListener("pointercancel", release);

  function add(time, speed) {
    if (hands.keys().length >= hands.longest) return;
    hands.change((keys) => {
      if (keys.some((key) => Math.abs(key.time - time) < 0.5 / hands.fps())) return;
      const after = keys.findIndex((key) => key.time > time);
      const index = after < 0 ? keys.length : after;
      keys.splice(index, 0, { time, speed, ease: keys[Math.max(0, index - 1)]?.ease || hands.ease });
      chosen = index;
    });
  }

  function remove() {
    if (hands.keys().length < 2) return;
    const gone = chosen;
    hands.change((keys) => keys.splice(gone, 1));
    chosen = Math.max(0, gone - 1);
    show();
    focusOn(chosen);
  }

  function nudge(event, index) {
    const key = hands.keys()[index];
    const more = event.shiftKey ? 10 : 1;
    const moves = {
      ArrowLeft: [-more / hands.fps(), 1], ArrowRight: [more / hands.fps(), 1],
      ArrowUp: [0, 2 ** (more / 16)], ArrowDown: [0, 2 ** (-more / 16)],
    };
    if (event.key === "Delete" || event.key === "Backspace") remove();
    else if (moves[event.key]) {
      const [time, times] = moves[event.key];
      place(index, onFrame(key.time + time), Number((key.speed * times).toFixed(4)), `nudge ${index} ${event.key}`);
      show();
      focusOn(index);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  new ResizeObserver(show).observe(plot);
  return {
    node: plot, show, remove,
    add: () => add(onFrame(playhead), settled(speedAt(hands.keys(), playhead), false)),
    put: (time, speed) => { place(chosen, time, speed, `typed ${chosen}`); show(); },
    playhead: (time) => { playhead = within(time, 0, length()); show(); },
  };
}
