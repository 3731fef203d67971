//! The segments before the picture data of a JPEG file: where the camera wrote what it knew.

use std::io::{self, BufRead, ErrorKind, Read, Seek};

/// What a JPEG says of itself before its picture data.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// The TIFF structure of the EXIF segment.
    pub exif: Option<Vec<u8>>,
    /// The XMP packet.
    pub xmp: Option<String>,
    /// Width and height in pixels, as stored.
    pub size: Option<(u16, u16)>,
}

const EXIF_PREFIX: &[u8] = b"Exif\0\0";
const XMP_PREFIX: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// A JPEG with more segments than this before its picture data is none.
const MAX_SEGMENTS: usize = 4096;

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const APP1: u8 = 0xE1;

/// Reads the headers, seeking over every segment that is not wanted.
///
/// A file that breaks off or goes wrong after its start still yields what came before.
///
/// # Errors
///
/// [`ErrorKind::InvalidData`] if it is no JPEG, and whatever the reader fails with.
pub fn read_headers<R: BufRead + Seek>(reader: &mut R) -> io::Result<Headers> {
    let mut start = [0; 2];
    match reader.read_exact(&mut start) {
        Ok(()) if start == [0xFF, SOI] => {}
        Ok(()) => return Err(ErrorKind::InvalidData.into()),
        Err(e) if e.kind() == ErrorKind::UnexpectedEof => return Err(ErrorKind::InvalidData.into()),
        Err(e) => return Err(e),
    }
    let mut headers = Headers::default();
    match read_segments(reader, &mut headers) {
        Err(e) if e.kind() != ErrorKind::UnexpectedEof => Err(e),
        _ => Ok(headers),
    }
}

fn read_segments<R: BufRead + Seek>(reader: &mut R, headers: &mut Headers) -> io::Result<()> {
    for _ in 0..MAX_SEGMENTS {
        let Some(marker) = read_marker(reader)? else { return Ok(()) };
        if marker == SOS || marker == EOI {
            return Ok(());
        }
        let mut length = [0; 2];
        reader.read_exact(&mut length)?;
        let Some(length) = u16::from_be_bytes(length).checked_sub(2) else { return Ok(()) };
        if marker == APP1 || is_frame(marker) {
            let mut segment = vec![0; usize::from(length)];
            reader.read_exact(&mut segment)?;
            headers.take(marker, &segment);
        } else {
            reader.seek_relative(i64::from(length))?;
        }
    }
    Ok(())
}

/// The code of the next marker; `None` where there is none, that is in a damaged file.
fn read_marker<R: Read>(reader: &mut R) -> io::Result<Option<u8>> {
    let mut byte = [0; 1];
    reader.read_exact(&mut byte)?;
    if byte != [0xFF] {
        return Ok(None);
    }
    // Any number of fill bytes may precede the code.
    for _ in 0..MAX_SEGMENTS {
        reader.read_exact(&mut byte)?;
        if byte != [0xFF] {
            return Ok(Some(byte[0]));
        }
    }
    Ok(None)
}

/// Whether a marker starts a frame header. C4, C8 and CC lie among them and mean other things.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
}

impl Headers {
    /// Takes what a segment says; of several of a kind the first counts.
    fn take(&mut self, marker: u8, segment: &[u8]) {
        if marker == APP1 {
            if let Some(tiff) = segment.strip_prefix(EXIF_PREFIX) {
                self.exif.get_or_insert_with(|| tiff.to_vec());
            } else if let Some(packet) = segment.strip_prefix(XMP_PREFIX) {
                self.xmp.get_or_insert_with(|| String::from_utf8_lossy(packet).into_owned());
            }
        } else if let [_bits, h1, h0, w1, w0, ..] = *segment {
            self.size.get_or_insert((u16::from_be_bytes([w1, w0]), u16::from_be_bytes([h1, h0])));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xFF, marker], &length[..], body].concat()
    }

    fn example() -> Vec<u8> {
        let thumbnail = segment(0xE2, &[0xFF; 300]);
        let exif = segment(APP1, b"Exif\0\0MM");
        let second_exif = segment(APP1, b"Exif\0\0II");
        let xmp = segment(APP1, b"http://ns.adobe.com/xap/1.0/\0<x/>");
        let frame = segment(0xC2, &[8, 0x0B, 0x40, 0x16, 0x80, 3]);
        let scan = segment(SOS, &[1, 2, 3]);
        [&[0xFF, SOI][..], &thumbnail, &exif, &second_exif, &xmp, &frame, &scan].concat()
    }

    #[test]
    fn takes_exif_xmp_and_size() {
        let headers = read_headers(&mut Cursor::new(example())).unwrap();
        let wanted = Headers { exif: Some(b"MM".to_vec()), xmp: Some("<x/>".into()), size: Some((5760, 2880)) };
        assert_eq!(headers, wanted);
    }

    #[test]
    fn a_file_broken_off_yields_what_came_before() {
        let whole = example();
        let headers = read_headers(&mut Cursor::new(&whole[..whole.len() - 20])).unwrap();
        assert_eq!(headers.exif, Some(b"MM".to_vec()));
        assert_eq!(headers.size, None);
    }

    #[test]
    fn what_is_no_jpeg_is_refused() {
        for bytes in [&b""[..], b"\xFF", b"\x89PNG\r\n", b"<html>"] {
            assert_eq!(read_headers(&mut Cursor::new(bytes)).unwrap_err().kind(), ErrorKind::InvalidData);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_upset_it(mut bytes in proptest::collection::vec(any::<u8>(), 0..600), cut in 0..600usize) {
            let mut mixed = example();
            mixed.truncate(cut);
            mixed.append(&mut bytes);
            let headers = read_headers(&mut Cursor::new(&mixed));
            prop_assert_eq!(headers.is_ok(), mixed.starts_with(&[0xFF, SOI]));
        }
    }
}
