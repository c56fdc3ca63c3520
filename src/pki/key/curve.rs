//! The NIST curves P-256, P-384 and P-521: is a point on its curve?
//!
//! Public points only: nothing here runs in constant time.
//! All three curves have cofactor 1, so a point on the curve that is not infinity is a full validation
//! (SP 800-56A rev. 3 §5.6.2.3.3). Infinity has no uncompressed form.

use std::cmp::Ordering;
use std::fmt;

/// A curve on which CA keys may lie. Source: BR §6.1.5; parameters: FIPS 186-4 D.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Curve {
    /// NIST P-256, secp256r1.
    P256,
    /// NIST P-384, secp384r1.
    P384,
    /// NIST P-521, secp521r1.
    P521,
}

impl Curve {
    /// All three.
    pub const ALL: [Self; 3] = [Self::P256, Self::P384, Self::P521];

    /// How many octets one coordinate has.
    pub const fn coordinate_octets(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// The AlgorithmIdentifier of a SubjectPublicKeyInfo on this curve. Source: BR §7.1.3.1.2.
    pub const fn spki_algorithm(self) -> &'static [u8] {
        match self {
            Self::P256 => &[
                0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
                0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
            ],
            Self::P384 => &[
                0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
                0x04, 0x00, 0x22,
            ],
            Self::P521 => &[
                0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81,
                0x04, 0x00, 0x23,
            ],
        }
    }

    /// Whether the coordinates, most significant octet first, are below the prime and solve y² = x³ - 3x + b.
    pub fn has_point(self, x: &[u8], y: &[u8]) -> bool {
        let field = Field::of(self);
        match (field.element(x), field.element(y)) {
            (Some(x), Some(y)) => field.on_curve(&x, &y),
            _ => false,
        }
    }
}

impl Curve {
    /// The uncompressed point with this x and the even one of its two y, if the curve has one there.
    ///
    /// Source: SEC 1 §2.3.4; the primes are 3 modulo 4, so that a root is a power.
    pub fn point_at(self, x: &[u8]) -> Option<Vec<u8>> {
        let field = Field::of(self);
        let y = field.even_root_at(&field.element(x)?)?;
        let length = self.coordinate_octets();
        let mut point = vec![4];
        let padded = |octets: &[u8]| {
            let zeros = length.saturating_sub(octets.len());
            std::iter::repeat_n(0, zeros).chain(octets.iter().copied()).collect::<Vec<_>>()
        };
        point.extend(padded(x));
        let y: Vec<u8> = y.iter().rev().flat_map(|limb| limb.to_be_bytes()).collect();
        point.extend(y.get(y.len().saturating_sub(length)..)?);
        Some(point)
    }
}

impl fmt::Display for Curve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
        })
    }
}

/// Limbs of 64 bits, least significant first; the most that P-521 needs, one for carries.
type Limbs = [u64; MOST + 1];
const MOST: usize = 9;
const ONE: Limbs = [1, 0, 0, 0, 0, 0, 0, 0, 0, 0];

/// Arithmetic modulo the prime of a curve, by Montgomery's multiplication.
struct Field {
    prime: Limbs,
    b: Limbs,
    /// How many limbs a product is divided by.
    limbs: usize,
    /// -1/prime modulo 2^64.
    inverse: u64,
}

impl Field {
    fn of(curve: Curve) -> Self {
        let (prime, b) = match curve {
            Curve::P256 => (P256_PRIME, P256_B),
            Curve::P384 => (P384_PRIME, P384_B),
            Curve::P521 => (P521_PRIME, P521_B),
        };
        let (prime, b) = (from_hex(prime), from_hex(b));
        let lowest = prime.first().copied().unwrap_or(1);
        // Newton: each round doubles the number of right bits.
        let inverse = (0..6).fold(lowest, |inverse, _| {
            inverse.wrapping_mul(2_u64.wrapping_sub(lowest.wrapping_mul(inverse)))
        });
        Self { prime, b, limbs: curve.coordinate_octets().div_ceil(8), inverse: inverse.wrapping_neg() }
    }

