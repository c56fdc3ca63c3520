//! How the program and its module process write to each other: values as octets, and octets in frames.
//!
//! The rules of this file:
//! - Every value has one encoding; reading takes nothing else, and nothing may follow.
//! - Reading any octets ends, without a panic, and needs no more memory than the octets themselves allow.
//! - Every buffer is wiped, because any may hold a PIN; growing one wipes the old.
//!
//! Integers are big-endian; octets and lists begin with their count in four octets; an enum begins with one octet
//! that says which variant.

pub(super) mod frame;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Deref;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::pki::key::{KeyAlgorithm, PublicKey};
use crate::secret::{Pin, Secret};

/// What can be written to the other process and read from it.
pub(super) trait Wire: Sized {
    /// Writes it.
    fn put(&self, to: &mut Writer);
    /// Reads it.
    fn take(from: &mut Reader<'_>) -> Result<Self, WireError>;
}

/// Why octets are not a value.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub(super) enum WireError {
    /// They end before the value does.
    #[error("a message that ends too early")]
    Short,
    /// They go on after the value.
    #[error("a message that goes on after its end")]
    Trailing,
    /// Not one of the variants.
    #[error("a message of an unknown kind")]
    Kind,
    /// Not a value of its type.
    #[error("a message with a value that cannot be")]
    Value,
}

/// Octets being written; wiped when dropped, and when they move to a larger place.
pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    fn new() -> Self {
        Self(Zeroizing::new(Vec::with_capacity(FIRST_ROOM)))
    }

    fn octets(&mut self, octets: &[u8]) {
        let wanted = self.0.len() + octets.len();
        if wanted > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(wanted.max(self.0.capacity() * 2)));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(octets);
    }

    /// The count of a list or of octets. Nothing here has four thousand million of anything.
    pub(super) fn count(&mut self, count: usize) {
        self.octets(&u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes());
    }
}

/// Octets being read.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn octets(&mut self, count: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(WireError::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        self.octets(N)?.try_into().map_err(|_| WireError::Short)
    }

    fn counted(&mut self) -> Result<&'a [u8], WireError> {
        let count = u32::take(self)?;
        self.octets(usize::try_from(count).map_err(|_| WireError::Short)?)
    }
}

/// Reads a value that is all there is.
pub(super) fn decode<T: Wire>(octets: &[u8]) -> Result<T, WireError> {
    let mut from = Reader(octets);
    let value = T::take(&mut from)?;
    if from.0.is_empty() { Ok(value) } else { Err(WireError::Trailing) }
}

/// Says how the fields of a struct are written: one after the other.
macro_rules! wire_struct {
    ($type:ty { $($field:ident),* $(,)? }) => {
        impl $crate::hsm::wire::Wire for $type {
            fn put(&self, to: &mut $crate::hsm::wire::Writer) {
                $($crate::hsm::wire::Wire::put(&self.$field, to);)*
            }
            fn take(
                from: &mut $crate::hsm::wire::Reader<'_>,
            ) -> Result<Self, $crate::hsm::wire::WireError> {
                Ok(Self { $($field: $crate::hsm::wire::Wire::take(from)?),* })
            }
        }
    };
}

/// Says how an enum is written: the number of its variant and then its fields.
macro_rules! wire_enum {
    ($type:ty { $($tag:literal $variant:ident $(($($position:ident),*))? $({ $($field:ident),* $(,)? })?),* $(,)? }) => {
        impl $crate::hsm::wire::Wire for $type {
            fn put(&self, to: &mut $crate::hsm::wire::Writer) {
                match self {
                    $(Self::$variant $(($($position),*))? $({ $($field),* })? => {
                        <u8 as $crate::hsm::wire::Wire>::put(&$tag, to);
                        $($($crate::hsm::wire::Wire::put($position, to);)*)?
                        $($($crate::hsm::wire::Wire::put($field, to);)*)?
                    })*
                }
            }
            fn take(
                from: &mut $crate::hsm::wire::Reader<'_>,
            ) -> Result<Self, $crate::hsm::wire::WireError> {
                match <u8 as $crate::hsm::wire::Wire>::take(from)? {
                    $($tag => {
                        $($(let $position = $crate::hsm::wire::Wire::take(from)?;)*)?
                        $($(let $field = $crate::hsm::wire::Wire::take(from)?;)*)?
                        Ok(Self::$variant $(($($position),*))? $({ $($field),* })?)
                    })*
                    _ => Err($crate::hsm::wire::WireError::Kind),
                }
            }
        }
    };
}

