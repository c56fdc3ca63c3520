//! Natural numbers of any size, for questions about public RSA moduli. Nothing here runs in constant time.

use std::cmp::Ordering;

/// A natural number: limbs of 32 bits, least significant first, the last of them not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Natural(Vec<u32>);

impl Natural {
    /// Reads an unsigned integer, most significant octet first.
    pub fn from_octets(octets: &[u8]) -> Self {
        let limb = |octets: &[u8]| octets.iter().fold(0, |limb, octet| limb << 8 | u32::from(*octet));
        Self(octets.rchunks(4).map(limb).collect()).trimmed()
    }

    /// The octets of it, most significant first, without zeros before them.
    pub fn octets(&self) -> Vec<u8> {
        let octets = self.0.iter().rev().flat_map(|limb| limb.to_be_bytes());
        octets.skip_while(|octet| *octet == 0).collect()
    }

    /// How many bits it has; 0 for zero.
    pub fn bits(&self) -> usize {
        self.0.last().map_or(0, |last| self.0.len() * 32 - last.leading_zeros() as usize)
    }

    /// The largest number whose square is not above it.
    #[must_use]
    pub fn square_root(&self) -> Self {
        if self.0.is_empty() {
            return self.clone();
        }
        // Newton from above: the guesses fall until the root is reached.
        let mut guess = self.guess_of_root();
        loop {
            let next = self.divided(&guess).plus(&guess).halved();
            if next.compare(&guess) != Ordering::Less {
                return guess;
            }
            guess = next;
        }
    }

    /// The root, if it is a square.
    pub fn exact_root(&self) -> Option<Self> {
        // Squares leave few remainders: most others are told by these.
        let possible = |modulus: u32| {
            let remainder = self.remainder(modulus);
            (0..modulus).any(|root| root * root % modulus == remainder)
        };
        if ![64, 63, 65, 11, 17, 19, 23, 31].into_iter().all(possible) {
            return None;
        }
        let root = self.square_root();
        (root.times(&root) == *self).then_some(root)
    }

