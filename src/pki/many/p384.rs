//! Arithmetic on P-384 for verifying many signatures by one key.
//!
//! The rules of this file:
//! - Nothing here is secret: keys are public, signatures and digests are being verified. Nothing is constant-time.
//! - A mistake of arithmetic makes a good signature look bad, which is then judged by ring; for a bad one to look good, the
//!   wrong sum would have to have the very coordinate that the signature says.
//! - No special case is left out: the sum of a point and itself, of a point and its negative, and of nothing.
//!
//! Each scalar is cut into signed digits; the multiples of a point that digits select stand in a table, so that
//! `u1 G + u2 Q` is a sum of table entries without a single doubling. The sums of many signatures are made side by side,
//! in affine coordinates, with one inversion for each level of all their trees (Montgomery's trick).
//!
//! Sources: FIPS 186-5 §6.4.2; SP 800-186 §3.2.1.4.
#![expect(
    clippy::indexing_slicing,
    reason = "limbs are indexed by counters of loops over their own fixed number"
)]
#![expect(
    clippy::inline_always,
    reason = "a call for each operation on six words would cost as much as the operation, and the modulus has to be a constant"
)]

/// How many words a number has.
const LIMBS: usize = 6;

/// A number below 2^384, least significant word first.
type Words = [u64; LIMBS];

/// A prime that numbers are taken modulo, in Montgomery's form with R = 2^384.
struct Prime {
    modulus: Words,
    /// -1 / modulus, modulo 2^64.
    negative_inverse: u64,
    /// R.
    one: Words,
    /// R^2.
    square: Words,
}

/// The prime of the field.
const FIELD: Prime = prime([
    0x0000_0000_ffff_ffff,
    0xffff_ffff_0000_0000,
    0xffff_ffff_ffff_fffe,
    0xffff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
]);

/// The order of the group.
const ORDER: Prime = prime([
    0xecec_196a_ccc5_2973,
    0x581a_0db2_48b0_a77a,
    0xc763_4d81_f437_2ddf,
    0xffff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
    0xffff_ffff_ffff_ffff,
]);

const B: Words = [
    0x2a85_c8ed_d3ec_2aef,
    0xc656_398d_8a2e_d19d,
    0x0314_088f_5013_875a,
    0x181d_9c6e_fe81_4112,
    0x988e_056b_e3f8_2d19,
    0xb331_2fa7_e23e_e7e4,
];

const GENERATOR: [Words; 2] = [
    [
        0x3a54_5e38_7276_0ab7,
        0x5502_f25d_bf55_296c,
        0x59f7_41e0_8254_2a38,
        0x6e1d_3b62_8ba7_9b98,
        0x8eb1_c71e_f320_ad74,
        0xaa87_ca22_be8b_0537,
    ],
    [
        0x7a43_1d7c_90ea_0e5f,
        0x0a60_b1ce_1d7e_819d,
        0xe9da_3113_b5f0_b8c0,
        0xf8f4_1dbd_289a_147c,
        0x5d9e_98bf_9292_dc29,
        0x3617_de4a_9626_2c6f,
    ],
];

const fn prime(modulus: Words) -> Prime {
    // Newton's iteration doubles the number of good bits: 1, 2, 4 … 64.
    let mut inverse: u64 = 1;
    let mut round = 0;
    while round < 6 {
        inverse = inverse.wrapping_mul(2_u64.wrapping_sub(modulus[0].wrapping_mul(inverse)));
        round += 1;
    }
    // R modulo the modulus is R - modulus: both primes have their top bit set.
    let (one, _) = subtract_words([0; LIMBS], modulus);
    let mut square = one;
    let mut bit = 0;
    while bit < 384 {
        square = add_modulo(square, square, &modulus);
        bit += 1;
    }
    Prime { modulus, negative_inverse: inverse.wrapping_neg(), one, square }
}

#[inline(always)]
const fn add_words(a: Words, b: Words) -> (Words, bool) {
    let (mut sum, mut carry, mut index) = ([0; LIMBS], false, 0);
    while index < LIMBS {
        let (first, one) = a[index].overflowing_add(b[index]);
        let (second, other) = first.overflowing_add(carry as u64);
        sum[index] = second;
        carry = one | other;
        index += 1;
    }
    (sum, carry)
}

