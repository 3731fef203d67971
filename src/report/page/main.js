// The page as a whole: what is chosen, which part is open, and what happens in all of them when one changes.

const TABS = ["inventory", "coverage", "quality", "review"];

const page = {
  selected: null, tab: "inventory",

  async start() {
    if (!("DecompressionStream" in window)) {
      document.body.prepend(el("p", { class: "problem" }, TEXTS.en.too_old, " ", TEXTS.fr.too_old));
      return;
    }
    await readSurvey();
    language = survey.language;
    try { language = localStorage.getItem("arpent language") ?? language; } catch { /* A browser that keeps nothing. */ }
    if (!(language in TEXTS)) language = "en";
    survey.noun = ["signs", "solar"].includes(survey.lineage.find) ? survey.lineage.find : "things";
    marks.restore();
    list.start();
    for (const button of document.querySelectorAll("[data-language]")) button.addEventListener("click", () => page.speak(button.dataset.language));
    for (const tab of TABS) {
      $(`tab-${tab}`).addEventListener("click", () => page.open(tab));
      $(`tab-${tab}`).addEventListener("keydown", event => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (step) page.open(TABS[(TABS.indexOf(tab) + step + TABS.length) % TABS.length], true);
      });
    }
    $("move-done").addEventListener("click", () => map.moving?.end(true));
    $("move-cancel").addEventListener("click", () => map.moving?.end(false));
    document.addEventListener("keydown", page.key);
    page.speak(language, false);
    // Now that the head has its height.
    map.start();
    try {
      page.select(survey.byId.get(decodeURIComponent(location.hash.slice(1))), { focus: false });
    } catch { /* An address that was cut off names nothing. */ }
    document.body.dataset.ready = "yes";
  },

  /** Speaks another language, everywhere. */
  speak(chosen, keep = true) {
    language = chosen;
    if (keep) try { localStorage.setItem("arpent language", chosen); } catch { /* Then it is not kept. */ }
    translate();
    page.head();
    map.translate();
    list.translate();
    panels.draw();
    if (page.selected) card.draw(page.selected);
  },

  head() {
    const { find, finished_at, complete, pictures } = survey.lineage;
    const title = survey.title || `${say(`title_${survey.noun}`)}${survey.noun === "things" ? ` (${find})` : ""} · ${survey.area_name ?? survey.stem}`;
    document.title = $("title").textContent = title;
    const times = survey.data.pictures.time.filter(time => time != null);
    const taken = times.length ? say("pictures_taken", day(times.reduce((a, b) => Math.min(a, b))), day(times.reduce((a, b) => Math.max(a, b)))) : null;
    const made = finished_at ? `${survey.lineage.tool}, ${day(Date.parse(finished_at) / 1000)}` : survey.lineage.tool;
    $("subtitle").textContent = [taken, made, complete ? null : say("incomplete")].filter(Boolean).join(" · ");
    const surface = survey.landmarks.reduce((sum, landmark) => sum + (landmark.surface ?? 0), 0);
    const figures = [[say(survey.noun, survey.landmarks.length), num(survey.landmarks.length)],
      ...(survey.installations.size ? [[say("figure_installations", survey.installations.size), num(survey.installations.size)]] : []),
      ...(surface ? [[say("figure_surface"), num(surface)]] : []),
      [say("figure_pictures", pictures.found), num(pictures.found)],
      ...(pictures.failed ? [[say("figure_failed"), num(pictures.failed)]] : [])];
    $("figures").replaceChildren(...figures.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  },

  open(tab, focus = false) {
    const before = page.tab;
    page.tab = tab;
    for (const other of TABS) {
      $(other).hidden = other !== tab;
      $(`tab-${other}`).setAttribute("aria-selected", String(other === tab));
      $(`tab-${other}`).tabIndex = other === tab ? 0 : -1;
    }
    if (focus) $(`tab-${tab}`).focus();
    // The pictures are what the coverage is about.
    if (tab === "coverage" || before === "coverage") { $("show-pictures").checked = tab === "coverage"; map.layers(); }
    if (tab === "inventory") list.draw(true);
  },

  /** Chooses a landmark: its card, its rays, its row. */
  select(landmark, { focus = true } = {}) {
    if (!landmark) return;
    map.moving?.end(false);
    page.selected = landmark;
    card.draw(landmark);
    map.choose(landmark, true);
    list.selected(landmark);
    try { history.replaceState(null, "", `#${encodeURIComponent(landmark.id)}`); } catch { /* Then the address does not name it. */ }
    $("card").scrollTop = 0;
    if (focus) $("card").focus({ preventScroll: true });
  },
  close(focus = true) {
    if (!page.selected && $("card").hidden) return;
    page.selected = null;
    $("card").hidden = true;
    map.choose(null);
    list.draw(true);
    try { history.replaceState(null, "", location.pathname + location.search); } catch { /* As above. */ }
    if (focus) (page.tab === "inventory" ? $("rows") : $(`tab-${page.tab}`)).focus({ preventScroll: true });
  },
  nextUnmarked() {
    const order = list.shown.length ? list.shown : survey.landmarks;
    const from = order.indexOf(page.selected);
    const next = [...order.slice(from + 1), ...order.slice(0, from + 1)].find(landmark => !marks.isMarked(landmark) && !landmark.reviewed);
    if (next) page.select(next);
  },

  describePicture(picture) {
    return [el("b", {}, say(`${picture.state}_state`)), el("div", {}, [day(picture.time), picture.producer].filter(Boolean).join(", ")), picture.reason ? el("div", { class: "quiet" }, picture.reason) : null].filter(Boolean);
  },
  openPicture(picture) {
    page.close(false);
    const rows = [[say("state"), say(`${picture.state}_state`)], [say("why_failed"), picture.reason], [say("taken"), day(picture.time)], [say("producer"), picture.producer], [say("id"), el("span", { class: "hash" }, picture.id)]];
    $("card").replaceChildren(
      el("div", { class: "card-head" }, el("div", {}, el("h2", { id: "card-title" }, el("span", { class: `dot ${picture.state}` }), picture.id.split("/").pop())),
        el("button", { type: "button", class: "icon-button", "aria-label": say("close"), onclick: () => page.close() }, "×")),
      panels.list(rows, "text"), el("p", {}, link(picture.url, say("open_picture"))));
    $("card").hidden = false;
    $("card").focus({ preventScroll: true });
  },

  /** The mark of a landmark has changed, or those of many. */
  marked(landmark) {
    list.filter();
    panels.drawReview();
    if (page.selected && (!landmark || landmark === page.selected)) {
      map.choose(page.selected);
      // After the focus has gone where it is going: it is to stay there when the card is drawn anew.
      setTimeout(() => {
        const { id, dataset } = document.activeElement ?? {};
        const within = $("card").contains(document.activeElement);
        if (page.selected) card.draw(page.selected);
        if (within) (id ? $(id) : document.querySelector(`[data-mark=${dataset.mark}]`))?.focus({ preventScroll: true });
      });
    }
  },

  key(event) {
    if (event.key === "Escape") {
      if (map.moving) map.moving.end(false);
      else page.close();
      return;
    }
    const typing = event.target.closest?.("input, textarea, select");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || !page.selected || map.moving) return;
    const state = { r: "right", w: "wrong", c: "class", m: "moved" }[event.key.toLowerCase()];
    if (state) { event.preventDefault(); document.querySelector(`[data-mark=${state}]`)?.click(); }
    else if (event.key.toLowerCase() === "n") page.nextUnmarked();
  },
};

page.start();
