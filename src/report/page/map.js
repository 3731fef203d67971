// The map: landmarks, their ellipses and the way they face, the pictures, and the rays of the one that is chosen.

const GEOPF = "https://data.geopf.fr/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&STYLE=normal&TILEMATRIXSET=PM&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}";
// The tiles of openstreetmap.org itself are not for pages that are opened from a disk: they name no referrer.
const BASES = {
  plan: { tiles: `${GEOPF}&LAYER=GEOGRAPHICALGRIDSYSTEMS.PLANIGNV2&FORMAT=image/png`, attribution: "© IGN" },
  photo: { tiles: `${GEOPF}&LAYER=ORTHOIMAGERY.ORTHOPHOTOS&FORMAT=image/jpeg`, attribution: "© IGN" },
  osm: { tiles: "https://a.tile.openstreetmap.fr/osmfr/{z}/{x}/{y}.png", attribution: "© OpenStreetMap, OSM France" },
  plain: null,
};
// Where the maps of the IGN are detailed: France and its overseas départements.
const FRANCE = [[-5.3, 41.2, 9.7, 51.2], [-61.9, 14.3, -60.7, 16.6], [-54.7, 2, -51.5, 6], [55.1, -21.5, 55.9, -20.8], [44.9, -13.1, 45.4, -12.5]];
const STATE_COLOURS = ["match", ["get", "s"], 0, "#1f6fd1", 1, "#ffffff", 2, "#c4302b", "#8a94a0"];
const NEAR_ZOOM = 15.5, MOST_ELLIPSES = 1500;
/** Two pictures of a sequence farther apart than this are not joined, metres. */
const LONGEST_STEP = 40;

const features = list => ({ type: "FeatureCollection", features: list });
const point = (place, properties) => ({ type: "Feature", properties, geometry: { type: "Point", coordinates: place } });
const line = (places, properties = {}) => ({ type: "Feature", properties, geometry: { type: "LineString", coordinates: places } });

