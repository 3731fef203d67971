//! A Panoramax server.

/// A Panoramax server.
pub struct Panoramax;
