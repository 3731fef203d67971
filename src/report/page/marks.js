// The marks of a reviewer: what a person says of landmarks. They are kept in the browser and leave it as a small file.

const marks = {
  all: new Map(), reviewer: "", kept: true,
  key: () => `arpent marks ${survey.key}`,

  of: landmark => marks.all.get(landmark.id),
  /** What a mark says: right, wrong, class, moved, or class and moved. */
  states: mark => mark ? (mark.mark ? [mark.mark] : ["class", "moved"].filter(state => mark[state === "moved" ? "lon" : "class"] != null)) : [],
  isMarked: landmark => marks.states(marks.of(landmark)).length > 0,
  count: () => survey.landmarks.reduce((count, landmark) => count + marks.isMarked(landmark), 0),

  restore() {
    try {
      const { all = [], reviewer = "" } = JSON.parse(localStorage.getItem(marks.key()) ?? "{}");
      marks.all = new Map(all);
      marks.reviewer = reviewer;
    } catch { marks.kept = false; }
  },
  keep() {
    try {
      localStorage.setItem(marks.key(), JSON.stringify({ all: [...marks.all], reviewer: marks.reviewer }));
    } catch { marks.kept = false; }
  },

  /** Changes the mark of a landmark and tells the page. Right and wrong stand alone; class and place go together. */
  set(landmark, change) {
    const now = { ...marks.of(landmark), ...change, time: new Date().toISOString().replace(/\.\d+Z/, "Z") };
    if (change.mark) delete now.class, delete now.value, delete now.lon, delete now.lat;
    else if (change.class || change.lon != null) delete now.mark;
    for (const member of Object.keys(now)) if (now[member] == null || now[member] === "") delete now[member];
    if (marks.states(now).length || now.note) marks.all.set(landmark.id, now);
    else marks.all.delete(landmark.id);
    marks.keep();
    page.marked(landmark);
  },
  forget(landmark) {
    marks.all.delete(landmark.id);
    marks.keep();
    page.marked(landmark);
  },

  /** The file for `arpent review`: a line a mark. */
  file() {
    const lines = [];
    for (const landmark of survey.landmarks) {
      const mark = marks.of(landmark);
      for (const state of marks.states(mark)) {
        const line = { landmark: landmark.id, mark: state };
        if (state === "class") Object.assign(line, { class: mark.class }, mark.value ? { value: mark.value } : {});
        if (state === "moved") Object.assign(line, { lon: mark.lon, lat: mark.lat });
        Object.assign(line, mark.note ? { note: mark.note } : {}, marks.reviewer ? { reviewer: marks.reviewer } : {}, { time: mark.time });
        line.found = { class: landmark.class.class, lon: landmark.lon, lat: landmark.lat };
        lines.push(JSON.stringify(line));
      }
    }
    return { count: lines.length, text: `{"arpent_marks":1,"survey":${JSON.stringify(survey.key)},"marks":[\n${lines.join(",\n")}\n]}\n` };
  },
  download() {
    const address = URL.createObjectURL(new Blob([marks.file().text], { type: "application/json" }));
    el("a", { href: address, download: `${survey.stem}-marks.json` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  },
  /** Takes the marks of a file; says how many, and how many are of landmarks that are not here. */
  async load(file) {
    const { arpent_marks, marks: lines } = JSON.parse(await file.text());
    if (arpent_marks !== 1 || !Array.isArray(lines)) throw new Error("no marks");
    let [taken, lost] = [0, 0];
    const text = value => typeof value === "string" ? value : null;
    for (const line of lines) {
      if (!survey.byId.has(line?.landmark)) { lost += 1; continue; }
      const now = { ...marks.all.get(line.landmark), time: text(line.time) };
      if (text(line.note)) now.note = line.note;
      if (line.mark === "right" || line.mark === "wrong") now.mark = line.mark;
      else if (line.mark === "class" && text(line.class)) Object.assign(now, { class: line.class, value: text(line.value) });
      else if (line.mark === "moved" && Number.isFinite(line.lon) && Number.isFinite(line.lat)) Object.assign(now, { lon: line.lon, lat: line.lat });
      else { lost += 1; continue; }
      taken += 1;
      marks.all.set(line.landmark, now);
    }
    marks.keep();
    page.marked(null);
    return [taken, lost];
  },
};
