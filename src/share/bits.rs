//! Digits of some bits each in a row of octets, most significant first: words of 10 bits, characters of 5.

/// The `width` bits from bit `from`, of which those beyond the end are 0. `width` is at most 16.
pub(super) fn digit(octets: &[u8], from: usize, width: usize) -> u16 {
    (from..from + width).fold(0, |digit, place| {
        let octet = octets.get(place / 8).copied().unwrap_or_default();
        digit << 1 | u16::from(octet >> (7 - place % 8) & 1)
    })
}

/// Writes the `width` low bits of `digit` from bit `from` on, where there are 0s; those beyond the end are left out.
pub(super) fn put(octets: &mut [u8], from: usize, width: usize, digit: u16) {
    for (place, bit) in (from..from + width).zip((0..width).rev()) {
        if let Some(octet) = octets.get_mut(place / 8) {
            *octet |= u8::from(digit >> bit & 1 == 1) << (7 - place % 8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_as_they_were_put() {
        let mut octets = [0; 4];
        for (place, value) in [0x3ff, 0, 0x155].into_iter().enumerate() {
            put(&mut octets, place * 10, 10, value);
        }
        assert_eq!(octets, [0xff, 0xc0, 0x05, 0x54]);
        assert_eq!([0, 10, 20].map(|from| digit(&octets, from, 10)), [0x3ff, 0, 0x155]);
        assert_eq!(digit(&octets, 30, 5), 0);
        put(&mut octets, 30, 5, 31);
        assert_eq!(octets, [0xff, 0xc0, 0x05, 0x57]);
    }
}
