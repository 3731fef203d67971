// The symbols of landmarks: what French signs look like, so that nobody needs a legend. Shape and colour both tell.

const RED = "#c8202a", BLUE = "#0b4ea2", INK = "#1c1c1c", WHITE = "#fff", YELLOW = "#f6c500";
const outlined = (shape, fill, stroke, width) => `<${shape} fill="${fill}" stroke="${stroke}" stroke-width="${width}" stroke-linejoin="round"/>`;
const halo = shape => outlined(shape, WHITE, "#0005", 3.2);
const TRIANGLE = 'path d="M16 4.5 29 27H3Z"', TIP_DOWN = 'path d="M3 5H29L16 27.5Z"', DISC = 'circle cx="16" cy="16" r="12"';
const OCTAGON = 'path d="M11 4H21L28 11V21L21 28H11L4 21V11Z"', SQUARE = 'rect x="4.5" y="4.5" width="23" height="23" rx="2.5"';
const DIAMOND = 'path d="M16 3 29 16 16 29 3 16Z"', PLATE = 'rect x="3" y="9" width="26" height="14" rx="1.5"';
const figure = (text, colour, size, y = 16) => `<text x="16" y="${y}" font-family="Arial,Liberation Sans,sans-serif" font-weight="700" font-size="${size}" fill="${colour}" text-anchor="middle" dominant-baseline="central">${text}</text>`;

const DRAWINGS = {
  danger: () => halo(TRIANGLE) + outlined(TRIANGLE, WHITE, RED, 3.4) + figure("!", INK, 13, 20),
  intersection: () => halo(TRIANGLE) + outlined(TRIANGLE, WHITE, RED, 3.4) + `<path d="M16 13V25M12.5 19H19.5" stroke="${INK}" stroke-width="2.2"/>`,
  yield: () => halo(TIP_DOWN) + outlined(TIP_DOWN, WHITE, RED, 3.8),
  stop: () => halo(OCTAGON) + outlined(OCTAGON, RED, WHITE, 1.6) + figure("STOP", WHITE, 8),
  priority: () => halo(DIAMOND) + outlined(DIAMOND, WHITE, "#999", .8) + `<path d="M16 8 24 16 16 24 8 16Z" fill="${YELLOW}"/>`,
  prohibition: value => halo(DISC) + outlined(DISC, WHITE, RED, 3.8) + (value ? figure(value, INK, value.length > 2 ? 8.5 : 12) : ""),
  no_entry: () => halo(DISC) + outlined(DISC, RED, WHITE, 1.4) + `<rect x="8" y="13.4" width="16" height="5.2" rx=".8" fill="${WHITE}"/>`,
  no_parking: () => halo(DISC) + outlined(DISC, BLUE, RED, 3.4) + `<path d="M8.5 8.5 23.5 23.5" stroke="${RED}" stroke-width="3.2"/>`,
  no_stopping: () => halo(DISC) + outlined(DISC, BLUE, RED, 3.4) + `<path d="M8.5 8.5 23.5 23.5M23.5 8.5 8.5 23.5" stroke="${RED}" stroke-width="3.2"/>`,
  obligation: value => halo(DISC) + outlined(DISC, BLUE, WHITE, 1.4) + (value ? figure(value, WHITE, 12) : `<path d="M16 23V11M11 15 16 9.5 21 15" fill="none" stroke="${WHITE}" stroke-width="2.6"/>`),
  end: value => halo(DISC) + outlined(DISC, WHITE, INK, 1.4) + (value ? figure(value, "#777", 11) : "") + `<path d="M9 23 23 9M7 20 20 7M12 25 25 12" stroke="${INK}" stroke-width="1.2"/>`,
  zone: value => halo(SQUARE) + outlined(SQUARE, WHITE, INK, 1) + `<circle cx="16" cy="17.5" r="7.5" fill="${WHITE}" stroke="${RED}" stroke-width="2.4"/>` + (value ? figure(value, INK, 8, 17.5) : ""),
  information: () => halo(SQUARE) + outlined(SQUARE, BLUE, WHITE, 1.4) + figure("i", WHITE, 17),
  crossing: () => halo(SQUARE) + outlined(SQUARE, BLUE, WHITE, 1.4) + `<path d="M16 9 23.5 22H8.5Z" fill="${WHITE}"/>`,
  parking: () => halo(SQUARE) + outlined(SQUARE, BLUE, WHITE, 1.4) + figure("P", WHITE, 17),
  service: () => halo(SQUARE) + outlined(SQUARE, BLUE, WHITE, 1.4) + `<rect x="9.5" y="9.5" width="13" height="13" rx="1" fill="${WHITE}"/>`,
  direction: () => { const arrow = 'path d="M3 9H22L29 16 22 23H3Z"'; return halo(arrow) + outlined(arrow, "#1f7a3d", WHITE, 1.4) + `<path d="M8 16H21M17 12 21 16 17 20" fill="none" stroke="${WHITE}" stroke-width="2.2"/>`; },
  location: () => halo(PLATE) + outlined(PLATE, WHITE, RED, 2.4) + `<path d="M8 16H24" stroke="${INK}" stroke-width="2"/>`,
  level_crossing: () => `<path d="M5 7 27 25M27 7 5 25" stroke="#0005" stroke-width="8"/><path d="M5 7 27 25M27 7 5 25" stroke="${RED}" stroke-width="6.4"/><path d="M5 7 27 25M27 7 5 25" stroke="${WHITE}" stroke-width="3.2"/>`,
  delineation: () => { const post = 'rect x="11" y="3" width="10" height="26" rx="2"'; return halo(post) + outlined(post, WHITE, INK, 1) + `<path d="M11.5 9H20.5M11.5 17H20.5" stroke="${RED}" stroke-width="4"/>`; },
  temporary: () => halo(TRIANGLE) + outlined(TRIANGLE, YELLOW, RED, 3.4),
  plate: () => halo(PLATE) + outlined(PLATE, WHITE, INK, 1.4) + `<path d="M8 14H24M8 18H19" stroke="${INK}" stroke-width="1.8"/>`,
  ideogram: () => halo(SQUARE) + outlined(SQUARE, WHITE, INK, 1.4) + `<circle cx="16" cy="16" r="5" fill="${INK}"/>`,
  private: () => halo(DISC) + outlined(DISC, "#8a8f98", WHITE, 1.4),
  other: () => halo(SQUARE) + outlined(SQUARE, "#6b7480", WHITE, 1.4) + figure("?", WHITE, 15),
  solar: () => halo('path d="M8 8H29L24 25H3Z"') + outlined('path d="M8 8H29L24 25H3Z"', "#123a73", WHITE, 1.2) + `<path d="M5.6 16.5H26.5M15 8 10 25M22 8 17 25" stroke="#8fb6ee" stroke-width="1.1"/>`,
  heat: () => halo('path d="M8 8H29L24 25H3Z"') + outlined('path d="M8 8H29L24 25H3Z"', "#7a2f12", WHITE, 1.2) + `<path d="M7 19.5 26 14" stroke="#f2b27c" stroke-width="1.6"/>`,
  thing: () => halo(DISC) + outlined(DISC, "#5b3fa0", WHITE, 2),
};