const map = {
  gl: null, ready: false, shown: [], moving: null,

  start() {
    const canvas = document.createElement("canvas");
    if (!(canvas.getContext("webgl2") ?? canvas.getContext("webgl"))) return map.fail();
    map.dark = matchMedia("(prefers-color-scheme: dark)").matches;
    try {
      map.gl = new maplibregl.Map({
        container: "map", attributionControl: { compact: false }, maxZoom: 21, dragRotate: false, pitchWithRotate: false, fadeDuration: 0,
        ...(map.bounds() ? { bounds: map.bounds(), fitBoundsOptions: { padding: 60, maxZoom: 18 } } : {}),
        style: { version: 8, sources: {}, layers: [{ id: "ground", type: "background", paint: { "background-color": map.dark ? "#20262e" : "#e9ecf0" } }] },
      });
    } catch { return map.fail(); }
    map.gl.touchZoomRotate.disableRotation();
    map.gl.keyboard.disableRotation();
    map.gl.addControl(new maplibregl.NavigationControl({ showCompass: false }), "bottom-left");
    map.gl.addControl(new maplibregl.ScaleControl({ unit: "metric" }), "bottom-left");
    // Tiles that do not come are no reason to say anything in the console.
    map.gl.on("error", event => { if (!event.sourceId && event.error) console.error(event.error); });
    map.gl.on("load", () => map.load());
    for (const id of ["show-ellipses", "show-facing", "show-pictures"]) $(id).addEventListener("change", () => map.layers());
    $("base").addEventListener("change", () => map.setBase($("base").value));
    map.chosenBase = map.firstBase();
    map.translate();
  },

  fail() {
    map.gl = null;
    $("map-tools").hidden = true;
    $("no-map").hidden = false;
    $("no-map").dataset.text = "no_map";
    $("no-map").textContent = say("no_map");
  },

  bounds() {
    const places = survey.landmarks.map(landmark => [landmark.lon, landmark.lat]);
    if (!places.length) survey.data.pictures.lon.forEach((lon, index) => lon != null && places.push([lon / 1e7, survey.data.pictures.lat[index] / 1e7]));
    if (!places.length) return null;
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [lon, lat] of places) {
      box[0] = Math.min(box[0], lon); box[1] = Math.min(box[1], lat); box[2] = Math.max(box[2], lon); box[3] = Math.max(box[3], lat);
    }
    return box;
  },
  firstBase() {
    const box = map.bounds();
    if (!navigator.onLine || !box) return "plain";
    const [lon, lat] = [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
    return FRANCE.some(([w, s, e, n]) => lon > w && lon < e && lat > s && lat < n) ? "plan" : "osm";
  },

  translate() {
    $("base").replaceChildren(...Object.keys(BASES).map(base => el("option", { value: base }, say(base))));
    $("base").value = map.chosenBase ?? "plain";
  },

  async load() {
    const gl = map.gl;
    const ids = new Set([...survey.landmarks.map(symbolOf), ...Object.keys(DRAWINGS)]);
    await Promise.all([...ids].map(id => map.addSymbol(id)));
    gl.addImage("facing", map.arrow("#1b2430", "#fff"), { pixelRatio: 2 });
    gl.addImage("facing dark", map.arrow("#e8ecf1", "#20262e"), { pixelRatio: 2 });
    for (const source of ["area", "tracks", "pictures", "ellipses", "landmarks", "rays", "chosen"]) gl.addSource(source, { type: "geojson", data: features([]), ...(source === "landmarks" ? { buffer: 32, tolerance: 0 } : {}) });
    const many = survey.landmarks.length > 1500;
    const size = many ? ["interpolate", ["linear"], ["zoom"], 14, .45, 16, .7, 19, 1] : ["interpolate", ["linear"], ["zoom"], 12, .5, 16, .75, 19, 1];
    const opacity = ["case", ["get", "wrong"], .35, 1];
    const layer = (id, type, source, rest) => gl.addLayer({ id, type, source, ...rest });
    layer("tracks", "line", "tracks", { layout: { "line-cap": "round", "line-join": "round" }, paint: { "line-color": map.dark ? "#39424e" : "#ffffff", "line-width": ["interpolate", ["exponential", 2], ["zoom"], 12, 1.5, 16, 5, 20, 26] } });
    layer("area", "line", "area", { paint: { "line-color": "#5b6675", "line-width": 1.6, "line-dasharray": [4, 3] } });
    layer("pictures", "circle", "pictures", { layout: { visibility: "none" }, paint: {
      "circle-radius": ["interpolate", ["linear"], ["zoom"], 10, 1.2, 15, 3, 19, 6], "circle-color": STATE_COLOURS,
      "circle-stroke-color": ["match", ["get", "s"], 1, "#1f6fd1", "#ffffff"], "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 13, .3, 17, 1.6] } });
    layer("ellipses", "fill", "ellipses", { minzoom: NEAR_ZOOM, paint: { "fill-color": "#1f4fa3", "fill-opacity": .1 } });
    layer("ellipse-lines", "line", "ellipses", { minzoom: NEAR_ZOOM, paint: { "line-color": "#1f4fa3", "line-opacity": .55, "line-width": 1 } });
    layer("rays", "line", "rays", { layout: { "line-cap": "round" }, paint: { "line-color": ["case", ["get", "lit"], "#e8590c", "#b54708"], "line-width": ["case", ["get", "lit"], 4, 1.6], "line-opacity": ["case", ["get", "lit"], 1, .75] } });
    layer("cameras", "circle", "chosen", { filter: ["==", ["get", "what"], "camera"], paint: { "circle-radius": ["case", ["get", "lit"], 7, 4.5], "circle-color": ["case", ["get", "lit"], "#e8590c", "#b54708"], "circle-stroke-color": "#fff", "circle-stroke-width": 1.5 } });
    layer("ring", "circle", "chosen", { filter: ["==", ["get", "what"], "landmark"], paint: { "circle-radius": 20, "circle-color": "#fff", "circle-opacity": .35, "circle-stroke-color": "#1f4fa3", "circle-stroke-width": 3 } });
    layer("facing", "symbol", "landmarks", { minzoom: NEAR_ZOOM, filter: ["has", "d"], layout: { "icon-image": "facing", "icon-rotate": ["get", "d"], "icon-rotation-alignment": "map", "icon-size": size, "icon-allow-overlap": true, "icon-ignore-placement": true } });
    if (many) layer("dots", "circle", "landmarks", { maxzoom: 14.5, paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 8, 1.6, 12, 3, 14.5, 5.5], "circle-color": ["get", "c"], "circle-stroke-color": "#fff", "circle-stroke-width": ["interpolate", ["linear"], ["zoom"], 10, .3, 14, 1.2], "circle-opacity": opacity } });
    layer("symbols", "symbol", "landmarks", { ...(many ? { minzoom: 14.5 } : {}), layout: { "icon-image": ["get", "i"], "icon-size": size, "icon-offset": ["interpolate", ["linear"], ["get", "o"], -20, ["literal", [0, -290]], 20, ["literal", [0, 290]]], "icon-allow-overlap": true, "icon-ignore-placement": true }, paint: { "icon-opacity": opacity } });
    if (survey.lineage.area) gl.getSource("area").setData({ type: "Feature", properties: {}, geometry: survey.lineage.area });
    for (const id of ["symbols", ...(many ? ["dots"] : [])]) {
      gl.on("click", id, event => { if (!map.moving) page.select(survey.landmarks[event.features[0].properties.n]); });
      gl.on("mousemove", id, event => map.hint(event, map.describe(survey.landmarks[event.features[0].properties.n])));
      gl.on("mouseleave", id, () => map.hint(null));
    }
    gl.on("mousemove", "pictures", event => { if ($("hint").hidden || map.hinted === "picture") map.hint(event, page.describePicture(pictureAt(event.features[0].properties.n)), "picture"); });
    gl.on("mouseleave", "pictures", () => map.hinted === "picture" && map.hint(null));
    gl.on("click", event => map.click(event));
    gl.on("moveend", () => map.drawEllipses());
    gl.getCanvas().setAttribute("aria-label", say("map"));
    map.ready = true;
    map.show(list.shown);
    map.layers();
    map.setBase(map.chosenBase);
    if (page.selected) map.choose(page.selected);
    document.body.dataset.map = "ready";
  },

  async addSymbol(id) {
    const image = new Image(64, 64);
    image.src = symbolImage(id);
    await image.decode();
    if (!map.gl.hasImage(id)) map.gl.addImage(id, image, { pixelRatio: 2 });
  },
  /** An arrowhead that stands off its middle, to be turned about it. */
  arrow(ink, edge) {
    const canvas = el("canvas", { width: 128, height: 128 });
    const pen = canvas.getContext("2d");
    pen.beginPath(); pen.moveTo(64, 3); pen.lineTo(83, 31); pen.quadraticCurveTo(64, 22, 45, 31); pen.closePath();
    pen.fillStyle = ink; pen.strokeStyle = edge; pen.lineWidth = 5; pen.lineJoin = "round"; pen.stroke(); pen.fill();
    return pen.getImageData(0, 0, 128, 128);
  },

  /** Puts a background under everything, after one tile of it has shown that it can be had. */
  async setBase(base) {
    map.chosenBase = base;
    $("base").value = base;
    $("map-note").hidden = true;
    if (!map.ready) return;
    map.tone(base);
    if (map.gl.getLayer("base")) { map.gl.removeLayer("base"); map.gl.removeSource("base"); }
    if (!BASES[base]) return;
    const { tiles, attribution } = BASES[base];
    try {
      const answer = await fetch(tiles.replace("{z}", 4).replace("{x}", 8).replace("{y}", 5), { signal: AbortSignal.timeout(8000) });
      if (!answer.ok) throw new Error(answer.status);
    } catch {
      if (map.chosenBase !== base) return;
      $("base").value = map.chosenBase = "plain";
      map.tone("plain");
      $("map-note").dataset.text = "no_network";
      $("map-note").textContent = say("no_network");
      $("map-note").hidden = false;
      setTimeout(() => { $("map-note").hidden = true; }, 9000);
      return;
    }
    if (map.chosenBase !== base || map.gl.getLayer("base")) return;
    map.gl.addSource("base", { type: "raster", tiles: [tiles], tileSize: 256, maxzoom: 19, attribution });
    map.gl.addLayer({ id: "base", type: "raster", source: "base", paint: { "raster-saturation": base === "photo" ? 0 : -.35, "raster-opacity": base === "photo" ? 1 : .85, "raster-fade-duration": 0 } }, "area");
  },

  /** Colours for a background: the maps are light, the plain one is as dark as the page. Without a map the tracks of
   *  the pictures stand for the streets. */
  tone(base) {
    const gl = map.gl, isDark = map.dark && base === "plain";
    gl.setLayoutProperty("facing", "icon-image", isDark ? "facing dark" : "facing");
    gl.setPaintProperty("ellipses", "fill-color", isDark ? "#8db4ff" : "#1f4fa3");
    gl.setPaintProperty("ellipse-lines", "line-color", isDark ? "#8db4ff" : "#1f4fa3");
    if (base === "plain" && !map.hasTracks) {
      map.hasTracks = true;
      gl.getSource("tracks").setData(features(map.tracks()));
    }
    gl.setLayoutProperty("tracks", "visibility", base === "plain" ? "visible" : "none");
  },
  /** The ways that the cameras went. */
  tracks() {
    const { lon, lat, sequence } = survey.data.pictures;
    const parts = [];
    let [part, last] = [[], null];
    lon.forEach((_, n) => {
      if (lon[n] == null) return;
      const place = [lon[n] / 1e7, lat[n] / 1e7];
      const goesOn = last != null && sequence[n] === sequence[last] && distance(part.at(-1), place) < LONGEST_STEP;
      if (!goesOn) parts.push(part = []);
      part.push(place);
      last = n;
    });
    return parts.map(part => line(part.length > 1 ? part : [part[0], part[0]]));
  },

  /** How far a symbol stands off its place, in halves of its height: what hangs on one pole is drawn one above the other. */
  offset(landmark) {
    const together = survey.supports.get(landmark.support) ?? [];
    return together.length > 1 ? together.length - 1 - 2 * together.indexOf(landmark) : 0;
  },
  feature(landmark) {
    const properties = { n: landmark.index, i: symbolOf(landmark), o: map.offset(landmark), c: dot(classOf(landmark).symbol), wrong: marks.of(landmark)?.mark === "wrong" };
    if (landmark.direction != null) properties.d = landmark.direction;
    return point(placeOf(landmark), properties);
  },
  show(landmarks) {
    map.shown = landmarks;
    if (!map.ready || map.due) return;
    // Once, whatever changes until the next frame.
    map.due = requestAnimationFrame(() => {
      map.due = null;
      for (const landmark of map.shown) if (marks.all.size && marks.of(landmark)) map.needSymbol(symbolOf(landmark));
      map.gl.getSource("landmarks").setData(features(map.shown.map(map.feature)));
      map.drawEllipses();
    });
  },
  needSymbol(id) {
    if (!map.gl.hasImage(id)) map.addSymbol(id).then(() => map.gl.triggerRepaint());
  },
  layers() {
    if (!map.ready) return;
    const visible = (id, is) => map.gl.getLayer(id) && map.gl.setLayoutProperty(id, "visibility", is ? "visible" : "none");
    visible("facing", $("show-facing").checked);
    for (const id of ["ellipses", "ellipse-lines"]) visible(id, $("show-ellipses").checked);
    if ($("show-pictures").checked && !map.hasPictures) {
      map.hasPictures = true;
      const { lon, lat, state } = survey.data.pictures;
      const dots = [];
      lon.forEach((lon, n) => { if (lon != null) dots.push(point([lon / 1e7, lat[n] / 1e7], { n, s: state[n] })); });
      map.gl.getSource("pictures").setData(features(dots));
    }
    visible("pictures", $("show-pictures").checked);
    map.drawEllipses();
  },
  /** The ellipses of what can be seen, where the map is near enough to show them. */
  drawEllipses() {
    if (!map.ready || !$("show-ellipses").checked || map.gl.getZoom() < NEAR_ZOOM) return;
    const bounds = map.gl.getBounds();
    const seen = map.shown.filter(landmark => bounds.contains([landmark.lon, landmark.lat])).slice(0, MOST_ELLIPSES);
    map.gl.getSource("ellipses").setData(features(seen.map(landmark => ellipse(landmark))));
  },

  describe(landmark) {
    const kind = classOf(landmark);
    return [el("b", {}, labelOf(kind)), ` ${codeOf(kind)}`, el("div", { class: "quiet" }, `${say("exists", chance(landmark.probability))}, ${say("within", num(landmark.major, 1))}`)];
  },
  hint(event, content, what) {
    map.hinted = what;
    $("hint").hidden = !event;
    if (!map.moving) map.gl.getCanvas().style.cursor = event ? "pointer" : "";
    if (!event) return;
    $("hint").replaceChildren(...content);
    const { x, y } = event.point;
    const left = x > $("map").clientWidth - 280;
    Object.assign($("hint").style, { left: left ? "" : `${x + 14}px`, right: left ? `${$("map").clientWidth - x + 14}px` : "", top: `${y + 14}px` });
  },
  click(event) {
    if (map.moving) return map.moving.place(event.lngLat.toArray());
    const box = [[event.point.x - 4, event.point.y - 4], [event.point.x + 4, event.point.y + 4]];
    const hit = map.gl.queryRenderedFeatures(box, { layers: ["symbols", "dots", "pictures"].filter(id => map.gl.getLayer(id)) });
    if (hit[0]?.layer.id === "pictures") page.openPicture(pictureAt(hit[0].properties.n));
    else if (!hit.length) page.close(false);
  },

  /** Shows the rays, cameras and ring of a landmark; `fly` brings it into view. */
  choose(landmark, fly = false, lit = null) {
    if (!map.ready) return;
    const [rays, marked] = [[], []];
    if (landmark) {
      const place = placeOf(landmark);
      for (const number of landmark.rays) {
        const { picture, azimuth } = sighting(number);
        if (picture.lon == null) continue;
        const camera = [picture.lon, picture.lat];
        const isLit = number === lit;
        rays.push(line([camera, towards(camera, azimuth, distance(camera, [landmark.lon, landmark.lat]))], { lit: isLit }));
        marked.push(point(camera, { what: "camera", lit: isLit }));
      }
      marked.push(point(place, { what: "landmark" }));
      if (fly) map.fly(place);
    }
    map.gl.getSource("rays").setData(features(rays));
    map.gl.getSource("chosen").setData(features(marked));
  },
  fly(place) {
    const narrow = matchMedia("(max-width: 800px)").matches;
    const card = narrow ? 0 : 366;
    const { x, y } = map.gl.project(place);
    const { clientWidth, clientHeight } = $("map");
    const isNear = map.gl.getZoom() >= 17;
    if (isNear && !narrow && x > 40 && x < clientWidth - card - 40 && y > 60 && y < clientHeight - 40) return;
    map.gl.easeTo({ center: place, zoom: Math.max(map.gl.getZoom(), 18), offset: [-card / 2, narrow ? -clientHeight / 5 : 0], duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 450 });
  },

  /** Lets a person say where a landmark stands; `done` hears the place, or nothing where it is left as it was. */
  move(landmark, done) {
    if (!map.ready) return;
    map.moving?.end(null);
    const pin = el("div", { class: "pin", tabindex: 0, role: "button", "aria-label": say("pin") }, el("img", { alt: "", width: 26, height: 34, src: `data:image/svg+xml,${encodeURIComponent('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 26 34"><path d="M13 33C5 22 2 18 2 12a11 11 0 0 1 22 0c0 6-3 10-11 21Z" fill="#e8590c" stroke="#fff" stroke-width="2"/><circle cx="13" cy="12" r="4" fill="#fff"/></svg>')}` }));
    const marker = new maplibregl.Marker({ element: pin, anchor: "bottom", draggable: true }).setLngLat(placeOf(landmark)).addTo(map.gl);
    let moved = false;
    const place = to => { marker.setLngLat(to); moved = true; };
    marker.on("dragend", () => { moved = true; });
    pin.addEventListener("keydown", event => {
      const step = { ArrowUp: [0, .5], ArrowDown: [0, -.5], ArrowLeft: [-.5, 0], ArrowRight: [.5, 0] }[event.key];
      if (step) place(shifted(marker.getLngLat().toArray(), ...step));
      else if (event.key === "Enter") map.moving.end(true);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    map.moving = {
      place,
      end(keep) {
        marker.remove();
        map.moving = null;
        $("move-bar").hidden = true;
        map.gl.getCanvas().style.cursor = "";
        done(keep && moved ? marker.getLngLat().toArray().map(degrees => Math.round(degrees * 1e7) / 1e7) : null);
      },
    };
    $("move-bar").hidden = false;
    map.gl.getCanvas().style.cursor = "crosshair";
    pin.focus();
  },
};
