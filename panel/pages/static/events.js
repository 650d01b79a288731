// What happens in the lab, as it happens: one stream of server-sent events, open
// only while the page is looked at, since a browser keeps few connections to one
// server.

/**
 * listen calls handlers[kind](data) for each event until the page is left. After
 * a break it goes on where it was; when events were lost, handlers.reset is
 * called. connected(true or false) tells how the stream stands.
 */
export function listen(handlers, connected = () => {}) {
  let source = null, last = "";

  function open() {
    if (source || document.hidden) return;
    source = new EventSource("/events" + (last ? "?after=" + encodeURIComponent(last) : ""));
    source.addEventListener("open", () => connected(true));
    source.addEventListener("error", () => {
      connected(false);
      // The browser tries again by itself unless the server said no: then the
      // session has ended, and the page says so when it is loaded anew.
      if (source && source.readyState === EventSource.CLOSED) { source = null; setTimeout(open, 5000); }
    });
    for (const [kind, handle] of Object.entries(handlers)) {
      source.addEventListener(kind, event => {
        last = event.lastEventId || last;
        handle(JSON.parse(event.data));
      });
    }
  }
  function close() {
    source?.close();
    source = null;
  }
  document.addEventListener("visibilitychange", () => document.hidden ? close() : open());
  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  open();
}

/** span says milliseconds as people do: 3 min 20 s. */
export function span(ms) {
  const s = Math.max(Math.round(ms / 1000), 0);
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + " min" + (s % 60 ? " " + s % 60 + " s" : "");
  const m = Math.round(s / 60);
  if (m < 1440) return Math.floor(m / 60) + " h" + (m % 60 ? " " + m % 60 + " min" : "");
  const h = Math.round(m / 60);
  return Math.floor(h / 24) + " d" + (h % 24 ? " " + h % 24 + " h" : "");
}

/** settled calls f once after the last of several calls in short order, and not at
 * the instant of all other viewers. */
export function settled(f, least = 300, spread = 1200) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(f, least + Math.random() * spread);
  };
}

/** refresh loads the page again and replaces its islands, but not one in which
 * somebody is typing. */
export async function refresh(enhance, skip = () => false) {
  const answer = await fetch(location.pathname + location.search, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) return;
  // What was said when the page came is old by now.
  if (performance.now() > 15000) document.querySelectorAll(".said.done").forEach(e => e.remove());
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const island of document.querySelectorAll("[data-island]")) {
    const next = fresh.getElementById(island.id);
    if (!next || skip(island) || island.innerHTML === next.innerHTML || island.contains(document.activeElement)) continue;
    island.className = next.className;
    island.replaceChildren(...next.childNodes);
    enhance(island);
  }
}
