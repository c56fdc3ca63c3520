//! The field of 256 elements, x^8 + x^4 + x^3 + x + 1, in a time that does not depend on the elements: no tables, no branches.
//!
//! Source: SLIP-0039 "Shamir's secret sharing"; the polynomial is that of AES (FIPS 197 §4.2).

use crate::secret::SecretOctets;

/// `one` times `two`.
pub(super) const fn multiply(one: u8, two: u8) -> u8 {
    let (mut power, mut rest, mut product) = (one, two, 0);
    let mut bit = 0;
    while bit < 8 {
        product ^= power & (rest & 1).wrapping_neg();
        power = (power << 1) ^ (0x1b & (power >> 7).wrapping_neg());
        rest >>= 1;
        bit += 1;
    }
    product
}

/// What `element` is multiplied with to give 1; for 0 it is 0.
pub(super) const fn inverse(element: u8) -> u8 {
    // To the power of 254 = 2 + 4 + 8 + 16 + 32 + 64 + 128.
    let (mut power, mut product) = (multiply(element, element), 1);
    let mut bit = 1;
    while bit < 8 {
        product = multiply(product, power);
        power = multiply(power, power);
        bit += 1;
    }
    product
}

/// The value at `at` of the one polynomial of the least degree through `points`, octet by octet; nothing if two points stand
/// at the same place or their values are of different lengths.
pub(super) fn interpolate(points: &[(u8, &SecretOctets)], at: u8) -> Option<SecretOctets> {
    let (_, first) = points.first()?;
    let length = first.len();
    if points.iter().any(|(_, value)| value.len() != length) {
        return None;
    }
    let mut sum = SecretOctets::zeros(length)?;
    for (place, (x, value)) in points.iter().enumerate() {
        let (mut above, mut below) = (1, 1);
        for (other, _) in
            points.iter().enumerate().filter(|(other, _)| *other != place).map(|(_, point)| point)
        {
            if other == x {
                return None;
            }
            above = multiply(above, at ^ other);
            below = multiply(below, x ^ other);
        }
        let weight = multiply(above, inverse(below));
        value.expose(|value| {
            sum.write(|sum| {
                for (sum, octet) in sum.iter_mut().zip(value) {
                    *sum ^= multiply(*octet, weight);
                }
            });
        });
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The textbook's way: multiply polynomials, then divide.
    fn slowly(one: u8, two: u8) -> u8 {
        let mut product = (0..8).fold(0_u32, |product, bit| {
            if two & (1 << bit) == 0 { product } else { product ^ (u32::from(one) << bit) }
        });
        for bit in (8..16).rev() {
            if product & (1 << bit) != 0 {
                product ^= 0x11b << (bit - 8);
            }
        }
        u8::try_from(product).unwrap()
    }

    #[test]
    fn every_product_is_the_textbook_s() {
        for one in 0..=255 {
            for two in 0..=255 {
                assert_eq!(multiply(one, two), slowly(one, two), "{one} times {two}");
            }
        }
    }

    #[test]
    fn every_element_but_0_has_its_inverse() {
        assert_eq!(inverse(0), 0);
        for element in 1..=255 {
            assert_eq!(multiply(element, inverse(element)), 1, "{element}");
        }
    }

    #[test]
    fn a_polynomial_is_found_through_its_points_also_at_254_and_255() {
        // 7 + 9x + 200x^2.
        let value =
            |x: u8| SecretOctets::read(&[7 ^ multiply(9, x) ^ multiply(200, multiply(x, x))]).unwrap();
        let values = [0, 1, 254].map(|x| (x, value(x)));
        let points: Vec<_> = values.iter().map(|(x, value)| (*x, value)).collect();
        for at in [0, 1, 2, 15, 254, 255] {
            assert!(interpolate(&points, at).unwrap().is_same(&value(at)), "{at}");
        }
    }

    #[test]
    fn points_at_one_place_and_values_of_two_lengths_have_no_polynomial() {
        let (one, two) = (SecretOctets::read(&[1]).unwrap(), SecretOctets::read(&[1, 2]).unwrap());
        assert!(interpolate(&[(3, &one), (3, &one)], 0).is_none());
        assert!(interpolate(&[(3, &one), (4, &two)], 0).is_none());
        assert!(interpolate(&[], 0).is_none());
    }
}
