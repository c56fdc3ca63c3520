//! Base45 (RFC 9285): two octets as three of the characters that a QR symbol holds in five and a half bits each.

/// The characters in the order of their values.
const ALPHABET: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/// How many octets so many characters hold.
pub const fn octets_in(characters: usize) -> usize {
    characters / 3 * 2 + (characters % 3) / 2
}

/// The characters of octets.
pub fn encode(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().div_ceil(2) * 3);
    for pair in octets.chunks(2) {
        let (mut value, count) = match pair {
            [one, other] => (usize::from(*one) << 8 | usize::from(*other), 3),
            [one] => (usize::from(*one), 2),
            _ => (0, 0),
        };
        for _ in 0..count {
            text.extend(ALPHABET.get(value % 45).map(|octet| char::from(*octet)));
            value /= 45;
        }
    }
    text
}

/// The octets of characters; nothing if there is one that is none of the 45, or a value that no octets have.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let value = |character: u8| ALPHABET.iter().position(|known| *known == character);
    let mut octets = Vec::with_capacity(octets_in(text.len()));
    for group in text.as_bytes().chunks(3) {
        match group {
            [one, two, three] => {
                let number = value(*one)? + 45 * value(*two)? + 45 * 45 * value(*three)?;
                octets.extend(u16::try_from(number).ok()?.to_be_bytes());
            }
            [one, two] => octets.push(u8::try_from(value(*one)? + 45 * value(*two)?).ok()?),
            _ => return None,
        }
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9285 §4.3 and §4.4.
    #[test]
    fn the_examples_of_the_standard() {
        for (plain, encoded) in [
            ("AB", "BB8"),
            ("Hello!!", "%69 VD92EX0"),
            ("base-45", "UJCLQE7W581"),
            ("ietf!", "QED8WEX0"),
            ("", ""),
        ] {
            assert_eq!(encode(plain.as_bytes()), encoded);
            assert_eq!(decode(encoded).as_deref(), Some(plain.as_bytes()));
        }
    }

    #[test]
    fn what_no_octets_have_is_nothing() {
        // FGW is 65535, GGW one more; U5 is 255, V5 one more.
        assert_eq!(decode("FGW"), Some(vec![255, 255]));
        for text in ["GGW", ":::", "V5", "::", "A", "ABCD", "ab0", "AB8\u{e9}", "AB\n"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
        assert_eq!(decode("U5"), Some(vec![255]));
    }

    #[test]
    fn all_lengths_come_back() {
        let octets: Vec<u8> = (0..=255).rev().collect();
        for length in 0..octets.len() {
            let text = encode(&octets[..length]);
            assert_eq!(octets_in(text.len()), length);
            assert_eq!(decode(&text).as_deref(), Some(&octets[..length]));
        }
    }
}
