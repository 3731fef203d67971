//! What the XMP packet of a picture says: the panorama properties that 360° cameras write.

use std::collections::BTreeMap;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, ResolveResult};

use crate::picture::Crop;

const GPANO: Namespace = Namespace("http://ns.google.com/photos/1.0/panorama/");

/// The properties of Google's photo sphere schema, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Panorama {
    properties: BTreeMap<String, String>,
}

impl Panorama {
    /// Reads the properties from an XMP packet, written as attributes or as elements. A damaged packet yields what
    /// comes before the damage.
    pub fn parse(packet: &str) -> Self {
        let mut panorama = Self::default();
        let mut reader = NsReader::from_str(packet);
        // The property whose element is open.
        let mut open: Option<String> = None;
        while let Ok((namespace, event)) = reader.read_resolved_event() {
            let is_gpano = namespace == ResolveResult::Bound(GPANO);
            match event {
                Event::Start(element) => {
                    open = is_gpano.then(|| element.local_name().as_ref().to_owned());
                    panorama.take_attributes(&reader, &element);
                }
                Event::Empty(element) => panorama.take_attributes(&reader, &element),
                Event::Text(text) => {
                    if let Some(name) = open.take() {
                        panorama.properties.insert(name, text.into_inner().trim().to_owned());
                    }
                }
                Event::End(_) => open = None,
                Event::Eof => break,
                _ => {}
            }
        }
        panorama
    }

    fn take_attributes(&mut self, reader: &NsReader<&[u8]>, element: &BytesStart<'_>) {
        for attribute in element.attributes().flatten() {
            let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
            if namespace == ResolveResult::Bound(GPANO) {
                self.properties.insert(name.as_ref().to_owned(), attribute.value.trim().to_owned());
            }
        }
    }

    /// The projection, in lower case, where it is stated.
    pub fn projection(&self) -> Option<String> {
        self.properties.get("ProjectionType").map(|p| p.to_lowercase())
    }

    /// A finite number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.properties.get(name)?.parse().ok().filter(|v: &f64| v.is_finite())
    }

    /// The part of the sphere that is there; `None` for the whole of it, and where the statement makes no sense.
    pub fn crop(&self) -> Option<Crop> {
        let crop = Crop {
            full_width: self.number("FullPanoWidthPixels")?,
            full_height: self.number("FullPanoHeightPixels")?,
            left: self.number("CroppedAreaLeftPixels")?,
            top: self.number("CroppedAreaTopPixels")?,
            width: self.number("CroppedAreaImageWidthPixels")?,
            height: self.number("CroppedAreaImageHeightPixels")?,
        };
        let whole = crop.width >= crop.full_width && crop.height >= crop.full_height;
        (crop.is_sound() && !whole).then_some(crop)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ATTRIBUTES: &str = r#"<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
        <x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
        <rdf:Description rdf:about="" xmlns:g="http://ns.google.com/photos/1.0/panorama/"
        g:ProjectionType="equirectangular" g:PoseHeadingDegrees="200.5"/></rdf:RDF></x:xmpmeta>"#;

    const ELEMENTS: &str = r#"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf:RDF
        xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about=''
        xmlns:GPano='http://ns.google.com/photos/1.0/panorama/'>
        <GPano:ProjectionType>Equirectangular</GPano:ProjectionType>
        <GPano:CroppedAreaImageHeightPixels>1000</GPano:CroppedAreaImageHeightPixels>
        <GPano:CroppedAreaImageWidthPixels>4000</GPano:CroppedAreaImageWidthPixels>
        <GPano:CroppedAreaLeftPixels>0</GPano:CroppedAreaLeftPixels>
        <GPano:CroppedAreaTopPixels>600</GPano:CroppedAreaTopPixels>
        <GPano:FullPanoHeightPixels>2000</GPano:FullPanoHeightPixels>
        <GPano:FullPanoWidthPixels>4000</GPano:FullPanoWidthPixels>
        </rdf:Description></rdf:RDF></x:xmpmeta>"#;

    #[test]
    fn reads_attributes_whatever_the_prefix() {
        let panorama = Panorama::parse(ATTRIBUTES);
        assert_eq!(panorama.projection().as_deref(), Some("equirectangular"));
        assert_eq!(panorama.number("PoseHeadingDegrees"), Some(200.5));
        assert_eq!(panorama.crop(), None);
    }

    #[test]
    fn reads_elements_and_the_crop() {
        let panorama = Panorama::parse(ELEMENTS);
        assert_eq!(panorama.projection().as_deref(), Some("equirectangular"));
        let crop = panorama.crop().unwrap();
        assert_eq!((crop.left, crop.top, crop.width, crop.height), (0.0, 600.0, 4000.0, 1000.0));
    }

    #[test]
    fn a_crop_that_is_the_whole_or_nonsense_is_none() {
        for height in ["2000", "5000", "-1", "NaN", "many"] {
            let text = ELEMENTS.replace(">600<", ">0<").replace(">1000<", &format!(">{height}<"));
            assert_eq!(Panorama::parse(&text).crop(), None, "{height}");
        }
    }

    #[test]
    fn another_schema_with_the_same_names_is_not_taken() {
        let text = ATTRIBUTES.replace("ns.google.com", "example.org");
        assert_eq!(Panorama::parse(&text), Panorama::default());
    }

    #[test]
    fn a_damaged_packet_yields_its_sound_part() {
        let end = ELEMENTS.find("<GPano:FullPanoHeightPixels>").unwrap();
        let panorama = Panorama::parse(&format!("{}<<<&", &ELEMENTS[..end]));
        assert_eq!(panorama.projection().as_deref(), Some("equirectangular"));
        assert_eq!(panorama.crop(), None);
    }

    proptest! {
        #[test]
        fn no_text_upsets_it(cut in 0..ELEMENTS.len(), tail in ".{0,80}") {
            let text = format!("{}{tail}", &ELEMENTS.get(..cut).unwrap_or_default());
            let _ = Panorama::parse(&text).crop();
        }
    }
}
