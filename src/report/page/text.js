// What the page says, in English and French. What comes from the data is never put through here.

const TEXTS = {
  en: {
    language: "Language", map: "Map", parts: "Parts of the page", skip_to_table: "Skip to the table",
    layers: "Layers", background: "Background", plan: "IGN plan", photo: "IGN aerial photos", osm: "OpenStreetMap", plain: "none",
    ellipses: "95 % ellipses", facing: "facing", pictures: "pictures",
    no_network: "The background map cannot be reached. Everything else works without a network.",
    no_map: "This browser cannot draw the map, because WebGL is missing. The table, the counts and the evidence work without it.",
    too_old: "This browser is too old for the page: it needs one of 2023 or newer.",
    inventory: "Inventory", coverage: "Coverage", quality: "Quality", review: "Review",
    search: "Search a name, code, tag or id", filters: "Filters", from: "Seen from", to: "Seen until",
    probability_from: "Probability at least", sightings_from: "Seen at least (times)", method: "Placed by", any: "any",
    marked: "Review", unmarked: "not reviewed", is_marked: "reviewed", by_class: "By class", all_classes: "show all", reset: "reset filters",
    table: "Landmarks", table_help: "Landmarks: arrow keys choose, Enter opens, Escape closes",
    label: "Name", probability: "Prob.", accuracy: "± m", sightings: "Seen", last: "Last",
    probability_long: "Probability that it exists", accuracy_long: "Semi-major axis of the 95 % ellipse, metres", sightings_long: "How often it was seen", last_long: "Last seen",
    counted: (n, all) => `${n === all ? num(all) : `${num(n)} of ${num(all)}`} ${say(survey.noun, all)}`,
    signs: n => n === 1 ? "sign" : "signs", solar: n => n === 1 ? "module" : "modules", things: n => n === 1 ? "landmark" : "landmarks",
    title_signs: "Road signs", title_solar: "Photovoltaic modules", title_things: "Landmarks",
    figure_pictures: n => n === 1 ? "picture" : "pictures", figure_failed: "failed", figure_surface: "m² of surface", figure_installations: n => n === 1 ? "installation" : "installations",
    pictures_taken: (a, b) => a === b ? `pictures of ${a}` : `pictures of ${a} to ${b}`,
    incomplete: "the survey was stopped before its end",
    triangulated: "triangulated", range: "range by size", bearing: "bearing only",
    triangulated_long: "placed from several pictures", range_long: "placed from one picture and its size", bearing_long: "its place along the line of sight is a guess",
    close: "Close", previous: "Previous", next: "Next", next_unmarked: "Next not reviewed",
    exists: p => `${p} probable`, within: m => `± ${m} m`, class_sure: p => `class ${p} sure`,
    evidence: n => n === 1 ? "Seen once" : `Seen ${num(n)} times`, more: n => `and ${num(n)} more`,
    open_picture: "open picture", without_cut_out: "without a cut-out", at_range: m => `${m}\u00a0m away`, cut_out_of: name => `Cut-out of ${name}`,
    facts: "Facts", place: "Place", ellipse: "95 % ellipse", faces: "Faces", seen: "Seen", support: "On one pole with", installation: "Installation", surface: "Surface",
    tags: "Tags", producer: "Pictures by", license: "Licence", id: "Id", reviewed: "Reviewed",
    in_sequences: (n, s) => `${num(n)} × in ${num(s)} ${s === 1 ? "sequence" : "sequences"}`, between: (a, b) => a === b ? a : `${a} – ${b}`,
    others: n => n === 1 ? "1 other" : `${num(n)} others`,
    compass: ["N", "NE", "E", "SE", "S", "SW", "W", "NW"],
    is_it_right: "Is it right?", right: "Right", wrong: "Wrong", class: "Other class", moved: "Move",
    state_right: "right", state_wrong: "wrong", state_class: "other class", state_moved: "moved",
    what_is_it: "What is it? Code or name", value: "Says", unknown_class: "No such class is known.", note: "Note", forget_mark: "Take the mark back",
    keys: "Keys: R right, W wrong, C other class, M move, N next",
    move_help: "Drag the pin or click where it stands. Arrow keys move it by half a metre.", done: "Done", cancel: "Cancel", pin: "Pin: arrow keys move it",
    had_pictures: "Where there were pictures", coverage_text: "Each dot on the map is a picture. Where there is no dot, nobody has looked, and a missing sign means nothing.",
    outside: "The outline is the area that was asked for.",
    done_state: "with detections", empty_state: "looked at, nothing found", failed_state: "failed", todo_state: "not looked at yet",
    why_failed: "Why pictures failed", when_taken: "When they were taken", unknown_time: "unknown", state: "State", taken: "Taken",
    how_made: "How this was made", tool: "Program", started: "Begun", finished: "Ended", source: "Pictures from", area: "Area",
    from_detections: "From detections to landmarks", detections: "detections in all pictures", in_landmarks: "of those, in landmarks", left_out: "left out as improbable",
    how_sure: "How sure", how_placed: "How placed", models: "Models", version: "version", no_models: "none: annotations by others",
    licenses: "Licences of the pictures", producers: "Pictures by", unknown: "unknown",
    reviews_applied: "Reviews already applied", evidence_size: (n, bytes) => `This page holds ${num(n)} cut-outs, ${bytes}.`,
    software: "The map is drawn by MapLibre GL JS (BSD 3-Clause).",
    marks_here: "Your marks", no_marks: "Nothing is marked yet. Open a landmark and say whether it is right; the marks stay in this browser.",
    marks_kept: "The marks stay in this browser until you clear them. Download them and give the file to whoever keeps the survey:",
    not_kept: "This browser keeps nothing for pages opened from a disk: download the marks before you close it.",
    reviewer: "Your name (optional)", download: n => n === 1 ? "Download 1 mark" : `Download ${num(n)} marks`, load: "Load a marks file", clear: "Clear all marks", clear_sure: "Clear all marks of this survey in this browser?",
    bad_marks: "This is no marks file of this survey.", loaded: (n, lost) => `${num(n)} marks loaded` + (lost ? `, ${num(lost)} of landmarks that are not here` : "") + ".",
    progress: (n, all) => `${num(n)} of ${num(all)} reviewed`,
  },
  fr: {
    language: "Langue", map: "Carte", parts: "Parties de la page", skip_to_table: "Aller au tableau",
    layers: "Couches", background: "Fond", plan: "Plan IGN", photo: "Photos aériennes IGN", osm: "OpenStreetMap", plain: "aucun",
    ellipses: "ellipses à 95 %", facing: "orientation", pictures: "photos",
    no_network: "Le fond de carte est inaccessible. Tout le reste fonctionne sans réseau.",
    no_map: "Ce navigateur ne peut pas dessiner la carte : WebGL manque. Le tableau, les décomptes et les preuves fonctionnent sans elle.",
    too_old: "Ce navigateur est trop ancien pour cette page : il en faut un de 2023 ou plus récent.",
    inventory: "Inventaire", coverage: "Couverture", quality: "Qualité", review: "Relecture",
    search: "Chercher un nom, un code, un attribut ou un identifiant", filters: "Filtres", from: "Vu depuis le", to: "Vu jusqu'au",
    probability_from: "Probabilité d'au moins", sightings_from: "Vu au moins (fois)", method: "Placé par", any: "indifférent",
    marked: "Relecture", unmarked: "non relus", is_marked: "relus", by_class: "Par classe", all_classes: "tout montrer", reset: "effacer les filtres",
    table: "Objets", table_help: "Objets : les flèches choisissent, Entrée ouvre, Échap ferme",
    label: "Nom", probability: "Prob.", accuracy: "± m", sightings: "Vu", last: "Dernier",
    probability_long: "Probabilité qu'il existe", accuracy_long: "Demi-grand axe de l'ellipse à 95 %, en mètres", sightings_long: "Nombre de fois qu'il a été vu", last_long: "Vu pour la dernière fois",
    counted: (n, all) => `${n === all ? num(all) : `${num(n)} sur ${num(all)}`} ${say(survey.noun, all)}`,
    signs: n => n < 2 ? "panneau" : "panneaux", solar: n => n < 2 ? "module" : "modules", things: n => n < 2 ? "objet" : "objets",
    title_signs: "Panneaux routiers", title_solar: "Modules photovoltaïques", title_things: "Objets",
    figure_pictures: n => n < 2 ? "photo" : "photos", figure_failed: "en échec", figure_surface: "m² de surface", figure_installations: n => n < 2 ? "installation" : "installations",
    pictures_taken: (a, b) => a === b ? `photos du ${a}` : `photos du ${a} au ${b}`,
    incomplete: "le relevé a été arrêté avant la fin",
    triangulated: "triangulation", range: "distance par la taille", bearing: "direction seule",
    triangulated_long: "placé d'après plusieurs photos", range_long: "placé d'après une photo et sa taille", bearing_long: "sa place sur la ligne de visée est une supposition",
    close: "Fermer", previous: "Précédent", next: "Suivant", next_unmarked: "Suivant non relu",
    exists: p => `probable à ${p}`, within: m => `± ${m} m`, class_sure: p => `classe sûre à ${p}`,
    evidence: n => n < 2 ? "Vu une fois" : `Vu ${num(n)} fois`, more: n => `et ${num(n)} de plus`,
    open_picture: "ouvrir la photo", without_cut_out: "sans vignette", at_range: m => `à\u00a0${m}\u00a0m`, cut_out_of: name => `Vignette de ${name}`,
    facts: "Détails", place: "Position", ellipse: "Ellipse à 95 %", faces: "Tourné vers", seen: "Vu", support: "Sur un même mât avec", installation: "Installation", surface: "Surface",
    tags: "Attributs", producer: "Photos de", license: "Licence", id: "Identifiant", reviewed: "Relu",
    in_sequences: (n, s) => `${num(n)} × dans ${num(s)} ${s < 2 ? "séquence" : "séquences"}`, between: (a, b) => a === b ? a : `${a} – ${b}`,
    others: n => n < 2 ? "1 autre" : `${num(n)} autres`,
    compass: ["N", "NE", "E", "SE", "S", "SO", "O", "NO"],
    is_it_right: "Est-ce juste ?", right: "Juste", wrong: "Faux", class: "Autre classe", moved: "Déplacer",
    state_right: "juste", state_wrong: "faux", state_class: "autre classe", state_moved: "déplacé",
    what_is_it: "Qu'est-ce ? Code ou nom", value: "Indique", unknown_class: "Cette classe n'est pas connue.", note: "Remarque", forget_mark: "Retirer l'avis",
    keys: "Touches : R juste, W faux, C autre classe, M déplacer, N suivant",
    move_help: "Faites glisser le repère ou cliquez à sa place. Les flèches le déplacent d'un demi-mètre.", done: "Terminé", cancel: "Annuler", pin: "Repère : les flèches le déplacent",
    had_pictures: "Là où il y avait des photos", coverage_text: "Chaque point de la carte est une photo. Là où il n'y a pas de point, personne n'a regardé, et l'absence de panneau ne dit rien.",
    outside: "Le contour est la zone demandée.",
    done_state: "avec détections", empty_state: "regardées, rien trouvé", failed_state: "en échec", todo_state: "pas encore regardées",
    why_failed: "Pourquoi des photos ont échoué", when_taken: "Quand elles ont été prises", unknown_time: "inconnu", state: "État", taken: "Prise",
    how_made: "Comment ceci a été fait", tool: "Programme", started: "Début", finished: "Fin", source: "Photos de", area: "Zone",
    from_detections: "Des détections aux objets", detections: "détections dans toutes les photos", in_landmarks: "dont dans un objet", left_out: "écartées comme improbables",
    how_sure: "Certitude", how_placed: "Placement", models: "Modèles", version: "version", no_models: "aucun : annotations d'autrui",
    licenses: "Licences des photos", producers: "Photos de", unknown: "inconnu",
    reviews_applied: "Relectures déjà appliquées", evidence_size: (n, bytes) => `Cette page contient ${num(n)} vignettes, ${bytes}.`,
    software: "La carte est dessinée par MapLibre GL JS (BSD 3-Clause).",
    marks_here: "Vos avis", no_marks: "Rien n'est encore relu. Ouvrez un objet et dites s'il est juste ; les avis restent dans ce navigateur.",
    marks_kept: "Les avis restent dans ce navigateur jusqu'à ce que vous les effaciez. Téléchargez-les et donnez le fichier à qui tient le relevé :",
    not_kept: "Ce navigateur ne garde rien pour les pages ouvertes depuis un disque : téléchargez les avis avant de le fermer.",
    reviewer: "Votre nom (facultatif)", download: n => `Télécharger ${num(n)} avis`, load: "Charger un fichier d'avis", clear: "Effacer tous les avis", clear_sure: "Effacer tous les avis de ce relevé dans ce navigateur ?",
    bad_marks: "Ceci n'est pas un fichier d'avis de ce relevé.", loaded: (n, lost) => `${num(n)} avis chargés` + (lost ? `, ${num(lost)} d'objets absents d'ici` : "") + ".",
    progress: (n, all) => `${num(n)} sur ${num(all)} relus`,
  },
};