#[inline(always)]
const fn subtract_words(a: Words, b: Words) -> (Words, bool) {
    let (mut difference, mut borrow, mut index) = ([0; LIMBS], false, 0);
    while index < LIMBS {
        let (first, one) = a[index].overflowing_sub(b[index]);
        let (second, other) = first.overflowing_sub(borrow as u64);
        difference[index] = second;
        borrow = one | other;
        index += 1;
    }
    (difference, borrow)
}

const fn add_modulo(a: Words, b: Words, modulus: &Words) -> Words {
    let (sum, carry) = add_words(a, b);
    let (reduced, borrow) = subtract_words(sum, *modulus);
    if carry || !borrow { reduced } else { sum }
}

impl Prime {
    fn add(&self, a: Words, b: Words) -> Words {
        add_modulo(a, b, &self.modulus)
    }

    #[inline(always)]
    fn subtract(&self, a: Words, b: Words) -> Words {
        let (difference, borrow) = subtract_words(a, b);
        // Without a branch that nothing could foretell.
        let mask = u64::from(borrow).wrapping_neg();
        add_words(difference, self.modulus.map(|word| word & mask)).0
    }

    /// `a * b / R`.
    #[inline(always)]
    fn multiply(&self, one: &Words, other: &Words) -> Words {
        let mut sum = [0_u64; LIMBS + 1];
        for word in other {
            let mut carry = 0;
            for (place, one) in sum.iter_mut().zip(one) {
                (*place, carry) = multiply_add(*one, *word, *place, carry);
            }
            let (top, over) = sum[LIMBS].overflowing_add(carry);
            let factor = sum[0].wrapping_mul(self.negative_inverse);
            let (_, mut carry) = multiply_add(factor, self.modulus[0], sum[0], 0);
            for index in 1..LIMBS {
                (sum[index - 1], carry) = multiply_add(factor, self.modulus[index], sum[index], carry);
            }
            let (low, one) = top.overflowing_add(carry);
            sum[LIMBS - 1] = low;
            sum[LIMBS] = u64::from(over) + u64::from(one);
        }
        let [.., top] = sum;
        let product: Words = std::array::from_fn(|index| sum[index]);
        let (reduced, borrow) = subtract_words(product, self.modulus);
        // Without a branch that nothing could foretell.
        let mask = (u64::from(borrow) & (top ^ 1)).wrapping_neg();
        std::array::from_fn(|index| (product[index] & mask) | (reduced[index] & !mask))
    }

    fn square(&self, a: &Words) -> Words {
        self.multiply(a, a)
    }

    /// Into Montgomery's form.
    fn enter(&self, a: &Words) -> Words {
        self.multiply(a, &self.square)
    }

    /// Out of Montgomery's form.
    fn leave(&self, a: &Words) -> Words {
        self.multiply(a, &[1, 0, 0, 0, 0, 0])
    }

    /// `1 / a`, by Fermat; nought for nought.
    fn invert(&self, a: &Words) -> Words {
        let (exponent, _) = subtract_words(self.modulus, [2, 0, 0, 0, 0, 0]);
        let mut powers = [self.one; 16];
        for index in 1..16 {
            powers[index] = self.multiply(&powers[index - 1], a);
        }
        let mut result = self.one;
        for word in exponent.iter().rev() {
            for nibble in (0..16).rev() {
                for _ in 0..4 {
                    result = self.square(&result);
                }
                let digit = (word >> (4 * nibble)) & 15;
                if let Some(power) = usize::try_from(digit).ok().and_then(|digit| powers.get(digit)) {
                    result = self.multiply(&result, power);
                }
            }
        }
        result
    }

    /// `1 / a` for each, none of which may be nought, with one inversion.
    fn invert_all(&self, all: &mut [Words]) {
        let mut products = Vec::with_capacity(all.len());
        let mut product = self.one;
        for one in &*all {
            products.push(product);
            product = self.multiply(&product, one);
        }
        let mut inverse = self.invert(&product);
        for (one, before) in all.iter_mut().zip(&products).rev() {
            let own = self.multiply(&inverse, before);
            inverse = self.multiply(&inverse, one);
            *one = own;
        }
    }
}

