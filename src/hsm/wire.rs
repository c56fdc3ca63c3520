//! How the program and its module process write to each other: values as octets, and octets in frames.
//!
//! The rules of this file:
//! - Every value has one encoding; reading takes nothing else, and nothing may follow.
//! - Reading any octets ends, without a panic, and needs no more memory than the octets themselves allow.
//! - Every buffer is wiped, because any may hold a PIN; growing one wipes the old.
//!
//! Integers are big-endian; octets and lists begin with their count in four octets; an enum begins with one octet
//! that says which variant. A frame is the count of its octets (four), its number (eight) and its value. An answer
//! has the number of its question.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::PathBuf;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::digest::Digest;
use crate::pki::key::{KeyAlgorithm, PublicKey};
use crate::secret::Pin;

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

/// Writes a value in a frame.
pub(super) fn send(to: &mut impl Write, number: u64, value: &impl Wire) -> io::Result<()> {
    let mut frame = Writer::new();
    frame.octets(&[0; 4]);
    number.put(&mut frame);
    value.put(&mut frame);
    let octets = frame.0.len() - 4;
    let count = u32::try_from(octets).ok().filter(|_| octets <= LARGEST_FRAME);
    let count = count.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
    if let Some(head) = frame.0.first_chunk_mut() {
        *head = count.to_be_bytes();
    }
    to.write_all(&frame.0)
}

/// Reads a frame: its number and the octets of its value. Nothing if the other side has ended before it.
///
/// Takes no octet that follows the frame.
pub(super) fn receive(from: &mut impl Read) -> io::Result<Option<(u64, Zeroizing<Vec<u8>>)>> {
    receive_at_once(from, HEAD)
}

/// As [`receive`], for a frame that nothing follows before it is answered: most come in one piece.
pub(super) fn receive_alone(from: &mut impl Read) -> io::Result<Option<(u64, Zeroizing<Vec<u8>>)>> {
    receive_at_once(from, FIRST_ROOM)
}

fn receive_at_once(from: &mut impl Read, at_once: usize) -> io::Result<Option<(u64, Zeroizing<Vec<u8>>)>> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let mut first = Zeroizing::new(vec![0; at_once]);
    let Some(filled) = fill_or_end(from, &mut first, HEAD)? else { return Ok(None) };
    let mut reader = Reader(first.get(..filled).unwrap_or_default());
    let count = u32::take(&mut reader).map_err(|_| invalid())? as usize;
    let number = u64::take(&mut reader).map_err(|_| invalid())?;
    if !(8..=LARGEST_FRAME).contains(&count) || reader.0.len() > count - 8 {
        return Err(invalid());
    }
    let mut octets = Zeroizing::new(reader.0.to_vec());
    // Room is made as octets come, not as they are promised.
    while octets.len() < count - 8 {
        let filled = octets.len();
        let room = filled + (count - 8 - filled).min(filled.max(ROOM_AT_ONCE));
        let mut larger = Zeroizing::new(Vec::with_capacity(room));
        larger.extend_from_slice(&octets);
        larger.resize(room, 0);
        from.read_exact(larger.get_mut(filled..).unwrap_or_default())?;
        octets = larger;
    }
    Ok(Some((number, octets)))
}

/// Fills `room` with `least` octets and what comes along with them, and says how many there are; nothing if the
/// other side has ended before the first.
fn fill_or_end(from: &mut impl Read, room: &mut [u8], least: usize) -> io::Result<Option<usize>> {
    let mut filled = 0;
    while filled < least {
        match from.read(room.get_mut(filled..).unwrap_or_default()) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(filled))
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
    ($type:ident { $($tag:literal $variant:ident $(($($position:ident),*))? $({ $($field:ident),* $(,)? })?),* $(,)? }) => {
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

/// Count and number.
const HEAD: usize = 12;

/// Most messages fit in here without moving; all of it is wiped each time.
const FIRST_ROOM: usize = 512;

/// Room for so many octets is made without having seen them.
const ROOM_AT_ONCE: usize = 64 * 1024;

/// The most octets in a frame: an Ed25519 message of 64 MiB and what stands around it.
const LARGEST_FRAME: usize = 64 * 1024 * 1024 + 64 * 1024;

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

    fn encode(value: &impl Wire) -> Vec<u8> {
        let mut to = Writer::new();
        value.put(&mut to);
        to.0.to_vec()
    }

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

    #[test]
    fn a_frame_is_read_as_it_was_written_however_it_arrives() {
        for size in [0, 1, ROOM_AT_ONCE - 1, ROOM_AT_ONCE, 5 * ROOM_AT_ONCE + 3] {
            let value = vec![0x5a; size];
            let mut sent = Vec::new();
            send(&mut sent, 9, &value).unwrap();
            let mut from = Drip(&sent, 1 + size / 7);
            let (number, octets) = receive(&mut from).unwrap().unwrap();
            assert_eq!(number, 9);
            assert_eq!(decode::<Vec<u8>>(&octets), Ok(value));
            assert!(receive(&mut from).unwrap().is_none());
            let (number, octets) = receive_alone(&mut Drip(&sent, 1 + size / 7)).unwrap().unwrap();
            assert_eq!((number, decode::<Vec<u8>>(&octets)), (9, Ok(vec![0x5a; size])));
        }
    }

    #[test]
    fn a_frame_that_is_cut_or_too_long_is_an_error() {
        let mut sent = Vec::new();
        send(&mut sent, 9, &vec![1u8; 100]).unwrap();
        for cut in 1..sent.len() {
            assert!(receive(&mut &sent[..cut]).is_err(), "{cut}");
            assert!(receive_alone(&mut &sent[..cut]).is_err(), "{cut}");
        }
        let followed = [sent.as_slice(), &[0]].concat();
        assert!(receive(&mut followed.as_slice()).is_ok());
        assert!(receive_alone(&mut followed.as_slice()).is_err());
        assert!(receive(&mut &[0xff; 16][..]).is_err());
        assert!(receive(&mut &[0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0][..]).is_err());
        assert!(send(&mut Vec::new(), 0, &vec![0u8; LARGEST_FRAME]).is_err());
    }

    /// Gives at most so many octets at once.
    struct Drip<'a>(&'a [u8], usize);

    impl Read for Drip<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let most = room.len().min(self.1);
            self.0.read(&mut room[..most])
        }
    }
}
