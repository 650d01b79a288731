// Makes the timelines zoom, and patterns' filters copy. Without it the page
// shows the same, unmoved.
(() => {
  "use strict";
  const SVG = "http://www.w3.org/2000/svg";
  const make = (name, attrs, text) => {
    const e = document.createElementNS(SVG, name);
    for (const [k, v] of Object.entries(attrs)) e.setAttribute(k, v);
    if (text !== undefined) e.textContent = text;
    return e;
  };

  function timeline(figure) {
    const svg = figure.querySelector("svg"), group = svg.querySelector("g.time");
    const left = +group.dataset.left, right = +group.dataset.right, base = +group.dataset.base, all = +group.dataset.seconds;
    const titleOf = e => e.querySelector("title").textContent;
    const points = [...group.querySelectorAll("circle")].map(e => ({ e, at: parseFloat(titleOf(e)) })).sort((a, b) => a.at - b.at);
    const boxes = [...group.querySelectorAll("[data-from]")].map(e => ({ e, from: +e.dataset.from, to: +(e.dataset.to ?? e.dataset.from) }));
    const slots = boxes.filter(b => b.e.tagName === "rect");
    let from = 0, to = all, chosen = -1;

    const x = t => left + (right - left) * (t - from) / (to - from);
    const time = px => from + (to - from) * (px - left) / (right - left);
    const show = (e, on) => e.setAttribute("visibility", on ? "visible" : "hidden");

    function draw() {
      for (const { e, at } of points) {
        show(e, at >= from && at <= to);
        e.setAttribute("cx", x(at).toFixed(2));
      }
      for (const { e, from: a, to: b } of boxes) {
        const l = Math.max(x(a), left), r = Math.min(x(b), right);
        show(e, e.tagName === "rect" ? r > left && l < right : x(a) >= left - 1 && x(a) < right - 20);
        e.setAttribute("x", l.toFixed(2));
        if (e.tagName === "rect") e.setAttribute("width", Math.max(r - l, 1.5).toFixed(2));
      }
      ticks();
    }

    function ticks() {
      group.querySelectorAll(".moment").forEach(e => e.remove());
      const steps = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 21600, 86400];
      const step = steps.find(s => (to - from) / s <= 12) ?? 86400 * Math.ceil((to - from) / 86400 / 12);
      for (let t = Math.ceil(from / step) * step; t <= to; t += step) {
        const anchor = x(t) < left + 14 ? "start" : x(t) > right - 14 ? "end" : "middle";
        group.append(make("text", { x: x(t).toFixed(1), y: base, class: "tick moment", "text-anchor": anchor }, label(t, step)));
      }
    }

    function label(t, step) {
      if (step < 1) return t.toFixed(step < 0.01 ? 3 : 2) + " s";
      const s = Math.round(t), two = n => String(n).padStart(2, "0");
      if (s >= 3600) return Math.floor(s / 3600) + ":" + two(Math.floor(s / 60) % 60) + (step < 60 ? ":" + two(s % 60) : " h");
      return s >= 60 ? Math.floor(s / 60) + ":" + two(s % 60) : s + " s";
    }

    function zoom(a, b) {
      const width = Math.min(Math.max(b - a, 0.02), all);
      from = Math.min(Math.max(a, 0), all - width);
      to = from + width;
      draw();
    }
    const scale = (k, at = (from + to) / 2) => zoom(at - (at - from) * k, at + (to - at) * k);
    const pan = share => zoom(from + (to - from) * share, to + (to - from) * share);
    const focusSlot = s => {
      const margin = (s.to - s.from) * 0.15;
      zoom(s.from - margin, s.to + margin);
      output.textContent = titleOf(s.e);
    };
    function nextSlot(step) {
      const middle = (from + to) / 2, whole = to - from >= all;
      const ahead = slots.filter(s => whole || (step > 0 ? (s.from + s.to) / 2 > middle + 0.01 : (s.from + s.to) / 2 < middle - 0.01));
      if (ahead.length) focusSlot(step > 0 ? ahead[0] : ahead[ahead.length - 1]);
    }

    function choose(i) {
      if (points[chosen]) points[chosen].e.classList.remove("chosen");
      chosen = i;
      if (!points[i]) return;
      points[i].e.classList.add("chosen");
      output.textContent = titleOf(points[i].e);
      if (points[i].at < from || points[i].at > to) zoom(points[i].at - (to - from) / 2, points[i].at + (to - from) / 2);
    }
    function nextPoint(step) {
      const visible = points.findIndex(p => p.at >= from);
      choose(chosen < 0 ? visible : Math.min(Math.max(chosen + step, 0), points.length - 1));
    }

    const bar = document.createElement("div"), output = document.createElement("output");
    bar.className = "tools";
    const button = (text, label, act) => {
      const b = document.createElement("button");
      b.type = "button"; b.textContent = text; b.title = label; b.setAttribute("aria-label", label);
      b.addEventListener("click", act);
      bar.append(b);
    };
    button("−", "zoom out", () => scale(2));
    button("+", "zoom in", () => scale(0.5));
    button("‹ slot", "previous slot", () => nextSlot(-1));
    button("slot ›", "next slot", () => nextSlot(1));
    button("all", "all of the recording", () => zoom(0, all));
    output.textContent = "Click a slot or drag over a stretch to zoom; keys: + − 0, arrows, s for the next slot.";
    bar.append(output);
    figure.insertBefore(bar, figure.firstChild);

    const where = event => {
      const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
      return Math.min(Math.max(p.x, left), right);
    };
    let start = null, brush = null;
    svg.addEventListener("pointerdown", e => { if (e.button === 0 && e.pointerType !== "touch") start = where(e); });
    svg.addEventListener("pointermove", e => {
      if (start === null || Math.abs(where(e) - start) < 5) return;
      brush ??= svg.appendChild(make("rect", { class: "brush", y: 0, height: base - 14 }));
      brush.setAttribute("x", Math.min(start, where(e)));
      brush.setAttribute("width", Math.abs(where(e) - start));
      e.preventDefault();
    });
    const drop = () => { brush?.remove(); brush = start = null; };
    svg.addEventListener("pointerup", e => {
      if (brush) {
        const [a, b] = [time(start), time(where(e))].sort((p, q) => p - q);
        zoom(a, b);
      } else {
        const at = time(where(e)), slot = slots.find(s => at >= s.from && at <= s.to);
        if (slot && e.target.tagName !== "circle") focusSlot(slot);
      }
      drop();
    });
    svg.addEventListener("pointerleave", drop);
    svg.addEventListener("pointerover", e => {
      if (e.target.tagName === "circle") choose(points.findIndex(p => p.e === e.target));
    });
    svg.addEventListener("dblclick", () => zoom(0, all));
    svg.addEventListener("wheel", e => {
      // A page must scroll past: only a figure in use takes the wheel.
      if (document.activeElement !== svg && !e.ctrlKey && !e.metaKey) return;
      e.preventDefault();
      if (e.shiftKey) pan(Math.sign(e.deltaY || e.deltaX) * 0.1); else scale(e.deltaY > 0 ? 1.25 : 0.8, time(where(e)));
    }, { passive: false });
    const keys = {
      "+": () => scale(0.5), "=": () => scale(0.5), "-": () => scale(2), "0": () => zoom(0, all), Escape: () => zoom(0, all),
      ArrowRight: e => e.shiftKey ? pan(0.2) : nextPoint(1), ArrowLeft: e => e.shiftKey ? pan(-0.2) : nextPoint(-1),
      s: () => nextSlot(1), S: () => nextSlot(-1),
    };
    svg.addEventListener("keydown", e => {
      if (!keys[e.key] || e.ctrlKey || e.metaKey || e.altKey) return;
      e.preventDefault();
      keys[e.key](e);
    });
    svg.setAttribute("tabindex", "0");
    addEventListener("beforeprint", () => zoom(0, all));
  }

  async function copy(button) {
    const source = button.closest(".copyable").querySelector(".text"), text = source.textContent, was = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(source);
      button.textContent = "selected: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = was; }, 2000);
  }

  document.querySelectorAll("figure.timeline").forEach(timeline);
  document.querySelectorAll("button.copy").forEach(b => {
    b.hidden = false;
    b.addEventListener("click", () => copy(b));
  });
})();
