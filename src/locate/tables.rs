//! The tables of `arpent locate`.
