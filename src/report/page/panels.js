// The other parts of the panel: where there were pictures, how all was made, and the marks.

const panels = {
  draw() {
    $("coverage").replaceChildren(...panels.coverage());
    $("quality").replaceChildren(...panels.quality());
    panels.drawReview();
  },

  block: (title, ...content) => el("section", { class: "block" }, el("h2", {}, title), ...content),
  list: (pairs, kind = "") => el("dl", { class: `list ${kind}` }, pairs.filter(([, value]) => value != null && value !== "").flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value)])),
  /** Counts by name as a list, the most first. */
  counts: counts => panels.list(Object.entries(counts).sort((a, b) => b[1] - a[1]).map(([name, count]) => [name === "unknown" ? say("unknown") : name, num(count)])),
  bars(pairs) {
    const most = Math.max(1, ...pairs.map(([, count]) => count));
    return el("div", { class: "months" }, pairs.flatMap(([name, count]) => {
      const fill = el("i");
      fill.style.width = `${100 * count / most}%`;
      return [el("span", {}, name), el("span", { class: "track", "aria-hidden": true }, fill), el("span", {}, num(count))];
    }));
  },

  /** What a review says, in words. */
  states: reviewed => reviewed.split(";").map(state => say(`state_${state}`)).join(", "),

  coverage() {
    const { state, time } = survey.data.pictures;
    const counts = STATES.map((_, number) => state.reduce((count, other) => count + (other === number), 0));
    const stripe = el("div", { class: "stripe", "aria-hidden": true }, STATES.flatMap((name, number) => {
      if (!counts[number]) return [];
      const part = el("i", { class: name });
      part.style.flexGrow = counts[number];
      return [part];
    }));
    const states = STATES.flatMap((name, number) => counts[number] ? [[[el("span", { class: `dot ${name}` }), say(`${name}_state`)], num(counts[number])]] : []);
    // By month where there are few, else by year.
    const month = seconds => seconds == null ? null : new Date(seconds * 1000).toISOString().slice(0, 7);
    let times = panels.tally(time.map(month));
    if (times.length > 18) times = panels.tally(time.map(seconds => month(seconds)?.slice(0, 4) ?? null));
    const { failures } = survey.lineage.pictures;
    return [
      panels.block(say("had_pictures"), el("p", {}, say("coverage_text")), survey.lineage.area ? el("p", { class: "quiet" }, say("outside")) : null),
      el("section", { class: "block" }, stripe, panels.list(states)),
      panels.block(say("when_taken"), panels.bars(times.map(([name, count]) => [name ?? say("unknown_time"), count]))),
      Object.keys(failures).length ? panels.block(say("why_failed"), panels.counts(failures)) : null,
    ].filter(Boolean);
  },
  /** How often each text occurs, in the order of the texts. */
  tally(texts) {
    const counts = new Map();
    for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
    return [...counts].sort((a, b) => (a[0] ?? "~") < (b[0] ?? "~") ? -1 : 1);
  },

  quality() {
    const { tool, started_at, finished_at, source, models, settings, pictures, sightings, licenses, producers, reviews } = survey.lineage;
    const shares = [[.9, 1.01], [.7, .9], [.5, .7], [0, .5]].map(([from, to]) => [
      from ? `≥ ${percent(from)}` : `< ${percent(.5)}`, survey.landmarks.filter(({ probability }) => probability >= from && probability < to).length]);
    const placed = survey.methods.map(method => [say(method), survey.landmarks.filter(landmark => landmark.method === method).length]).filter(([, count]) => count);
    const text = value => typeof value === "string" ? value : JSON.stringify(value);
    return [
      panels.block(say("how_made"), panels.list([
        [say("tool"), tool], [say("started"), moment(started_at)], [say("finished"), moment(finished_at)], [say("source"), link(source, source)],
        [say("area"), survey.area_name], ...Object.entries(settings).map(([name, value]) => [name, text(value)])], "text"),
        survey.lineage.complete ? null : el("p", { class: "problem" }, say("incomplete"))),
      panels.block(say("from_detections"), panels.list([
        [say("figure_pictures", 2), num(pictures.found)], [say("detections"), num(sightings.found)], [say("in_landmarks"), num(sightings.in_landmarks)],
        [say("left_out"), num(sightings.left_out)], [say(survey.noun, 2), num(survey.landmarks.length)]])),
      panels.block(say("how_sure"), panels.bars(shares)),
      panels.block(say("how_placed"), panels.bars(placed)),
      reviews && Object.keys(reviews).length ? panels.block(say("reviews_applied"), panels.list(Object.entries(reviews).map(([state, count]) => [panels.states(state), num(count)]))) : null,
      panels.block(say("models"), models.length ? models.map(model => el("p", {}, el("b", {}, model.name), ` ${say("version")} ${model.version}`, model.license ? `, ${model.license}` : "", el("br"), el("span", { class: "hash quiet" }, `SHA-256 ${model.sha256.slice(0, 24)}…`))) : el("p", {}, say("no_models"))),
      panels.block(say("licenses"), panels.counts(licenses)),
      panels.block(say("producers"), panels.counts(producers)),
      el("p", { class: "quiet block" }, survey.crops.count ? `${say("evidence_size", survey.crops.count, bytes(survey.crops.bytes))} ` : "", say("software")),
    ].filter(Boolean);
  },

  drawReview() {
    const count = marks.count();
    $("review-count").textContent = count ? num(count) : "";
    const name = el("input", { type: "text", id: "reviewer", maxlength: 80, autocomplete: "name", onchange: event => { marks.reviewer = event.target.value.trim(); marks.keep(); } });
    name.value = marks.reviewer;
    const lines = marks.file().count;
    const loaded = el("p", { role: "status", id: "loaded" }, panels.loaded ?? "");
    panels.loaded = null;
    const file = el("input", { type: "file", accept: ".json,application/json", hidden: true, id: "marks-file", onchange: async event => {
      try { panels.loaded = say("loaded", ...await marks.load(event.target.files[0])); } catch { panels.loaded = say("bad_marks"); }
      panels.drawReview();
    } });
    const marked = survey.landmarks.filter(marks.isMarked);
    $("review").replaceChildren(
      panels.block(say("marks_here"),
        el("p", {}, say("progress", count, survey.landmarks.length)),
        el("p", { class: "quiet" }, count ? say("marks_kept") : say("no_marks")),
        count ? el("pre", { class: "hash" }, `arpent review ${survey.stem}.gpkg ${survey.stem}-marks.json`) : null,
        marks.kept ? null : el("p", { class: "problem" }, say("not_kept")),
        el("label", { class: "field" }, say("reviewer"), name),
        el("div", { class: "buttons" },
          el("button", { type: "button", class: "primary", id: "download", disabled: !lines, onclick: marks.download }, say("download", lines)),
          el("button", { type: "button", id: "next-unmarked", onclick: () => page.nextUnmarked() }, say("next_unmarked")),
          el("button", { type: "button", onclick: () => file.click() }, say("load")), file,
          count ? el("button", { type: "button", onclick: () => { if (confirm(say("clear_sure"))) { marks.all.clear(); marks.keep(); page.marked(null); } } }, say("clear")) : null),
        loaded),
      el("ul", { class: "marked-list" }, marked.slice(0, 200).map(landmark => el("li", {}, el("button", { type: "button", onclick: () => page.select(landmark) },
        symbolElement(symbolOf(landmark)), el("span", {}, `${labelOf(classOf(landmark))} `, el("span", { class: "quiet" }, marks.states(marks.of(landmark)).map(state => say(`state_${state}`)).join(", "))))))));
  },
};
