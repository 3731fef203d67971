//! The boundaries of communes, from an API that answers as the official one does.

#[path = "support/mod.rs"]
mod support;

use arpent::source::communes::CommuneError;
use arpent::source::{Communes, Query};
use serde_json::{Value, json};
use support::command::run;
use support::server::{Reply, Request, Server};
use support::street;

/// A square commune. The sample street lies in the first, between 7.709 and 7.713.
fn commune(code: &str, name: &str, population: u64, west_deg: f64) -> Value {
    let (east_deg, south_deg, north_deg) = (west_deg + 0.01, 48.595, 48.605);
    json!({
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [[
            [west_deg, south_deg], [east_deg, south_deg], [east_deg, north_deg], [west_deg, north_deg],
            [west_deg, south_deg]
        ]]},
        "properties": {
            "nom": name, "code": code, "codeDepartement": &code[..2], "siren": "216705065", "codeEpci": "246700488",
            "codeRegion": "44", "codesPostaux": ["67550"], "population": population
        }
    })
}

fn all() -> Vec<Value> {
    vec![
        commune("67506", "Vendenheim", 5888, 7.705),
        commune("67137", "Fegersheim", 5780, 7.715),
        commune("97411", "Saint-Denis", 155_634, 55.4),
        commune("93066", "Saint-Denis", 113_942, 2.35),
        commune("11339", "Saint-Denis", 490, 2.22),
        commune("30247", "Saint-Dézéry", 400, 4.27),
    ]
}

/// Answers as the API of geographic divisions, which finds names that are like the one asked for as well.
fn answer(request: &Request) -> Reply {
    let property = |commune: &Value, name: &str| commune["properties"][name].as_str().unwrap().to_owned();
    let is_contour = request.target.ends_with("?geometry=contour&format=geojson");
    match request.path().split('/').skip(1).collect::<Vec<_>>()[..] {
        ["communes"] => {
            let wanted = request.parameter("nom").unwrap().replace(['+', '-'], " ").to_lowercase();
            let like = |c: &Value| {
                property(c, "nom").replace('-', " ").to_lowercase().starts_with(wanted.get(..7).unwrap_or(&wanted))
            };
            let found: Vec<Value> = all().into_iter().filter(like).map(|mut c| c["properties"].take()).collect();
            Reply::json(json!(found).to_string())
        }
        ["communes", code] if is_contour => match all().into_iter().find(|c| property(c, "code") == code) {
            Some(commune) => Reply::json(commune.to_string()),
            None => Reply::status(404),
        },
        ["departements", code, "communes"] if is_contour => {
            let of_it: Vec<Value> = all().into_iter().filter(|c| property(c, "codeDepartement") == code).collect();
            match of_it.is_empty() {
                true => Reply::status(404),
                false => Reply::json(json!({"type": "FeatureCollection", "features": of_it}).to_string()),
            }
        }
        _ => Reply::status(400),
    }
}

fn api() -> (Server, Communes) {
    let server = Server::start(answer);
    let communes = Communes::new(&server.url("/")).unwrap();
    (server, communes)
}

#[test]
fn a_commune_is_had_by_its_code_or_its_name() {
    let (server, communes) = api();
    for wanted in ["67506", " Vendenheim ", "VENDENHEIM"] {
        let area = communes.area(&[wanted]).unwrap();
        assert!(area.contains(7.71, 48.6) && !area.contains(7.72, 48.6), "{wanted}");
    }
    let asked: Vec<String> = server.requests().into_iter().map(|r| r.target).collect();
    let boundary = "/communes/67506?geometry=contour&format=geojson";
    assert_eq!(asked[..3], [boundary, "/communes?nom=Vendenheim", boundary]);
}

#[test]
fn several_communes_are_one_area() {
    let (server, communes) = api();
    let area = communes.area(&["67506", "Fegersheim"]).unwrap();
    assert!(area.contains(7.71, 48.6) && area.contains(7.72, 48.6) && !area.contains(7.73, 48.6));
    let area = communes.departement("67").unwrap();
    assert!(area.contains(7.71, 48.6) && area.contains(7.72, 48.6) && !area.contains(2.355, 48.6));
    assert_eq!(area.rects().len(), 2);
    let last = server.requests().pop().unwrap();
    assert_eq!(last.target, "/departements/67/communes?geometry=contour&format=geojson");
}