/// `a * b + c + d`, low and high word.
#[expect(clippy::cast_possible_truncation, reason = "the low word is what is wanted")]
#[inline(always)]
const fn multiply_add(a: u64, b: u64, c: u64, d: u64) -> (u64, u64) {
    let sum = a as u128 * b as u128 + c as u128 + d as u128;
    (sum as u64, (sum >> 64) as u64)
}

/// A point in affine coordinates, in Montgomery's form. (0, 0), which is not on the curve, is the neutral element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Point {
    x: Words,
    y: Words,
}

const NEUTRAL: Point = Point { x: [0; LIMBS], y: [0; LIMBS] };

/// Whether a number is nought.
#[inline(always)]
fn is_nought(number: &Words) -> bool {
    number.iter().fold(0, |all, word| all | word) == 0
}

impl Point {
    /// No point of this group has y = 0: its order is an odd prime.
    #[inline(always)]
    fn is_neutral(&self) -> bool {
        is_nought(&self.y)
    }

    #[inline(always)]
    fn opposite(&self) -> Self {
        Self { x: self.x, y: FIELD.subtract([0; LIMBS], self.y) }
    }

    fn new([x, y]: [Words; 2]) -> Self {
        Self { x: FIELD.enter(&x), y: FIELD.enter(&y) }
    }

    fn is_on_curve(&self) -> bool {
        let cube = FIELD.multiply(&FIELD.square(&self.x), &self.x);
        let triple = FIELD.add(FIELD.add(self.x, self.x), self.x);
        let right = FIELD.add(FIELD.subtract(cube, triple), FIELD.enter(&B));
        FIELD.square(&self.y) == right
    }
}

/// The places of two points.
type Pair = (usize, usize);

/// The sums of pairs of points, many at a time.
#[derive(Default)]
struct Adder {
    /// Of each pair: what is inverted for it, and the product of all those before it.
    denominators: Vec<(Words, Words)>,
}

impl Adder {
    /// Adds the second point of each pair to the first, which no other pair has.
    fn add(&mut self, points: &mut [Point], pairs: &[Pair]) {
        let mut product = FIELD.one;
        self.denominators.clear();
        self.denominators.extend(pairs.iter().map(|(one, other)| {
            let own = denominator(&points[*one], &points[*other]);
            let before = product;
            product = FIELD.multiply(&product, &own);
            (own, before)
        }));
        let mut inverse = FIELD.invert(&product);
        for ((one, other), (own, before)) in pairs.iter().zip(&self.denominators).rev() {
            points[*one] = sum(&points[*one], &points[*other], &FIELD.multiply(&inverse, before));
            inverse = FIELD.multiply(&inverse, own);
        }
    }
}

/// What the slope of the line through two points is divided by; one where there is no slope to be made.
#[inline(always)]
fn denominator(one: &Point, other: &Point) -> Words {
    let difference = FIELD.subtract(other.x, one.x);
    if one.is_neutral() || other.is_neutral() {
        return FIELD.one;
    }
    if !is_nought(&difference) {
        return difference;
    }
    // The same point, whose tangent it is, or its opposite.
    if one.y == other.y { FIELD.add(one.y, one.y) } else { FIELD.one }
}

/// The sum of two points, with the inverse of their [`denominator`].
#[inline(always)]
fn sum(one: &Point, other: &Point, inverse: &Words) -> Point {
    if one.is_neutral() {
        return *other;
    }
    if other.is_neutral() {
        return *one;
    }
    let numerator = if !is_nought(&FIELD.subtract(other.x, one.x)) {
        FIELD.subtract(other.y, one.y)
    } else if one.y == other.y {
        // 3 x^2 + a, where a is -3.
        let square = FIELD.subtract(FIELD.square(&one.x), FIELD.one);
        FIELD.add(FIELD.add(square, square), square)
    } else {
        return NEUTRAL;
    };
    let slope = FIELD.multiply(&numerator, inverse);
    let x = FIELD.subtract(FIELD.subtract(FIELD.square(&slope), one.x), other.x);
    let y = FIELD.subtract(FIELD.multiply(&slope, &FIELD.subtract(one.x, x)), one.y);
    Point { x, y }
}

