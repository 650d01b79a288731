// A run's page: progress while the run goes on, and the report's own script, whose
// timelines zoom and filters copy.

import { listen, settled } from "./events.js";
import { progress } from "./progress.js";

const box = document.querySelector("[data-running]");
if (box) {
  const advance = progress(() => box);
  const done = settled(() => location.reload(), 1000, 1000);
  // A run may have ended between the drawing of the page and the first event.
  const look = settled(async () => {
    const page = await fetch(location.href).then(r => r.text()).catch(() => null);
    if (page !== null && !new DOMParser().parseFromString(page, "text/html").querySelector("[data-running]")) location.reload();
  });
  listen({
    progress(running) {
      if (!running || running.run !== box.dataset.run) done();
      else advance(running);
    },
    run(r) { if (r.id === box.dataset.run && r.ended && !r.ended.startsWith("0001") && r.verdicts?.length) done(); },
    reset: done,
  }, ok => { if (ok) look(); });
}

if (document.querySelector(".body")) await import("./report.js");
