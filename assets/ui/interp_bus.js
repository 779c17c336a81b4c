// What the panels of the Interpolate tab tell one another: which clip is loaded, the chosen moment, the
// chosen part. A panel that is put on the page later hears the latest of each.

const bus = (window.motionSynthInterp ||= {
  last: {},
  ears: {},
  tell(kind, what) {
    this.last[kind] = what;
    for (const ear of this.ears[kind] || []) ear(what);
  },
  /** What was told of these no longer holds. */
  forget(...kinds) {
    for (const kind of kinds) delete this.last[kind];
  },
  on(kind, ear) {
    (this.ears[kind] ||= []).push(ear);
    if (this.last[kind]) ear(this.last[kind]);
  },
});

/** A moment as an editor reads it: "2.40". */
const moment = (value) => Number(value).toFixed(2);

const within = (value, low, high) => Math.min(high, Math.max(low, value));

/** A speed in words short enough for a slider: "1/4 speed", "2× faster". */
function speedWords(speed) {
  if (Math.abs(speed - 1) < 0.005) return "as it was";
  if (speed > 1) return `${Number(speed.toFixed(2))}× faster`;
  const times = 1 / speed;
  return `${Number(times.toFixed(times < 3 ? 2 : 1))}× slower`;
}

/** Whether a panel is on show and a key press is meant for the page rather than for a text field. */
function hears(root, event) {
  return root.isConnected && root.offsetParent !== null && !isTyping(event);
}
