//! Reports, one format per file, all made from the log alone: they can be made again from the bundle.

pub mod markdown;
