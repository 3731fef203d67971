//! Which rectangles of pixels a detector is run on, how they are cut out of a picture, and the way back.
//!
//! A perspective picture is seen as a whole, in two sizes, and, where it is much larger than the detector's input, in
//! overlapping tiles over the band where things stand. A 360° picture is seen in two rings of overlapping perspective
//! cuts round the horizon: wide ones for what is near, narrow ones for what is far.

mod decode;
mod flat;
mod jpeg;
mod overlap;
mod sphere;
mod tensor;

pub(crate) use decode::decode_top;
pub use decode::{DecodeError, Decoded, Turn, decode};
pub(crate) use overlap::Overlap;

use fast_image_resize::Resizer;
use image::RgbImage;

use crate::camera::Lens;
use flat::Flat;
use sphere::Ring;
use tensor::planes;

/// A rectangle of pixels: `x0` ≤ x < `x1`, `y0` ≤ y < `y1`, from the top-left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelBox {
    /// Left edge.
    pub x0: f32,
    /// Top edge.
    pub y0: f32,
    /// Right edge.
    pub x1: f32,
    /// Bottom edge.
    pub y1: f32,
}

impl PixelBox {
    /// Horizontal and vertical middle.
    pub fn centre(&self) -> (f32, f32) {
        ((self.x0 + self.x1) / 2.0, (self.y0 + self.y1) / 2.0)
    }

    /// Width times height.
    pub fn area(&self) -> f32 {
        (self.x1 - self.x0).max(0.0) * (self.y1 - self.y0).max(0.0)
    }

    /// Area that two boxes share.
    pub fn intersection(&self, other: &Self) -> f32 {
        let width = self.x1.min(other.x1) - self.x0.max(other.x0);
        let height = self.y1.min(other.y1) - self.y0.max(other.y0);
        width.max(0.0) * height.max(0.0)
    }

    /// The box as tables have it: `x0,y0,x1,y1`, rounded to whole pixels.
    pub fn to_text(&self) -> String {
        let Self { x0, y0, x1, y1 } = self;
        format!("{:.0},{:.0},{:.0},{:.0}", x0.round(), y0.round(), x1.round(), y1.round())
    }

    /// The box moved to the right.
    pub fn shifted(&self, by: f32) -> Self {
        Self { x0: self.x0 + by, x1: self.x1 + by, ..*self }
    }
}

/// How pixels become the numbers that a detector expects: `(value − mean) / sd`, planes in the order given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scaling {
    /// Mean of red, green and blue, on the scale 0–255.
    pub mean: [f32; 3],
    /// Divisor of red, green and blue.
    pub sd: [f32; 3],
    /// Grey that fills what lies outside the picture, 0–255.
    pub pad: u8,
    /// Whether the first plane is blue.
    pub blue_first: bool,
}

impl Scaling {
    /// The factors of `a·value + b` for red, green and blue.
    fn factors(&self) -> [(f32, f32); 3] {
        std::array::from_fn(|c| (1.0 / self.sd[c], -self.mean[c] / self.sd[c]))
    }

    /// Fills a tensor with the grey of the outside.
    fn fill(&self, tensor: &mut [f32]) {
        for (plane, a, b) in planes(tensor, self) {
            plane.fill(f32::from(self.pad) * a + b);
        }
    }
}

/// What views are cut on: the tensor of a detector, and memory that is used again from one picture to the next.
pub struct Canvas {
    scaling: Scaling,
    tensor: Vec<f32>,
    resizer: Resizer,
    pixels: Vec<u8>,
}

impl Canvas {
    /// A canvas for a detector that takes views of these sizes.
    pub fn new(scaling: Scaling, sizes: impl Into<ViewSizes>) -> Self {
        let ViewSizes { usual, narrow } = sizes.into();
        let tensor = vec![0.0; tensor_len(usual).max(tensor_len(narrow))];
        Self { scaling, tensor, resizer: Resizer::new(), pixels: Vec::new() }
    }
}

/// The sizes of the views that a detector takes, as (width, height), pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewSizes {
    /// Of all but the narrow views.
    pub usual: (u32, u32),
    /// Of the narrow views of 360° pictures: things stand low beside the street, so they may be flatter.
    pub narrow: (u32, u32),
}

impl From<(u32, u32)> for ViewSizes {
    /// One size for all.
    fn from(size: (u32, u32)) -> Self {
        Self { usual: size, narrow: size }
    }
}

/// The views of all pictures of one size and camera. Planned once, used for every picture like it.
#[derive(Debug)]
pub struct Plan {
    width: u32,
    height: u32,
    wraps: bool,
    layers: Vec<Layer>,
}

/// Views that share their scale.
#[derive(Debug)]
enum Layer {
    Flat(Flat),
    Ring(Ring),
}

/// One view of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    layer: usize,
    index: usize,
}

