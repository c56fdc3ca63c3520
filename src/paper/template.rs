//! Templates shape what is printed, and can alter no value that people compare.
//!
//! The rules of this file:
//! - A template never sees a value. It gets the *name* of a part that the program has made, and can only say where it stands.
//! - Every part is placed, or nothing is printed: a template can leave nothing out.
//! - What a template writes itself is words. A row of digits that could be taken for a digest is refused.
//!
//! What comes out of a template is lines: `# ` to `### ` begin a heading, `- ` a point of a list, `---` ends a page, an empty line
//! ends a paragraph.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value as Handed;
use thiserror::Error;

use super::document::{Block, Span, Value};

/// What a template can place: parts of the program's own making, by name.
#[derive(Debug, Default)]
pub struct Parts {
    blocks: BTreeMap<&'static str, Vec<Block>>,
    values: BTreeMap<&'static str, Value>,
    flags: BTreeMap<&'static str, bool>,
}

impl Parts {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A part that stands between lines, and has to.
    pub(super) fn block(&mut self, name: &'static str, blocks: Vec<Block>) {
        self.blocks.insert(name, blocks);
    }

    /// A value that may stand in a line.
    pub(super) fn value(&mut self, name: &'static str, value: Value) {
        self.values.insert(name, value);
    }

    /// Something that is so or not so.
    pub(super) fn flag(&mut self, name: &'static str, is: bool) {
        self.flags.insert(name, is);
    }
}

/// A template's text and its name for messages.
#[derive(Clone, Copy, Debug)]
pub struct Template<'t> {
    /// The file's name.
    pub name: &'t str,
    /// What is in it.
    pub source: &'t str,
}

/// What is wrong with a template.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It is none.
    #[error("the template `{name}` cannot be used: {why}")]
    Wrong {
        /// Which.
        name: String,
        /// Why.
        why: String,
    },
    /// A part is missing.
    #[error(
        "the template `{name}` leaves out `{part}`; everything that the program has made has to be placed"
    )]
    LeftOut {
        /// Which.
        name: String,
        /// Which part.
        part: String,
    },
    /// Something else stands where the name of a part was.
    #[error("the template `{name}` changes what it was to place; a part can only be placed as it is")]
    Changed {
        /// Which.
        name: String,
    },
    /// A part that stands between lines is in a line.
    #[error("the template `{name}` places `{part}` in a line; it needs a line of its own")]
    InLine {
        /// Which.
        name: String,
        /// Which part.
        part: String,
    },
    /// It writes digits of its own.
    #[error("the template `{name}` writes `{digits}`, which could be taken for a value to compare")]
    Digits {
        /// Which.
        name: String,
        /// What it writes.
        digits: String,
    },
}

/// The blocks of a template with every part in its place.
///
/// # Errors
///
/// [`TemplateError`]: what the template may not do, or what is wrong with it.
pub fn fill(template: Template<'_>, parts: &Parts) -> Result<Vec<Block>, TemplateError> {
    let rendered = render(template, parts)?;
    let mut filling = Filling { template, parts, placed: BTreeSet::new(), blocks: Vec::new() };
    let mut paragraph: Vec<&str> = Vec::new();
    let mut in_item = false;
    for line in rendered.lines().chain([""]) {
        let line = line.trim();
        let block = Line::of(line);
        if !matches!(block, Line::Words) {
            filling.paragraph(&mut paragraph)?;
        }
        match block {
            Line::Words if in_item => {
                filling.go_on_with_item(line)?;
                continue;
            }
            Line::Words => paragraph.push(line),
            Line::Empty => {}
            Line::PageBreak => filling.blocks.push(Block::PageBreak),
            Line::Heading(level, text) => {
                let spans = filling.spans(text)?;
                filling.blocks.push(Block::Heading(level, spans));
            }
            Line::Item(text) => {
                let spans = filling.spans(text)?;
                filling.blocks.push(Block::Item(spans));
                in_item = true;
                continue;
            }
            Line::Part(name) => filling.part(name)?,
        }
        in_item = false;
    }
    let name = || template.name.to_owned();
    match parts.blocks.keys().find(|part| !filling.placed.contains(*part)) {
        Some(part) => Err(TemplateError::LeftOut { name: name(), part: (*part).to_owned() }),
        None => Ok(filling.blocks),
    }
}

