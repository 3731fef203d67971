//! Street lamps.

use super::World;
use crate::material::plain;
use crate::path::Path;
use crate::space::{UP, ahead, vec3};

impl World {
    pub fn lamps(&mut self, path: &Path) {
        for along in [-12.0, 22.0, 56.0, 92.0, 128.0, 170.0, 204.0] {
            let (x, y) = path.place(along, 5.1);
            let foot = vec3(x, y, 0.0);
            self.post(foot, 0.07, 6.5, 0x5d6363);
            let arm = ahead(path.heading_deg(along) - 90.0);
            let side = ahead(path.heading_deg(along));
            self.block(foot + UP * 6.45 - side * 0.05, arm * 1.5, side * 0.1, 0.08, || plain(0x5d6363));
            self.block(foot + UP * 6.38 + arm * 1.1 - side * 0.14, arm * 0.7, side * 0.28, 0.1, || plain(0x6a7070));
        }
    }
}
