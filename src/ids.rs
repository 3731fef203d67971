//! Ids that stay with landmarks from one result to the next.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::camera::wrap_degrees;
use crate::compare::{Edge, Looks, Status, Terms, assign, compare};
use crate::inventory::Entry;
use crate::locate::Landmark;
use crate::locate::plane::{Plane, Point};
use crate::place::Place;
use crate::sighting::{Sighting, Station};

/// A picture saw a landmark in a direction nearer than this to where it was placed, degrees.
const AHEAD_DEG: f64 = 90.0;

/// Gives entries the ids that they had before: an id stays with the landmark that most of its sightings are in now.
///
/// `before` names for each sighting the landmark that it was in; entries and landmarks stand side by side.
pub fn keep_ids(entries: &mut [Entry], landmarks: &[Landmark], before: &[Option<&str>]) {
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    before.iter().flatten().for_each(|id| *sizes.entry(id).or_default() += 1);
    let mut shares: Vec<(usize, usize, &str)> = Vec::new();
    for (number, landmark) in landmarks.iter().enumerate() {
        let mut of_it: BTreeMap<&str, usize> = BTreeMap::new();
        let known = landmark.sightings.iter().filter_map(|sighting| before.get(*sighting).copied().flatten());
        known.for_each(|id| *of_it.entry(id).or_default() += 1);
        shares.extend(of_it.into_iter().filter(|(id, n)| 2 * n > sizes[id]).map(|(id, n)| (n, number, id)));
    }
    // Most shared sightings first; of two landmarks that became one, the larger one's id stays.
    shares.sort_by(|a, b| b.0.cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut kept: BTreeMap<usize, &str> = BTreeMap::new();
    for (_, number, id) in shares {
        kept.entry(number).or_insert(id);
    }
    let mut taken: BTreeSet<String> = kept.values().map(|id| (*id).to_owned()).collect();
    for (number, entry) in entries.iter_mut().enumerate() {
        if let Some(id) = kept.get(&number) {
            entry.id = (*id).to_owned();
            continue;
        }
        // The id of a new landmark may be one that another has kept.
        let own = entry.id.clone();
        let numbered = (2..).map(|n| format!("{own}-{n}"));
        entry.id = std::iter::once(own.clone()).chain(numbered).find(|id| !taken.contains(id)).unwrap_or_default();
        taken.insert(entry.id.clone());
    }
}

/// What an earlier result tells of sightings.
pub struct Recalled<'a> {
    /// The pictures of the sightings.
    pub stations: &'a [Station],
    /// The sightings.
    pub sightings: &'a [Sighting],
    /// Names of the classes that sightings number, as an inventory has them.
    pub classes: &'a [String],
}

