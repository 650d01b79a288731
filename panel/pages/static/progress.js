// The progress of the run that goes on: phase, slots, and time left.

import { span } from "./events.js";

/** progress keeps the running box up to date; it returns a function that takes
 * what the server tells, null at the end. */
export function progress(find) {
  let until = 0;

  function tick() {
    const box = find();
    if (!box) return;
    if (!until && box.dataset.left > 0) until = Date.now() + +box.dataset.left;
    const left = box.querySelector("[data-remaining]");
    if (until) left.textContent = until > Date.now() ? "about " + span(until - Date.now()) + " left" : "nearly done";
  }
  setInterval(tick, 1000);

  return running => {
    const box = find();
    if (!box || !running) { until = 0; return; }
    until = running.left_ns > 0 ? Date.now() + running.left_ns / 1e6 : 0;
    const bar = box.querySelector("progress"), phase = box.querySelector("[data-phase]"), slot = box.querySelector("[data-slot]");
    if (running.of) { bar.max = running.of; bar.value = running.slot; } else bar.removeAttribute("value");
    const words = running.stopping ? "stopping: the bulb is put back" : running.phase || "beginning";
    if (phase.textContent !== words) phase.textContent = words;
    slot.textContent = running.of ? `slot ${running.slot} of ${running.of}` : "";
    const c = running.last_command, last = box.querySelector("[data-last]");
    if (c) last.textContent = "Last: " + command(c);
    tick();
  };
}

const absent = t => !t || t.startsWith("0001");

// command says what became of a slot, as the server's page does.
function command(c) {
  const since = t => ` after ${Math.round(Date.parse(t) - Date.parse(c.sent))} ms`;
  if (!c.action) return `slot ${c.slot + 1}, control, nothing was sent`;
  let words = `slot ${c.slot + 1}, ${c.action}`;
  if (!absent(c.sent) && !absent(c.answered)) words += ", answered" + since(c.answered);
  if (!absent(c.sent) && !absent(c.confirmed)) words += ", confirmed" + since(c.confirmed);
  if (c.outcome !== "done") words += ", " + c.outcome;
  return words + (c.failure ? ": " + c.failure : "");
}