pub(super) use {wire_enum, wire_struct};

/// Integers: as many octets as their type has.
macro_rules! wire_integer {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            fn put(&self, to: &mut Writer) {
                to.octets(&self.to_be_bytes());
            }
            fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
                from.array().map(Self::from_be_bytes)
            }
        }
    )*};
}

wire_integer!(u8, u32, u64, i32);

impl Wire for usize {
    fn put(&self, to: &mut Writer) {
        (*self as u64).put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Self::try_from(u64::take(from)?).map_err(|_| WireError::Value)
    }
}

impl Wire for () {
    fn put(&self, _: &mut Writer) {}

    fn take(_: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(())
    }
}

impl Wire for bool {
    fn put(&self, to: &mut Writer) {
        u8::from(*self).put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        match u8::take(from)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(WireError::Value),
        }
    }
}

impl Wire for Vec<u8> {
    fn put(&self, to: &mut Writer) {
        to.count(self.len());
        to.octets(self);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(from.counted()?.to_vec())
    }
}

impl Wire for Zeroizing<Vec<u8>> {
    fn put(&self, to: &mut Writer) {
        to.count(self.len());
        to.octets(self);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(Self::new(from.counted()?.to_vec()))
    }
}

impl Wire for String {
    fn put(&self, to: &mut Writer) {
        to.count(self.len());
        to.octets(self.as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        std::str::from_utf8(from.counted()?).map(str::to_owned).map_err(|_| WireError::Value)
    }
}

impl Wire for PathBuf {
    fn put(&self, to: &mut Writer) {
        to.count(self.as_os_str().len());
        to.octets(self.as_os_str().as_bytes());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(OsString::from_vec(from.counted()?.to_vec()).into())
    }
}

impl Wire for Pin {
    fn put(&self, to: &mut Writer) {
        self.expose(|octets| {
            to.count(octets.len());
            to.octets(octets);
        });
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Self::read(from.counted()?).map_err(|_| WireError::Value)
    }
}

impl<const N: usize> Wire for Secret<N> {
    fn put(&self, to: &mut Writer) {
        self.expose(|octets| {
            to.count(octets.len());
            to.octets(octets);
        });
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let sent = from.counted()?;
        if sent.len() != N {
            return Err(WireError::Value);
        }
        Ok(Self::fill(|octets| octets.copy_from_slice(sent)))
    }
}

impl<T: Wire> Wire for Arc<T> {
    fn put(&self, to: &mut Writer) {
        (**self).put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        T::take(from).map(Self::new)
    }
}

/// What is lent to be written, and owned where it was read: a PIN is not copied to be sent.
pub(super) enum Lent<'a, T> {
    /// To be written.
    Borrowed(&'a T),
    /// Read.
    Owned(T),
}

impl<T> Deref for Lent<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::Borrowed(value) => value,
            Self::Owned(value) => value,
        }
    }
}

impl<T: Wire> Wire for Lent<'_, T> {
    fn put(&self, to: &mut Writer) {
        (**self).put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        T::take(from).map(Self::Owned)
    }
}

impl Wire for Digest {
    fn put(&self, to: &mut Writer) {
        to.octets(self.octets());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        from.array().map(Self::from_octets)
    }
}

impl Wire for KeyAlgorithm {
    fn put(&self, to: &mut Writer) {
        self.name().to_owned().put(to);
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let name = from.counted()?;
        Self::ALL.into_iter().find(|one| one.name().as_bytes() == name).ok_or(WireError::Value)
    }
}

