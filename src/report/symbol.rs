//! The symbol that a class has on the map: what the sign looks like.

use crate::taxonomy::{self, Family, Shape};

/// The symbol of a class of the inventory. `page/symbols.js` draws each.
pub(super) fn symbol(class: &str) -> &'static str {
    if let Some(sign) = taxonomy::sign(class) {
        return match (sign.family, sign.shape) {
            (_, Shape::TriangleDown) => "yield",
            (_, Shape::Octagon) => "stop",
            (Family::Intersection, Shape::Diamond) => "priority",
            (Family::Danger, _) => "danger",
            (Family::Intersection, _) => "intersection",
            (Family::Prohibition, _) => match sign.official {
                "B1" => "no_entry",
                code if code.starts_with("B6a") => "no_parking",
                code if code.starts_with("B6d") => "no_stopping",
                _ => "prohibition",
            },
            (Family::Obligation, _) => "obligation",
            (Family::End, _) => "end",
            (Family::Zone, _) => "zone",
            (Family::Information, _) if sign.official.starts_with("C20") => "crossing",
            (Family::Information, _) if sign.official.starts_with("C1") && sign.official.len() == 3 => "parking",
            (Family::Information, _) => "information",
            (Family::Service, _) => "service",
            (Family::Direction, _) => "direction",
            (Family::Location, _) => "location",
            (Family::LevelCrossing, _) => "level_crossing",
            (Family::Ideogram, _) => "ideogram",
            (Family::Delineation, _) => "delineation",
            (Family::Temporary, _) => "temporary",
            (Family::Plate, _) => "plate",
            (Family::Private, _) => "private",
        };
    }
    match class {
        "stop" => "stop",
        "yield" => "yield",
        "danger" => "danger",
        "prohibition" => "prohibition",
        "obligation" => "obligation",
        "direction" => "direction",
        "plate" => "plate",
        "other" => "other",
        "solar_thermal" => "heat",
        _ if taxonomy::solar(class).is_some() => "solar",
        _ => "thing",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_look_like_their_signs() {
        for (class, looks) in [
            ("AB3a", "yield"),
            ("AB4", "stop"),
            ("AB6", "priority"),
            ("AB25", "intersection"),
            ("A13a", "danger"),
            ("B14", "prohibition"),
            ("B1", "no_entry"),
            ("B6a1", "no_parking"),
            ("B33", "end"),
            ("C1a", "parking"),
            ("C13a", "information"),
            ("C20a", "crossing"),
            ("solar_panel_roof", "solar"),
            ("solar_thermal", "heat"),
            ("bench", "thing"),
        ] {
            assert_eq!(symbol(class), looks, "{class}");
        }
    }

    #[test]
    fn the_page_draws_every_symbol() {
        let drawings = include_str!("page/symbols.js");
        let families = ["stop", "yield", "danger", "prohibition", "obligation", "direction", "plate", "other"];
        let solar = taxonomy::SOLAR.iter().map(|solar| solar.class);
        for class in taxonomy::SIGNS.iter().map(|sign| sign.code).chain(families).chain(solar).chain(["bench"]) {
            let symbol = symbol(class);
            assert!(drawings.contains(&format!("\n  {symbol}: ")), "{class} has the symbol {symbol}");
        }
    }
}