let language = "en";
const say = (key, ...values) => {
  const text = TEXTS[language][key];
  return typeof text === "function" ? text(...values) : text;
};
const num = (value, digits = 0) => value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const percent = share => share.toLocaleString(language, { style: "percent" });
/** A probability. Nothing is certain. */
const chance = share => share >= .995 ? `> ${percent(.99)}` : percent(share);
const day = seconds => seconds == null ? "" : new Date(seconds * 1000).toLocaleDateString(language === "en" ? "en-GB" : "fr", { timeZone: "UTC" });
const moment = text => text ? new Date(text).toLocaleString(language === "en" ? "en-GB" : "fr", { timeZone: "UTC", dateStyle: "medium", timeStyle: "short" }) + " UTC" : "";
const bytes = count => count < 1e6 ? `${num(count / 1e3)} ${language === "fr" ? "ko" : "kB"}` : `${num(count / 1e6, 1)} ${language === "fr" ? "Mo" : "MB"}`;

const $ = id => document.getElementById(id);

/** An element. Text becomes text and nothing else, whatever it holds. */
function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter(child => child != null));
  return element;
}

/** A link that opens beside the page, for addresses of HTTP alone; else its text. */
function link(address, text) {
  if (!/^https?:\/\//i.test(address ?? "")) return text;
  return el("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, text);
}

/** Puts the fixed texts of the page into its language. */
function translate() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = say(element.dataset.text);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
  for (const element of document.querySelectorAll("[data-placeholder]")) element.placeholder = say(element.dataset.placeholder);
  for (const button of document.querySelectorAll("[data-language]")) button.setAttribute("aria-pressed", button.dataset.language === language);
}
