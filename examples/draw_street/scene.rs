//! All surfaces of the world, sorted so that a ray finds the first one quickly.

use crate::space::Ray;
use crate::surface::{Bounds, Meeting, Surface};

const LEAF_SIZE: usize = 4;

pub struct Scene {
    pub surfaces: Vec<Surface>,
    root: Node,
}

enum Node {
    Leaf { bounds: Bounds, members: Vec<usize> },
    Branch { bounds: Bounds, halves: Box<[Node; 2]> },
}

/// The first surface that a ray meets.
#[derive(Debug, Clone, Copy)]
pub struct Hit {
    pub surface: usize,
    pub meeting: Meeting,
}

impl Scene {
    pub fn new(surfaces: Vec<Surface>) -> Self {
        let bounds: Vec<Bounds> = surfaces.iter().map(Surface::bounds).collect();
        let root = Node::over((0..surfaces.len()).collect(), &bounds);
        Self { surfaces, root }
    }

    /// The first surface within `limit` metres along a ray.
    pub fn first_hit(&self, ray: &Ray, mut limit: f64) -> Option<Hit> {
        let mut first = None;
        self.root.search(&self.surfaces, ray, &mut limit, &mut first);
        first
    }
}

impl Node {
    fn over(mut members: Vec<usize>, bounds: &[Bounds]) -> Self {
        let whole = members.iter().map(|i| bounds[*i]).reduce(Bounds::join).expect("a node has members");
        if members.len() <= LEAF_SIZE {
            return Self::Leaf { bounds: whole, members };
        }
        let extent = (whole.high - whole.low).axes();
        let axis = (0..3).max_by(|a, b| extent[*a].total_cmp(&extent[*b])).expect("space has axes");
        let middle = |i: &usize| bounds[*i].low.axes()[axis] + bounds[*i].high.axes()[axis];
        members.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
        let upper = members.split_off(members.len() / 2);
        Self::Branch { bounds: whole, halves: Box::new([Self::over(members, bounds), Self::over(upper, bounds)]) }
    }

    fn search(&self, surfaces: &[Surface], ray: &Ray, limit: &mut f64, first: &mut Option<Hit>) {
        match self {
            Self::Leaf { bounds, members } if bounds.is_met(ray, *limit) => {
                for &surface in members {
                    if let Some(meeting) = surfaces[surface].meet(ray).filter(|m| m.distance < *limit)
                        && surfaces[surface].material.covers(meeting.on_patch)
                    {
                        *limit = meeting.distance;
                        *first = Some(Hit { surface, meeting });
                    }
                }
            }
            Self::Branch { bounds, halves } if bounds.is_met(ray, *limit) => {
                for half in halves.iter() {
                    half.search(surfaces, ray, limit, first);
                }
            }
            _ => {}
        }
    }
}
