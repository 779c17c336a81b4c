// The moves, shown as what the camera would see: a cube between posts on a ruled floor, drawn in
// perspective from a camera that really makes the move. A dolly passes the posts, a zoom does not.

const VIEW = (() => {
  const HOME = 10;
  const floor = -1.15;
  const posts = [[-4.6, -9, 5.2], [-1.4, -17, 8.2], [3.4, -7, 4.2], [6.8, -15, 9], [-9.5, -16, 6.6],
    [-3.1, 3.4, 1.5], [3.3, 4.4, 1.2]];

  /** Where the camera stands and looks, for progress 0 to 1. Angles in radians. */
  function camera(type, direction, t) {
    const pose = { x: 0, y: 0.5, z: HOME, yaw: 0, pitch: -0.06, roll: 0, lens: 1 };
    const sign = ["backward", "left", "down", "counterclockwise"].includes(direction) ? -1 : 1;
    const swing = (t - 0.5) * sign;
    const aim = () => {
      const ground = Math.hypot(pose.x, pose.z);
      pose.yaw = Math.atan2(pose.x, pose.z);
      pose.pitch = -Math.atan2(pose.y + 0.1, ground);
    };
    const along = sign > 0 ? t : 1 - t;
    switch (type) {
      case "dolly":
        if (direction === "left" || direction === "right") pose.x = swing * 4.4;
        else pose.z = 11 - along * 5.6;
        break;
      case "push_in": pose.z = 11 - t * 4.8; break;
      case "pull_out": pose.z = 6.2 + t * 5.2; break;
      case "truck": pose.x = swing * 4.8; break;
      case "pedestal": pose.y = 0.9 + swing * 2.8; break;
      case "pan": pose.yaw = -swing * 0.56; break;
      case "tilt": pose.pitch = -0.06 + swing * 0.46; break;
      case "roll": pose.roll = -swing * 0.6; break;
      case "zoom": pose.lens = 0.9 * Math.pow(2.3, along); break;
      case "dolly_zoom":
        pose.z = 14 - along * 9.4;
        pose.lens = pose.z / 9;
        break;
      case "orbit": case "arc": {
        if (direction === "up" || direction === "down") {
          const angle = (0.5 + (t - 0.5) * sign) * 0.85;
          pose.y = Math.sin(angle) * HOME; pose.z = Math.cos(angle) * HOME; pose.x = 0;
        } else {
          const turn = direction === "clockwise" ? -1 : direction === "counterclockwise" ? 1 : sign;
          const angle = (t - 0.5) * turn * (type === "arc" ? 1.25 : 1.5);
          const reach = type === "arc" ? HOME + 1.4 - t * 3.6 : HOME;
          pose.x = Math.sin(angle) * reach; pose.z = Math.cos(angle) * reach; pose.y = 1.9;
        }
        aim();
        break;
      }
      case "crane": pose.y = -0.4 + along * 5.6; pose.z = 8.8; aim(); break;
      case "spiral": {
        const turns = (direction === "counterclockwise" ? -1 : 1) * t * 2 * Math.PI * 1.5;
        const inward = direction === "backward" ? 1 - t : t;
        pose.x = Math.cos(turns) * 1.5 * (1 - inward * 0.6);
        pose.y = 0.4 + Math.sin(turns) * 1.1 * (1 - inward * 0.6);
        pose.z = 11.5 - inward * 4.6;
        break;
      }
      case "handheld": {
        const a = t * 2 * Math.PI;
        pose.x = 0.34 * Math.sin(2 * a) + 0.2 * Math.sin(5 * a + 1);
        pose.y = 0.26 * Math.sin(3 * a + 2) + 0.14 * Math.sin(6 * a);
        pose.yaw = 0.02 * Math.sin(4 * a + 0.5); pose.roll = 0.03 * Math.sin(3 * a);
        pose.pitch = 0.018 * Math.sin(5 * a + 3);
        break;
      }
    }
    return pose;
  }

  /** A function from world points to picture points `[x, y, depth]`, for a picture w x h. */
  function projector(pose, w, h) {
    const cy = Math.cos(pose.yaw), sy = Math.sin(pose.yaw);
    const cp = Math.cos(pose.pitch), sp = Math.sin(pose.pitch);
    const cr = Math.cos(pose.roll), sr = Math.sin(pose.roll);
    const focal = 1.05 * pose.lens * w;
    return ([px, py, pz]) => {
      const x = px - pose.x, y = py - pose.y, z = pz - pose.z;
      const x1 = cy * x - sy * z, z1 = sy * x + cy * z;
      const y1 = cp * y + sp * z1, z2 = -sp * y + cp * z1;
      const x3 = cr * x1 + sr * y1, y3 = -sr * x1 + cr * y1;
      return [w / 2 + focal * x3 / -z2, h * 0.52 - focal * y3 / -z2, -z2];
    };
  }

  function line(ctx, see, from, to) {
    const a = see(from), b = see(to);
    if (a[2] < 0.4 || b[2] < 0.4) return;
    ctx.moveTo(a[0], a[1]);
    ctx.lineTo(b[0], b[1]);
  }

  function face(ctx, see, corners, colour) {
    const points = corners.map(see);
    if (points.some((point) => point[2] < 0.4)) return;
    ctx.fillStyle = colour;
    ctx.beginPath();
    points.forEach(([x, y], index) => (index ? ctx.lineTo(x, y) : ctx.moveTo(x, y)));
    ctx.closePath();
    ctx.fill();
  }

  function box(ctx, see, pose, x, z, half, height, tones) {
    const y0 = floor, y1 = floor + height;
    const sides = [
      { normal: [0, 0, 1], tone: tones[0], corners: [[x - half, y0, z + half], [x + half, y0, z + half], [x + half, y1, z + half], [x - half, y1, z + half]] },
      { normal: [1, 0, 0], tone: tones[1], corners: [[x + half, y0, z + half], [x + half, y0, z - half], [x + half, y1, z - half], [x + half, y1, z + half]] },
      { normal: [-1, 0, 0], tone: tones[2], corners: [[x - half, y0, z - half], [x - half, y0, z + half], [x - half, y1, z + half], [x - half, y1, z - half]] },
      { normal: [0, 1, 0], tone: tones[3], corners: [[x - half, y1, z + half], [x + half, y1, z + half], [x + half, y1, z - half], [x - half, y1, z - half]] },
    ];
    for (const side of sides) {
      const [cx, cy, cz] = side.corners[0];
      const facing = side.normal[0] * (pose.x - cx) + side.normal[1] * (pose.y - cy)
        + side.normal[2] * (pose.z - cz);
      if (facing > 0) face(ctx, see, side.corners, side.tone);
    }
  }

  const COOL = ["#3d4656", "#4b5668", "#303846", "#5b677b"];
  const WARM = ["#d98f35", "#f4b860", "#a96a22", "#ffd595"];
  const DULL = ["#8b7554", "#a58d69", "#69573d", "#bba482"];

  /** Draw one move at progress `t` into a canvas. */
  return function draw(canvas, type, direction, t, { lit = false, fade = 1 } = {}) {
    const scale = Math.min(2, window.devicePixelRatio || 1);
    const w = canvas.clientWidth || 88, hgt = canvas.clientHeight || 52;
    if (canvas.width !== Math.round(w * scale) || canvas.height !== Math.round(hgt * scale)) {
      canvas.width = Math.round(w * scale);
      canvas.height = Math.round(hgt * scale);
    }
    const ctx = canvas.getContext("2d");
    ctx.setTransform(scale, 0, 0, scale, 0, 0);
    const pose = camera(type, direction, t);
    const see = projector(pose, w, hgt);
    ctx.globalAlpha = 1;
    ctx.fillStyle = "#0e1015";
    ctx.fillRect(0, 0, w, hgt);
    ctx.globalAlpha = fade;
    ctx.strokeStyle = lit ? "#39414f" : "#2a303b";
    ctx.lineWidth = 1;
    ctx.beginPath();
    for (let x = -16; x <= 16; x += 2) line(ctx, see, [x, floor, Math.min(4, pose.z - 1.2)], [x, floor, -34]);
    for (let z = -34; z <= 6; z += 2.5) line(ctx, see, [-16, floor, z], [16, floor, z]);
    ctx.stroke();
    const things = posts.map(([x, z, height]) => ({ x, z, half: 0.42, height, tones: COOL }));
    things.push({ x: 0, z: 0, half: 0.95, height: 1.9, tones: lit ? WARM : DULL });
    const distance = (thing) => Math.hypot(thing.x - pose.x, thing.z - pose.z);
    things.sort((one, other) => distance(other) - distance(one));
    for (const { x, z, half, height, tones } of things) box(ctx, see, pose, x, z, half, height, tones);
    ctx.globalAlpha = 1;
  };
})();

/** Plays a set of tiles for as long as they are in the page: each move runs, rests, starts again. */
function playMoves(tiles) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const period = 3600;
  const ease = (t) => (t < 0.5 ? 2 * t * t : 1 - 2 * (1 - t) * (1 - t));
  let last = 0;
  const paint = (now) => {
    if (!tiles[0].canvas.isConnected) return;
    requestAnimationFrame(paint);
    if (document.hidden || now - last < (calm.matches ? 500 : 50)) return;
    last = now;
    tiles.forEach((tile, index) => {
      const clock = ((now + index * 140) % period) / period;
      const constant = calm.matches || tile.type === "static" || tile.type === "handheld";
      const along = Math.min(1, Math.max(0, (clock - 0.06) / 0.74));
      const t = calm.matches ? 0.8 : tile.type === "handheld" ? clock : ease(along);
      const fade = constant ? 1 : Math.min(1, clock / 0.06, (1 - clock) / 0.06);
      VIEW(tile.canvas, tile.type, tile.direction(), t, { lit: tile.lit(), fade });
    });
  };
  requestAnimationFrame(paint);
}