    /// A number below the prime.
    fn element(&self, octets: &[u8]) -> Option<Limbs> {
        let mut limbs = [0; MOST + 1];
        if octets.len() > MOST * 8 {
            return None;
        }
        for (limb, octets) in limbs.iter_mut().zip(octets.rchunks(8)) {
            *limb = octets.iter().fold(0, |limb, octet| limb << 8 | u64::from(*octet));
        }
        (compare(&limbs, &self.prime) == Ordering::Less).then_some(limbs)
    }

    /// y² + 3x = x³ + b, every term divided by the same power of two.
    fn on_curve(&self, x: &Limbs, y: &Limbs) -> bool {
        let divided = |value: &Limbs| self.product(&self.product(value, &ONE), &ONE);
        let y_squared = self.product(&self.product(y, y), &ONE);
        let x_cubed = self.product(&self.product(x, x), x);
        let three_x = self.sum(&self.sum(x, x), x);
        self.sum(&y_squared, &divided(&three_x)) == self.sum(&x_cubed, &divided(&self.b))
    }

    /// The even y with y² = x³ - 3x + b, if there is one.
    fn even_root_at(&self, x: &Limbs) -> Option<Limbs> {
        let inside = self.entered(x);
        let cubed = self.product(&self.product(&inside, &inside), &inside);
        let three_x = self.sum(&self.sum(&inside, &inside), &inside);
        let square = self.sum(&self.sum(&cubed, &self.negative(&three_x)), &self.entered(&self.b));
        let root = self.root(&square);
        if self.product(&root, &root) != square {
            return None;
        }
        let root = self.product(&root, &ONE);
        let even = root.first().is_some_and(|lowest| lowest & 1 == 0);
        Some(if even { root } else { self.negative(&root) })
    }

    /// `value` to the power (prime + 1) / 4, both multiplied by 2^(64 · limbs).
    fn root(&self, value: &Limbs) -> Limbs {
        let mut exponent = self.prime;
        add_scaled(&mut exponent, &ONE, 1);
        let bits = 64 * (MOST + 1);
        let bit =
            |number: usize| exponent.get(number / 64).is_some_and(|limb| limb >> (number % 64) & 1 == 1);
        (2..bits).rev().fold(self.entered(&ONE), |power, number| {
            let squared = self.product(&power, &power);
            if bit(number) { self.product(&squared, value) } else { squared }
        })
    }

    /// `value` · 2^(64 · limbs): what [`Field::product`] takes and gives.
    fn entered(&self, value: &Limbs) -> Limbs {
        (0..64 * self.limbs).fold(*value, |doubled, _| self.sum(&doubled, &doubled))
    }

    fn negative(&self, value: &Limbs) -> Limbs {
        if *value == [0; MOST + 1] {
            return *value;
        }
        let mut negative = self.prime;
        let mut borrow = false;
        for (limb, value) in negative.iter_mut().zip(value) {
            let (difference, first) = limb.overflowing_sub(*value);
            let (difference, second) = difference.overflowing_sub(borrow.into());
            *limb = difference;
            borrow = first || second;
        }
        negative
    }

    fn sum(&self, left: &Limbs, right: &Limbs) -> Limbs {
        let mut sum = *left;
        add_scaled(&mut sum, right, 1);
        self.reduced(sum)
    }

    /// left · right / 2^(64 · limbs).
    fn product(&self, left: &Limbs, right: &Limbs) -> Limbs {
        let mut product = [0; MOST + 1];
        for limb in left.iter().take(self.limbs) {
            add_scaled(&mut product, right, *limb);
            let lowest = product.first().copied().unwrap_or(0);
            add_scaled(&mut product, &self.prime, lowest.wrapping_mul(self.inverse));
            // The lowest limb is zero now.
            product.rotate_left(1);
        }
        self.reduced(product)
    }

    fn reduced(&self, mut value: Limbs) -> Limbs {
        if compare(&value, &self.prime) != Ordering::Less {
            let mut borrow = false;
            for (limb, prime) in value.iter_mut().zip(&self.prime) {
                let (difference, first) = limb.overflowing_sub(*prime);
                let (difference, second) = difference.overflowing_sub(borrow.into());
                *limb = difference;
                borrow = first || second;
            }
        }
        value
    }
}