    /// The sum.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let (longer, shorter) = if self.0.len() < other.0.len() { (other, self) } else { (self, other) };
        let mut sum = longer.0.clone();
        sum.push(0);
        let mut carry = 0;
        for (limb, other) in sum.iter_mut().zip(shorter.0.iter().chain(std::iter::repeat(&0))) {
            let total = u64::from(*limb) + u64::from(*other) + carry;
            *limb = low(total);
            carry = total >> 32;
        }
        Self(sum).trimmed()
    }

    /// What is left after taking away `other`; nothing if that is more.
    pub fn minus(&self, other: &Self) -> Option<Self> {
        let mut difference = self.0.clone();
        let borrow = subtract(&mut difference, &other.0);
        (!borrow && self.0.len() >= other.0.len()).then(|| Self(difference).trimmed())
    }

    /// The product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let mut product = vec![0_u32; self.0.len() + other.0.len()];
        for (place, limb) in self.0.iter().enumerate() {
            let mut carry = 0;
            for (sum, other) in
                product.iter_mut().skip(place).zip(other.0.iter().chain(std::iter::repeat(&0)))
            {
                let total = u64::from(*sum) + u64::from(*limb) * u64::from(*other) + carry;
                *sum = low(total);
                carry = total >> 32;
            }
        }
        Self(product).trimmed()
    }

    /// What is left after division; the number itself if the divisor is zero.
    #[must_use]
    pub fn modulo(&self, divisor: &Self) -> Self {
        // The quotient is never too large, so that there is something left.
        self.minus(&self.divided(divisor).times(divisor)).unwrap_or_else(|| self.clone())
    }

    /// What is left of a power after division; the number 1 for the power 0.
    #[must_use]
    pub fn power(&self, exponent: u64, divisor: &Self) -> Self {
        let mut power = Self(vec![1]);
        for bit in (0..u64::BITS - exponent.leading_zeros()).rev() {
            power = power.times(&power).modulo(divisor);
            if exponent >> bit & 1 == 1 {
                power = power.times(self).modulo(divisor);
            }
        }
        power
    }

    /// What is left after division by a small number above 0.
    pub fn remainder(&self, divisor: u32) -> u32 {
        let divisor = u64::from(divisor.max(1));
        let remainder =
            self.0.iter().rev().fold(0, |remainder, limb| (remainder << 32 | u64::from(*limb)) % divisor);
        low(remainder)
    }

    /// How it stands to `other`.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    /// The quotient, rounded down. Source: Knuth, TAOCP vol. 2 §4.3.1 algorithm D.
    fn divided(&self, divisor: &Self) -> Self {
        let Some(&highest) = divisor.0.last() else { return Self(Vec::new()) };
        let shift = highest.leading_zeros();
        let (divisor, mut rest) = (divisor.shifted(shift).0, self.shifted(shift).0);
        rest.push(0);
        let places = (rest.len()).saturating_sub(divisor.len());
        let mut quotient = vec![0; places];
        for (place, digit) in quotient.iter_mut().enumerate().rev() {
            let Some(window) = rest.get_mut(place..=place + divisor.len()) else { continue };
            *digit = divide_window(window, &divisor);
        }
        Self(quotient).trimmed()
    }

    /// Twice, four times … as much: by fewer than 32 bits.
    fn shifted(&self, bits: u32) -> Self {
        let mut carry = 0;
        let mut shifted: Vec<_> = self
            .0
            .iter()
            .map(|limb| {
                let wide = u64::from(*limb) << bits | carry;
                carry = wide >> 32;
                low(wide)
            })
            .collect();
        shifted.push(low(carry));
        Self(shifted).trimmed()
    }

    fn halved(&self) -> Self {
        let above = self.0.iter().skip(1).chain(std::iter::once(&0));
        Self(self.0.iter().zip(above).map(|(limb, above)| limb >> 1 | above << 31).collect()).trimmed()
    }

    /// Not below the root, and right in the first half of its bits, or in 32.
    fn guess_of_root(&self) -> Self {
        let quarter = self.0.len() / 4;
        if quarter > 0 {
            // The root of the upper half of the limbs is the upper half of the root: one above that is not below.
            let upper = Self(self.0.iter().skip(2 * quarter).copied().collect());
            let root = upper.square_root().plus(&Self(vec![1]));
            return Self(vec![0; quarter].into_iter().chain(root.0).collect());
        }
        // An even number of limbs below the first ones, so that the root of both parts is whole.
        let first = if self.0.len().is_multiple_of(2) { 2 } else { 1 };
        let top = self.0.iter().rev().take(first).fold(0, |top, limb| top << 32 | u64::from(*limb));
        let mut limbs = vec![0; (self.0.len() - first) / 2];
        let root = top.isqrt() + 1;
        limbs.push(low(root));
        limbs.push(low(root >> 32));
        Self(limbs).trimmed()
    }

    fn trimmed(mut self) -> Self {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
        self
    }
}

/// One digit of a quotient: divides what is in the window, one limb longer than the divisor, and leaves the rest there.
fn divide_window(window: &mut [u32], divisor: &[u32]) -> u32 {
    let mut highest = window.iter().rev().copied().map(u64::from);
    let (first, second, third) =
        (highest.next().unwrap_or(0), highest.next().unwrap_or(0), highest.next().unwrap_or(0));
    let mut leading = divisor.iter().rev().copied().map(u64::from);
    let (one, two) = (leading.next().unwrap_or(1), leading.next().unwrap_or(0));
    let numerator = first << 32 | second;
    let mut digit = (numerator / one).min(u64::from(u32::MAX));
    let mut rest = numerator - digit * one;
    while u32::try_from(rest).is_ok() && digit * two > (rest << 32 | third) {
        digit -= 1;
        rest += one;
    }
    let digit = low(digit);
    if subtract_scaled(window, divisor, digit) {
        // One too many, which happens about once in 2^31 times.
        add(window, divisor);
        return digit - 1;
    }
    digit
}