impl Recalled<'_> {
    /// For each sighting the id of the landmark of an earlier result that it was in; entries and landmarks are those
    /// that were made of the sightings now, side by side.
    ///
    /// Of its sightings a result tells the pictures alone: in each of them the landmarks that it showed get sightings of
    /// their class back, so that the sum of squares of what the directions are off is least. Landmarks none of whose
    /// pictures is there any more are looked for by their places, as [`compare`] does.
    pub fn ids(&self, previous: &[Place], entries: &[Entry], landmarks: &[Landmark]) -> Vec<Option<String>> {
        let mut ids = vec![None; self.sightings.len()];
        let elsewhere = self.by_pictures(previous, &mut ids);
        by_places(&elsewhere, entries, landmarks, &mut ids);
        ids
    }

    /// Gives sightings back by pictures; the result are the places none of whose pictures is there.
    fn by_pictures(&self, previous: &[Place], ids: &mut [Option<String>]) -> Vec<Place> {
        let station_of: HashMap<&str, usize> =
            self.stations.iter().enumerate().map(|(number, station)| (&*station.picture_id, number)).collect();
        let mut showed: Vec<Vec<&Place>> = vec![Vec::new(); self.stations.len()];
        let mut elsewhere = Vec::new();
        for place in previous {
            let stations: Vec<usize> =
                place.pictures.iter().filter_map(|id| station_of.get(&**id).copied()).collect();
            if stations.is_empty() {
                elsewhere.push(place.clone());
            }
            stations.into_iter().for_each(|station| showed[station].push(place));
        }
        let mut sees: Vec<Vec<usize>> = vec![Vec::new(); self.stations.len()];
        for (number, sighting) in self.sightings.iter().enumerate() {
            sees[sighting.station].push(number);
        }
        for (station, (places, sightings)) in self.stations.iter().zip(showed.iter().zip(&sees)) {
            let plane = Plane::about(station.lon_deg, station.lat_deg);
            let off_deg = |place: &Place, sighting: &Sighting| {
                let azimuth = Point::default().azimuth_to(plane.point(place.lon_deg, place.lat_deg));
                wrap_degrees(azimuth.to_degrees() - sighting.azimuth_deg)
            };
            let mut edges = Vec::new();
            for (row, place) in places.iter().enumerate() {
                for (column, number) in sightings.iter().enumerate() {
                    let sighting = &self.sightings[*number];
                    let off_deg = off_deg(place, sighting);
                    if self.classes[sighting.class] == place.class && off_deg.abs() < AHEAD_DEG {
                        edges.push(Edge { row, column, cost: off_deg * off_deg });
                    }
                }
            }
            for (row, column) in assign(places.len(), sightings.len(), edges, AHEAD_DEG * AHEAD_DEG) {
                ids[sightings[column]] = Some(places[row].id.clone());
            }
        }
        elsewhere
    }
}

