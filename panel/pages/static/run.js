// A run's page: progress while the run goes on, and the report's own script, whose
// timelines zoom and filters copy.

import { listen, settled } from "./events.js";
import { progress } from "./progress.js";

const box = document.querySelector("[data-running]");
if (box) {
  const advance = progress(() => box);
  const done = settled(() => location.reload(), 1000, 1000);
  listen({
    progress(running) {
      if (!running || running.run !== box.dataset.run) done();
      else advance(running);
    },
    run(r) { if (r.id === box.dataset.run && r.ended && !r.ended.startsWith("0001") && r.verdicts?.length) done(); },
    reset: done,
  });
}

if (document.querySelector(".body")) await import("./report.js");