impl Plan {
    /// Plans the views of pictures of `width` × `height` upright pixels for a detector that takes views of these sizes.
    pub fn new(lens: &Lens, width: u32, height: u32, sizes: impl Into<ViewSizes>) -> Self {
        let sizes = sizes.into();
        let layers = if lens.is_sphere() {
            Ring::plan(lens, width, height, sizes).into_iter().map(Layer::Ring).collect()
        } else {
            Flat::plan(width, height, sizes.usual).into_iter().map(Layer::Flat).collect()
        };
        Self { width, height, wraps: lens.wraps(), layers }
    }

    /// How many rows of the picture the views read, from the top.
    pub fn rows(&self) -> u32 {
        let rows = self.layers.iter().map(|layer| match layer {
            Layer::Flat(_) => self.height,
            Layer::Ring(ring) => ring.bottom(),
        });
        rows.max().unwrap_or(0).min(self.height)
    }

    /// The size of each view, as (width, height), pixels.
    pub fn sizes(&self) -> Vec<(u32, u32)> {
        self.layers.iter().flat_map(|layer| std::iter::repeat_n(layer.size(), layer.len())).collect()
    }

    /// The size of a view, as (width, height), pixels.
    pub fn size(&self, view: View) -> (u32, u32) {
        self.layers.get(view.layer).map_or((0, 0), Layer::size)
    }

    /// How many views there are.
    pub fn len(&self) -> usize {
        self.layers.iter().map(Layer::len).sum()
    }

    /// Whether there is no view at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Calls `each` with every view and its tensor: three planes of the view's size, scaled for the detector.
    ///
    /// The tensor is the same memory each time.
    pub fn cut<E>(
        &self,
        picture: &RgbImage,
        canvas: &mut Canvas,
        mut each: impl FnMut(View, &mut [f32]) -> Result<(), E>,
    ) -> Result<(), E> {
        for (layer, views) in self.layers.iter().enumerate() {
            let len = tensor_len(views.size()).min(canvas.tensor.len());
            match views {
                Layer::Flat(flat) => {
                    for index in 0..flat.len() {
                        flat.cut(index, picture, canvas);
                        each(View { layer, index }, &mut canvas.tensor[..len])?;
                    }
                }
                Layer::Ring(ring) => {
                    ring.draw_band(picture, canvas);
                    for index in 0..ring.len() {
                        ring.cut(index, canvas);
                        each(View { layer, index }, &mut canvas.tensor[..len])?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A box of a view in upright pixels of the picture; over the seam of a sphere, x runs below 0 or beyond the width.
    ///
    /// `None` for a box that lies outside the picture, or that another view shows better.
    pub fn to_picture(&self, view: View, found: PixelBox) -> Option<PixelBox> {
        let placed = match self.layers.get(view.layer)? {
            Layer::Flat(flat) => flat.to_picture(view.index, found)?,
            Layer::Ring(ring) => ring.to_picture(view.index, found),
        };
        let (width, height) = (self.width as f32, self.height as f32);
        let placed = PixelBox { y0: placed.y0.max(0.0), y1: placed.y1.min(height), ..placed };
        let placed = if self.wraps {
            placed.shifted(-(placed.centre().0 / width).floor() * width)
        } else {
            PixelBox { x0: placed.x0.max(0.0), x1: placed.x1.min(width), ..placed }
        };
        (placed.x1 - placed.x0 >= 1.0 && placed.y1 - placed.y0 >= 1.0).then_some(placed)
    }

    /// Whether a box of a view touches an edge behind which the picture goes on, so that it may be half a thing.
    pub fn is_cut(&self, view: View, found: PixelBox) -> bool {
        match self.layers.get(view.layer) {
            Some(Layer::Flat(flat)) => flat.is_cut(view.index, found),
            Some(Layer::Ring(ring)) => ring.is_cut(found),
            None => false,
        }
    }

    /// Whether the views are cut out of a 360° picture.
    pub fn is_sphere(&self) -> bool {
        self.layers.iter().any(|layer| matches!(layer, Layer::Ring(_)))
    }

    /// Width after which the picture repeats, where it looks all round.
    pub fn period(&self) -> Option<f32> {
        self.wraps.then_some(self.width as f32)
    }
}

impl Layer {
    fn len(&self) -> usize {
        match self {
            Self::Flat(flat) => flat.len(),
            Self::Ring(ring) => ring.len(),
        }
    }

    fn size(&self) -> (u32, u32) {
        match self {
            Self::Flat(flat) => flat.size(),
            Self::Ring(ring) => ring.size(),
        }
    }
}

/// Numbers of the tensor of a view.
fn tensor_len((width, height): (u32, u32)) -> usize {
    3 * width as usize * height as usize
}

/// Whether a box comes within `margin` pixels of an edge of a view, as (left, top, right, bottom).
fn touches(found: PixelBox, size: (u32, u32), margin: f32) -> (bool, bool, bool, bool) {
    (found.x0 < margin, found.y0 < margin, found.x1 > size.0 as f32 - margin, found.y1 > size.1 as f32 - margin)
}
