// The card of the landmark that is chosen: what it is, the evidence, and what a reviewer says of it.

const MOST_FIGURES = 24;

const card = {
  /** Draws the card of a landmark. */
  draw(landmark) {
    const kind = classOf(landmark);
    const place = list.shown.indexOf(landmark);
    const go = step => () => page.select(list.shown[place + step]);
    const chips = [say("exists", chance(landmark.probability)), say("within", num(landmark.major, 1)), say("class_sure", chance(landmark.confidence)), say(landmark.method)];
    $("card").replaceChildren(
      el("div", { class: "card-head" }, symbolElement(symbolOf(landmark)),
        el("div", {}, el("h2", { id: "card-title" }, labelOf(kind)), el("span", { class: "quiet" }, codeOf(kind))),
        el("button", { type: "button", class: "icon-button", id: "close-card", "aria-label": say("close"), title: `${say("close")} (Esc)`, onclick: () => page.close() }, "×")),
      el("div", { class: "chips" }, chips.map((text, at) => el("span", { title: at === 3 ? say(`${landmark.method}_long`) : null }, text))),
      card.evidence(landmark), card.review(landmark), card.facts(landmark),
      el("div", { class: "card-foot" },
        el("button", { type: "button", disabled: place <= 0, onclick: go(-1) }, `← ${say("previous")}`),
        el("button", { type: "button", disabled: place < 0 || place + 1 >= list.shown.length, onclick: go(1) }, `${say("next")} →`)));
    $("card").hidden = false;
  },

  evidence(landmark) {
    const shown = landmark.rays.slice(0, MOST_FIGURES).map(number => ({ number, ...sighting(number) }));
    const rest = landmark.sightings - shown.length;
    const lighting = number => {
      const lit = on => () => map.choose(landmark, false, on ? number : null);
      return { onmouseenter: lit(true), onmouseleave: lit(false), onfocusin: lit(true), onfocusout: lit(false) };
    };
    const name = picture => picture.id.split("/").pop();
    const told = picture => {
      const away = picture.lon == null ? null : say("at_range", num(distance([picture.lon, picture.lat], [landmark.lon, landmark.lat])));
      return [day(picture.time), away].filter(Boolean).join(", ");
    };
    const image = ({ crop }) => crop < 0 ? null : cropImage(crop);
    const figures = shown.filter(image).map(seen => el("figure", { "data-sighting": seen.number, ...lighting(seen.number) },
      el("img", { src: image(seen), alt: say("cut_out_of", name(seen.picture)) }),
      el("figcaption", {}, told(seen.picture), seen.picture.url ? [el("br"), link(seen.picture.url, say("open_picture"))] : null)));
    const lines = shown.filter(seen => !image(seen)).map(seen => el("li", { "data-sighting": seen.number, ...lighting(seen.number) },
      seen.picture.url ? link(seen.picture.url, say("open_picture")) : name(seen.picture), `, ${told(seen.picture)}`));
    return el("section", {}, el("h3", {}, say("evidence", landmark.sightings)),
      figures.length ? el("div", { class: "evidence" }, figures) : null,
      lines.length ? el("details", { class: "without", open: !figures.length }, el("summary", {}, `${num(lines.length)} ${say("without_cut_out")}`), el("ul", {}, lines)) : null,
      rest > 0 ? el("p", { class: "quiet" }, say("more", rest)) : null);
  },

  facts(landmark) {
    const [lon, lat] = placeOf(landmark);
    const others = (member, groups) => landmark[member] && groups.get(landmark[member]).length > 1 ? say("others", groups.get(landmark[member]).length - 1) : null;
    const compass = degrees => say("compass")[Math.round(degrees / 45) % 8];
    const facts = [
      ["place", link(`https://www.openstreetmap.org/?mlat=${lat.toFixed(6)}&mlon=${lon.toFixed(6)}#map=19/${lat.toFixed(6)}/${lon.toFixed(6)}`, `${lat.toFixed(6)}, ${lon.toFixed(6)}`)],
      ["ellipse", `${num(landmark.major, 1)} × ${num(landmark.minor, 1)} m`],
      ["faces", landmark.direction == null ? null : `${landmark.direction}° ${compass(landmark.direction)}` + (landmark.direction_sd == null ? "" : ` ± ${landmark.direction_sd}°`)],
      ["seen", `${say("in_sequences", landmark.sightings, landmark.sequences)}${landmark.last ? `, ${say("between", day(landmark.first), day(landmark.last))}` : ""}`],
      ["support", others("support", survey.supports)],
      ["installation", others("installation", survey.installations)],
      ["surface", landmark.surface == null ? null : `${num(landmark.surface, 1)} m²` + (landmark.surface_sd == null ? "" : ` ± ${num(landmark.surface_sd, 1)}`)],
      ["tags", landmark.tags?.split(";").flatMap((tag, at) => at ? [el("br"), tag] : [tag])],
      ["producer", landmark.producer], ["license", landmark.license],
      ["reviewed", landmark.reviewed && panels.states(landmark.reviewed)],
      ["id", el("span", { class: "hash" }, landmark.id)],
    ];
    return el("section", {}, el("h3", {}, say("facts")), el("dl", { class: "facts" }, facts.filter(([, value]) => value != null).flatMap(([name, value]) => [el("dt", {}, say(name)), el("dd", {}, value)])));
  },

  review(landmark) {
    const mark = marks.of(landmark);
    const states = marks.states(mark);
    const button = (state, act) => el("button", { type: "button", "data-mark": state, "aria-pressed": String(states.includes(state)), onclick: act }, say(state));
    const verdict = state => () => marks.set(landmark, { mark: states.includes(state) ? null : state });
    const field = card.classField(landmark, mark);
    const note = el("textarea", { id: "mark-note", rows: 2, maxlength: 1000, onchange: event => marks.set(landmark, { note: event.target.value.trim() }) });
    note.value = mark?.note ?? "";
    return el("section", {},
      el("h3", {}, say("is_it_right")),
      el("div", { class: "marks", role: "group", "aria-label": say("is_it_right") },
        button("right", verdict("right")), button("wrong", verdict("wrong")),
        button("class", () => { field.hidden = !field.hidden; if (!field.hidden) field.querySelector("input").focus(); }),
        button("moved", () => map.move(landmark, to => { if (to) marks.set(landmark, { lon: to[0], lat: to[1] }); else card.draw(landmark); document.querySelector("[data-mark=moved]")?.focus(); }))),
      field,
      el("label", { class: "field" }, say("note"), note),
      states.length || mark?.note ? el("button", { type: "button", class: "link", id: "forget", onclick: () => marks.forget(landmark) }, say("forget_mark")) : null,
      el("p", { class: "quiet keys" }, say("keys")));
  },

  /** The field that says what a landmark is instead: a code or a name, and what is written on it. */
  classField(landmark, mark) {
    const problem = el("p", { class: "problem", role: "alert" });
    const value = el("input", { type: "text", maxlength: 20, id: "mark-value", autocomplete: "off" });
    const kind = el("input", { type: "text", id: "mark-class", list: "known-classes", autocomplete: "off", maxlength: 100 });
    const find = text => {
      const wanted = text.trim().split(/\s{2,}/)[0].toLowerCase();
      const known = [...survey.signs.values(), ...survey.classes];
      return known.find(sign => sign.class.toLowerCase() === wanted) ?? known.find(sign => labelOf(sign).toLowerCase() === text.trim().toLowerCase());
    };
    const set = () => {
      const sign = find(kind.value);
      problem.textContent = kind.value && !sign ? say("unknown_class") : "";
      if (!kind.value) return marks.set(landmark, { class: null, value: null });
      if (sign) marks.set(landmark, { class: sign.class, value: sign.takesValue === 0 ? null : value.value.trim() });
    };
    kind.value = mark?.class ?? "";
    value.value = mark?.value ?? "";
    kind.addEventListener("change", set);
    value.addEventListener("change", set);
    if (!$("known-classes")) document.body.append(el("datalist", { id: "known-classes" }));
    if ($("known-classes").dataset.of !== language) {
      $("known-classes").dataset.of = language;
      $("known-classes").replaceChildren(...[...survey.signs.values()].map(sign => el("option", { value: sign.class }, labelOf(sign))));
    }
    const field = el("div", { class: "two", id: "class-field" }, el("label", { class: "field" }, say("what_is_it"), kind), el("label", { class: "field" }, say("value"), value), problem);
    field.hidden = !mark?.class;
    return field;
  },
};
