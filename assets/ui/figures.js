// What a subject does, shown by a small jointed figure that really does it: it walks, it jumps, it
// falls. Lengths are shares of the figure's height, angles radians, forward is to the right.

const FIGURE = (() => {
  const THIGH = 0.25, SHIN = 0.25, TORSO = 0.29, NECK = 0.05, HEAD = 0.075, UPPER = 0.17, FORE = 0.16;
  const TURN = 2 * Math.PI;
  const pulse = (t, from, to) => Math.sin(Math.PI * Math.min(1, Math.max(0, (t - from) / (to - from))));
  const ramp = (t, from, to) => { const s = Math.min(1, Math.max(0, (t - from) / (to - from))); return s * s * (3 - 2 * s); };

  /**
   * How the figure stands at `t`, 0 to 1 through one round of the action. Legs are [thigh, knee], arms
   * [shoulder, elbow]; `lift` is the height above the ground, `tip` a fall about the feet, `wide` how
   * much of its side it shows.
   */
  function stance(action, t) {
    const a = t * TURN;
    const pose = { lean: 0, lift: 0, tip: 0, shift: 0, wide: 1, squash: 1, drift: 0, legs: [[0.06, 0.05], [-0.06, 0.05]], arms: [[0.1, 0.2], [-0.1, 0.2]] };
    switch (action) {
      case "walk":
        pose.legs = [0, Math.PI].map((off) => [0.46 * Math.sin(a + off), 0.12 + 0.75 * Math.max(0, Math.cos(a + off + 0.35)) ** 1.5]);
        pose.arms = [Math.PI, 0].map((off) => [0.5 * Math.sin(a + off), 0.3]);
        pose.lean = 0.06; pose.drift = 0.9;
        break;
      case "run": {
        pose.legs = [0, Math.PI].map((off) => [0.18 + 0.85 * Math.sin(a + off), 0.35 + 1.35 * Math.max(0, Math.cos(a + off + 0.2))]);
        pose.arms = [Math.PI, 0].map((off) => [0.9 * Math.sin(a + off), 1.5]);
        pose.lean = 0.3; pose.drift = 1.9; pose.lift = 0.055 * (0.5 + 0.5 * Math.cos(2 * a));
        break;
      }
      case "dance": {
        const beat = Math.sin(a), off = Math.abs(Math.sin(a));
        pose.shift = 0.07 * beat; pose.lean = -0.22 * beat;
        pose.legs = [[0.3 + 0.18 * beat, 0.35 + 0.3 * off], [-0.3 + 0.18 * beat, 0.05 - 0.3 * off]];
        pose.arms = [[2.0 + 0.75 * beat, 0.7], [-2.0 + 0.75 * beat, -0.7]];
        break;
      }
      case "jump": {
        const crouch = pulse(t, 0.02, 0.34) + 0.75 * pulse(t, 0.68, 0.94);
        const air = Math.min(1, Math.max(0, (t - 0.28) / 0.44));
        pose.lift = 0.32 * 4 * air * (1 - air);
        const tuck = pulse(t, 0.28, 0.72);
        pose.legs = [[0.85 * crouch + 0.5 * tuck, 1.55 * crouch + 0.9 * tuck], [0.7 * crouch - 0.1 * tuck, 1.4 * crouch + 0.6 * tuck]];
        pose.lean = 0.45 * crouch;
        pose.arms = [[2.6 * tuck - 0.9 * crouch, 0.2], [2.3 * tuck - 1.0 * crouch, 0.2]];
        break;
      }
      case "fall": {
        const s = Math.min(1, Math.max(0, (t - 0.12) / 0.36));
        const bump = 0.05 * pulse(t, 0.48, 0.6);
        pose.tip = 1.42 * s * s - bump;
        pose.legs = [[0.1, 0.1 + 0.3 * s], [-0.1 - 0.25 * s, 0.1]];
        pose.arms = [[0.2 + 1.7 * s, 0.2], [0.1 + 1.3 * s, 0.4]];
        break;
      }
      case "wave":
        pose.arms = [[2.55, 0.05 + 0.55 * Math.sin(2 * a)], [-0.12, 0.15]];
        pose.lean = 0.03 * Math.sin(a);
        break;
      case "sway":
        pose.lean = 0.24 * Math.sin(a); pose.tip = 0.09 * Math.sin(a);
        pose.arms = [[0.14 - 0.28 * Math.sin(a - 0.7), 0.15], [-0.14 - 0.28 * Math.sin(a - 0.7), -0.15]];
        pose.legs = [[0.03, 0], [-0.03, 0]];
        break;
      case "float":
        pose.lift = 0.2 + 0.055 * Math.sin(a); pose.lean = 0.08 + 0.05 * Math.sin(a - 0.6);
        pose.legs = [[0.2 + 0.1 * Math.sin(a), 0.5], [-0.12 + 0.1 * Math.sin(a + 1), 0.55]];
        pose.arms = [[1.15 + 0.15 * Math.sin(a), 0.25], [-1.0 - 0.15 * Math.sin(a + 0.6), -0.2]];
        break;
      case "turn":
        pose.wide = Math.cos(a); pose.ring = true;
        pose.arms = [[0.5, 0.3], [-0.5, -0.3]]; pose.legs = [[0.16, 0], [-0.16, 0]];
        break;
      default:
        pose.squash = 1 + 0.03 * Math.sin(a);
        pose.arms = [[0.16 + 0.04 * Math.sin(a), 0.2], [-0.2 - 0.04 * Math.sin(a), -0.15]];
        pose.legs = [[0.09, 0], [-0.09, 0]];
    }
    return pose;
  }

  const along = ([x, y], angle, reach) => [x + Math.sin(angle) * reach, y - Math.cos(angle) * reach];

  /** The joints, hip at the origin, y upwards. */
  function joints(pose) {
    const hip = [0, 0];
    const legs = pose.legs.map(([thigh, knee]) => {
      const at = along(hip, thigh, THIGH);
      return [hip, at, along(at, thigh - knee, SHIN)];
    });
    const up = (from, reach) => [from[0] + Math.sin(pose.lean) * reach, from[1] + Math.cos(pose.lean) * reach];
    const shoulder = up(hip, TORSO * pose.squash);
    const arms = pose.arms.map(([angle, elbow]) => {
      const at = along(shoulder, angle + pose.lean * 0.5, UPPER);
      return [shoulder, at, along(at, angle + pose.lean * 0.5 + elbow, FORE)];
    });
    return { legs, arms, spine: [hip, shoulder], head: up(shoulder, NECK + HEAD) };
  }

  /** Draw one action at `t` into a canvas. */
  return function draw(canvas, action, t, lit) {
    const { ctx, w, hgt } = blank(canvas);
    const tall = hgt * (["jump", "float"].includes(action) ? 0.62 : 0.78), ground = hgt * 0.88;
    const pose = stance(action, t);
    const parts = joints(pose);
    const drop = Math.max(...parts.legs.map((leg) => -leg[2][1]));
    const middle = w * (action === "fall" ? 0.27 : 0.5);
    ctx.strokeStyle = lit ? "#39414f" : "#2a303b";
    ctx.lineWidth = 1;
    ctx.beginPath();
    ctx.moveTo(0, ground + 2); ctx.lineTo(w, ground + 2);
    for (let tick = -1; tick < 9; tick++) {
      const x = (tick + 1 - ((t * pose.drift * 2) % 1)) * w / 8;
      ctx.moveTo(x, ground + 2); ctx.lineTo(x - 4, ground + 6);
    }
    ctx.stroke();
    const high = Math.max(0, pose.lift);
    ctx.fillStyle = `rgb(0 0 0 / ${0.55 - high * 0.7})`;
    ctx.beginPath();
    ctx.ellipse(middle + (pose.shift + 0.34 * Math.sin(Math.max(0, pose.tip))) * tall, ground + 2, tall * (0.17 + 0.2 * Math.abs(Math.sin(pose.tip)) - 0.1 * high), 2.6, 0, 0, TURN);
    ctx.fill();
    const cos = Math.cos(pose.tip), sin = Math.sin(pose.tip);
    const place = ([x, y]) => {
      const px = (x * pose.wide + pose.shift), py = y + drop;
      return [middle + (px * cos + py * sin) * tall, ground - (py * cos - px * sin + pose.lift + 0.03 * Math.abs(sin)) * tall];
    };
    const near = lit ? "#f4b860" : "#a58d69", far = lit ? "#a96a22" : "#6b5940";
    ctx.lineCap = ctx.lineJoin = "round";
    const limb = (points, colour, thick) => {
      ctx.strokeStyle = colour; ctx.lineWidth = thick * tall;
      ctx.beginPath();
      points.map(place).forEach(([x, y], index) => (index ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
      ctx.stroke();
    };
    const back = pose.wide < 0 ? 0 : 1;
    limb(parts.arms[back], far, 0.07);
    limb(parts.legs[back], far, 0.085);
    limb(parts.spine, near, 0.14);
    limb(parts.legs[1 - back], near, 0.085);
    limb(parts.arms[1 - back], near, 0.07);
    const [hx, hy] = place(parts.head);
    ctx.fillStyle = near;
    ctx.beginPath(); ctx.arc(hx, hy, HEAD * tall, 0, TURN); ctx.fill();
    if (pose.ring) {
      ctx.strokeStyle = lit ? "#ffd595" : "#737988"; ctx.lineWidth = 1.4;
      ctx.beginPath(); ctx.ellipse(middle, ground, tall * 0.36, tall * 0.09, 0, -0.35, Math.PI + 0.35); ctx.stroke();
      const [ex, ey] = [middle - tall * 0.36 * Math.cos(0.35), ground - tall * 0.09 * Math.sin(0.35)];
      ctx.beginPath(); ctx.moveTo(ex - 3, ey + 4.5); ctx.lineTo(ex, ey); ctx.lineTo(ex + 5, ey + 2); ctx.stroke();
    }
  };
})();

/** A canvas made as large as it is shown, dark, with what one needs to draw on it. */
function blank(canvas) {
  const scale = Math.min(2, window.devicePixelRatio || 1);
  const w = canvas.clientWidth || 88, hgt = canvas.clientHeight || 52;
  if (canvas.width !== Math.round(w * scale) || canvas.height !== Math.round(hgt * scale)) {
    canvas.width = Math.round(w * scale);
    canvas.height = Math.round(hgt * scale);
  }
  const ctx = canvas.getContext("2d");
  ctx.setTransform(scale, 0, 0, scale, 0, 0);
  ctx.fillStyle = "#0e1015";
  ctx.fillRect(0, 0, w, hgt);
  return { ctx, w, hgt };
}

const ROUNDS = { walk: 1300, run: 760, dance: 1100, jump: 1700, fall: 2600, wave: 1800, sway: 2800, float: 2800, turn: 2400, idle: 3000 };

/** What is in the air, drawn small over a dark landscape. */
const AIR = (() => {
  const TURN = 2 * Math.PI;
  const chance = (n) => { const x = Math.sin(n * 127.1 + 11.7) * 43758.5453; return x - Math.floor(x); };
  const wrap = (x) => x - Math.floor(x);
  const BLOWN = { left: -1, right: 1, forward: 0.12, backward: -0.12, still: 0 };

  function land(ctx, w, hgt, effect) {
    const sky = ctx.createLinearGradient(0, 0, 0, hgt);
    const warm = ["embers", "dust", "leaves", "light_rays"].includes(effect);
    const night = ["fireflies", "bokeh", "embers"].includes(effect);
    sky.addColorStop(0, night ? "#0f131c" : warm ? "#2a2a2f" : "#232c3a");
    sky.addColorStop(1, night ? "#1d2330" : warm ? "#574636" : "#4a5a70");
    ctx.fillStyle = sky; ctx.fillRect(0, 0, w, hgt);
    for (const [base, swing, tone] of [[0.66, 0.1, "#1f2733"], [0.82, 0.07, "#12161d"]]) {
      ctx.fillStyle = tone;
      ctx.beginPath(); ctx.moveTo(0, hgt);
      for (let x = 0; x <= w; x += 4) ctx.lineTo(x, hgt * (base + swing * Math.sin(x / w * 5 + base * 20)));
      ctx.lineTo(w, hgt); ctx.fill();
    }
  }

  return function draw(canvas, effect, t, { wind = "still", amount = 0.6 } = {}) {
    const { ctx, w, hgt } = blank(canvas);
    land(ctx, w, hgt, effect);
    const blow = BLOWN[wind] || 0;
    const count = (most) => Math.round(most * (0.25 + 0.75 * amount));
    const grain = (each, most) => { for (let n = 0; n < count(most); n++) each(n, chance(n), chance(n + 500), 0.4 + 0.6 * chance(n + 900)); };
    const dot = (x, y, r, colour) => { ctx.fillStyle = colour; ctx.beginPath(); ctx.arc(x, y, r, 0, TURN); ctx.fill(); };
    const glow = (x, y, r, colour) => {
      const light = ctx.createRadialGradient(x, y, 0, x, y, r);
      light.addColorStop(0, colour); light.addColorStop(1, "transparent");
      ctx.fillStyle = light; ctx.fillRect(x - r, y - r, 2 * r, 2 * r);
    };
    ctx.lineCap = "round";
    switch (effect) {
      case "rain": grain((n, a, b, near) => {
        const x = wrap(a + t * blow * 0.5) * w * 1.2 - w * 0.1, y = wrap(b + t * 1.6 * near) * hgt * 1.2 - hgt * 0.1, reach = hgt * 0.2 * near;
        ctx.strokeStyle = `rgb(200 220 245 / ${0.55 * near})`; ctx.lineWidth = near;
        ctx.beginPath(); ctx.moveTo(x, y); ctx.lineTo(x + blow * reach * 0.5, y + reach); ctx.stroke();
      }, 46); break;
      case "snow": grain((n, a, b, near) => dot(
        wrap(a + t * blow * 0.3 + 0.03 * Math.sin(TURN * t + n)) * w, wrap(b + t * 0.32 * near) * hgt, 1.7 * near * near + 0.3, `rgb(240 246 255 / ${0.85 * near})`), 46); break;
      case "dust": grain((n, a, b, near) => dot(
        wrap(a + t * (0.05 + blow * 0.3)) * w, wrap(b + 0.05 * Math.sin(TURN * t * 0.4 + n)) * hgt, 0.9 * near + 0.2, `rgb(255 226 180 / ${0.6 * near})`), 44); break;
      case "fog": for (let n = 0; n < 6; n++) {
        const y = hgt * (0.42 + n * 0.1), x = wrap(chance(n) + t * (0.06 + blow * 0.2)) * w * 1.6 - w * 0.3;
        glow(x, y, w * 0.5, `rgb(205 214 226 / ${0.34 * (0.4 + 0.6 * amount)})`); glow(w - x, y, w * 0.4, `rgb(205 214 226 / ${0.26 * amount})`);
      } break;
      case "embers": grain((n, a, b, near) => { const x = wrap(a + t * blow * 0.3 + 0.05 * Math.sin(TURN * t * 0.5 + n)) * w, y = wrap(b - t * 0.35 * near) * hgt;
        glow(x, y, 5 * near, `rgb(255 120 30 / ${0.5 * near})`); dot(x, y, 0.8 * near + 0.2, "#ffd59a"); }, 22); break;
      case "leaves": grain((n, a, b, near) => { ctx.save();
        ctx.translate(wrap(a + t * (0.05 + blow * 0.35)) * w, wrap(b + t * 0.3 * near) * hgt); ctx.rotate(TURN * (t * 0.6 + a));
        ctx.scale(1, 0.35 + 0.6 * Math.abs(Math.sin(TURN * t * 0.5 + n))); ctx.fillStyle = ["#d98a3a", "#b5552d", "#c9a24a", "#8c7a3b"][n % 4];
        ctx.beginPath(); ctx.ellipse(0, 0, 3.8 * near, 2 * near, 0, 0, TURN); ctx.fill(); ctx.restore(); }, 15); break;
      case "bokeh": grain((n, a, b, near) => dot(wrap(a + t * 0.03 + t * blow * 0.06) * w, b * hgt * 0.85, 3 + 7 * near * near,
        [`rgb(255 190 110 / ${0.3 * near})`, `rgb(150 190 255 / ${0.26 * near})`, `rgb(255 140 160 / ${0.24 * near})`][n % 3]), 13); break;
      case "fireflies": grain((n, a, b, near) => { const on = Math.max(0, Math.sin(TURN * (t * 0.5 + a))) ** 2;
        const x = wrap(a + 0.05 * Math.sin(TURN * t * 0.3 + n) + t * blow * 0.08) * w, y = (0.35 + 0.6 * b + 0.04 * Math.sin(TURN * t * 0.4 + 2 * n)) * hgt;
        glow(x, y, 7 * near, `rgb(214 255 120 / ${0.6 * on})`); dot(x, y, 0.9, `rgb(245 255 200 / ${0.25 + 0.75 * on})`); }, 15); break;
      case "light_rays": ctx.globalCompositeOperation = "screen";
        for (let n = 0; n < 6; n++) { const turn = 0.18 + n * 0.2 + 0.03 * Math.sin(TURN * t * 0.3 + n), width = 0.05 + 0.05 * chance(n);
          const light = ctx.createLinearGradient(w * 0.1, 0, w * 0.1 + Math.cos(turn) * w, Math.sin(turn) * w);
          light.addColorStop(0, `rgb(255 226 170 / ${(0.3 + 0.35 * amount) * (0.6 + 0.4 * Math.sin(TURN * t * 0.4 + 2 * n))})`); light.addColorStop(1, "transparent");
          ctx.fillStyle = light; ctx.beginPath(); ctx.moveTo(w * 0.06, -4);
          ctx.lineTo(w * 0.06 + Math.cos(turn - width) * w * 1.3, Math.sin(turn - width) * w * 1.3); ctx.lineTo(w * 0.06 + Math.cos(turn + width) * w * 1.3, Math.sin(turn + width) * w * 1.3); ctx.fill(); }
        ctx.globalCompositeOperation = "source-over"; break;
    }
  };
})();

/** Plays tiles for as long as they are in the page, and only while they are on show. */
function playTiles(tiles, paintOne) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  let last = 0;
  const paint = (now) => {
    if (!tiles[0].canvas.isConnected) return;
    requestAnimationFrame(paint);
    if (document.hidden || tiles[0].canvas.offsetParent === null || now - last < (calm.matches ? 500 : 50)) return;
    last = now;
    for (const tile of tiles) paintOne(tile, calm.matches ? 0.3 : null, now);
  };
  requestAnimationFrame(paint);
}
