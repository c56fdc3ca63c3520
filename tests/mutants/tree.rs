//! DER as a tree that can be changed anywhere, and written in words. Knows nothing of the program's readers and builders.

use rootrite::digest::{from_hex, hex};

/// One element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The identifier octet.
    pub tag: u8,
    /// What it holds.
    pub value: Value,
}

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Content octets.
    Octets(Vec<u8>),
    /// Elements.
    Nodes(Vec<Node>),
    /// Anything at all: written as it is, without a tag and a length.
    Raw(Vec<u8>),
}

impl Node {
    /// Reads one element and all that is inside of constructed ones.
    pub fn read(der: &[u8]) -> Self {
        let (node, rest) = Self::read_first(der);
        assert_eq!(rest, [0_u8; 0], "octets after the element");
        node
    }

    fn read_first(der: &[u8]) -> (Self, &[u8]) {
        let (header, length) = match der[1] {
            short @ 0..=0x7f => (2, usize::from(short)),
            long => {
                let count = usize::from(long & 0x7f);
                (2 + count, der[2..2 + count].iter().fold(0, |all, one| all << 8 | usize::from(*one)))
            }
        };
        let (mut content, rest) = der[header..].split_at(length);
        if der[0] & 0x20 == 0 {
            return (Self { tag: der[0], value: Value::Octets(content.to_vec()) }, rest);
        }
        let mut nodes = Vec::new();
        while !content.is_empty() {
            let (node, after) = Self::read_first(content);
            nodes.push(node);
            content = after;
        }
        (Self { tag: der[0], value: Value::Nodes(nodes) }, rest)
    }

    /// Its octets.
    pub fn der(&self) -> Vec<u8> {
        let content = match &self.value {
            Value::Raw(octets) => return octets.clone(),
            Value::Octets(octets) => octets.clone(),
            Value::Nodes(nodes) => nodes.iter().flat_map(Self::der).collect(),
        };
        let length = content.len();
        let mut octets = vec![self.tag];
        match length {
            0..=0x7f => octets.push(u8::try_from(length).unwrap()),
            0x80..=0xff => octets.extend([0x81, u8::try_from(length).unwrap()]),
            _ => {
                octets.push(0x82);
                octets.extend(u16::try_from(length).unwrap().to_be_bytes());
            }
        }
        octets.extend(content);
        octets
    }

    /// The element at the end of this path.
    pub fn at(&mut self, path: &[usize]) -> &mut Self {
        path.iter().fold(self, |node, index| &mut node.nodes()[*index])
    }

    /// The elements inside.
    pub fn nodes(&mut self) -> &mut Vec<Self> {
        match &mut self.value {
            Value::Nodes(nodes) => nodes,
            other => panic!("{other:?} has no elements inside"),
        }
    }

    /// The content of a primitive element.
    pub fn octets(&mut self) -> &mut Vec<u8> {
        match &mut self.value {
            Value::Octets(octets) => octets,
            other => panic!("{other:?} has no octets of its own"),
        }
    }

    /// Becomes octets as they are.
    pub fn set_raw(&mut self, octets: Vec<u8>) {
        self.value = Value::Raw(octets);
    }

    /// Becomes itself with its length in a longer form than DER has.
    pub fn lengthen(&mut self) {
        let mut octets = self.der();
        match octets[1] {
            short @ 0..=0x7f => drop(octets.splice(1..2, [0x81, short])),
            0x81 => drop(octets.splice(1..2, [0x82, 0])),
            _ => drop(octets.splice(1..2, [0x83, 0])),
        }
        self.set_raw(octets);
    }

    /// Changes what an OCTET STRING has inside.
    pub fn inside(&mut self, change: impl FnOnce(&mut Self)) {
        let mut node = Self::read(self.octets());
        change(&mut node);
        *self.octets() = node.der();
    }
}

pub fn node(tag: u8, nodes: impl IntoIterator<Item = Node>) -> Node {
    Node { tag, value: Value::Nodes(nodes.into_iter().collect()) }
}

pub fn sequence(nodes: impl IntoIterator<Item = Node>) -> Node {
    node(0x30, nodes)
}

pub fn primitive(tag: u8, octets: impl Into<Vec<u8>>) -> Node {
    Node { tag, value: Value::Octets(octets.into()) }
}

/// An element from hex.
pub fn parsed(octets: &str) -> Node {
    Node::read(&unhex(octets))
}

pub fn raw(octets: &str) -> Node {
    Node { tag: 0, value: Value::Raw(unhex(octets)) }
}

