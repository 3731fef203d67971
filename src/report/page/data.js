// The survey as the page has it: what the program wrote, made into objects.

const survey = { landmarks: [], byId: new Map(), pictures: null, sightings: null, classes: [], signs: new Map() };

/** Reads what stands in the page: JSON, compressed by gzip, as base64. */
async function readSurvey() {
  const text = $("data").textContent.trim();
  const packed = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const data = await new Response(stream).json();
  Object.assign(survey, data, { data });
  const columns = data.landmarks;
  survey.landmarks = columns.id.map((id, index) => ({
    index, id,
    lon: columns.lon[index] / 1e7, lat: columns.lat[index] / 1e7,
    class: data.classes[columns.class[index]],
    confidence: columns.confidence[index], probability: columns.probability[index], method: data.methods[columns.method[index]],
    major: columns.major[index], minor: columns.minor[index], azimuth: columns.azimuth[index],
    direction: columns.direction[index], direction_sd: columns.direction_sd[index],
    support: data.names[columns.support[index]], installation: data.names[columns.installation[index]],
    surface: columns.surface[index], surface_sd: columns.surface_sd[index],
    sightings: columns.sightings[index], sequences: columns.sequences[index],
    first: columns.first[index], last: columns.last[index],
    tags: columns.tags[index], license: data.names[columns.license[index]], producer: data.names[columns.producer[index]],
    reviewed: columns.reviewed[index],
    rays: [],
  }));
  survey.byId = new Map(survey.landmarks.map(landmark => [landmark.id, landmark]));
  data.sightings.landmark.forEach((landmark, sighting) => survey.landmarks[landmark].rays.push(sighting));
  survey.signs = new Map(data.signs.map(([code, fr, en, takesValue, symbol]) => [code, { class: code, fr, en, takesValue, symbol }]));
  survey.supports = groups("support");
  survey.installations = groups("installation");
}

/** The landmarks that have the same, by what they have. */
function groups(member) {
  const groups = new Map();
  for (const landmark of survey.landmarks) {
    if (!landmark[member]) continue;
    if (!groups.has(landmark[member])) groups.set(landmark[member], []);
    groups.get(landmark[member]).push(landmark);
  }
  return groups;
}

/** A sighting by its number. */
function sighting(number) {
  const { picture, azimuth, crop } = survey.data.sightings;
  return { picture: pictureAt(picture[number]), azimuth: azimuth[number] / 10, crop: crop[number] };
}

const STATES = ["done", "empty", "failed", "todo"];
/** A picture by its number. */
function pictureAt(number) {
  const { id, lon, lat, state, reason, time, url, producer } = survey.data.pictures;
  return {
    id: id[number], lon: lon[number] == null ? null : lon[number] / 1e7, lat: lat[number] == null ? null : lat[number] / 1e7,
    state: STATES[state[number]], reason: survey.data.names[reason[number]], time: time[number], url: url[number], producer: survey.data.names[producer[number]],
  };
}

let crops = null;
/** The address of a cut-out by its number; the text that holds all is taken apart when the first is asked for. */
function cropImage(number) {
  crops ??= $("crops").textContent.trim().split("\n");
  return crops[number] ? `data:image/jpeg;base64,${crops[number]}` : null;
}

// What a landmark is after the marks that were set in this page.

const classOf = landmark => {
  const mark = marks.of(landmark);
  if (!mark?.class) return landmark.class;
  const known = survey.signs.get(mark.class) ?? survey.classes.find(other => other.class === mark.class) ?? { fr: mark.class, en: mark.class, symbol: "thing" };
  return { ...known, class: mark.class, value: mark.value || null };
};
const placeOf = landmark => {
  const mark = marks.of(landmark);
  return mark?.lon == null ? [landmark.lon, landmark.lat] : [mark.lon, mark.lat];
};
const symbolOf = landmark => { const { symbol, value } = classOf(landmark); return symbolId(symbol, value); };
const labelOf = kind => kind[language];
const codeOf = kind => (kind.coded === false ? "" : kind.class) + (kind.value ? ` [${kind.value}]` : "");

// Metres and degrees, near a place.

const METRES_A_DEGREE = 111195;
const shifted = ([lon, lat], east, north) => [lon + east / (METRES_A_DEGREE * Math.cos(lat * Math.PI / 180)), lat + north / METRES_A_DEGREE];
const distance = ([lon, lat], [toLon, toLat]) => Math.hypot((toLon - lon) * Math.cos(lat * Math.PI / 180), toLat - lat) * METRES_A_DEGREE;
const towards = (place, azimuth, length) => { const angle = azimuth * Math.PI / 180; return shifted(place, Math.sin(angle) * length, Math.cos(angle) * length); };
/** The outline of a landmark's 95 % ellipse. */
function ellipse(landmark, corners = 40) {
  const turn = landmark.azimuth * Math.PI / 180;
  const ring = Array.from({ length: corners + 1 }, (_, corner) => {
    const angle = 2 * Math.PI * corner / corners;
    const along = Math.cos(angle) * landmark.major, across = Math.sin(angle) * landmark.minor;
    return shifted([landmark.lon, landmark.lat], along * Math.sin(turn) + across * Math.cos(turn), along * Math.cos(turn) - across * Math.sin(turn));
  });
  return { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [ring] } };
}