/// The multiples of one point that the digits of a scalar select.
///
/// For each digit, from the lowest: the multiples by 1 to 2^(WIDTH - 1) of the point times 2^(WIDTH * place).
struct Table(Vec<Point>);

impl Table {
    fn new(point: &Point) -> Self {
        let mut multiples = vec![NEUTRAL; PLACES * HALF];
        for (row, base) in multiples.chunks_mut(HALF).zip(doubled(point)) {
            row[0] = base;
        }
        let (mut adder, mut pairs) = (Adder::default(), Vec::new());
        let mut known = 1;
        while known < HALF {
            // The next as many multiples are the known ones and the highest known one: 1 + 4, 2 + 4, 3 + 4, 4 + 4.
            pairs.clear();
            for row in (0..multiples.len()).step_by(HALF) {
                let highest = row + known - 1;
                multiples.copy_within(row..=highest, row + known);
                pairs.extend((0..known).map(|one| (row + known + one, highest)));
            }
            adder.add(&mut multiples, &pairs);
            known *= 2;
        }
        Self(multiples)
    }

    /// The points whose sum is `scalar` times the point; as many for every scalar.
    fn select(&self, scalar: &Words, to: &mut Vec<Point>) {
        let mut carry = 0;
        for (place, row) in self.0.chunks(HALF).enumerate() {
            let digit = bits(scalar, place) + carry;
            carry = i64::from(digit > 1 << (WIDTH - 1));
            let digit = digit - (carry << WIDTH);
            let index = usize::try_from(digit.unsigned_abs()).ok().and_then(|size| size.checked_sub(1));
            to.push(match index.and_then(|index| row.get(index)) {
                None => NEUTRAL,
                Some(point) if digit < 0 => point.opposite(),
                Some(point) => *point,
            });
        }
    }
}

/// A point, and what doubling it WIDTH times makes, and so on: one for each place of a digit.
fn doubled(point: &Point) -> Vec<Point> {
    let mut last = Jacobian { x: point.x, y: point.y, z: FIELD.one };
    let mut all = Vec::with_capacity(PLACES);
    for _ in 0..PLACES {
        all.push(last);
        for _ in 0..WIDTH {
            last = last.double();
        }
    }
    let mut inverses: Vec<Words> = all.iter().map(|point| point.z).collect();
    FIELD.invert_all(&mut inverses);
    all.iter().zip(&inverses).map(|(point, inverse)| point.affine(inverse)).collect()
}

/// A point in Jacobian coordinates, which is doubled without an inversion: (x / z^2, y / z^3). It is never the neutral
/// element: doubling does not make that in a group of odd order.
#[derive(Clone, Copy)]
struct Jacobian {
    x: Words,
    y: Words,
    z: Words,
}

impl Jacobian {
    fn double(&self) -> Self {
        let times = |number: Words, doublings: u32| (0..doublings).fold(number, |sum, _| FIELD.add(sum, sum));
        let (y_square, z_square) = (FIELD.square(&self.y), FIELD.square(&self.z));
        // 3 x^2 + a z^4, where a is -3.
        let third = FIELD.multiply(&FIELD.subtract(self.x, z_square), &FIELD.add(self.x, z_square));
        let slope = FIELD.add(times(third, 1), third);
        let product = times(FIELD.multiply(&self.x, &y_square), 2);
        let x = FIELD.subtract(FIELD.square(&slope), times(product, 1));
        let y = FIELD
            .subtract(FIELD.multiply(&slope, &FIELD.subtract(product, x)), times(FIELD.square(&y_square), 3));
        Self { x, y, z: times(FIELD.multiply(&self.y, &self.z), 1) }
    }

    /// `inverse`: 1 / z.
    fn affine(&self, inverse: &Words) -> Point {
        let square = FIELD.square(inverse);
        let cube = FIELD.multiply(&square, inverse);
        Point { x: FIELD.multiply(&self.x, &square), y: FIELD.multiply(&self.y, &cube) }
    }
}

/// How many bits a digit has: the tables of a key are 3.8 MB together. Larger ones would save some additions, and cost as
/// much again to make and to be fetched from memory.
const WIDTH: usize = 10;