/// Takes `value` · `scale` away; whether that was more than there was.
fn subtract_scaled(from: &mut [u32], value: &[u32], scale: u32) -> bool {
    let (mut carry, mut borrow) = (0, false);
    for (limb, value) in from.iter_mut().zip(value.iter().chain(std::iter::repeat(&0))) {
        carry += u64::from(*value) * u64::from(scale);
        let (difference, first) = limb.overflowing_sub(low(carry));
        let (difference, second) = difference.overflowing_sub(borrow.into());
        *limb = difference;
        borrow = first || second;
        carry >>= 32;
    }
    borrow
}

fn subtract(from: &mut [u32], value: &[u32]) -> bool {
    subtract_scaled(from, value, 1)
}

fn add(to: &mut [u32], value: &[u32]) {
    let mut carry = 0;
    for (limb, value) in to.iter_mut().zip(value.iter().chain(std::iter::repeat(&0))) {
        let total = u64::from(*limb) + u64::from(*value) + carry;
        *limb = low(total);
        carry = total >> 32;
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the low half is what is wanted")]
const fn low(value: u64) -> u32 {
    value as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(value: u128) -> Natural {
        Natural::from_octets(&value.to_be_bytes())
    }

    proptest! {
        #[test]
        fn small_numbers_are_as_the_machine_has_them(left: u64, right: u64, small in 1_u32..=u32::MAX) {
            let (a, b) = (u128::from(left), u128::from(right));
            prop_assert_eq!(number(a).plus(&number(b)), number(a + b));
            prop_assert_eq!(number(a).times(&number(b)), number(a * b));
            prop_assert_eq!(number(a).minus(&number(b)), a.checked_sub(b).map(number));
            prop_assert_eq!(number(a).divided(&number(b)), a.checked_div(b).map_or(number(0), number));
            prop_assert_eq!(number(a * b).divided(&number(b)), if b == 0 { number(0) } else { number(a) });
            prop_assert_eq!(number(a * b).square_root(), number((a * b).isqrt()));
            prop_assert_eq!(number(a * b).remainder(small), u32::try_from(a * b % u128::from(small)).unwrap());
            let cube = number(a).times(&number(a)).times(&number(a)).modulo(&number(u128::from(small)));
            prop_assert_eq!(number(a).power(3, &number(u128::from(small))), cube);
            prop_assert_eq!(number(a).bits(), (64 - left.leading_zeros()) as usize);
            prop_assert_eq!(number(a).compare(&number(b)), a.cmp(&b));
            prop_assert_eq!(number(a * a).exact_root(), Some(number(a)));
        }

        #[test]
        fn a_large_quotient_times_its_divisor_is_back(
            quotient in proptest::collection::vec(any::<u8>(), 0..80),
            divisor in proptest::collection::vec(any::<u8>(), 1..80),
            rest in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let [quotient, divisor, rest] = [quotient, divisor, rest].map(|octets| Natural::from_octets(&octets));
            prop_assume!(rest.compare(&divisor) == Ordering::Less);
            let number = quotient.times(&divisor).plus(&rest);
            prop_assert_eq!(number.divided(&divisor), quotient);
            prop_assert_eq!(number.modulo(&divisor), rest);
        }

        #[test]
        fn a_root_is_between_its_neighbours(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            let number = Natural::from_octets(&octets);
            let root = number.square_root();
            let above = root.plus(&Natural::from_octets(&[1]));
            prop_assert!(root.times(&root).compare(&number) != Ordering::Greater);
            prop_assert!(above.times(&above).compare(&number) == Ordering::Greater);
            prop_assert_eq!(root.times(&root).exact_root(), Some(root.clone()));
            let next = root.times(&root).plus(&Natural::from_octets(&[1]));
            prop_assert!(root.0.is_empty() || next.exact_root().is_none());
        }
    }

    #[test]
    fn a_digit_that_is_one_too_many_is_put_back() {
        // Source: Knuth, TAOCP vol. 2 §4.3.1 exercise 21's kind of operands: the estimate needs the add-back.
        let dividend = Natural(vec![0, 0, 0x8000_0000, 0x7fff_ffff]);
        let divisor = Natural(vec![1, 0, 0x8000_0000]);
        let quotient = dividend.divided(&divisor);
        assert_eq!(quotient, Natural(vec![0xffff_fffe]));
    }
}