/** The colour of a symbol's dot where the map is too far away for the symbol. */
const DOTS = {
  danger: RED, intersection: RED, yield: RED, stop: RED, prohibition: RED, no_entry: RED, no_parking: RED, no_stopping: RED, zone: RED, location: "#d9737a", temporary: "#e0a800",
  priority: "#e0a800", obligation: BLUE, information: BLUE, crossing: BLUE, parking: BLUE, service: BLUE, direction: "#1f7a3d",
  solar: "#123a73", heat: "#7a2f12", thing: "#5b3fa0",
};
const dot = symbol => DOTS[symbol] ?? "#6b7480";

/** What is written on a symbol: short numbers alone, which need no escaping. */
const written = (symbol, value) => ["prohibition", "zone", "end", "obligation"].includes(symbol) && /^\d{1,3}$/.test(value ?? "") ? value : "";
const symbolId = (symbol, value) => { const text = written(symbol, value); return text ? `${symbol}:${text}` : symbol; };

const drawn = new Map();
/** The address of a symbol's drawing. */
function symbolImage(id) {
  if (!drawn.has(id)) {
    const [symbol, value] = id.split(":");
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="64" height="64">${(DRAWINGS[symbol] ?? DRAWINGS.thing)(value)}</svg>`;
    drawn.set(id, `data:image/svg+xml,${encodeURIComponent(svg)}`);
  }
  return drawn.get(id);
}
const symbolElement = id => el("img", { src: symbolImage(id), alt: "" });
