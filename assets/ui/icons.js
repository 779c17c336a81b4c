// The moves, shown as what the camera would see: a cube between posts on a ruled floor, drawn in
// perspective from a camera that really makes the move. A dolly passes the posts, a zoom does not.

const VIEW = (() => {
  const HOME = 10;
  const floor = -1.15;
  const posts = [[-4.6, -9, 5.2], [-1.4, -17, 8.2], [3.4, -7, 4.2], [6.8, -15, 9], [-9.5, -16, 6.6],
    [-3.1, 3.4, 1.5], [3.3, 4.4, 1.2]];

  /** Where the camera stands and looks, for progress 0 to 1. Angles in radians. */
  function camera(type, direction, t) {
    const pose = { x: 0, y: 1.5, z: HOME, yaw: 0, pitch: -0.13, roll: 0, lens: 1 };
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
      case "pedestal": pose.y = 1.6 + swing * 2.6; break;
      case "pan": pose.yaw = -swing * 0.56; break;
      case "tilt": pose.pitch = -0.13 + swing * 0.46; break;
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
        pose.y = 1.5 + Math.sin(turns) * 1.1 * (1 - inward * 0.6);
        pose.z = 11.5 - inward * 4.6;
        break;
      }
      case "handheld": {
        const a = t * 2 * Math.PI;
        pose.x = 0.34 * Math.sin(2 * a) + 0.2 * Math.sin(5 * a + 1);
        pose.y = 1.5 + 0.26 * Math.sin(3 * a + 2) + 0.14 * Math.sin(6 * a);
        pose.yaw = 0.02 * Math.sin(4 * a + 0.5); pose.roll = 0.03 * Math.sin(3 * a);
        pose.pitch = -0.13 + 0.018 * Math.sin(5 * a + 3);
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

  /** A box on the floor, turned about its middle; only the sides that face the camera are drawn. */
  function box(ctx, see, pose, x, z, half, height, turn, tones) {
    const y0 = floor, y1 = floor + height;
    const ring = [0, 1, 2, 3].map((corner) => {
      const angle = turn + Math.PI / 4 + corner * Math.PI / 2;
      return [x + half * Math.SQRT2 * Math.cos(angle), z + half * Math.SQRT2 * Math.sin(angle)];
    });
    ring.forEach(([ax, az], corner) => {
      const [bx, bz] = ring[(corner + 1) % 4];
      const nx = (ax + bx) / 2 - x, nz = (az + bz) / 2 - z;
      if (nx * (pose.x - ax) + nz * (pose.z - az) <= 0) return;
      const light = (nx * 0.75 + nz * 0.45) / half; // from the right, a little from the front
      face(ctx, see, [[ax, y0, az], [bx, y0, bz], [bx, y1, bz], [ax, y1, az]], tones[light > 0.55 ? 1 : light > -0.1 ? 0 : 2]);
    });
    if (pose.y > y1) face(ctx, see, ring.map(([px, pz]) => [px, y1, pz]), tones[3]);
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
    const things = posts.map(([x, z, height]) => ({ x, z, half: 0.42, height, turn: 0, tones: COOL }));
    things.push({ x: 0, z: 0, half: 0.95, height: 1.9, turn: 0.5, tones: lit ? WARM : DULL });
    const distance = (thing) => Math.hypot(thing.x - pose.x, thing.z - pose.z);
    things.sort((one, other) => distance(other) - distance(one));
    for (const { x, z, half, height, turn, tones } of things) box(ctx, see, pose, x, z, half, height, turn, tones);
    ctx.globalAlpha = 1;
  };
})();

/** A sign for each move, on a 20 x 20 grid, for those who read rather than watch. */
const SIGNS = {
  static: "M6.5 9V7a3.5 3.5 0 0 1 7 0v2M5 9h10v7H5z",
  dolly: "M10 3v8M6.5 6.5L10 3l3.5 3.5M3.5 17l3-5.5M16.5 17l-3-5.5",
  truck: "M3 10h14M13.5 6.5L17 10l-3.5 3.5M6.5 6.5L3 10l3.5 3.5",
  pedestal: "M10 3v14M6.5 6.5L10 3l3.5 3.5M6.5 13.5L10 17l3.5-3.5",
  pan: "M3 13c3.5-6 10.500-6 14 0M17.300 8.500L17 13l-4.400-.8",
  tilt: "M7 3c6 3.500 6 10.500 0 14M11.500 17.300L7 17l.8-4.400",
  roll: ICONS.clockwise,
  zoom: "M9 4a5 5 0 1 1 0 10A5 5 0 0 1 9 4M13 13l4 4M9 6.800v4.400M6.800 9h4.400",
  dolly_zoom: "M2.500 10h6M6 7.500L8.500 10 6 12.500M17.500 10h-6M14 7.500L11.500 10l2.500 2.500",
  orbit: "M16.500 7.500C15 4.500 5 4.500 3.500 8.500S8 14.500 13 13.500M10.800 11l2.500 2.500-2.500 2.500M10 9.500v.01",
  arc: "M3 14.500C4 8 9 5 16.500 5.500M13.500 2.500l3 3-3 3",
  crane: "M4 17V6l12-2M4 6l4 11M16 4v4M14.500 8h3v3h-3z",
  spiral: "M10.500 10a1.500 1.500 0 1 0-2 1.600c3 1 5-1.600 4.200-4.400C11.500 3.500 6 4 4.500 8c-1.800 5 3 9 7.500 8 3.500-.8 5.500-4 5-7.500",
  handheld: ICONS.wave,
  push_in: "M3.500 3.500L8 8M8 4.500V8H4.500M16.500 3.500L12 8M12 4.500V8h3.500M3.500 16.500L8 12M8 15.500V12H4.500M16.500 16.500L12 12M12 15.500V12h3.500",
  pull_out: "M8 8L3.500 3.500M3.500 7V3.500H7M12 8l4.500-4.500M16.500 7V3.500H13M8 12l-4.500 4.500M3.500 13v3.500H7M12 12l4.500 4.500M16.500 13v3.500H13",
};

/** Plays a set of tiles for as long as they are in the page: each move runs, rests, starts again. */
function playMoves(tiles) {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  const period = 3600;
  const ease = (t) => (t < 0.5 ? 2 * t * t : 1 - 2 * (1 - t) * (1 - t));
  let last = 0;
  const paint = (now) => {
    if (!tiles[0].canvas.isConnected) return;
    requestAnimationFrame(paint);
    if (document.hidden || tiles[0].canvas.offsetParent === null || now - last < (calm.matches ? 500 : 50)) return;
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