/// Gives the sightings of landmarks that are new so far the ids of places where they stand.
fn by_places(previous: &[Place], entries: &[Entry], landmarks: &[Landmark], ids: &mut [Option<String>]) {
    let is_new = |landmark: &Landmark| landmark.sightings.iter().all(|sighting| ids[*sighting].is_none());
    let new = entries.iter().zip(landmarks).filter(|(_, landmark)| is_new(landmark));
    let (places, landmarks): (Vec<Place>, Vec<&Landmark>) =
        new.map(|(entry, landmark)| (Place::from(entry), landmark)).unzip();
    let landmark_of: HashMap<&str, &Landmark> = places.iter().map(|place| &*place.id).zip(landmarks).collect();
    for outcome in compare(previous, &places, Terms::default(), Looks::default()) {
        let Some((old, new)) = outcome.old.zip(outcome.new).filter(|_| outcome.status == Status::Matched) else {
            continue;
        };
        let sightings = landmark_of.get(&*new.id).into_iter().flat_map(|landmark| &landmark.sightings);
        sightings.for_each(|sighting| ids[*sighting] = Some(old.id.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::{Covariance, Method};
    use crate::model::Class;

    fn landmark(sightings: &[usize]) -> Landmark {
        Landmark {
            lon_deg: 7.0,
            lat_deg: 48.0,
            covariance: Covariance { xx: 1.0, xy: 0.0, yy: 1.0 },
            class: 0,
            class_confidence: 0.7,
            probability: 0.9,
            method: Method::Triangulated,
            direction_deg: None,
            direction_sd_deg: None,
            support: None,
            installation: None,
            surface: None,
            sightings: sightings.to_vec(),
        }
    }

    /// The ids of landmarks of these sightings, which would be called `new` else.
    fn ids(landmarks: &[&[usize]], before: &[Option<&str>]) -> Vec<String> {
        let landmarks: Vec<Landmark> = landmarks.iter().map(|sightings| landmark(sightings)).collect();
        let entry =
            |l: &Landmark| Entry { id: "new".to_owned(), ..Entry::new("signs", &Class::default(), 0.5, l, &[]) };
        let mut entries: Vec<Entry> = landmarks.iter().map(entry).collect();
        keep_ids(&mut entries, &landmarks, before);
        entries.into_iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn an_id_stays_with_most_of_its_sightings() {
        let before = [Some("a"), Some("a"), Some("a"), Some("b"), None];
        assert_eq!(ids(&[&[3, 4], &[0, 1, 2]], &before), ["b", "a"]);
        assert_eq!(ids(&[&[0, 4], &[1, 2], &[3]], &before), ["new", "a", "b"], "one sighting has moved");
    }

    #[test]
    fn two_that_became_one_have_the_id_of_the_larger() {
        assert_eq!(ids(&[&[0, 1, 2], &[3]], &[Some("a"), Some("b"), Some("b"), None]), ["b", "new"]);
    }

    #[test]
    fn one_that_fell_into_halves_is_two_new_ones() {
        assert_eq!(ids(&[&[0], &[1]], &[Some("new"), Some("new")]), ["new", "new-2"]);
        assert_eq!(ids(&[&[0, 1], &[2]], &[Some("new"), Some("new"), None]), ["new", "new-2"]);
    }
    /// What is recalled of two cameras 20 m apart that look north, one sighting each of two signs; both are made one
    /// landmark of each sign.
    fn recalled(previous: &[Place]) -> Vec<Option<String>> {
        let station = |picture_id: &str, lon_deg| Station {
            picture_id: picture_id.to_owned(),
            sequence_id: "s".to_owned(),
            lon_deg,
            lat_deg: 48.0,
            position_sd_m: 2.0,
            heading_deg: 0.0,
            heading_sd_deg: 2.0,
            hfov_deg: 360.0,
        };
        let sees = |station, azimuth_deg| Sighting { station, azimuth_deg, ..Sighting::default() };
        let stations = [station("p", 7.0), station("q", 7.000_268)];
        let sightings = [sees(0, 20.0), sees(0, 350.0), sees(1, 315.0), sees(1, 300.0)];
        let landmarks = [landmark(&[0, 2]), landmark(&[1, 3])];
        let entry = |l: &Landmark| Entry::new("signs", &Class::of_name("B1".into()), 0.5, l, &[]);
        let mut entries: Vec<Entry> = landmarks.iter().map(entry).collect();
        for (entry, (id, lon_deg)) in entries.iter_mut().zip([("x", 7.000_1), ("y", 6.999_95)]) {
            (entry.id, entry.lon_deg, entry.lat_deg) = (id.to_owned(), lon_deg, 48.000_17);
        }
        let classes = ["B1".to_owned()];
        let seen = Recalled { stations: &stations, sightings: &sightings, classes: &classes };
        seen.ids(previous, &entries, &landmarks)
    }

    fn place(id: &str, lon_deg: f64, pictures: &[&str]) -> Place {
        let pictures = pictures.iter().map(|id| (*id).to_owned()).collect();
        Place { id: id.into(), lon_deg, lat_deg: 48.000_17, class: "B1".into(), pictures, ..Place::default() }
    }

    fn named<const N: usize>(ids: [Option<&str>; N]) -> Vec<Option<String>> {
        ids.iter().map(|id| id.map(str::to_owned)).collect()
    }

    #[test]
    fn a_picture_gives_its_sightings_back_by_their_directions() {
        // Both places are off to the east, so that the left one lies in the direction of the right sighting.
        let (left, right) = (place("left", 7.000_03, &["p", "q"]), place("right", 7.000_15, &["q", "p"]));
        let all = [Some("right"), Some("left"), Some("right"), Some("left")];
        assert_eq!(recalled(&[left.clone(), right.clone()]), named(all));
        assert_eq!(recalled(&[right.clone(), left]), named(all));
        assert_eq!(recalled(&[right])[0], Some("right".into()));
        assert_eq!(recalled(&[Place { class: "B2".into(), ..place("left", 7.0, &["p"]) }]), named([None; 4]));
    }

    #[test]
    fn landmarks_of_other_pictures_are_found_by_their_places() {
        let old = [place("a", 7.000_1, &["last year"]), place("b", 7.001, &[])];
        assert_eq!(recalled(&old), named([Some("a"), None, Some("a"), None]));
        // What the pictures show otherwise is not taken for something that stands near.
        let shown = place("c", 7.000_1, &["p", "q"]);
        assert_eq!(recalled(&[place("a", 7.000_1, &[]), shown])[0], Some("c".into()));
    }
}
