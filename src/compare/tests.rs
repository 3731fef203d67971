use super::*;
use proptest::prelude::*;

const METRE: f64 = 1.0 / 111_195.0;

/// So many metres north of a corner, on the equator.
fn place(id: &str, class: &str, east_m: f64, north_m: f64) -> Place {
    let ellipse = Some(Ellipse { major_m: 4.0, minor_m: 2.0, azimuth_deg: 90.0 });
    let (lon_deg, lat_deg) = (east_m * METRE, north_m * METRE);
    Place { id: id.into(), class: class.into(), lon_deg, lat_deg, ellipse, ..Place::default() }
}

fn told(old: &[Place], new: &[Place]) -> Vec<String> {
    let outcomes = compare(old, new, Terms::default(), Looks::default());
    let id = |place: Option<&Place>| place.map_or("-", |place| place.id.as_str()).to_owned();
    outcomes.iter().map(|o| format!("{} {} {}", o.status.name(), id(o.old), id(o.new))).collect()
}

#[test]
fn each_place_becomes_something() {
    let valued = |mut place: Place, value: &str| {
        place.value = Some(value.into());
        place
    };
    let old = [
        place("a", "AB4", 0.0, 0.0),
        valued(place("b", "B14", 100.0, 0.0), "50"),
        place("c", "C12", 200.0, 0.0),
        place("d", "A13a", 300.0, 0.0),
    ];
    let new = [
        place("A", "AB4", 3.0, 0.0),
        valued(place("B", "B14", 101.0, 0.0), "30"),
        place("C", "C12", 200.0, 12.0),
        place("E", "B1", 300.0, 0.0),
    ];
    let expected = ["matched a A", "changed b B", "moved c C", "not seen d -", "new - E"];
    assert_eq!(told(&old, &new), expected);
}

#[test]
fn a_family_and_its_code_are_one_and_opposite_faces_two() {
    assert_eq!(told(&[place("a", "danger", 0.0, 0.0)], &[place("A", "A13a", 1.0, 0.0)]), ["matched a A"]);
    let facing = |id: &str, degrees| Place { direction_deg: Some(degrees), ..place(id, "AB4", 0.0, 0.0) };
    assert_eq!(told(&[facing("a", 10.0)], &[facing("A", 190.0)]), ["not seen a -", "new - A"]);
}

#[test]
fn the_best_of_all_counts_not_the_first() {
    let old = [place("a", "C12", 0.0, 0.0), place("b", "C12", 4.0, 0.0)];
    let new = [place("A", "C12", 3.0, 0.0), place("B", "C12", 7.0, 0.0)];
    assert_eq!(told(&old, &new), ["matched a A", "matched b B"]);
}

#[test]
fn ids_tell_neighbours_apart() {
    let old = [place("a", "C12", 0.0, 0.0), place("b", "C12", 0.5, 0.0)];
    let new = [place("b", "C12", 0.1, 0.0)];
    assert_eq!(told(&old, &new), ["matched b b", "not seen a -"]);
}

#[test]
fn scores_are_what_they_are_called() {
    let truth = [place("a", "AB4", 0.0, 0.0), place("b", "B14", 50.0, 0.0), place("c", "B14", 90.0, 0.0)];
    let sure = |probability, mut place: Place| {
        place.probability = Some(probability);
        place
    };
    let found = [
        sure(0.95, place("A", "AB4", 1.0, 0.0)),
        sure(0.95, place("B", "B14", 50.0, 3.0)),
        sure(0.3, place("C", "B14", 90.0, 9.0)),
        sure(0.1, place("D", "B14", 500.0, 0.0)),
    ];
    let score = score(&truth, &found, 4.0, false);
    assert_eq!((score.total.precision(), score.total.recall()), (0.5, 2.0 / 3.0));
    assert_eq!(score.classes["B14"], ClassScore { truth: 2, found: 3, hit: 1, right: 1 });
    let errors = score.errors.unwrap();
    // C is judged as well: 9 m off.
    assert!(errors.pairs == 3 && (errors.median_m - 3.0).abs() < 0.05, "{errors:?}");
    assert_eq!(errors.inside, Some(1.0 / 3.0));
    let bins: Vec<_> = score.bins.iter().map(|bin| (bin.found, bin.right)).collect();
    assert_eq!(bins, [(1, 0.0), (1, 0.0), (2, 1.0)]);
}

fn some_places() -> impl Strategy<Value = Vec<Place>> {
    let one = (0..30_u8, 0..30_u8, prop_oneof!["AB4", "B14", "prohibition", "c1"], 0..3_usize, any::<bool>());
    proptest::collection::vec(one, 0..12).prop_map(|all| {
        let place = |(index, (east, north, class, ellipse, faces)): (usize, (u8, u8, String, usize, bool))| {
            let mut place = place(&format!("i{index}"), &class, f64::from(east), f64::from(north));
            place.ellipse = place.ellipse.filter(|_| ellipse > 0);
            place.direction_deg = faces.then_some(f64::from(east) * 30.0 % 360.0);
            place
        };
        all.into_iter().enumerate().map(place).collect()
    })
}

fn bytes(outcomes: &[Outcome<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_csv(outcomes, &mut bytes).unwrap();
    write_geojson(outcomes, &mut bytes).unwrap();
    bytes
}

proptest! {
    #[test]
    fn a_list_is_like_itself(places in some_places()) {
        let outcomes = compare(&places, &places, Terms::default(), Looks::default());
        prop_assert_eq!(outcomes.len(), places.len());
        for outcome in outcomes {
            prop_assert_eq!((outcome.status, outcome.distance_m), (Status::Matched, Some(0.0)));
            prop_assert_eq!(outcome.old, outcome.new);
        }
    }

    #[test]
    fn back_and_forth_is_the_same(old in some_places(), new in some_places()) {
        let there = compare(&old, &new, Terms::default(), Looks::default());
        let back = compare(&new, &old, Terms::default(), Looks::default());
        let swapped = |status| match status {
            Status::New => Status::NotSeen,
            Status::NotSeen => Status::New,
            other => other,
        };
        let mut turned: Vec<Outcome<'_>> =
            back.iter().map(|o| Outcome { status: swapped(o.status), old: o.new, new: o.old, ..*o }).collect();
        turned.sort_by(Outcome::order);
        let text = |outcomes: &[Outcome<'_>]| {
            let id = |place: Option<&Place>| place.map(|place| place.id.clone());
            outcomes.iter().map(|o| (o.status, id(o.old), id(o.new))).collect::<Vec<_>>()
        };
        prop_assert_eq!(text(&there), text(&turned));
        let kept = there.iter().filter(|o| o.old.is_some()).count();
        prop_assert_eq!(kept, old.len());
    }

    #[test]
    fn the_order_of_rows_does_not_count(old in some_places(), new in some_places(), turn in 0..12_usize) {
        let shuffled = |places: &[Place]| {
            let mut places = places.to_vec();
            places.reverse();
            let middle = turn.min(places.len());
            places.rotate_left(middle);
            places
        };
        let (other_old, other_new) = (shuffled(&old), shuffled(&new));
        let outcomes = compare(&old, &new, Terms::default(), Looks::default());
        let others = compare(&other_old, &other_new, Terms::default(), Looks::default());
        prop_assert_eq!(bytes(&outcomes), bytes(&others));
        let (one, other) = (score(&old, &new, 4.0, false), score(&other_old, &other_new, 4.0, false));
        prop_assert_eq!((one.total, one.errors), (other.total, other.errors));
    }
}