impl Wire for PublicKey {
    fn put(&self, to: &mut Writer) {
        to.count(self.spki_der().len());
        to.octets(self.spki_der());
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Self::from_spki_der(from.counted()?).map_err(|_| WireError::Value)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn put(&self, to: &mut Writer) {
        self.is_some().put(to);
        if let Some(value) = self {
            value.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        bool::take(from)?.then(|| T::take(from)).transpose()
    }
}

impl<T: Wire, E: Wire> Wire for Result<T, E> {
    fn put(&self, to: &mut Writer) {
        self.is_ok().put(to);
        match self {
            Ok(value) => value.put(to),
            Err(error) => error.put(to),
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        Ok(if bool::take(from)? { Ok(T::take(from)?) } else { Err(E::take(from)?) })
    }
}

impl<K: Wire + Ord, V: Wire> Wire for BTreeMap<K, V> {
    fn put(&self, to: &mut Writer) {
        to.count(self.len());
        for (key, value) in self {
            key.put(to);
            value.put(to);
        }
    }

    fn take(from: &mut Reader<'_>) -> Result<Self, WireError> {
        let mut map = Self::new();
        for _ in 0..u32::take(from)? {
            let key = K::take(from)?;
            // One encoding for a map: in order, no key twice.
            if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(WireError::Value);
            }
            map.insert(key, V::take(from)?);
        }
        Ok(map)
    }
}

/// Lists: the count, and one value after the other. No value takes less than one octet.
macro_rules! wire_list {
    ($($type:ty),* $(,)?) => {$(
        impl $crate::hsm::wire::Wire for Vec<$type> {
            fn put(&self, to: &mut $crate::hsm::wire::Writer) {
                to.count(self.len());
                for value in self {
                    $crate::hsm::wire::Wire::put(value, to);
                }
            }
            fn take(
                from: &mut $crate::hsm::wire::Reader<'_>,
            ) -> Result<Self, $crate::hsm::wire::WireError> {
                let count = <u32 as $crate::hsm::wire::Wire>::take(from)?;
                (0..count).map(|_| <$type as $crate::hsm::wire::Wire>::take(from)).collect()
            }
        }
    )*};
}

pub(super) use wire_list;

/// Most messages fit in here without moving; all of it is wiped each time.
const FIRST_ROOM: usize = 512;

/// The octets of a value.
#[cfg(test)]
pub(super) fn encode(value: &impl Wire) -> Vec<u8> {
    let mut to = Writer::new();
    value.put(&mut to);
    to.0.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Eq)]
    enum Shape {
        Point,
        Circle(u32),
        Named { name: String, sides: Option<u64> },
    }

    wire_enum!(Shape { 0 Point, 1 Circle(radius), 2 Named { name, sides } });

    #[test]
    fn what_was_written_is_read() {
        for shape in [
            Shape::Point,
            Shape::Circle(7),
            Shape::Named { name: "hexagon".into(), sides: Some(6) },
            Shape::Named { name: String::new(), sides: None },
        ] {
            assert_eq!(decode(&encode(&shape)), Ok(shape));
        }
        let map = BTreeMap::from([("a".to_owned(), 1u8), ("b".to_owned(), 2)]);
        assert_eq!(decode(&encode(&map)), Ok(map));
        assert_eq!(decode(&encode(&Ok::<u8, String>(3))), Ok(Ok::<u8, String>(3)));
    }

    #[test]
    fn a_value_is_read_in_one_encoding_only() {
        assert_eq!(decode::<Shape>(&[3]), Err(WireError::Kind));
        assert_eq!(decode::<Shape>(&[]), Err(WireError::Short));
        assert_eq!(decode::<Shape>(&[0, 0]), Err(WireError::Trailing));
        assert_eq!(decode::<Shape>(&[1, 0, 0, 0]), Err(WireError::Short));
        assert_eq!(decode::<bool>(&[2]), Err(WireError::Value));
        assert_eq!(decode::<String>(&[0, 0, 0, 1, 0xff]), Err(WireError::Value));
        assert_eq!(decode::<Vec<u8>>(&[0xff, 0xff, 0xff, 0xff]), Err(WireError::Short));
        let twice = [&[0, 0, 0, 2][..], &[1, 1], &[1, 1]].concat();
        assert_eq!(decode::<BTreeMap<u8, u8>>(&twice), Err(WireError::Value));
    }
}
