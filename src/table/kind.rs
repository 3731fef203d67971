//! What a file is that is given for a table and is none.

/// What helps with a workbook.
const WORKBOOK: &str = "is an Excel workbook: save it there as CSV UTF-8, and give that";
/// What helps with a format of maps.
pub(super) const CONVERT: &str = "give it as GeoJSON or CSV, which QGIS and ogr2ogr make of it";

/// What a file is that is no table, by its first bytes, and what helps.
pub(super) fn no_table(begin: &[u8]) -> Option<String> {
    let has = |text: &str| begin.windows(text.len()).any(|part| part == text.as_bytes());
    let is_xml = begin.trim_ascii_start().starts_with(b"<");
    Some(match begin {
        [b'P', b'K', 3, 4, ..] if has("opendocument.spreadsheet") => {
            "is a workbook of LibreOffice: save it there as CSV in UTF-8, and give that".to_owned()
        }
        [b'P', b'K', 3, 4, ..] if ["[Content_Types].xml", "docProps/", "xl/"].into_iter().any(has) => {
            WORKBOOK.to_owned()
        }
        [b'P', b'K', 3, 4, ..] => "is a ZIP archive: unpack it, and give the table in it".to_owned(),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => WORKBOOK.to_owned(),
        [b'f', b'g', b'b', 3, ..] => format!("is a FlatGeobuf: {CONVERT}"),
        [b'P', b'A', b'R', b'1', ..] => format!("is a Parquet file: {CONVERT}"),
        _ if is_xml => format!("is XML, such as OSM, GPX and KML are: {CONVERT}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::table::Table;

    #[test]
    fn what_is_no_table_is_called_by_its_name() {
        let workbook = b"PK\x03\x04\x14\0\x06\0\x08\0\0\0!\0b\xee\x9dh\x13\0[Content_Types].xml";
        let cases: [(&[u8], &str); 8] = [
            (workbook, "is an Excel workbook: save it there as CSV UTF-8"),
            (
                b"PK\x03\x04\x14\0\0\0mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
                "is a workbook of LibreOffice",
            ),
            (b"PK\x03\x04\x14\0\0\0signs.shp", "is a ZIP archive: unpack it"),
            (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "is an Excel workbook"),
            (b"fgb\x03fgb\0", "is a FlatGeobuf: give it as GeoJSON or CSV"),
            (b"PAR1\x15\0", "is a Parquet file: give it as GeoJSON or CSV"),
            (b"<?xml version=\"1.0\"?>\n<osm/>", "is XML, such as OSM"),
            (b"SQLite format 3\0", "cannot be read: "),
        ];
        for (bytes, said) in cases {
            let file = tempfile::NamedTempFile::new().unwrap();
            std::fs::write(file.path(), bytes).unwrap();
            let why = Table::open(file.path()).err().unwrap().to_string();
            assert!(why.starts_with(&format!("{} {said}", file.path().display())), "{why}");
        }
    }
}
