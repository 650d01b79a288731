// The bench as it is now: live strips, the bulb, the run's progress, and what
// else has changed.

import { enhance } from "./panel.js";
import { listen, refresh, settled, span } from "./events.js";
import { progress } from "./progress.js";
import { Strip, colours } from "./strip.js";

const strips = new Map();
for (const lane of document.querySelectorAll("[data-gateway]")) {
  strips.set(lane.dataset.gateway, new Strip(lane.querySelector("[data-strip]"), { rate: lane.querySelector("[data-rate]"), heard: lane.querySelector("[data-heard]") }));
}

// offset is the server's clock minus ours, from the freshest packet or slot: what
// has just happened there cannot be older than it is here.
let offset = 0, known = false;
function told(at) {
  const ahead = Date.parse(at) - Date.now();
  if (!known || ahead > offset) offset = ahead;
  known = true;
}

let palette = colours();
const paint = () => { palette = colours(); };
addEventListener("themechange", paint);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paint);

// The strip scrolls, or steps each second where the reader wants no motion.
const still = matchMedia("(prefers-reduced-motion: reduce)");
let drawn = -1000;
function frame(at) {
  if (at - drawn >= (still.matches ? 1000 : 50)) {
    drawn = at;
    for (const s of strips.values()) s.draw(Date.now() + offset, palette);
  }
  requestAnimationFrame(frame);
}
frame(0);
setInterval(() => {
  paint();
  for (const s of strips.values()) { s.forget(Date.now() + offset); s.say(Date.now() + offset, span); }
}, 1000);

function bulb(light) {
  const tile = document.querySelector("[data-bulb]");
  const known = light.read && !light.read.startsWith("0001");
  const kind = !known ? "unknown" : !light.reachable || light.state.unreachable ? "away" : light.state.on ? "on" : "off";
  tile.classList.remove("unknown", "away", "on", "off");
  tile.classList.add(kind);
  const brightness = light.state.brightness ? `, ${Math.round(light.state.brightness / 2.54)} %` : "";
  tile.querySelector("[data-bulb-state]").textContent = { unknown: "not known", away: "does not answer", off: "off" }[kind] ?? "on" + brightness;
}

// What is worth a look at the whole page again, and what is not.
const outline = s => JSON.stringify([s.missing, s.troubles, s.gateways?.map(g => [g.name, g.trouble, g.last, g.last_run]), s.next, s.experiments, s.running?.firing, s.running?.run, s.running?.stopping]);
let was = null;
const reload = settled(() => refresh(enhance).catch(() => {}));

const advance = progress(() => document.querySelector("[data-running]"));
const status = document.querySelector("[data-live-state]");

listen({
  packets(p) {
    const strip = strips.get(p.gateway);
    if (!strip) return;
    if (p.blips?.length) told(p.blips[p.blips.length - 1].at);
    strip.add(p, offset);
  },
  slot(s) {
    told(s.at);
    const light = document.querySelector("[data-running]");
    for (const strip of strips.values()) strip.mark(s);
    if (light) light.dataset.last = s.action || "control";
  },
  progress(running) {
    if (Boolean(running) !== Boolean(document.querySelector("[data-running]"))) reload();
    advance(running);
  },
  state(s) {
    bulb(s.light);
    const now = outline(s);
    if (was !== null && now !== was) reload();
    was = now;
  },
  run: reload,
  firing: reload,
  reset() { was = null; reload(); },
}, ok => {
  status.textContent = ok ? "live" : "not connected; trying again";
  status.classList.toggle("off", !ok);
  if (ok) reload(); // what has happened since the page was drawn, nobody has told
});
