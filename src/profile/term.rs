//! Text that a profile either says or leaves to the script: `http://x1.c.example.org/` or `$crl-url`.

use std::collections::BTreeMap;

use super::ProfileError;
use crate::script::{FromNode, Id, Node, Problems, shown, wrong};

/// Text, or the name of a hole that the script fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Term {
    /// What the profile says.
    Text(String),
    /// What the script fills: `$name`.
    Hole(Id),
}

/// What a script fills into the holes of a profile, by name.
pub type Fills = BTreeMap<String, String>;

impl Term {
    /// The text, out of `fills` if this is a hole.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Unfilled`] if `fills` does not have it.
    pub fn text<'t>(&'t self, fills: &'t Fills) -> Result<&'t str, ProfileError> {
        match self {
            Self::Text(text) => Ok(text),
            Self::Hole(name) => match fills.get(name.as_str()) {
                Some(text) => Ok(text),
                None => Err(ProfileError::Unfilled { name: name.to_string() }),
            },
        }
    }

    /// The text as an ASCII URI: what RFC 5280 §4.2.1.6 has in an IA5String.
    ///
    /// # Errors
    ///
    /// [`ProfileError::Unfilled`], or [`ProfileError::NotAUri`] for a space, a control or anything but ASCII.
    pub fn uri<'t>(&'t self, fills: &'t Fills) -> Result<&'t str, ProfileError> {
        let text = self.text(fills)?;
        if is_uri(text) { Ok(text) } else { Err(ProfileError::NotAUri { found: shown(text) }) }
    }

    /// The name of the hole, if this is one.
    pub const fn hole(&self) -> Option<&Id> {
        match self {
            Self::Text(_) => None,
            Self::Hole(name) => Some(name),
        }
    }
}

impl FromNode for Term {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        let text = String::from_node(node, problems)?;
        match text.strip_prefix('$') {
            None => Some(Self::Text(text)),
            Some(name) => match name.parse() {
                Ok(name) => Some(Self::Hole(name)),
                Err(_) => {
                    wrong(node, "`$` and the name of what the script fills, such as `$crl-url`", problems)
                }
            },
        }
    }
}

/// A URI that a profile says, or a hole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uri(pub Term);

impl Uri {
    /// Its text, out of `fills` if it is a hole.
    ///
    /// # Errors
    ///
    /// Those of [`Term::uri`].
    pub fn text<'t>(&'t self, fills: &'t Fills) -> Result<&'t str, ProfileError> {
        self.0.uri(fills)
    }
}

impl FromNode for Uri {
    fn from_node(node: &Node, problems: &mut Problems) -> Option<Self> {
        match Term::from_node(node, problems)? {
            Term::Text(text) if !is_uri(&text) => {
                wrong(node, "an absolute URI in ASCII without spaces, or `$` and a name", problems)
            }
            term => Some(Self(term)),
        }
    }
}

/// Scheme, colon and something after it; graphic ASCII characters only. Which schemes are good is for the rules.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let begins = scheme.starts_with(|character: char| character.is_ascii_alphabetic());
    let goes_on =
        scheme.chars().all(|character| character.is_ascii_alphanumeric() || "+-.".contains(character));
    begins && goes_on && !rest.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::script::read;

    fn uri(text: &str) -> Result<Uri, String> {
        let (node, mut problems) = read("t", text.as_bytes());
        let value = node.and_then(|node| Uri::from_node(&node, &mut problems));
        problems.or(value).map_err(|problems| problems.sorted().remove(0).message)
    }

    #[test]
    fn a_hole_is_filled_by_the_script() {
        let hole = uri("$crl-url").unwrap().0;
        assert_eq!(hole.hole().unwrap().as_str(), "crl-url");
        let fills = Fills::from([("crl-url".to_owned(), "http://c.example.org/".to_owned())]);
        assert_eq!(hole.uri(&fills).unwrap(), "http://c.example.org/");
        assert!(matches!(hole.uri(&Fills::new()), Err(ProfileError::Unfilled { name }) if name == "crl-url"));
        for bad in ["", "x", "http:", "http://é/", "http://a b/", "://x", "1a://x"] {
            let fills = Fills::from([("crl-url".to_owned(), bad.to_owned())]);
            assert!(matches!(hole.uri(&fills), Err(ProfileError::NotAUri { .. })), "{bad}");
        }
    }

    #[test]
    fn a_fixed_uri_is_one() {
        assert_eq!(uri("http://c.example.org/").unwrap().0, Term::Text("http://c.example.org/".to_owned()));
        assert_eq!(
            uri("c.example.org").unwrap_err(),
            "found `c.example.org`, wanted an absolute URI in ASCII without spaces, or `$` and a name"
        );
        assert_eq!(
            uri("$CRL").unwrap_err(),
            "found `$CRL`, wanted `$` and the name of what the script fills, such as `$crl-url`"
        );
    }
}
