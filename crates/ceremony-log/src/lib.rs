//! Reads, verifies and proves ceremony logs.
