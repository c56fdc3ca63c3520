//! DER elements from their content: identifier, shortest length, content.

use crate::pki::read::der::tag;

/// One element: this identifier octet, then the concatenated parts as its content.
pub fn concatenated(identifier: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut octets = Vec::with_capacity(length + 6);
    octets.extend(header(identifier, length));
    for part in parts {
        octets.extend_from_slice(part);
    }
    octets
}

/// The identifier octet and the length of an element whose content comes after it.
pub fn header(identifier: u8, length: usize) -> Vec<u8> {
    let mut octets = Vec::with_capacity(6);
    octets.push(identifier);
    put_length(&mut octets, length);
    octets
}

/// One element: this identifier octet, then `content`.
pub fn element(identifier: u8, content: &[u8]) -> Vec<u8> {
    concatenated(identifier, &[content])
}

/// A SEQUENCE of elements that are encoded already.
pub fn sequence(elements: &[Vec<u8>]) -> Vec<u8> {
    element(tag::SEQUENCE, &elements.concat())
}

/// An INTEGER from an unsigned number, most significant octet first, however many zeros lead it.
pub fn unsigned_integer(octets: &[u8]) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    match octets.get(zeros..).unwrap_or_default() {
        [] => element(tag::INTEGER, &[0]),
        octets @ [0x80..=0xff, ..] => concatenated(tag::INTEGER, &[&[0], octets]),
        octets => element(tag::INTEGER, octets),
    }
}

/// An INTEGER from a number.
pub fn integer(number: u64) -> Vec<u8> {
    unsigned_integer(&number.to_be_bytes())
}

/// Puts a length in its shortest form. Source: X.690 §10.1.
fn put_length(octets: &mut Vec<u8>, length: usize) {
    let big_endian = length.to_be_bytes();
    let zeros = big_endian.iter().take_while(|octet| **octet == 0).count();
    match big_endian.get(zeros..).unwrap_or_default() {
        [] => octets.push(0),
        [short @ 0..=0x7f] => octets.push(*short),
        long => {
            // At most 8 octets: fits beside 0x80.
            octets.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            octets.extend_from_slice(long);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_in_their_shortest_form() {
        for (length, header) in [
            (0, &[4, 0][..]),
            (0x7f, &[4, 0x7f]),
            (0x80, &[4, 0x81, 0x80]),
            (0xff, &[4, 0x81, 0xff]),
            (0x100, &[4, 0x82, 1, 0]),
            (0x1_0000, &[4, 0x83, 1, 0, 0]),
        ] {
            let octets = element(tag::OCTET_STRING, &vec![7; length]);
            assert_eq!(octets.split_at(header.len()).0, header);
            assert_eq!(octets.len(), header.len() + length);
        }
    }

    #[test]
    fn integers_are_positive_and_in_their_shortest_form() {
        assert_eq!(integer(0), [2, 1, 0]);
        assert_eq!(integer(0x7f), [2, 1, 0x7f]);
        assert_eq!(integer(0x80), [2, 2, 0, 0x80]);
        assert_eq!(unsigned_integer(&[0, 0, 1, 0]), [2, 2, 1, 0]);
        assert_eq!(unsigned_integer(&[]), [2, 1, 0]);
    }
}
