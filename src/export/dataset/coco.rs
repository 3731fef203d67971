//! COCO's JSON for object detection. Its categories are the classes of the detector; the code that was read, what
//! reviewers say, the score and the landmark are `attributes` of a box.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::picture::Kept;
use super::{Dataset, Labelled, Shot, readme};
use crate::picture::Image;
use crate::view::PixelBox;

/// Of the pictures of a folder, upright.
pub fn write_folder(dataset: &Dataset, kept: &[(&Shot, Kept)], out: &mut dyn Write) -> io::Result<()> {
    // Only the last part of a path: loaders are told of the folder apart.
    let name = |file: &str| file.rsplit('/').next().unwrap_or_default().to_owned();
    let pictures = kept.iter().map(|(shot, kept)| {
        let (width, height) = shot.turn.upright_size();
        let file_name = kept.files.first().map(|file| name(file)).unwrap_or_default();
        (*shot, json!({"width": width, "height": height, "file_name": file_name}))
    });
    write(dataset, pictures, |_, part| part, out)
}

/// Of pictures where they are, in the pixels of their files.
pub fn write_references(dataset: &Dataset, out: &mut dyn Write) -> io::Result<()> {
    let pictures = dataset.shots.iter().map(|shot| {
        let file_name = match &shot.picture.image {
            Image::File(path) => path.display().to_string(),
            Image::Url(_) => format!("{}.jpg", shot.name),
        };
        (shot, json!({"width": shot.turn.width, "height": shot.turn.height, "file_name": file_name}))
    });
    write(dataset, pictures, |shot, part| shot.turn.to_file(part), out)
}

/// Writes an object or a picture a line; what each shot is called and how large it is comes with it.
fn write<'a>(
    dataset: &Dataset,
    pictures: impl Iterator<Item = (&'a Shot, Value)> + Clone,
    place: impl Fn(&Shot, PixelBox) -> PixelBox,
    out: &mut dyn Write,
) -> io::Result<()> {
    let licenses: BTreeSet<&str> = pictures.clone().map(|(shot, _)| license(shot)).collect();
    let licenses: Vec<&str> = licenses.into_iter().collect();
    let categories = dataset.classes.iter().enumerate();
    let supercategory = &dataset.lineage.find;
    let info = json!({
        "description": readme::origin(dataset),
        "contributor": dataset.lineage.tool,
        "date_created": dataset.lineage.finished_at,
    });
    writeln!(out, "{{\"info\":{info},")?;
    let list = licenses.iter().enumerate().map(|(id, name)| json!({"id": id + 1, "name": name, "url": ""}));
    write_list("licenses", list, out)?;
    let list = categories.map(|(id, name)| json!({"id": id + 1, "name": name, "supercategory": supercategory}));
    write_list("categories", list, out)?;
    let list = pictures.clone().enumerate().map(|(id, (shot, mut picture))| {
        picture["id"] = (id + 1).into();
        picture["license"] = licenses.binary_search(&license(shot)).map_or(0, |place| place + 1).into();
        picture["date_captured"] = json!(shot.picture.taken_at);
        picture["picture_id"] = shot.picture.id.as_str().into();
        picture["producer"] = json!(shot.picture.producer);
        if let Image::Url(url) = &shot.picture.image {
            picture["coco_url"] = url.as_str().into();
        }
        picture
    });
    write_list("images", list, out)?;
    let boxes = pictures.enumerate().flat_map(|(id, (shot, _))| shot.boxes.iter().map(move |b| (id + 1, shot, b)));
    let parts = boxes.flat_map(|(image, shot, labelled)| {
        let parts = shot.parts(labelled.sighting.pixels);
        parts.into_iter().map(move |part| (image, shot, labelled, part))
    });
    let list = parts
        .enumerate()
        .map(|(id, (image, shot, labelled, part))| annotation(id + 1, image, labelled, place(shot, part)));
    write_list("annotations", list, out)?;
    out.write_all(b"\"type\":\"instances\"}\n")?;
    out.flush()
}

/// A member whose elements stand on lines of their own.
fn write_list(name: &str, elements: impl Iterator<Item = Value>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "\"{name}\":[")?;
    for (index, element) in elements.enumerate() {
        write!(out, "{}{element}", if index == 0 { "\n" } else { ",\n" })?;
    }
    out.write_all(b"\n],\n")
}

fn license(shot: &Shot) -> &str {
    shot.picture.license.as_deref().unwrap_or("not stated")
}

fn annotation(id: usize, image: usize, labelled: &Labelled, part: PixelBox) -> Value {
    let [x0, y0, x1, y1] = [part.x0, part.y0, part.x1, part.y1].map(tenths);
    let (width, height) = (tenths(part.x1 - part.x0), tenths(part.y1 - part.y0));
    let sighting = &labelled.sighting;
    json!({
        "id": id, "image_id": image, "category_id": labelled.class + 1, "iscrowd": 0,
        "bbox": [x0, y0, width, height],
        "area": (width * height * 100.0).round() / 100.0,
        "segmentation": [[x0, y0, x1, y0, x1, y1, x0, y1]],
        "attributes": {
            "code": labelled.code,
            "reviewed": labelled.reviewed,
            "score": (f64::from(sighting.score) * 1e3).round() / 1e3,
            "landmark": sighting.landmark,
            "origin": sighting.origin,
        },
    })
}

/// Pixels to a tenth.
fn tenths(pixels: f32) -> f64 {
    (f64::from(pixels) * 10.0).round() / 10.0
}