/// How many multiples there are of each place: digits have a sign.
const HALF: usize = 1 << (WIDTH - 1);

/// How many digits a scalar has: enough for the carry of the highest.
const PLACES: usize = 384 / WIDTH + 1;

/// The bits of one digit.
#[expect(clippy::cast_possible_wrap, reason = "a digit has far fewer than 63 bits")]
fn bits(scalar: &Words, place: usize) -> i64 {
    let first = place * WIDTH;
    let (word, shift) = (first / 64, first % 64);
    let low = scalar.get(word).map_or(0, |word| word >> shift);
    let high = if shift == 0 { 0 } else { scalar.get(word + 1).map_or(0, |word| word << (64 - shift)) };
    ((low | high) & ((1 << WIDTH) - 1)) as i64
}

/// One signature to be verified: the first 48 octets of the digest at most, and both numbers of the signature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signature {
    /// The digest as a number: 48 octets.
    pub(super) digest: [u8; 48],
    /// r, 48 octets.
    pub(super) r: [u8; 48],
    /// s, 48 octets.
    pub(super) s: [u8; 48],
}

/// Verifies signatures by one key.
pub(super) struct Key {
    generator: Table,
    own: Table,
}

impl Key {
    /// A key by its point, uncompressed; nothing if that is no point of the curve.
    pub(super) fn new(point: &[u8]) -> Option<Self> {
        let (x, y) = point.strip_prefix(&[4])?.split_at_checked(48)?;
        let (x, y) = (words(x.try_into().ok()?), words(y.try_into().ok()?));
        let below = |number: &Words| subtract_words(*number, FIELD.modulus).1;
        let point = Point::new([x, y]);
        if !below(&x) || !below(&y) || !point.is_on_curve() {
            return None;
        }
        Some(Self { generator: Table::new(&Point::new(GENERATOR)), own: Table::new(&point) })
    }

    /// Says of each signature whether it is good.
    pub(super) fn verify(&self, all: &[Signature]) -> Vec<bool> {
        let in_range = |number: &Words| *number != [0; LIMBS] && subtract_words(*number, ORDER.modulus).1;
        let numbers: Vec<_> =
            all.iter().map(|one| (words(&one.digest), words(&one.r), words(&one.s))).collect();
        let sound: Vec<bool> = numbers.iter().map(|(_, r, s)| in_range(r) && in_range(s)).collect();
        // What is out of range is bad whatever becomes of it; one stands in so that all can be inverted.
        let mut inverses: Vec<Words> = (numbers.iter().zip(&sound))
            .map(|((_, _, s), sound)| if *sound { ORDER.enter(s) } else { ORDER.one })
            .collect();
        ORDER.invert_all(&mut inverses);
        let mut points = Vec::with_capacity(2 * PLACES * all.len());
        for ((digest, r, _), inverse) in numbers.iter().zip(&inverses) {
            // One factor in Montgomery's form and one not: the product is not. A digest may be above the order; that is
            // reduced on the way.
            self.generator.select(&ORDER.multiply(digest, inverse), &mut points);
            self.own.select(&ORDER.multiply(r, inverse), &mut points);
        }
        let sums = sums(points);
        let good = |((_, r, _), sum): (&(Words, Words, Words), &Point)| {
            let x = FIELD.leave(&sum.x);
            // x modulo the order is r: x is below twice the order.
            !sum.is_neutral() && (x == *r || subtract_words(x, ORDER.modulus) == (*r, false))
        };
        numbers.iter().zip(&sums).map(good).zip(sound).map(|(good, sound)| good && sound).collect()
    }
}

/// The sums that signatures select, each of as many points: in pairs, then in pairs of pairs, and so on.
fn sums(mut points: Vec<Point>) -> Vec<Point> {
    const LENGTH: usize = 2 * PLACES;
    let (mut adder, mut pairs) = (Adder::default(), Vec::with_capacity(points.len() / 2));
    let mut apart = 1;
    while apart < LENGTH {
        pairs.clear();
        for first in (0..points.len()).step_by(LENGTH) {
            let ones = (0..LENGTH - apart).step_by(2 * apart);
            pairs.extend(ones.map(|one| (first + one, first + one + apart)));
        }
        adder.add(&mut points, &pairs);
        apart *= 2;
    }
    points.into_iter().step_by(LENGTH).collect()
}