#[test]
fn a_name_of_several_communes_lists_them() {
    let message = api().1.area(&["saint denis"]).unwrap_err().to_string();
    let said = [
        "3 communes are called 'saint denis': name one by its code",
        "\n  97411  Saint-Denis, département 97, 155634 inhabitants",
        "\n  93066  Saint-Denis, département 93, 113942 inhabitants",
        "\n  11339  Saint-Denis, département 11, 490 inhabitants",
    ];
    assert!(said.iter().all(|part| message.contains(part)), "{message}");
    assert!(!message.contains("Dézéry"), "{message}");
}

#[test]
fn what_there_is_not_is_told_with_what_is_near() {
    let (_server, communes) = api();
    let message = |wanted: &str| communes.area(&[wanted]).unwrap_err().to_string();
    assert!(message("Saint-D").contains("no commune is called 'Saint-D'. Near it are:\n  97411  Saint-Denis"));
    assert!(message("Nirgends").contains("no commune is called 'Nirgends': check the spelling"));
    assert!(message("67999").contains("there is no commune 67999"));
    for code in ["99", "6", "Bas-Rhin", "../communes", ""] {
        assert!(matches!(communes.departement(code), Err(CommuneError::NoSuchCode { .. })), "{code}");
    }
}

#[test]
fn an_api_that_answers_nothing_usable_is_told_with_the_way_on() {
    let message = |reply: fn() -> Reply| {
        let server = Server::start(move |_| reply());
        Communes::new(&server.url("")).unwrap().area(&["67506"]).unwrap_err().to_string()
    };
    for reply in [|| Reply::json("{"), || Reply::json(r#"{"type":"Point","coordinates":[7,48]}"#)] {
        let message = message(reply);
        assert!(message.contains("nothing usable") && message.contains("--area FILE.geojson"), "{message}");
    }
    let message = message(|| Reply::status(403));
    assert!(message.contains("HTTP status 403") && message.contains("--area FILE.geojson"), "{message}");
    assert!(Communes::new("geo.api.gouv.fr").unwrap_err().to_string().contains("such as https://geo.api.gouv.fr"));
}

/// The pictures of the sample street, on a server that gives the boundaries as well.
fn pictures(options: &[&str]) -> support::command::Ended {
    let listed = street::search_answer(&street::first_pass(5));
    let server = Server::start(move |request| match request.path() {
        "/api/search" => Reply::json(listed.clone()),
        _ => answer(request),
    });
    let (api, boundaries) = (server.url("/api"), server.url(""));
    run(["pictures", "--api", &api, "--communes-api", &boundaries].iter().chain(options))
}

#[test]
fn the_program_takes_communes_and_departements() {
    for options in [&["--commune", "67506,Fegersheim"][..], &["--departement", "67"]] {
        let told = pictures(options).with_code(0).out;
        assert!(told.contains("pictures     5\n"), "{told}");
    }
    assert!(pictures(&["--commune", "Fegersheim"]).with_code(0).out.contains("pictures     0\n"));
    pictures(&["--commune", "Saint-Denis"]).fails(1, &["name one by its code", "93066"]);
    pictures(&["--commune", "67506", "--departement", "67"]).fails(2, &["cannot be used with"]);
}

#[test]
fn without_a_network_an_area_can_be_given_by_a_file() {
    let nobody = ["pictures", "--commune", "67506", "--communes-api", "http://127.0.0.1:9"];
    run(nobody).fails(1, &["http://127.0.0.1:9", "no connection", "--area FILE.geojson"]);
}

#[test]
fn pictures_outside_of_the_communes_are_left_out() {
    let area = api().1.area(&["67137"]).unwrap();
    let query = Query { area: Some(area), ..Query::default() };
    assert!(street::first_pass(3).iter().all(|picture| !query.fits(picture)));
}
