// What every page adds where scripts run: the colours change without a reload,
// forms are sent once and say that they wait, and texts can be copied. Without
// it every page works the same, with one more reload.

const root = document.documentElement;

// The order in which the button goes through the colours: what it sets, and its
// words when that is set.
const themes = {
  auto: { next: "light", label: "Colours: the system's. Switch to light", title: "Colours: the system's" },
  light: { next: "dark", label: "Colours: light. Switch to dark", title: "Colours: light" },
  dark: { next: "auto", label: "Colours: dark. Switch to the system's", title: "Colours: dark" },
};

function themeSwitch(form) {
  const button = form.querySelector("button");
  form.addEventListener("submit", async event => {
    event.preventDefault();
    const theme = button.value;
    if (theme === "auto") delete root.dataset.theme; else root.dataset.theme = theme;
    const body = new URLSearchParams({ theme, back: location.pathname + location.search });
    const { next, label, title } = themes[theme];
    button.value = next;
    button.title = title;
    button.setAttribute("aria-label", label);
    dispatchEvent(new Event("themechange"));
    const page = await fetch(form.action, { method: "POST", body }).then(r => r.text()).catch(() => "");
    const fresh = new DOMParser().parseFromString(page, "text/html").querySelector("[data-theme-switch] button");
    if (fresh && button.value === fresh.value) button.replaceChildren(...fresh.childNodes);
  });
}

// A form that waits says so, and for how long at most, while the answer comes.
function waiting(form) {
  const seconds = +form.dataset.wait;
  const box = document.createElement("div"), text = document.createElement("p"), bar = document.createElement("progress");
  box.className = "waiting";
  box.setAttribute("role", "status");
  text.textContent = form.dataset.waitText;
  bar.max = seconds;
  bar.value = 0;
  bar.setAttribute("aria-label", form.dataset.waitText);
  box.append(text, bar);
  form.after(box);
  const began = Date.now();
  setInterval(() => { bar.value = Math.min((Date.now() - began) / 1000, seconds * 0.98); }, 200);
}

function once(form) {
  form.addEventListener("submit", event => {
    if (event.defaultPrevented) return;
    if (form.dataset.sent !== undefined) { event.preventDefault(); return; }
    form.dataset.sent = "";
    // Not disabled: a disabled button would take its own name and value out of
    // the form, and the focus with it.
    for (const b of form.querySelectorAll("button")) b.setAttribute("aria-disabled", "true");
    if (form.dataset.wait) waiting(form);
  });
}

// A quiet form is sent without leaving the page; what the answer says stands in
// the form's output.
function quiet(form) {
  const output = form.querySelector("output");
  form.addEventListener("submit", async event => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    try {
      const page = await fetch(form.action, { method: "POST", body }).then(r => r.text());
      const said = new DOMParser().parseFromString(page, "text/html").querySelector(".said");
      output.textContent = said ? said.textContent.trim() : "Done.";
    } catch {
      output.textContent = "The server does not answer; try again.";
    }
  });
}

function copier(button) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = button.closest(".copyable").querySelector(".text"), was = button.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = was; }, 2000);
  });
}

// Back from the browser's memory, a page must be usable again.
addEventListener("pageshow", event => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const b of form.querySelectorAll("[aria-disabled]")) b.removeAttribute("aria-disabled");
  }
  document.querySelectorAll(".waiting").forEach(e => e.remove());
});

// A menu closes by Escape, and when the focus goes elsewhere.
function menu(details) {
  details.addEventListener("keydown", event => {
    if (event.key !== "Escape" || !details.open) return;
    details.open = false;
    details.querySelector("summary").focus();
  });
  if (!details.classList.contains("menu")) return;
  document.addEventListener("click", event => { if (!details.contains(event.target)) details.open = false; });
  details.addEventListener("focusout", event => { if (event.relatedTarget && !details.contains(event.relatedTarget)) details.open = false; });
}

/** enhance adds all this to what stands below an element. */
export function enhance(part) {
  part.querySelectorAll("form[data-theme-switch]").forEach(themeSwitch);
  part.querySelectorAll("form[data-quiet]").forEach(quiet);
  part.querySelectorAll("form[data-once], form[data-wait]").forEach(once);
  part.querySelectorAll("details.menu, details.confirm").forEach(menu);
  if (!part.querySelector(".body")) part.querySelectorAll("button.copy").forEach(copier);
}

enhance(document);
