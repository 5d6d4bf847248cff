//! One package, one test binary `it`: see `main.rs`.
