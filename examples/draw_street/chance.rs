//! Repeatable chance: a seeded generator, and noise that is a fixed function of the place.

/// SplitMix64: small, and the same everywhere.
pub struct Chance(u64);

impl Chance {
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        scramble(self.0)
    }

    /// Uniform in 0 ≤ x < 1.
    pub fn unit(&mut self) -> f64 {
        to_unit(self.next())
    }

    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[(self.next() % of.len() as u64) as usize]
    }

    /// Normally distributed around 0 with the given standard deviation.
    pub fn normal(&mut self, sd: f64) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        sd * radius * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// Smooth noise between 0 and 1 with features about one unit wide.
pub fn noise(x: f64, y: f64, z: f64) -> f64 {
    let (cx, cy, cz) = (x.floor(), y.floor(), z.floor());
    let ease = |t: f64| t * t * (3.0 - 2.0 * t);
    let (fx, fy, fz) = (ease(x - cx), ease(y - cy), ease(z - cz));
    let mix = |a: f64, b: f64, t: f64| a + (b - a) * t;
    let corner = |dx: i64, dy: i64, dz: i64| lattice(cx as i64 + dx, cy as i64 + dy, cz as i64 + dz);
    let row = |dy, dz| mix(corner(0, dy, dz), corner(1, dy, dz), fx);
    mix(mix(row(0, 0), row(1, 0), fy), mix(row(0, 1), row(1, 1), fy), fz)
}

/// Three octaves of [`noise`], between 0 and 1.
pub fn cloudy(x: f64, y: f64, z: f64) -> f64 {
    (4.0 * noise(x, y, z) + 2.0 * noise(2.0 * x, 2.0 * y, 2.0 * z) + noise(4.0 * x, 4.0 * y, 4.0 * z)) / 7.0
}

/// A value between 0 and 1 that belongs to a whole-numbered place.
pub fn lattice(x: i64, y: i64, z: i64) -> f64 {
    let mut hash = scramble(x as u64 ^ 0x517c_c1b7);
    hash = scramble(hash ^ y as u64);
    to_unit(scramble(hash ^ z as u64))
}

fn scramble(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn to_unit(bits: u64) -> f64 {
    (bits >> 11) as f64 / (1_u64 << 53) as f64
}
