// The editor of the configuration: numbers beside the lines, the lines with
// mistakes marked, and a mistake's link goes to its place.

const box = document.querySelector(".editor"), text = box.querySelector("textarea");
const wrong = new Set((box.dataset.wrong ?? "").split(" ").filter(Boolean).map(Number));
const gutter = document.createElement("pre");
gutter.className = "gutter";
gutter.setAttribute("aria-hidden", "true");
box.prepend(gutter);

let lines = 0;
function number() {
  const n = text.value.split("\n").length;
  if (n === lines) return;
  lines = n;
  gutter.replaceChildren(...Array.from({ length: n }, (_, i) => {
    const e = document.createElement("span");
    e.textContent = i + 1;
    if (wrong.has(i + 1)) e.className = "at";
    return e;
  }));
  gutter.scrollTop = text.scrollTop;
}
text.addEventListener("input", number);
text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
number();

function go(line, column) {
  const all = text.value.split("\n");
  const start = all.slice(0, line - 1).reduce((n, l) => n + l.length + 1, 0);
  text.focus();
  text.setSelectionRange(Math.min(start + column - 1, start + (all[line - 1] ?? "").length), start + (all[line - 1] ?? "").length);
  text.scrollTop = Math.max((line - 6) * 22, 0);
}
for (const a of document.querySelectorAll("[data-line]")) {
  a.addEventListener("click", event => { event.preventDefault(); go(+a.dataset.line, +a.dataset.column); });
}

// Leaving with changes asks first; sending the form does not.
const was = text.value;
let sent = false;
box.closest("form").addEventListener("submit", () => { sent = true; });
addEventListener("beforeunload", event => { if (!sent && text.value !== was) event.preventDefault(); });
