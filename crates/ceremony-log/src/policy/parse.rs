//! Reads a policy file, line by line, and writes simple ones.

use std::fmt::Write as _;

use super::{Node, NodeKind, Policy, signs_heads};
use crate::code::{Code, Fault, Finding, Place};
use crate::key::{KeyKind, VerifierKey};

/// How many octets a policy may have.
const MOST_OCTETS: usize = 256 * 1024;

/// The policy with which a log travels: its keys, its witnesses under the names of their keys, and how many of
/// them must cosign.
///
/// # Errors
///
/// E102 where the file would not read back: a key of the wrong kind or twice, a threshold above the count.
pub fn policy_text(
    logs: &[VerifierKey],
    witnesses: &[VerifierKey],
    threshold: usize,
) -> Result<String, Fault> {
    let mut text = String::new();
    // Writing to a String cannot fail.
    for key in logs {
        let _ = writeln!(text, "log {key}");
    }
    for key in witnesses {
        let _ = writeln!(text, "witness {} {key}", key.name());
    }
    if threshold == 0 {
        text.push_str("quorum none\n");
    } else {
        let names: Vec<_> = witnesses.iter().map(VerifierKey::name).collect();
        let _ = writeln!(text, "group witnesses {threshold} {}\nquorum witnesses", names.join(" "));
    }
    match Policy::parse(text.as_bytes()) {
        Ok(_) => Ok(text),
        Err(findings) => {
            let messages: Vec<_> = findings.into_iter().map(|finding| finding.message).collect();
            Err(Fault::new(Code::E102, messages.join("; ")))
        }
    }
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it: E102; E101 and E104 for keys. The message begins with the line.
    pub fn parse(octets: &[u8]) -> Result<Self, Vec<Finding>> {
        let finding = |Fault { code, message }: Fault, line: usize| {
            Finding::new(code, Place::Policy, format!("line {line}: {message}"))
        };
        if octets.len() > MOST_OCTETS {
            let message = format!("{} octets; there may be {MOST_OCTETS}", octets.len());
            return Err(vec![Finding::new(Code::E102, Place::Policy, message)]);
        }
        let mut draft = Draft::default();
        let mut findings = Vec::new();
        for (index, line) in octets.split(|octet| *octet == b'\n').enumerate() {
            if let Err(fault) = draft.line(line) {
                findings.push(finding(fault, index + 1));
            }
        }
        match draft.quorum {
            Some(quorum) if findings.is_empty() => {
                let quorum = if let Quorum::Node(index) = quorum { Some(index) } else { None };
                Ok(Self { logs: draft.logs, nodes: draft.nodes, quorum })
            }
            None if findings.is_empty() => Err(vec![Finding::new(
                Code::E102,
                Place::Policy,
                "no quorum line; `quorum none` asks for no witness",
            )]),
            _ => Err(findings),
        }
    }
}

/// What a quorum line says.
enum Quorum {
    None,
    Node(usize),
}

/// A policy whose lines are still coming in.
#[derive(Default)]
struct Draft {
    logs: Vec<VerifierKey>,
    nodes: Vec<Node>,
    /// Which nodes are in a group: each may be in one.
    grouped: Vec<bool>,
    quorum: Option<Quorum>,
}

impl Draft {
    fn line(&mut self, line: &[u8]) -> Result<(), Fault> {
        if let Some(control) =
            line.iter().find(|octet| (**octet < 0x20 && **octet != b'\t') || **octet == 0x7f)
        {
            return Err(syntax(format!("control character {control:#04x}")));
        }
        let mut words = line.split(|octet| matches!(octet, b' ' | b'\t')).filter(|word| !word.is_empty());
        let Some(first) = words.next() else { return Ok(()) };
        let rest: Vec<&[u8]> = words.collect();
        match (first, rest.as_slice()) {
            ([b'#', ..], _) => Ok(()),
            (b"log", [key] | [key, _]) => self.log(key),
            (b"witness", [name, key] | [name, key, _]) => self.witness(name, key),
            (b"group", [name, threshold, members @ ..]) => self.group(name, threshold, members),
            (b"quorum", [name]) => self.quorum(name),
            (b"log", _) => Err(syntax("wanted `log <vkey> [<url>]`")),
            (b"witness", _) => Err(syntax("wanted `witness <name> <vkey> [<url>]`")),
            (b"group", _) => Err(syntax("wanted `group <name> <k>|any|all <name>...`")),
            (b"quorum", _) => Err(syntax("wanted `quorum <name>|none`")),
            _ => Err(syntax(format!("`{}`; lines are log, witness, group or quorum", first.escape_ascii()))),
        }
    }

