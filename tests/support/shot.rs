//! Small JPEGs with the EXIF and XMP that a test wants.

use std::io::Cursor;

use exif::experimental::Writer;
use exif::{Field, In, Rational, Tag, Value};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage};

/// The `GPano` description of a whole circle of 4000 × 1000 pixels, cut out of a sphere of 4000 × 2000.
pub const CROPPED: [(&str, &str); 7] = [
    ("ProjectionType", "equirectangular"),
    ("FullPanoWidthPixels", "4000"),
    ("FullPanoHeightPixels", "2000"),
    ("CroppedAreaLeftPixels", "0"),
    ("CroppedAreaTopPixels", "600"),
    ("CroppedAreaImageWidthPixels", "4000"),
    ("CroppedAreaImageHeightPixels", "1000"),
];

/// A JPEG in the making.
#[derive(Clone)]
pub struct Shot {
    fields: Vec<Field>,
    xmp: Option<String>,
    width: u32,
    height: u32,
    grey: u8,
    image: Option<RgbImage>,
}

impl Shot {
    /// A picture without any metadata.
    pub fn bare() -> Self {
        Self { fields: Vec::new(), xmp: None, width: 16, height: 12, grey: 128, image: None }
    }

    /// A picture taken at a place, `seconds` (less than an hour) after 2024-05-06 10:00:00, two hours ahead of UTC.
    pub fn at(lon_deg: f64, lat_deg: f64, seconds: u32) -> Self {
        let time = format!("2024:05:06 10:{:02}:{:02}", seconds / 60, seconds % 60);
        Self::bare().position(lon_deg, lat_deg).time(&time, Some("+02:00"))
    }

    pub fn position(self, lon_deg: f64, lat_deg: f64) -> Self {
        self.ascii(Tag::GPSLatitudeRef, if lat_deg < 0.0 { "S" } else { "N" })
            .rationals(Tag::GPSLatitude, &degrees_minutes_seconds(lat_deg))
            .ascii(Tag::GPSLongitudeRef, if lon_deg < 0.0 { "W" } else { "E" })
            .rationals(Tag::GPSLongitude, &degrees_minutes_seconds(lon_deg))
    }

    pub fn time(self, local: &str, offset: Option<&str>) -> Self {
        let shot = self.ascii(Tag::DateTimeOriginal, local);
        match offset {
            Some(offset) => shot.ascii(Tag::OffsetTimeOriginal, offset),
            None => shot,
        }
    }

    pub fn heading(self, deg: f64) -> Self {
        self.rationals(Tag::GPSImgDirection, &[((deg * 100.0).round() as u32, 100)])
    }

    pub fn ascii(self, tag: Tag, text: &str) -> Self {
        self.field(tag, Value::Ascii(vec![text.as_bytes().to_vec()]))
    }

    pub fn rationals(self, tag: Tag, values: &[(u32, u32)]) -> Self {
        self.field(tag, Value::Rational(values.iter().map(|&(num, denom)| Rational { num, denom }).collect()))
    }

    pub fn focal_length_35mm(self, mm: u16) -> Self {
        self.field(Tag::FocalLengthIn35mmFilm, Value::Short(vec![mm]))
    }

    /// Sets a field, in place of one of the same tag.
    pub fn field(mut self, tag: Tag, value: Value) -> Self {
        self.fields.retain(|f| f.tag != tag);
        self.fields.push(Field { tag, ifd_num: In::PRIMARY, value });
        self
    }

    pub fn without(mut self, tag: Tag) -> Self {
        self.fields.retain(|f| f.tag != tag);
        self
    }

    /// Adds properties of the photo sphere schema.
    pub fn gpano(mut self, properties: &[(&str, &str)]) -> Self {
        let attributes: String =
            properties.iter().map(|(name, value)| format!(" GPano:{name}=\"{value}\"")).collect();
        self.xmp = Some(format!(
            "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">\
             <rdf:Description rdf:about=\"\" xmlns:GPano=\"http://ns.google.com/photos/1.0/panorama/\"{attributes}/>\
             </rdf:RDF></x:xmpmeta>"
        ));
        self
    }

    pub fn size(mut self, width: u32, height: u32) -> Self {
        (self.width, self.height) = (width, height);
        self
    }

    /// The picture is one shade; pictures that must differ get different ones.
    pub fn grey(mut self, grey: u8) -> Self {
        self.grey = grey;
        self
    }

    /// What the picture shows, instead of a shade.
    pub fn showing(mut self, image: RgbImage) -> Self {
        self.image = Some(image);
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut jpeg = self.pixels();
        let mut segments = Vec::new();
        if !self.fields.is_empty() {
            let mut writer = Writer::new();
            self.fields.iter().for_each(|f| writer.push_field(f));
            let mut tiff = Cursor::new(Vec::new());
            writer.write(&mut tiff, false).unwrap();
            segments.extend(app1(b"Exif\0\0", tiff.get_ref()));
        }
        if let Some(xmp) = &self.xmp {
            segments.extend(app1(b"http://ns.adobe.com/xap/1.0/\0", xmp.as_bytes()));
        }
        // After the two bytes that start every JPEG.
        jpeg.splice(2..2, segments);
        jpeg
    }

    /// A JPEG without metadata.
    fn pixels(&self) -> Vec<u8> {
        let mut jpeg = Vec::new();
        match &self.image {
            Some(image) => image.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 95)).unwrap(),
            None => JpegEncoder::new_with_quality(&mut jpeg, 80)
                .write_image(
                    &vec![self.grey; (self.width * self.height) as usize],
                    self.width,
                    self.height,
                    ExtendedColorType::L8,
                )
                .unwrap(),
        }
        jpeg
    }
}

fn app1(prefix: &[u8], body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(2 + prefix.len() + body.len()).unwrap().to_be_bytes();
    [&[0xFF, 0xE1], &length[..], prefix, body].concat()
}

fn degrees_minutes_seconds(deg: f64) -> [(u32, u32); 3] {
    let deg = deg.abs();
    let minutes = deg.fract() * 60.0;
    let seconds = minutes.fract() * 60.0;
    [(deg as u32, 1), (minutes as u32, 1), ((seconds * 1e6).round() as u32, 1_000_000)]
}
