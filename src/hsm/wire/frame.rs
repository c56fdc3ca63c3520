//! Frames: values with a number and a length, one after the other.
//!
//! A frame is the count of its octets after the count (four octets), its number (eight) and its value. An answer has
//! the number of its question.

use std::io::{self, Read, Write};

use zeroize::Zeroizing;

use super::{FIRST_ROOM, Reader, Wire, Writer};

/// A value in a frame.
///
/// # Errors
///
/// [`TooLarge`] if it is larger than any frame.
pub(in super::super) fn pack(number: u64, value: &impl Wire) -> Result<Zeroizing<Vec<u8>>, TooLarge> {
    let mut frame = Writer::new();
    frame.octets(&[0; 4]);
    number.put(&mut frame);
    value.put(&mut frame);
    let octets = frame.0.len() - 4;
    let count = u32::try_from(octets).ok().filter(|_| octets <= LARGEST_FRAME).ok_or(TooLarge { octets })?;
    if let Some(head) = frame.0.first_chunk_mut() {
        *head = count.to_be_bytes();
    }
    Ok(frame.0)
}

/// A value that is larger than any frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct TooLarge {
    /// How many octets it has.
    pub(in super::super) octets: usize,
}

/// Writes a value in a frame.
pub(in super::super) fn send(to: &mut impl Write, number: u64, value: &impl Wire) -> io::Result<()> {
    let frame = pack(number, value).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    to.write_all(&frame)
}

/// Reads a frame: its number and the octets of its value. Nothing if the other side has ended before it.
///
/// Takes no octet that follows the frame.
pub(in super::super) fn receive(from: &mut impl Read) -> io::Result<Option<(u64, Zeroizing<Vec<u8>>)>> {
    receive_at_once(from, HEAD)
}

/// As [`receive`], for a frame that nothing follows before it is answered: most come in one piece.
pub(in super::super) fn receive_alone(from: &mut impl Read) -> io::Result<Option<(u64, Zeroizing<Vec<u8>>)>> {
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

/// Count and number.
const HEAD: usize = 12;

/// Room for so many octets is made without having seen them.
const ROOM_AT_ONCE: usize = 64 * 1024;

/// The most octets in a frame: an Ed25519 message of 64 MiB and what stands around it.
pub(in super::super) const LARGEST_FRAME: usize = 64 * 1024 * 1024 + 64 * 1024;

#[cfg(test)]
mod tests {
    use super::super::decode;
    use super::*;

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
        let octets = LARGEST_FRAME + 12;
        assert_eq!(pack(0, &vec![0u8; LARGEST_FRAME]), Err(TooLarge { octets }));
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
