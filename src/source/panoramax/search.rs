//! Finding everything in a box with a search that answers a limited number of pictures and has no second page.
//!
//! A full answer is *perhaps* cut off: its box is split in four, again and again. Edges are inclusive and servers may
//! repeat themselves, so pictures are told apart by their identifier. Of that a digest is remembered, not the text:
//! there may be millions.

use std::collections::HashSet;
use std::ops::ControlFlow;

use geo::{Coord, Rect};
use sha2::{Digest, Sha256};

/// Something that a search finds.
pub trait Found {
    /// What tells it from all others.
    fn id(&self) -> &str;
    /// Longitude and latitude in degrees, where it has them.
    fn lon_lat_deg(&self) -> Option<(f64, f64)>;
}

/// What one search answered.
#[derive(Debug)]
pub struct Page<T> {
    /// What was found.
    pub items: Vec<T>,
    /// Whether there may be more.
    pub full: bool,
}

impl<T> Page<T> {
    /// The answer was more than can be taken at once.
    pub fn too_much() -> Self {
        Self { items: Vec::new(), full: true }
    }

    fn is_too_much(&self) -> bool {
        self.full && self.items.is_empty()
    }
}

/// How many items to ask for at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For a box that can be split.
    pub usual: u32,
    /// For a box too small to be split: the most that servers accept.
    pub most: u32,
}

/// Why a search came to no end.
#[derive(Debug, PartialEq, Eq)]
pub enum SearchError<E> {
    /// A request failed.
    Request(E),
    /// The server answers with pictures that are not in the box asked for.
    BoxIgnored,
    /// More requests than a sensible search needs.
    TooManyRequests,
}

/// Sides below this are not halved, degrees: about a metre.
const MIN_SIDE_DEG: f64 = 1e-5;

/// How far from a box a server may still find something, degrees: databases compare boxes in single precision, with
/// steps of 0.000015 degrees at the antimeridian.
const ROUNDING_DEG: f64 = 1e-4;

/// Enough for some millions of pictures.
const MAX_REQUESTS: usize = 10_000;

/// Finds everything in `boxes`; boxes that are not `wanted` are left out. `ask` searches one box, and `found` takes what
/// each search finds that none before it had; it may break the search off.
///
/// Gives the boxes too small to be split whose answers were full all the same: some of what is there may be missing.
pub fn search_all<T: Found, E>(
    boxes: Vec<Rect<f64>>,
    limits: Limits,
    wanted: impl Fn(&Rect<f64>) -> bool,
    mut ask: impl FnMut(&Rect<f64>, u32) -> Result<Page<T>, E>,
    mut found: impl FnMut(Vec<T>) -> ControlFlow<()>,
) -> Result<Vec<Rect<f64>>, SearchError<E>> {
    let mut known = HashSet::new();
    let mut cut_off = Vec::new();
    let mut waiting = boxes;
    let mut requests = 0;
    while let Some(cell) = waiting.pop() {
        if !wanted(&cell) {
            continue;
        }
        let quarters = split(&cell);
        requests += 1;
        if requests > MAX_REQUESTS {
            return Err(SearchError::TooManyRequests);
        }
        let mut ask = |limit| ask(&cell, limit).map_err(SearchError::Request);
        let mut page = ask(if quarters.is_some() { limits.usual } else { limits.most })?;
        if page.is_too_much() && quarters.is_none() {
            page = Page { full: true, ..ask(limits.usual)? };
        }
        if page.full && !page.is_too_much() && !page.items.iter().any(|item| lies_in(item, &cell)) {
            return Err(SearchError::BoxIgnored);
        }
        page.items.retain(|item| known.insert(digest(item.id())));
        if !page.items.is_empty() && found(page.items).is_break() {
            break;
        }
        match quarters {
            Some(quarters) if page.full => waiting.extend(quarters),
            None if page.full => cut_off.push(cell),
            _ => {}
        }
    }
    Ok(cut_off)
}

/// Half of its SHA-256: of a thousand million identifiers no two share it by chance, nor by anybody's will.
fn digest(id: &str) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(id)[..16]);
    half
}

fn lies_in(item: &impl Found, cell: &Rect<f64>) -> bool {
    let (min, max) = (cell.min(), cell.max());
    item.lon_lat_deg().is_some_and(|(lon, lat)| {
        (min.x - ROUNDING_DEG..=max.x + ROUNDING_DEG).contains(&lon)
            && (min.y - ROUNDING_DEG..=max.y + ROUNDING_DEG).contains(&lat)
    })
}

/// The four quarters of a box, or its halves where it is narrow; `None` where it is small.
fn split(cell: &Rect<f64>) -> Option<Vec<Rect<f64>>> {
    let columns = halves(cell.min().x, cell.max().x);
    let rows = halves(cell.min().y, cell.max().y);
    let parts: Vec<_> = rows
        .iter()
        .flat_map(|&(s, n)| columns.iter().map(move |&(w, e)| Rect::new(Coord { x: w, y: s }, Coord { x: e, y: n })))
        .collect();
    (parts.len() > 1).then_some(parts)
}

