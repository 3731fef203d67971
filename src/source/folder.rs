//! A folder of geotagged JPEGs.

/// A folder of geotagged JPEGs, sequences by sub-folder.
pub struct Folder;
