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
    /// The classifier that its manifest names.
    pub classifier: Option<ShippedClassifier>,
}

/// A classifier inside the program.
pub struct ShippedClassifier {
    /// The ONNX file.
    pub onnx: &'static [u8],
    /// Its manifest.
    pub manifest: &'static str,
}

/// All detectors inside the program.
pub const SHIPPED: &[Shipped] = &[
    Shipped {
        find: "signs",
        file: "signs.onnx",
        onnx: include_bytes!("../../models/signs.onnx"),
        manifest: include_str!("../../models/signs.json"),
        classifier: Some(ShippedClassifier {
            onnx: include_bytes!("../../models/sign-codes.onnx"),
            manifest: include_str!("../../models/sign-codes.json"),
        }),
    },
    Shipped {
        find: "solar",
        file: "solar.onnx",
        onnx: include_bytes!("../../models/solar.onnx"),
        manifest: include_str!("../../models/solar.json"),
        classifier: None,
    },
];
