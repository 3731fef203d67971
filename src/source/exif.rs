//! What a JPEG's EXIF and XMP say about where and how it was taken.