fn halves(low: f64, high: f64) -> Vec<(f64, f64)> {
    let middle = low + (high - low) / 2.0;
    if high - low > MIN_SIDE_DEG && low < middle && middle < high {
        vec![(low, middle), (middle, high)]
    } else {
        vec![(low, high)]
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Thing {
        id: String,
        at: (f64, f64),
    }

    impl Found for Thing {
        fn id(&self) -> &str {
            &self.id
        }
        fn lon_lat_deg(&self) -> Option<(f64, f64)> {
            Some(self.at)
        }
    }

    fn things(positions: impl IntoIterator<Item = (f64, f64)>) -> Vec<Thing> {
        positions.into_iter().enumerate().map(|(i, at)| Thing { id: i.to_string(), at }).collect()
    }

    fn rect(west: f64, south: f64, east: f64, north: f64) -> Rect<f64> {
        Rect::new(Coord { x: west, y: south }, Coord { x: east, y: north })
    }

    /// Answers as a server does: edges inclusive, the first `limit` of what lies in the box.
    fn answer(catalogue: &[Thing], cell: &Rect<f64>, limit: u32) -> Page<Thing> {
        let (min, max) = (cell.min(), cell.max());
        let inside = |t: &&Thing| t.at.0 >= min.x && t.at.0 <= max.x && t.at.1 >= min.y && t.at.1 <= max.y;
        let items: Vec<_> = catalogue.iter().filter(inside).take(limit as usize).cloned().collect();
        Page { full: items.len() >= limit as usize, items }
    }

    /// What was found, each thing once, and where some may be missing.
    #[derive(Debug, PartialEq)]
    struct Harvest {
        items: BTreeMap<String, Thing>,
        cut_off: Vec<Rect<f64>>,
    }

    /// Searches where boxes are wanted.
    fn harvest<E>(
        boxes: Vec<Rect<f64>>,
        limits: Limits,
        wanted: impl Fn(&Rect<f64>) -> bool,
        ask: impl FnMut(&Rect<f64>, u32) -> Result<Page<Thing>, E>,
    ) -> Result<Harvest, SearchError<E>> {
        let mut items = BTreeMap::new();
        let cut_off = search_all(boxes, limits, wanted, ask, |found| {
            for thing in found {
                assert!(items.insert(thing.id.clone(), thing).is_none(), "found twice");
            }
            ControlFlow::Continue(())
        })?;
        Ok(Harvest { items, cut_off })
    }

    /// Searches a catalogue: what was found, and the number of requests.
    fn find(catalogue: &[Thing], boxes: Vec<Rect<f64>>, limits: Limits) -> (Harvest, usize) {
        let mut requests = 0;
        let found = harvest(
            boxes,
            limits,
            |_| true,
            |cell, limit| {
                requests += 1;
                Ok::<_, ()>(answer(catalogue, cell, limit))
            },
        );
        (found.unwrap(), requests)
    }

    proptest! {
        #[test]
        fn everything_is_found_once(
            spread in proptest::collection::vec((-10.0..10.0f64, -5.0..5.0f64), 0..200),
            // Round positions lie on the edges where boxes are split.
            on_edges in proptest::collection::vec((-4..=4i8, -4..=4i8), 0..60),
            limit in 5u32..40,
        ) {
            let on_edges = on_edges.into_iter().map(|(x, y)| (f64::from(x) * 2.5, f64::from(y) * 1.25));
            let catalogue = things(spread.into_iter().chain(on_edges));
            let limits = Limits { usual: limit, most: 1000 };
            let (harvest, _) = find(&catalogue, vec![rect(-10.0, -5.0, 10.0, 5.0)], limits);
            prop_assert_eq!(harvest.items.len(), catalogue.len());
            prop_assert!(catalogue.iter().all(|t| harvest.items.get(&t.id) == Some(t)));
            prop_assert_eq!(harvest.cut_off, vec![]);
        }
    }

    #[test]
    fn overlapping_boxes_give_each_thing_once() {
        let catalogue = things((0..50).map(|i| (f64::from(i) / 50.0, 0.5)));
        let boxes = vec![rect(0.0, 0.0, 0.7, 1.0), rect(0.3, 0.0, 1.0, 1.0)];
        assert_eq!(find(&catalogue, boxes, Limits { usual: 10, most: 100 }).0.items.len(), 50);
    }

    #[test]
    fn one_answer_that_is_not_full_is_one_request() {
        let catalogue = things((0..9).map(|i| (f64::from(i), 0.0)));
        let (harvest, requests) = find(&catalogue, vec![rect(0.0, -1.0, 9.0, 1.0)], Limits { usual: 10, most: 10 });
        assert_eq!((harvest.items.len(), requests), (9, 1));
    }

    #[test]
    fn a_heap_at_one_point_is_had_whole_by_the_higher_limit() {
        let catalogue = things((0..30).map(|_| (2.123_456_7, 48.765_432_1)));
        let (harvest, requests) =
            find(&catalogue, vec![rect(-180.0, -90.0, 180.0, 90.0)], Limits { usual: 5, most: 50 });
        assert_eq!((harvest.items.len(), harvest.cut_off.len()), (30, 0));
        assert!(requests < 200, "{requests}");
    }

    #[test]
    fn a_heap_above_every_limit_is_named() {
        // On a corner of the smallest boxes as well as inside of one.
        for at in [(0.0, 0.0), (2.123_456_7, 48.765_432_1)] {
            let catalogue = things((0..30).map(|_| at));
            let (harvest, requests) =
                find(&catalogue, vec![rect(-10.0, -50.0, 10.0, 50.0)], Limits { usual: 5, most: 20 });
            assert_eq!(harvest.items.len(), 20);
            assert!((1..=4).contains(&harvest.cut_off.len()), "{:?}", harvest.cut_off);
            assert!(requests < 500, "{requests}");
        }
    }

    #[test]
    fn unwanted_boxes_are_not_asked_for() {
        let catalogue = things((0..100).map(|i| (f64::from(i % 10), f64::from(i / 10))));
        let east = |cell: &Rect<f64>| cell.max().x > 5.0;
        let harvest = harvest(vec![rect(0.0, 0.0, 9.0, 9.0)], Limits { usual: 10, most: 10 }, east, |cell, limit| {
            assert!(east(cell));
            Ok::<_, ()>(answer(&catalogue, cell, limit))
        });
        let items = harvest.unwrap().items;
        assert!(catalogue.iter().filter(|t| t.at.0 > 5.0).all(|t| items.contains_key(&t.id)));
    }

    #[test]
    fn a_server_that_ignores_the_box_is_named() {
        let catalogue = things((0..20).map(|i| (f64::from(i) / 100.0, 0.0)));
        let mut requests = 0;
        let result = harvest(
            vec![rect(-10.0, -10.0, 10.0, 10.0)],
            Limits { usual: 10, most: 10 },
            |_| true,
            |_, limit| {
                requests += 1;
                Ok::<_, ()>(Page { items: catalogue.iter().take(limit as usize).cloned().collect(), full: true })
            },
        );
        assert_eq!(result.unwrap_err(), SearchError::BoxIgnored);
        assert!(requests < 100, "{requests}");
    }

    #[test]
    fn a_server_that_always_has_more_comes_to_an_end() {
        let mut made = 0;
        let result = harvest(
            vec![rect(-10.0, -10.0, 10.0, 10.0)],
            Limits { usual: 1, most: 1 },
            |_| true,
            |cell, _| {
                made += 1;
                let at = cell.center();
                Ok::<_, ()>(Page { items: vec![Thing { id: made.to_string(), at: (at.x, at.y) }], full: true })
            },
        );
        assert_eq!(result.unwrap_err(), SearchError::TooManyRequests);
    }

    #[test]
    fn an_answer_that_is_too_much_is_asked_for_in_parts() {
        // Four in one place, and others; no more than three fit an answer.
        let heap = [(5.0, 5.0); 4];
        let catalogue = things(heap.into_iter().chain((0..6).map(|i| (f64::from(i), 1.0))));
        let ask = |cell: &Rect<f64>, limit| {
            let page = answer(&catalogue, cell, limit);
            Ok::<_, ()>(if page.items.len() > 3 { Page::too_much() } else { page })
        };
        let all = vec![rect(0.0, 0.0, 10.0, 10.0)];
        let found = harvest(all, Limits { usual: 3, most: 10 }, |_| true, ask).unwrap();
        // Where they lie in one place, as many are had as fit.
        assert_eq!(found.items.len(), 3 + 6);
        assert!(!found.cut_off.is_empty());
    }

    #[test]
    fn who_has_enough_breaks_it_off() {
        let catalogue = things((0..100).map(|i| (f64::from(i) / 10.0, 0.0)));
        let mut parts = 0;
        let ask = |cell: &Rect<f64>, limit| Ok::<_, ()>(answer(&catalogue, cell, limit));
        let found = |_| {
            parts += 1;
            ControlFlow::Break(())
        };
        search_all(vec![rect(0.0, -1.0, 10.0, 1.0)], Limits { usual: 10, most: 10 }, |_| true, ask, found).unwrap();
        assert_eq!(parts, 1);
    }

    #[test]
    fn a_failed_request_ends_the_search() {
        let result = harvest(
            vec![rect(0.0, 0.0, 1.0, 1.0)],
            Limits { usual: 1, most: 1 },
            |_| true,
            |_, _| Err::<Page<Thing>, _>("down"),
        );
        assert_eq!(result.unwrap_err(), SearchError::Request("down"));
    }
}