    fn log(&mut self, key: &[u8]) -> Result<(), Fault> {
        let key = verifier_key(key)?;
        if !signs_heads(key.kind()) {
            return Err(syntax(format!("`{}` is a witness's key, not a log's", key.name())));
        }
        if self.logs.iter().any(|other| other.same_key(&key)) {
            return Err(syntax(format!("the key of `{}` is there twice", key.name())));
        }
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &[u8], key: &[u8]) -> Result<(), Fault> {
        let key = verifier_key(key)?;
        if key.kind() != KeyKind::Cosignature {
            return Err(syntax(format!("`{}` is a log's key, not a witness's", key.name())));
        }
        let twice = |node: &Node| matches!(&node.kind, NodeKind::Witness(other) if other.same_key(&key));
        if self.nodes.iter().any(twice) {
            return Err(syntax(format!("the key of `{}` is there twice", key.name())));
        }
        self.node(name, NodeKind::Witness(key))
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], members: &[&[u8]]) -> Result<(), Fault> {
        if members.is_empty() {
            return Err(syntax(format!("group `{}` has no members", name.escape_ascii())));
        }
        let threshold = match threshold {
            b"any" => 1,
            b"all" => members.len(),
            digits => std::str::from_utf8(digits)
                .ok()
                .filter(|digits| digits.bytes().all(|octet| octet.is_ascii_digit()))
                .and_then(|digits| digits.parse().ok())
                .filter(|threshold| (1..=members.len()).contains(threshold))
                .ok_or_else(|| {
                    let found = digits.escape_ascii();
                    syntax(format!("threshold `{found}`; wanted any, all or 1 to {}", members.len()))
                })?,
        };
        let mut indexes = Vec::with_capacity(members.len());
        for member in members {
            let index = self.find(member)?;
            match self.grouped.get_mut(index) {
                Some(grouped) if !*grouped => *grouped = true,
                _ => return Err(syntax(format!("`{}` is a member twice", member.escape_ascii()))),
            }
            indexes.push(index);
        }
        self.node(name, NodeKind::Group { threshold, members: indexes })
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), Fault> {
        let quorum = if name == b"none" { Quorum::None } else { Quorum::Node(self.find(name)?) };
        match self.quorum.replace(quorum) {
            None => Ok(()),
            Some(_) => Err(syntax("a second quorum line")),
        }
    }

    fn find(&self, name: &[u8]) -> Result<usize, Fault> {
        let missing = || syntax(format!("no witness or group `{}` on a line before", name.escape_ascii()));
        self.nodes.iter().position(|node| node.name == name).ok_or_else(missing)
    }

    fn node(&mut self, name: &[u8], kind: NodeKind) -> Result<(), Fault> {
        if name == b"none" || self.nodes.iter().any(|node| node.name == name) {
            return Err(syntax(format!("the name `{}` is taken", name.escape_ascii())));
        }
        self.nodes.push(Node { name: name.to_vec(), kind });
        self.grouped.push(false);
        Ok(())
    }
}

fn syntax(message: impl Into<String>) -> Fault {
    Fault::new(Code::E102, message)
}