/// 48 octets, most significant first, as words.
fn words(octets: &[u8; 48]) -> Words {
    let mut words = [0; LIMBS];
    for (word, octets) in words.iter_mut().rev().zip(octets.chunks_exact(8)) {
        *word = octets.iter().fold(0, |word, octet| word << 8 | u64::from(*octet));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(number: u64) -> Words {
        [number, 0, 0, 0, 0, 0]
    }

    /// A multiple by doubling and adding, one at a time.
    fn multiple(mut number: u64, of: Point) -> Point {
        let mut adder = Adder::default();
        let mut add = |one, other| {
            let mut both = [one, other];
            adder.add(&mut both, &[(0, 1)]);
            both[0]
        };
        let (mut result, mut base) = (NEUTRAL, of);
        while number > 0 {
            if number & 1 == 1 {
                result = add(result, base);
            }
            base = add(base, base);
            number >>= 1;
        }
        result
    }

    fn by_table(table: &Table, number: &Words) -> Point {
        let mut points = Vec::new();
        table.select(number, &mut points);
        points.resize(2 * PLACES, NEUTRAL);
        sums(points)[0]
    }

    #[test]
    fn a_number_times_its_inverse_is_one() {
        for prime in [FIELD, ORDER] {
            let mut all: Vec<_> =
                (1..20).map(|number| prime.enter(&scalar(number * 0x1234_5678_9abc))).collect();
            let before = all.clone();
            prime.invert_all(&mut all);
            for (number, inverse) in before.iter().zip(&all) {
                assert_eq!(prime.leave(&prime.multiply(number, inverse)), scalar(1));
            }
            let (highest, _) = subtract_words(prime.modulus, scalar(1));
            assert_eq!(prime.leave(&prime.enter(&highest)), highest);
            assert_eq!(prime.add(highest, scalar(1)), scalar(0));
            assert_eq!(prime.subtract(scalar(0), scalar(1)), highest);
        }
    }

    #[test]
    fn the_generator_is_on_the_curve_and_has_its_order() {
        let generator = Point::new(GENERATOR);
        assert!(generator.is_on_curve());
        assert!(!Point { x: generator.y, y: generator.x }.is_on_curve());
        let table = Table::new(&generator);
        assert!(by_table(&table, &ORDER.modulus).is_neutral());
        let (last, _) = subtract_words(ORDER.modulus, scalar(1));
        assert_eq!(by_table(&table, &last), generator.opposite());
    }

    #[test]
    fn a_table_selects_what_doubling_and_adding_makes() {
        let generator = Point::new(GENERATOR);
        let table = Table::new(&generator);
        for number in
            [0, 1, 2, 3, 511, 512, 513, 1023, 1024, 0x7_fc00, 0x8_0200, u64::MAX, 0x8000_0000_0000_0000]
        {
            assert_eq!(by_table(&table, &scalar(number)), multiple(number, generator), "{number:#x}");
        }
        // The highest number that there is, with a carry out of every digit.
        let (all, _) = subtract_words(scalar(0), scalar(1));
        let (rest, _) = subtract_words(all, ORDER.modulus);
        assert_eq!(by_table(&table, &all), by_table(&table, &rest));
    }

    #[test]
    fn special_sums_are_no_accidents() {
        let generator = Point::new(GENERATOR);
        let double = multiple(2, generator);
        let summands = [
            [generator, generator],
            [generator, generator.opposite()],
            [generator, NEUTRAL],
            [NEUTRAL, generator],
            [NEUTRAL, NEUTRAL],
            [double, generator.opposite()],
        ];
        let mut points = summands.concat();
        let pairs: Vec<Pair> = (0..summands.len()).map(|pair| (2 * pair, 2 * pair + 1)).collect();
        Adder::default().add(&mut points, &pairs);
        let sums: Vec<Point> = points.into_iter().step_by(2).collect();
        assert_eq!(sums, [double, NEUTRAL, generator, generator, NEUTRAL, generator]);
        assert!(double.is_on_curve());
    }
}
