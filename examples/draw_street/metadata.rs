//! What picture files tell beside the picture, as a street-level camera writes it: EXIF, and XMP for 360°.

use std::io::Cursor;

use anyhow::Result;
use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};

use crate::geo::lon_lat;
use crate::pass::{GPS_SD_M, Shot};
use crate::view::{Lens, View};

const LICENCE: &str = "CC0-1.0";
const ARTIST: &str = "arpent, drawn by examples/draw_street";
/// Height of the pavement above the sea, metres.
const GROUND_ALTITUDE_M: f64 = 145.0;
const EXIF_HEADER: &[u8] = b"Exif\0\0";
const XMP_HEADER: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// What the file of a picture tells about it, as contents of application segments.
pub fn segments(shot: &Shot) -> Result<Vec<Vec<u8>>> {
    let mut segments = vec![[EXIF_HEADER, &exif(shot)?].concat()];
    if shot.view.lens == Lens::Equirectangular {
        segments.push([XMP_HEADER, xmp(&shot.view, shot.recorded_heading_deg).as_bytes()].concat());
    }
    Ok(segments)
}

fn exif(shot: &Shot) -> Result<Vec<u8>> {
    let (lon, lat) = lon_lat(shot.recorded_place);
    let altitude = GROUND_ALTITUDE_M + shot.view.eye.z;
    let (model, focal_35mm) = match shot.view.lens {
        Lens::Perspective { focal_35mm } => ("Sample 24", Some(focal_35mm)),
        Lens::Equirectangular => ("Sample 360", None),
    };
    let mut fields = vec![
        (Tag::Make, text("Arpent")),
        (Tag::Model, text(model)),
        (Tag::Artist, text(ARTIST)),
        (Tag::Copyright, text(LICENCE)),
        (Tag::DateTimeOriginal, text(&shot.taken_at.strftime("%Y:%m:%d %H:%M:%S").to_string())),
        (Tag::OffsetTimeOriginal, text("+02:00")),
        (Tag::GPSVersionID, Value::Byte(vec![2, 3, 0, 0])),
        (Tag::GPSLatitudeRef, text(if lat < 0.0 { "S" } else { "N" })),
        (Tag::GPSLatitude, sexagesimal(lat.abs())),
        (Tag::GPSLongitudeRef, text(if lon < 0.0 { "W" } else { "E" })),
        (Tag::GPSLongitude, sexagesimal(lon.abs())),
        (Tag::GPSAltitudeRef, Value::Byte(vec![0])),
        (Tag::GPSAltitude, ratio(altitude, 100)),
        (Tag::GPSImgDirectionRef, text("T")),
        (Tag::GPSImgDirection, ratio(shot.recorded_heading_deg, 100)),
        (Tag::GPSHPositioningError, ratio(GPS_SD_M, 100)),
    ];
    if let Some(focal) = focal_35mm {
        // A sensor a sixth as wide as film.
        fields.push((Tag::FocalLength, ratio(f64::from(focal) / 6.0, 100)));
        fields.push((Tag::FocalLengthIn35mmFilm, Value::Short(vec![focal])));
    }
    let fields: Vec<Field> =
        fields.into_iter().map(|(tag, value)| Field { tag, ifd_num: In::PRIMARY, value }).collect();
    let mut writer = Writer::new();
    fields.iter().for_each(|field| writer.push_field(field));
    let mut bytes = Cursor::new(Vec::new());
    writer.write(&mut bytes, false)?;
    Ok(bytes.into_inner())
}

fn xmp(view: &View, heading_deg: f64) -> String {
    let (width, height) = (view.width, view.height);
    format!(
        r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:GPano="http://ns.google.com/photos/1.0/panorama/"
 xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/"
 xmpRights:WebStatement="https://creativecommons.org/publicdomain/zero/1.0/"
 GPano:UsePanoramaViewer="True" GPano:ProjectionType="equirectangular"
 GPano:FullPanoWidthPixels="{width}" GPano:FullPanoHeightPixels="{height}"
 GPano:CroppedAreaImageWidthPixels="{width}" GPano:CroppedAreaImageHeightPixels="{height}"
 GPano:CroppedAreaLeftPixels="0" GPano:CroppedAreaTopPixels="0"
 GPano:PoseHeadingDegrees="{heading_deg:.2}" GPano:PosePitchDegrees="0" GPano:PoseRollDegrees="0"/>
</rdf:RDF></x:xmpmeta>
<?xpacket end="r"?>"#
    )
}

fn text(value: &str) -> Value {
    Value::Ascii(vec![value.as_bytes().to_vec()])
}

fn ratio(value: f64, denom: u32) -> Value {
    Value::Rational(vec![Rational { num: (value * f64::from(denom)).round() as u32, denom }])
}

/// Degrees, minutes and seconds, the seconds to a hundred-thousandth: under a millimetre on the ground.
fn sexagesimal(degrees: f64) -> Value {
    const FINE: u64 = 100_000;
    let all = (degrees * 3600.0 * FINE as f64).round() as u64;
    let (minutes, seconds) = (all / (60 * FINE), all % (60 * FINE));
    let whole = |num: u64, denom: u64| Rational { num: num as u32, denom: denom as u32 };
    Value::Rational(vec![whole(minutes / 60, 1), whole(minutes % 60, 1), whole(seconds, FINE)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::RgbImage;

    use crate::jpeg::encode;
    use crate::pass::passes;
    use crate::street::Street;

    fn read(bytes: &[u8]) -> exif::Exif {
        exif::Reader::new().read_from_container(&mut Cursor::new(bytes)).unwrap()
    }

    fn degrees(value: &Value) -> f64 {
        let Value::Rational(parts) = value else { panic!("{value:?}") };
        parts.iter().rev().fold(0.0, |smaller, part| part.to_f64() + smaller / 60.0)
    }

    #[test]
    fn the_recorded_pose_can_be_read_back() {
        let image = RgbImage::new(16, 16);
        for pass in passes(&Street::sample()) {
            let shot = &pass.shots[3];
            let exif = read(&encode(&image, 80, &segments(shot).unwrap()));
            let value = |tag| &exif.get_field(tag, In::PRIMARY).unwrap().value;
            let (lon, lat) = lon_lat(shot.recorded_place);
            assert!((degrees(value(Tag::GPSLatitude)) - lat).abs() < 1e-8);
            assert!((degrees(value(Tag::GPSLongitude)) - lon).abs() < 1e-8);
            assert!((degrees(value(Tag::GPSImgDirection)) - shot.recorded_heading_deg).abs() <= 0.0051);
            assert_eq!(value(Tag::Copyright).display_as(Tag::Copyright).to_string(), "\"CC0-1.0\"");
        }
    }

    #[test]
    fn only_360_pictures_have_a_panorama_description() {
        let image = RgbImage::new(16, 16);
        let [flat, round] =
            passes(&Street::sample()).map(|pass| encode(&image, 80, &segments(&pass.shots[0]).unwrap()));
        let told = |bytes: &[u8]| bytes.windows(15).any(|w| w == b"equirectangular");
        assert!(!told(&flat) && told(&round));
        assert!(image::load_from_memory(&round).is_ok());
    }
}