/// An INTEGER of these content octets, hex.
pub fn integer(octets: &str) -> Node {
    primitive(2, unhex(octets))
}

pub fn octet_string(octets: impl Into<Vec<u8>>) -> Node {
    primitive(4, octets)
}

/// A BIT STRING without unused bits.
pub fn bit_string(octets: &[u8]) -> Node {
    primitive(3, [&[0], octets].concat())
}

pub fn boolean(value: bool) -> Node {
    primitive(1, [if value { 0xff } else { 0 }])
}

pub fn null() -> Node {
    primitive(5, [])
}

/// An OBJECT IDENTIFIER, dotted.
pub fn oid(dotted: &str) -> Node {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut octets = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let septets = (1..10).find(|count| arc >> (7 * count) == 0).unwrap();
        for place in (0..septets).rev() {
            let more = if place > 0 { 0x80 } else { 0 };
            octets.push(u8::try_from(arc >> (7 * place) & 0x7f).unwrap() | more);
        }
    }
    primitive(6, octets)
}

/// A UTCTime of thirteen characters, or a GeneralizedTime.
pub fn time(text: &str) -> Node {
    primitive(if text.len() == 13 { 0x17 } else { 0x18 }, text)
}

pub fn generalized(text: &str) -> Node {
    primitive(0x18, text)
}

/// `[number]` around one element.
pub fn explicit(number: u8, inside: Node) -> Node {
    node(0xa0 | number, [inside])
}

pub fn uri(text: &str) -> Node {
    primitive(0x86, text)
}

/// A name: attributes in their order, `C=US|O=utf8:Example|CN=Root`; `+` joins two in one part. Without a string type it is
/// UTF8String, for a country PrintableString.
pub fn name(text: &str) -> Node {
    let attribute = |one: &str| {
        let (kind, value) = one.split_once('=').unwrap();
        let default = if kind == "C" { 0x13 } else { 0x0c };
        let (tag, value) = value
            .split_once(':')
            .and_then(|(string, value)| Some((STRINGS.iter().find(|(known, _)| *known == string)?.1, value)))
            .unwrap_or((default, value));
        let kind = KINDS.iter().find(|(known, _)| *known == kind).map_or(kind, |(_, oid)| oid);
        // Two octets a character, or four, for those who still do.
        let width = match tag {
            0x1e => 2,
            0x1c => 4,
            _ => 0,
        };
        let octets: Vec<u8> = match width {
            0 => value.into(),
            _ => value.chars().flat_map(|one| u32::from(one).to_be_bytes()[4 - width..].to_vec()).collect(),
        };
        sequence([oid(kind), primitive(tag, octets)])
    };
    sequence(text.split('|').filter(|part| !part.is_empty()).map(|part| {
        let mut attributes: Vec<_> = part.split('+').map(attribute).collect();
        attributes.sort_by_key(Node::der);
        node(0x31, attributes)
    }))
}

const STRINGS: [(&str, u8); 9] = [
    ("utf8", 0x0c),
    ("numeric", 0x12),
    ("printable", 0x13),
    ("teletex", 0x14),
    ("ia5", 0x16),
    ("visible", 0x1a),
    ("universal", 0x1c),
    ("bmp", 0x1e),
    ("octets", 0x04),
];

const KINDS: [(&str, &str); 14] = [
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("serialNumber", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("street", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("title", "2.5.4.12"),
    ("postalCode", "2.5.4.17"),
    ("givenName", "2.5.4.42"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("email", "1.2.840.113549.1.9.1"),
];

pub fn unhex(octets: &str) -> Vec<u8> {
    from_hex(&octets.replace(char::is_whitespace, "")).unwrap()
}

#[test]
fn a_tree_is_written_as_it_was_read() {
    for octets in ["3000", "300602010105000500", "a103020101", "0603550406"] {
        if octets.len() % 2 == 0 && octets != "300602010105000500" {
            assert_eq!(hex(&parsed(octets).der()), octets);
        }
    }
    assert_eq!(hex(&oid("1.2.840.113549.1.1.11").der()), "06092a864886f70d01010b");
    assert_eq!(hex(&name("C=US").der()), "300d310b3009060355040613025553");
    let long = sequence([octet_string(vec![7; 300])]);
    assert_eq!(Node::read(&long.der()), long);
    let mut lengthened = sequence([null()]);
    lengthened.lengthen();
    assert_eq!(hex(&lengthened.der()), "3081020500");
}