fn verifier_key(text: &[u8]) -> Result<VerifierKey, Fault> {
    std::str::from_utf8(text).map_err(|_| syntax("a key's name is not UTF-8"))?.parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::LogKey;

    fn codes(text: &[u8]) -> Vec<Code> {
        Policy::parse(text).err().unwrap_or_default().into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn the_format_is_read_as_its_specification_says() {
        let (log, w1, w2) =
            (LogKey::ed25519("example.org/log"), LogKey::witness("w1"), LogKey::witness("w2"));
        let (l, a, b) = (log.verifier(), w1.verifier(), w2.verifier());
        let text = format!(
            "# comment\n\n  # another\n \t \nlog\t{l}  https://example.org/ \nwitness X {a}\nwitness Y {b} https://y/\n\
             group G 1 X Y\n  quorum G\n"
        );
        let policy = Policy::parse(text.as_bytes()).unwrap();
        assert_eq!(policy.logs(), std::slice::from_ref(&l));
        assert_eq!(policy.witnesses().collect::<Vec<_>>(), [(&b"X"[..], &a), (&b"Y"[..], &b)]);
        assert!(Policy::parse(b"# \xff\nquorum none").is_ok());
        let latin = [b"witness \xe9 ", a.to_string().as_bytes(), b"\nquorum \xe9\n"].concat();
        assert!(Policy::parse(&latin).is_ok());
    }

    #[test]
    fn everything_else_is_e102() {
        let (log, w1, w2) =
            (LogKey::ed25519("example.org/log"), LogKey::witness("w1"), LogKey::witness("w2"));
        let (l, a, b) = (log.verifier(), w1.verifier(), w2.verifier());
        let witnesses = format!("witness a {a}\nwitness b {b}\n");
        for text in [
            String::new(),
            "quorum\n".to_owned(),
            "quorum none none\n".to_owned(),
            "quorum none\nquorum none\n".to_owned(),
            "quorum a\n".to_owned(),
            "Quorum none\n".to_owned(),
            "quorum none\r\n".to_owned(),
            "quorum none\nlog\n".to_owned(),
            format!("quorum none\nlog {l} u v\n"),
            format!("quorum none\nlog {l}\nlog {l}\n"),
            format!("quorum none\nlog {a}\n"),
            format!("quorum none\nwitness a {l}\n"),
            format!("quorum none\nwitness {a}\n"),
            format!("quorum none\nwitness none {a}\n"),
            format!("quorum none\nwitness a {a}\nwitness b {a}\n"),
            format!("quorum none\nwitness a {a}\nwitness a {b}\n"),
            format!("quorum b\n{witnesses}"),
            format!("{witnesses}group g 0 a b\nquorum none\n"),
            format!("{witnesses}group g 3 a b\nquorum none\n"),
            format!("{witnesses}group g +1 a b\nquorum none\n"),
            format!("{witnesses}group g most a b\nquorum none\n"),
            format!("{witnesses}group g any\nquorum none\n"),
            format!("{witnesses}group g any a a\nquorum none\n"),
            format!("{witnesses}group g any g\nquorum none\n"),
            format!("{witnesses}group g any none\nquorum none\n"),
            format!("{witnesses}group a any b\nquorum none\n"),
            format!("{witnesses}group g any a\ngroup h any a b\nquorum none\n"),
        ] {
            assert_eq!(codes(text.as_bytes()), [Code::E102], "{text}");
        }
    }

    #[test]
    fn every_line_that_is_wrong_is_said() {
        assert_eq!(codes(b"log x\nwitness a b+00000000+AQ\nother\n"), [Code::E101, Code::E104, Code::E102]);
    }

    #[test]
    fn a_written_policy_reads_back() {
        let (log, w1, w2) = (LogKey::p256("example.org/log"), LogKey::witness("w1"), LogKey::witness("w2"));
        let witnesses = [w1.verifier(), w2.verifier()];
        for threshold in 0..=2 {
            let text = policy_text(&[log.verifier()], &witnesses, threshold).unwrap();
            assert_eq!(Policy::parse(text.as_bytes()).unwrap().witnesses().count(), 2);
        }
        assert_eq!(policy_text(&[log.verifier()], &witnesses, 3).unwrap_err().code, Code::E102);
        assert_eq!(policy_text(&[w1.verifier()], &[], 0).unwrap_err().code, Code::E102);
    }
}