fn render(template: Template<'_>, parts: &Parts) -> Result<String, TemplateError> {
    let wrong = |error: minijinja::Error| TemplateError::Wrong {
        name: template.name.to_owned(),
        why: format!("{error}"),
    };
    if template.source.contains([BEGIN, END]) {
        return Err(TemplateError::Changed { name: template.name.to_owned() });
    }
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    let names = parts.blocks.keys().chain(parts.values.keys());
    let mut context: BTreeMap<&str, Handed> =
        names.map(|name| (*name, Handed::from(format!("{BEGIN}{name}{END}")))).collect();
    context.extend(parts.flags.iter().map(|(name, is)| (*name, Handed::from(*is))));
    environment.render_str(template.source, Serde(&context)).map_err(wrong)
}

/// A line of what a template gave.
enum Line<'l> {
    Empty,
    PageBreak,
    Heading(u8, &'l str),
    Item(&'l str),
    Part(&'l str),
    Words,
}

impl<'l> Line<'l> {
    fn of(line: &'l str) -> Self {
        let headings = [("# ", 0), ("## ", 1), ("### ", 2)];
        if line.is_empty() {
            return Self::Empty;
        }
        if line == "---" {
            return Self::PageBreak;
        }
        if let Some(text) = line.strip_prefix("- ") {
            return Self::Item(text);
        }
        for (mark, level) in headings {
            if let Some(text) = line.strip_prefix(mark) {
                return Self::Heading(level, text);
            }
        }
        match line.strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END)) {
            Some(name) if !name.contains([BEGIN, END]) => Self::Part(name),
            _ => Self::Words,
        }
    }
}

/// What was placed so far.
struct Filling<'f> {
    template: Template<'f>,
    parts: &'f Parts,
    placed: BTreeSet<&'static str>,
    blocks: Vec<Block>,
}

impl Filling<'_> {
    fn paragraph(&mut self, lines: &mut Vec<&str>) -> Result<(), TemplateError> {
        if !lines.is_empty() {
            let spans = self.spans(&lines.join(" "))?;
            self.blocks.push(Block::Paragraph(spans));
            lines.clear();
        }
        Ok(())
    }

    /// A further line of the last point.
    fn go_on_with_item(&mut self, line: &str) -> Result<(), TemplateError> {
        let further = self.spans(line)?;
        if let Some(Block::Item(spans)) = self.blocks.last_mut() {
            spans.push(Span::Text(" ".into()));
            spans.extend(further);
        }
        Ok(())
    }

    fn changed(&self) -> TemplateError {
        TemplateError::Changed { name: self.template.name.to_owned() }
    }

    /// A part on a line of its own.
    fn part(&mut self, name: &str) -> Result<(), TemplateError> {
        if let Some((name, blocks)) = self.parts.blocks.get_key_value(name) {
            self.placed.insert(name);
            self.blocks.extend(blocks.iter().cloned());
            return Ok(());
        }
        let value = self.parts.values.get(name).ok_or_else(|| self.changed())?;
        self.blocks.push(Block::Paragraph(vec![Span::Value(value.clone())]));
        Ok(())
    }

    /// A line's words and values.
    fn spans(&self, text: &str) -> Result<Vec<Span>, TemplateError> {
        let mut spans = Vec::new();
        let mut rest = text;
        while let Some((words, further)) = rest.split_once(BEGIN) {
            let (name, further) = further.split_once(END).ok_or_else(|| self.changed())?;
            self.words(words, &mut spans)?;
            match self.parts.values.get(name) {
                Some(value) => spans.push(Span::Value(value.clone())),
                None if self.parts.blocks.contains_key(name) => {
                    let part = name.to_owned();
                    return Err(TemplateError::InLine { name: self.template.name.to_owned(), part });
                }
                None => return Err(self.changed()),
            }
            rest = further;
        }
        self.words(rest, &mut spans)?;
        Ok(spans)
    }

    fn words(&self, words: &str, spans: &mut Vec<Span>) -> Result<(), TemplateError> {
        if words.contains([BEGIN, END]) {
            return Err(self.changed());
        }
        let of_digest = |character: char| character.is_ascii_hexdigit();
        let digits = words.split(|character: char| !of_digest(character)).find(|run| {
            run.len() >= MOST_DIGITS && run.contains(|character: char| character.is_ascii_digit())
        });
        if let Some(digits) = digits {
            let name = self.template.name.to_owned();
            return Err(TemplateError::Digits { name, digits: digits.to_owned() });
        }
        if !words.is_empty() {
            spans.push(Span::Text(words.to_owned()));
        }
        Ok(())
    }
}