/// Adds `value` · `scale` to `sum`, which has room.
fn add_scaled(sum: &mut Limbs, value: &Limbs, scale: u64) {
    let mut carry = 0_u128;
    for (sum, value) in sum.iter_mut().zip(value) {
        carry += u128::from(*sum) + u128::from(*value) * u128::from(scale);
        *sum = low(carry);
        carry >>= 64;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
const fn low(value: u128) -> u64 {
    value as u64
}

fn compare(left: &Limbs, right: &Limbs) -> Ordering {
    left.iter().rev().cmp(right.iter().rev())
}

/// A constant below, most significant digit first.
fn from_hex(text: &str) -> Limbs {
    let mut limbs = [0; MOST + 1];
    for (limb, digits) in limbs.iter_mut().zip(text.as_bytes().rchunks(16)) {
        *limb = digits
            .iter()
            .fold(0, |limb, digit| limb << 4 | u64::from(char::from(*digit).to_digit(16).unwrap_or(0)));
    }
    limbs
}

const P256_PRIME: &str = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";
const P256_B: &str = "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b";
const P384_PRIME: &str =
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff";
const P384_B: &str =
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef";
const P521_PRIME: &str = "1ff\
    ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\
    ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
const P521_B: &str = "51\
    953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1\
    56193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_found_at_its_x_and_lies_on_the_curve() {
        for curve in [Curve::P256, Curve::P384, Curve::P521] {
            let length = curve.coordinate_octets();
            let found: Vec<Vec<u8>> = (1_u8..40).filter_map(|x| curve.point_at(&[x])).collect();
            // Half of all x have a point.
            assert!((8..32).contains(&found.len()), "{curve}: {}", found.len());
            for point in found {
                let (x, y) = point[1..].split_at(length);
                assert!(curve.has_point(x, y), "{curve}");
                assert_eq!(y[length - 1] & 1, 0);
            }
        }
    }
    use crate::digest;

    /// The base points. Source: SEC 2 version 2 §2.4.2, §2.5.1, §2.6.1.
    const BASE_POINTS: [(Curve, &str, &str); 3] = [
        (
            Curve::P256,
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        ),
        (
            Curve::P384,
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        ),
        (
            Curve::P521,
            "00c6858e06b70404e9cd9e3ecb662395b4429c648139053fb521f828af606b4d3dbaa14b5e77efe75928fe1dc127a2ffa8de3348b3c1856a429bf97e7e31c2e5bd66",
            "011839296a789a3bc0045c8a5fb42c7d1bd998f54449579b446817afbd17273e662c97ee72995ef42640c550b9013fad0761353c7086a272c24088be94769fd16650",
        ),
    ];

    #[test]
    fn the_base_point_is_on_its_curve_and_its_neighbours_are_not() {
        for (curve, x, y) in BASE_POINTS {
            let (x, y) = (digest::from_hex(x).unwrap(), digest::from_hex(y).unwrap());
            assert_eq!(x.len(), curve.coordinate_octets());
            assert!(curve.has_point(&x, &y), "{curve}");
            for index in 0..x.len() {
                let mut other = y.clone();
                other[index] ^= 1;
                assert!(!curve.has_point(&x, &other), "{curve} y {index}");
                let mut other = x.clone();
                other[index] ^= 1;
                assert!(!curve.has_point(&other, &y), "{curve} x {index}");
            }
            assert!(!curve.has_point(&y, &x) && !curve.has_point(&[0; 32], &[0; 32]), "{curve}");
        }
    }

    #[test]
    fn a_coordinate_is_below_the_prime() {
        // x = 0 has y = sqrt(b) on P-256, so x = p would solve the equation too.
        let y = digest::from_hex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4").unwrap();
        let prime = digest::from_hex(P256_PRIME).unwrap();
        assert!(Curve::P256.has_point(&[0; 32], &y));
        assert!(!Curve::P256.has_point(&prime, &y));
    }
}
