//! The headers of a picture's file, for the fuzzer.

use std::io::Cursor;

use super::{exif, jpeg};
use crate::camera::Lens;

/// The segments of a JPEG with what EXIF and XMP say.
pub fn jpeg_headers(bytes: &[u8]) {
    let headers = jpeg::read_headers(&mut Cursor::new(bytes));
    assert_eq!(headers.is_ok(), bytes.starts_with(&[0xFF, 0xD8]));
    let Ok(headers) = headers else { return };
    let metadata = exif::interpret(&headers);
    assert!(metadata.lon_lat_deg.is_none_or(|(lon, lat)| lon.abs() <= 180.0 && lat.abs() <= 90.0), "{metadata:?}");
    assert!((0.3..=20.0).contains(&metadata.position_sd_m), "{metadata:?}");
    assert!(metadata.pose.is_none_or(|pose| (0.0..360.0).contains(&pose.heading_deg)), "{metadata:?}");
    if let Ok(camera) = metadata.camera {
        let (width, height) = headers.size.unwrap_or((4000, 3000));
        let lens = Lens::new(&camera, width.into(), height.into());
        let direction = lens.direction(0.0, 0.0);
        assert!(direction.right_deg.abs() <= 180.0 && direction.up_deg.abs() <= 90.0, "{lens:?} {direction:?}");
    }
}
