//! What people must know of a dataset: where its boxes come from, and the licences of its pictures.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::picture::Kept;
use super::{Dataset, DatasetFormat, Shot};

/// Where the boxes come from, in two sentences.
pub fn origin(dataset: &Dataset) -> String {
    let models = dataset.lineage.models.iter().map(|model| {
        let license = model.license.as_ref().map_or_else(String::new, |license| format!(", {license}"));
        format!("{} {}{license}", model.name, model.version)
    });
    let models: BTreeSet<String> = models.collect();
    let models = models.into_iter().collect::<Vec<_>>().join("; ");
    let labelled = dataset.shots.iter().flat_map(|shot| &shot.boxes);
    let reviewed = labelled.filter(|labelled| labelled.reviewed.is_some()).count();
    let checked = match reviewed {
        0 => "Nobody has checked them.".to_owned(),
        number => format!(
            "People have reviewed the landmarks of {number} of {}; nobody has checked the others.",
            dataset.boxes()
        ),
    };
    format!("Boxes as found by these models or noted with them: {models}. {checked}")
}

/// Writes the README of a folder.
pub fn write(
    dataset: &Dataset,
    kept: &[(&Shot, Kept)],
    format: DatasetFormat,
    out: &mut dyn Write,
) -> io::Result<()> {
    let lineage = &dataset.lineage;
    let what = match format {
        DatasetFormat::Coco => {
            "annotations.json has the boxes in the form of COCO, images/ the pictures. Categories are the classes of the \
             detector; the attribute `code` is what was read, or what a reviewer says where `reviewed` tells so. A box over \
             the seam of a 360° picture is two."
        }
        DatasetFormat::Yolo => {
            "labels/ has the boxes in the form of YOLO, images/ the pictures, data.yaml the classes, which are those of \
             the detector. A box over the seam of a 360° picture is two."
        }
        DatasetFormat::Crops => {
            "Each folder has what is called by one code, cut out with a quarter of the box around it. The code is that of \
             the landmark that was made of all pictures of a thing, or what was read in one alone."
        }
    };
    writeln!(
        out,
        "Pictures of a survey of {} with boxes of {}, written by {}.\n",
        lineage.source, lineage.find, lineage.tool
    )?;
    writeln!(out, "{what}\n")?;
    writeln!(out, "{}\n", origin(dataset))?;
    writeln!(out, "The pictures have licences of their own, one by one in pictures.csv with whom to name:")?;
    let mut licenses: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (shot, _) in kept {
        let license = shot.picture.license.as_deref().unwrap_or("licence not stated");
        let producer = shot.picture.producer.as_deref().unwrap_or("producer not stated");
        *licenses.entry((license, producer)).or_default() += 1;
    }
    for ((license, producer), number) in licenses {
        writeln!(out, "  {number:>6}  {license}  {producer}")?;
    }
    out.flush()
}

/// Writes `pictures.csv`, a line for each file.
pub fn write_pictures(kept: &[(&Shot, Kept)], out: &mut dyn Write) -> io::Result<()> {
    let mut table = crate::export::csv::writer(out);
    table.write_record(["file", "picture_id", "url", "taken_at", "license", "producer"])?;
    for (shot, kept) in kept {
        let picture = &shot.picture;
        let taken_at = picture.taken_at.map(|time| time.to_string());
        let known = [&picture.page_url, &taken_at, &picture.license, &picture.producer];
        for file in &kept.files {
            let told = known.map(|text| text.as_deref().unwrap_or_default());
            table.write_record([file.as_str(), picture.id.as_str()].into_iter().chain(told))?;
        }
    }
    table.flush()
}