/// Around the name of a part: characters that no text has, of a plane for private use.
const BEGIN: char = '\u{f0000}';
const END: char = '\u{f0001}';

/// So many hexadecimal digits in a row are no word.
const MOST_DIGITS: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;

    fn parts() -> Parts {
        let mut parts = Parts::new();
        parts.block("digest", Block::digest("plan SHA-256", Digest::of(b"plan")));
        parts.block("other", Block::digest("script SHA-256", Digest::of(b"script")));
        parts.value("ceremony", Value::exact("2026-11"));
        parts.flag("practice", true);
        parts
    }

    fn fill_with(source: &str) -> Result<Vec<Block>, TemplateError> {
        fill(Template { name: "t.md", source }, &parts())
    }

    #[test]
    fn a_template_shapes() {
        let source = "# The {{ ceremony }}\nTwo\nlines.\n\n{% if practice %}\n- practice\nof one\n{% endif %}\n{{ other }}\n---\n{{ digest }}\n";
        let blocks = fill_with(source).unwrap();
        let spans = |text: &str| vec![Span::Text(text.into())];
        let value = Span::Value(Value::exact("2026-11"));
        assert_eq!(blocks[0], Block::Heading(0, vec![Span::Text("The ".into()), value]));
        assert_eq!(blocks[1], Block::Paragraph(spans("Two lines.")));
        let item = ["practice", " ", "of one"].map(|text| Span::Text(text.into()));
        assert_eq!(blocks[2], Block::Item(item.into()));
        assert_eq!(blocks[3..5], Block::digest("script SHA-256", Digest::of(b"script")));
        assert_eq!(blocks[5], Block::PageBreak);
        assert_eq!(blocks[6..], Block::digest("plan SHA-256", Digest::of(b"plan")));
    }

    #[test]
    fn a_template_alters_no_value() {
        let whole = "{{ digest }}\n{{ other }}\n";
        let digits = Digest::of(b"another plan").to_string();
        for (source, wanted) in [
            ("{{ digest|upper }}\n{{ other }}", "changes what it was to place"),
            ("{{ digest|replace('digest', 'x') }}\n{{ other }}", "changes what it was to place"),
            ("{{ digest[2:5] }}\n{{ other }}", "leaves out `digest`"),
            ("{{ digest[1:] }}\n{{ other }}", "changes what it was to place"),
            ("{{ digest|reverse }}\n{{ other }}", "changes what it was to place"),
            ("{{ other }}", "leaves out `digest`"),
            ("{% if false %}{{ digest }}{% endif %}\n{{ other }}", "leaves out `digest`"),
            ("the plan is {{ digest }}\n\n{{ other }}", "needs a line of its own"),
            ("{% if '12' in digest %}\nyes\n{% endif %}\n{{ digest }}\n{{ nothing }}", "cannot be used"),
        ] {
            let error = fill_with(source).unwrap_err().to_string();
            assert!(error.contains(wanted), "{source}: {error}");
        }
        let error = fill_with(&format!("{whole}plan SHA-256: {digits}")).unwrap_err().to_string();
        assert!(error.contains("could be taken for a value"), "{error}");
        let error = fill_with(&format!("{whole}{BEGIN}digest{END}")).unwrap_err().to_string();
        assert!(error.contains("changes what it was"), "{error}");
        assert!(fill_with(whole).is_ok());
    }
}
