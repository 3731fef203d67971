// The inventory as a list: filters, bars by class, and a table that draws only the rows that can be seen.

const ROW = 44;
const COLUMNS = [
  { name: "symbol" },
  { name: "label", of: landmark => `${labelOf(classOf(landmark))} ${codeOf(classOf(landmark))}` },
  { name: "probability", of: landmark => landmark.probability, right: true, down: true },
  { name: "accuracy", of: landmark => landmark.major, right: true },
  { name: "sightings", of: landmark => landmark.sightings, right: true, down: true },
  { name: "last", of: landmark => landmark.last ?? -Infinity, right: true, down: true },
];

const list = {
  shown: [], sort: { name: "label", down: false }, active: 0, classes: new Set(), drawnFrom: -1,

  start() {
    for (const id of ["search", "from", "to", "probability", "sightings", "method", "marked"]) {
      $(id).addEventListener($(id).tagName === "SELECT" ? "change" : "input", () => list.filter());
    }
    $("filters").addEventListener("submit", event => event.preventDefault());
    $("open-filters").addEventListener("click", () => {
      $("filters").hidden = !$("filters").hidden;
      $("open-filters").setAttribute("aria-expanded", !$("filters").hidden);
      list.draw(true);
    });
    $("reset").addEventListener("click", () => list.reset());
    $("all-classes").addEventListener("click", event => { event.preventDefault(); list.classes.clear(); list.filter(); });
    $("rows").addEventListener("scroll", () => list.draw());
    $("rows").addEventListener("keydown", event => list.key(event));
    $("rows").addEventListener("click", event => {
      const row = event.target.closest(".row");
      if (row) list.open(Number(row.dataset.place));
    });
    new ResizeObserver(() => list.draw(true)).observe($("rows"));
  },

  translate() {
    const fill = (id, options) => {
      const chosen = $(id).value;
      $(id).replaceChildren(...options.map(([value, text]) => el("option", { value }, text)));
      $(id).value = chosen;
    };
    fill("method", [["", say("any")], ...survey.methods.map(method => [method, say(method)])]);
    const states = ["right", "wrong", "class", "moved"].map(state => [state, say(`state_${state}`)]);
    fill("marked", [["", say("any")], ["unmarked", say("unmarked")], ["is_marked", say("is_marked")], ...states]);
    $("columns").replaceChildren(...COLUMNS.map(column => {
      if (!column.of) return el("span", { role: "columnheader", "aria-label": say("by_class") });
      const sorted = list.sort.name === column.name;
      const arrow = sorted ? (list.sort.down ? " ↓" : " ↑") : "";
      const button = el("button", { type: "button", title: column.right ? say(`${column.name}_long`) : null, onclick: () => list.sortBy(column) }, say(column.name) + arrow);
      return el("span", { role: "columnheader", class: (column.right ? "right" : "") + (sorted ? " sorted" : ""), "aria-sort": sorted ? (list.sort.down ? "descending" : "ascending") : "none" }, button);
    }));
    list.filter();
  },

  sortBy(column) {
    list.sort = { name: column.name, down: list.sort.name === column.name ? !list.sort.down : Boolean(column.down) };
    list.translate();
    [...$("columns").querySelectorAll("button")][COLUMNS.indexOf(column) - 1].focus();
  },

  reset() {
    $("filters").reset();
    $("search").value = "";
    list.classes.clear();
    list.filter();
    $("search").focus();
  },

  /** What the filters let through, but for the one by class. */
  passes() {
    const words = $("search").value.toLowerCase().split(/\s+/).filter(Boolean);
    const seconds = (id, add) => $(id).value ? Date.parse(`${$(id).value}T00:00:00Z`) / 1000 + add : null;
    const [from, to] = [seconds("from", 0), seconds("to", 86400)];
    const probability = Number($("probability").value) / 100;
    const times = Number($("sightings").value) || 1;
    const [method, state] = [$("method").value, $("marked").value];
    $("probability-value").textContent = percent(probability);
    return landmark => {
      if (landmark.probability < probability || landmark.sightings < times) return false;
      if (method && landmark.method !== method) return false;
      if (from != null && !(landmark.last >= from)) return false;
      if (to != null && !(landmark.first != null && landmark.first < to)) return false;
      if (state === "unmarked" ? marks.isMarked(landmark) || landmark.reviewed : state === "is_marked" ? !(marks.isMarked(landmark) || landmark.reviewed) : state && !marks.states(marks.of(landmark)).includes(state)) return false;
      if (!words.length) return true;
      const kind = classOf(landmark);
      const text = `${labelOf(kind)} ${kind.class} ${kind.value ?? ""} ${landmark.id} ${landmark.tags ?? ""}`.toLowerCase();
      return words.every(word => text.includes(word));
    };
  },

  filter() {
    const passing = survey.landmarks.filter(list.passes());
    const counts = new Map();
    for (const landmark of passing) {
      const kind = classOf(landmark).class;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
    }
    list.shown = list.classes.size ? passing.filter(landmark => list.classes.has(classOf(landmark).class)) : passing;
    const column = COLUMNS.find(column => column.name === list.sort.name);
    const collator = new Intl.Collator(language, { numeric: true });
    const keys = new Map(list.shown.map(landmark => [landmark, column.of(landmark)]));
    const compare = column.name === "label" ? collator.compare : (a, b) => a - b;
    if (column.name === "label") {
      // Names recur, so each is compared once.
      const places = new Map([...new Set(keys.values())].sort(compare).map((name, place) => [name, place]));
      for (const [landmark, name] of keys) keys.set(landmark, places.get(name));
    }
    const sign = list.sort.down ? -1 : 1;
    list.shown.sort((a, b) => sign * (keys.get(a) - keys.get(b)) || a.index - b.index);
    list.drawBars(counts);
    $("counted").textContent = say("counted", list.shown.length, survey.landmarks.length);
    $("reset").hidden = list.shown.length === survey.landmarks.length && !list.classes.size;
    $("all-classes").hidden = !list.classes.size;
    list.active = Math.max(0, list.shown.indexOf(page.selected));
    $("spacer").style.height = `${list.shown.length * ROW}px`;
    $("table").setAttribute("aria-rowcount", list.shown.length + 1);
    list.draw(true);
    map.show(list.shown);
  },

  drawBars(counts) {
    for (const kind of list.classes) if (!counts.has(kind)) counts.set(kind, 0);
    const most = Math.max(1, ...counts.values());
    const kinds = new Map(survey.classes.map(kind => [kind.class, kind]));
    const rows = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name, count]) => {
      const kind = kinds.get(name) ?? survey.signs.get(name) ?? { class: name, en: name, fr: name, symbol: "thing" };
      const fill = el("i");
      fill.style.width = `${100 * count / most}%`;
      const code = kind.coded === false ? "" : `${name}  `;
      return el("li", {}, el("button", {
        type: "button", class: "bar", "aria-pressed": String(list.classes.has(name)), title: code + labelOf(kind), "data-class": name,
        onclick: () => { list.classes.has(name) ? list.classes.delete(name) : list.classes.add(name); list.filter(); [...$("classes").querySelectorAll(".bar")].find(bar => bar.dataset.class === name)?.focus(); },
      }, symbolElement(kind.symbol), el("span", { class: "name" }, el("span", { class: "quiet" }, code), labelOf(kind)), el("span", { class: "track", "aria-hidden": true }, fill), el("span", { class: "number" }, num(count))));
    });
    $("classes").replaceChildren(...rows);
  },

  /** Draws the rows that can be seen, where others are drawn or all are to be drawn anew. */
  draw(anew = false) {
    const box = $("rows");
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 6);
    if (!anew && first === list.drawnFrom) return;
    list.drawnFrom = first;
    const last = Math.min(list.shown.length, first + Math.ceil(box.clientHeight / ROW) + 13);
    for (const row of box.querySelectorAll(".row")) row.remove();
    for (let place = first; place < last; place += 1) box.append(list.row(place));
    // The header has no scroll bar beside it.
    $("columns").style.paddingRight = `${14 + box.offsetWidth - box.clientWidth}px`;
    const active = list.shown.length ? `row-${list.active}` : null;
    active && $(active) ? box.setAttribute("aria-activedescendant", active) : box.removeAttribute("aria-activedescendant");
  },

  row(place) {
    const landmark = list.shown[place];
    const kind = classOf(landmark);
    const states = marks.states(marks.of(landmark));
    const told = states.length ? states.map(state => say(`state_${state}`)).join(", ") : landmark.reviewed ? `${say("reviewed")} ✓` : "";
    const name = el("span", { role: "gridcell", class: "name" }, el("b", {}, labelOf(kind)),
      el("span", {}, codeOf(kind) || say(landmark.method), told ? el("span", { class: states.includes("wrong") ? "bad" : "good" }, ` · ${told}`) : null));
    if (told) name.lastChild.lastChild.style.display = "inline";
    const cell = text => el("span", { role: "gridcell", class: "right" }, text);
    const row = el("div", {
      role: "row", id: `row-${place}`, class: "row" + (place === list.active ? " active" : "") + (states.includes("wrong") ? " wrong" : ""), "data-place": place, "aria-rowindex": place + 2, "aria-selected": String(landmark === page.selected),
    }, el("span", { role: "gridcell" }, symbolElement(symbolOf(landmark))), name, cell(chance(landmark.probability)), cell(num(landmark.major, landmark.major < 10 ? 1 : 0)), cell(num(landmark.sightings)), cell(day(landmark.last)));
    row.style.top = `${place * ROW}px`;
    return row;
  },

  key(event) {
    const page_ = Math.max(1, Math.floor($("rows").clientHeight / ROW) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page_, PageUp: -page_, Home: -Infinity, End: Infinity };
    if (event.key in steps) {
      list.go(list.active + steps[event.key]);
      if (page.selected) page.select(list.shown[list.active], { focus: false });
    } else if (event.key === "Enter" || event.key === " ") list.open(list.active);
    else return;
    event.preventDefault();
  },

  go(place) {
    list.active = Math.max(0, Math.min(list.shown.length - 1, place));
    list.reveal(list.active);
    list.draw(true);
  },
  reveal(place) {
    const box = $("rows");
    if (place * ROW < box.scrollTop) box.scrollTop = place * ROW;
    else if ((place + 1) * ROW > box.scrollTop + box.clientHeight) box.scrollTop = (place + 1) * ROW - box.clientHeight;
  },
  open(place) {
    if (!list.shown[place]) return;
    list.active = place;
    page.select(list.shown[place]);
  },
  /** Shows where a landmark stands in the table. */
  selected(landmark) {
    const place = list.shown.indexOf(landmark);
    if (place >= 0) { list.active = place; list.reveal(place); }
    list.draw(true);
  },
};
