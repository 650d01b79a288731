// The live strip of one gateway: the last minute of its packets, sent upwards and
// received downwards, the taller the larger, with a mark for each slot.

const SPAN = 60000, BIGGEST = 1514;

export class Strip {
  constructor(canvas, facts) {
    this.canvas = canvas;
    this.facts = facts;
    this.blips = [];
    this.marks = [];
    this.batches = []; // counts and bytes of the last seconds
    this.heard = 0;
    this.watched = false;
  }

  /** add takes a batch of packets; offset is the server's clock minus ours. */
  add(packets, offset) {
    this.watched = true;
    const now = Date.now() + offset;
    this.batches.push({ at: now, count: packets.count, bytes: packets.bytes });
    if (packets.count > 0) this.heard = now;
    for (const b of packets.blips ?? []) this.blips.push({ at: Date.parse(b.at), out: b.out, size: b.size });
    this.forget(now);
  }

  mark(slot) {
    this.marks.push({ at: Date.parse(slot.at), action: slot.action ?? "" });
  }

  forget(now) {
    const old = now - SPAN - 2000;
    if (this.blips.length && this.blips[0].at < old) this.blips = this.blips.filter(b => b.at >= old);
    this.marks = this.marks.filter(m => m.at >= old);
    this.batches = this.batches.filter(b => b.at >= now - 5000);
  }

  /** say writes what the strip shows in words: packets a second, last heard. */
  say(now, span) {
    const seconds = 5, count = this.batches.reduce((n, b) => n + b.count, 0), bytes = this.batches.reduce((n, b) => n + b.bytes, 0);
    if (this.watched) this.facts.rate.textContent = `${round(count / seconds)} packets/s, ${size(bytes / seconds)}/s`;
    if (this.heard) this.facts.heard.textContent = now - this.heard < 1500 ? "heard now" : `heard ${span(now - this.heard)} ago`;
  }

  draw(now, colours) {
    const ratio = devicePixelRatio || 1, w = this.canvas.clientWidth, h = this.canvas.clientHeight;
    if (!w) return;
    if (this.canvas.width !== Math.round(w * ratio)) {
      this.canvas.width = Math.round(w * ratio);
      this.canvas.height = Math.round(h * ratio);
    }
    const g = this.canvas.getContext("2d"), middle = h / 2;
    const x = at => w - (now - at) / SPAN * w;
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, w, h);
    this.ticks(g, x, now, w, h, colours);
    this.slots(g, x, h, colours);
    g.fillStyle = colours.rule;
    g.fillRect(0, middle - 0.5, w, 1);
    for (const b of this.blips) {
      const at = x(b.at);
      if (at < -2 || at > w + 2) continue;
      const tall = 2 + (middle - 5) * Math.log2(1 + b.size / 40) / Math.log2(1 + BIGGEST / 40);
      g.fillStyle = b.out ? colours.out : colours.in;
      g.globalAlpha = 0.75;
      if (b.out) g.fillRect(at - 1, middle - tall, 2, tall); else g.fillRect(at - 1, middle, 2, tall);
    }
    g.globalAlpha = 1;
    this.canvas.dataset.drawn = this.blips.length;
    this.canvas.dataset.marks = this.marks.length;
  }

  ticks(g, x, now, w, h, colours) {
    g.font = "11px system-ui, sans-serif";
    g.fillStyle = colours.soft;
    for (let s = 15; s < 60; s += 15) {
      const at = x(now - s * 1000);
      g.fillStyle = colours.rule;
      g.fillRect(at, 0, 1, h);
      g.fillStyle = colours.soft;
      g.fillText(`−${s} s`, at + 4, h - 4);
    }
  }

  slots(g, x, h, colours) {
    for (const m of this.marks) {
      const at = x(m.at);
      if (m.action) {
        g.fillStyle = colours.action;
        g.fillRect(at - 1, 0, 2, h);
        g.fillText(m.action, at + 4, 11);
      } else {
        g.strokeStyle = colours.control;
        g.setLineDash([3, 3]);
        g.lineWidth = 1.5;
        g.beginPath();
        g.moveTo(at, 0);
        g.lineTo(at, h);
        g.stroke();
        g.setLineDash([]);
      }
    }
  }
}

const round = n => n >= 10 ? Math.round(n) : Math.round(n * 10) / 10;
const size = n => n >= 1e6 ? round(n / 1e6) + " MB" : n >= 1e3 ? round(n / 1e3) + " kB" : Math.round(n) + " B";

/** colours are those of the page's style sheet, in the theme of the moment. */
export function colours() {
  const style = getComputedStyle(document.documentElement), of = name => style.getPropertyValue(name).trim();
  return { out: of("--out"), in: of("--in"), rule: of("--rule"), soft: of("--soft"), action: of("--action-edge"), control: of("--control-edge") };
}
