// The schedule's form: what is meant by an expression stands below it while it is
// typed. The server says it, as it does without this script.

import { listen, refresh, settled } from "./events.js";
import { enhance } from "./panel.js";

const form = document.querySelector("form.form"), told = form?.querySelector(".told");
if (told) {
  const ask = settled(async () => {
    const body = new URLSearchParams(new FormData(form));
    body.set("show", "1");
    const page = await fetch(form.action, { method: "POST", body }).then(r => r.text()).catch(() => "");
    const next = new DOMParser().parseFromString(page, "text/html").querySelector(".told");
    if (next && next.innerHTML !== told.innerHTML) told.replaceChildren(...next.childNodes);
  }, 250, 0);
  for (const name of ["cron", "at", "zone", "when"]) {
    for (const e of [form.elements[name]].flatMap(f => f instanceof RadioNodeList ? [...f] : [f])) e.addEventListener("input", ask);
  }
  for (const [field, radio] of [["cron", "when-cron"], ["at", "when-once"]]) {
    form.elements[field].addEventListener("focus", () => { document.getElementById(radio).checked = true; });
  }
} else {
  const again = settled(() => refresh(enhance).catch(() => {}));
  listen({ firing: again, reset: again }, ok => { if (ok) again(); });
}
