/** The title and icon of the tab: the page's own, unless something rings or a call is going on. */

let page = "Switchboard";
let over: string | null = null;

function show() {
  const title = over ?? page;
  if (document.title !== title) document.title = title;
}

export function setPageTitle(title: string) {
  page = title;
  show();
}

/** A title that matters more than the page's, or `null` to give it back. */
export function setOverTitle(title: string | null) {
  over = title;
  show();
}

const LOGO =
  '<rect width="32" height="32" rx="9" fill="#2347B5"/><path d="M21.5 10.5C21.5 5.5 10 5.8 10 11.5c0 6 12 3.4 12 9 0 5.7-11.5 6-11.5 1" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round"/><circle cx="21.7" cy="10.8" r="3.3" fill="#fff"/><circle cx="10.3" cy="21.2" r="3.3" fill="#fff"/>';

const LAMPS = { ringing: "#F6BD52", talking: "#5CDB95" };

/** The favicon, with a lamp while something rings or a call is going on. */
export function setIconLamp(lamp: keyof typeof LAMPS | null) {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (link === null || link.dataset.lamp === (lamp ?? "")) return;
  link.dataset.lamp = lamp ?? "";
  const dot =
    lamp === null ? "" : `<circle cx="25" cy="7" r="7" fill="${LAMPS[lamp]}" stroke="#14181B" stroke-width="2"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${LOGO}${dot}</svg>`;
  link.href = `data:image/svg+xml,${encodeURIComponent(svg)}`;
}
