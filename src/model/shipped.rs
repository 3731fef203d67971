//! The detectors that come with the program, inside it.

/// A detector inside the program.
pub struct Shipped {
    /// What it finds.
    pub find: &'static str,
    /// Name of its file, for messages.
    pub file: &'static str,
    /// The ONNX file.
    pub onnx: &'static [u8],
    /// Its manifest.
    pub manifest: &'static str,
}

/// All detectors inside the program.
pub const SHIPPED: &[Shipped] = &[Shipped {
    find: "signs",
    file: "signs.onnx",
    onnx: include_bytes!("../../models/signs.onnx"),
    manifest: include_str!("../../models/signs.json"),
}];
