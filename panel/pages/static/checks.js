// The doctor's lines as they come, while the page waits for all of them.

import { listen } from "./events.js";

const form = document.querySelector("[data-checks]"), list = document.querySelector("[data-check-list]");

form.addEventListener("submit", () => {
  list.replaceChildren();
  listen({
    check(c) {
      const line = document.createElement("li"), name = document.createElement("b"), state = document.createElement("span"), found = document.createElement("p");
      line.className = "tile " + (c.ok ? "ok" : "bad");
      name.textContent = c.check;
      state.className = "state " + (c.ok ? "done" : "failed");
      state.textContent = c.ok ? "well" : "not well";
      found.textContent = c.found;
      line.append(name, " ", state, found);
      if (c.do) {
        const fix = document.createElement("p");
        fix.className = "fix";
        fix.textContent = c.do;
        line.append(fix);
      }
      list.append(line);
    },
  });
});
