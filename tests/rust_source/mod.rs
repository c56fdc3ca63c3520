//! Reads Rust source far enough to see which paths it names: for `architecture.rs`.
//!
//! Comments, doc comments, strings and whatever stands under `#[cfg(test)]` are not part of the shipped program
//! and are left out. Everything else is seen, in `use` lines, groups, macros and bodies alike.

/// A word or sign of the source, with its line; the first line is 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// An identifier or keyword, `::`, one other sign, or `""` for a literal or lifetime.
    pub text: String,
    /// Its line in the file.
    pub line: usize,
}

/// A path that begins at a root: `crate::…`, `self::…`, `super::…` or a crate's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its segments; a glob is `*`.
    pub segments: Vec<String>,
    /// The line of its last segment.
    pub line: usize,
    /// The sign or word before it.
    pub before: String,
    /// In how many inline modules of this file it stands.
    pub inline_modules: usize,
}

/// The tokens of `source`, comments left out.
pub fn tokens(source: &str) -> Vec<Token> {
    Lexer { rest: source.chars().collect::<Vec<_>>().into(), line: 1, tokens: Vec::new() }.run()
}

/// `tokens` without the items that only tests have.
pub fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut rest = tokens;
    while let Some((first, after)) = rest.split_first() {
        if starts(rest, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            rest = after_item(rest);
        } else {
            kept.push(first.clone());
            rest = after;
        }
    }
    kept
}

/// Every path in `tokens` that begins with one of `roots`.
pub fn paths(tokens: &[Token], roots: &[&str]) -> Vec<Named> {
    let mut found = Vec::new();
    let mut modules: Vec<usize> = Vec::new();
    let (mut depth, mut before, mut rest) = (0_usize, "", tokens);
    while let Some((token, after)) = rest.split_first() {
        match token.text.as_str() {
            "{" => depth += 1,
            "}" => {
                depth = depth.saturating_sub(1);
                modules.retain(|opened| *opened <= depth);
            }
            "mod" if after.get(1).is_some_and(|token| token.text == "{") => modules.push(depth + 1),
            root if before != "::" && before != "." && roots.contains(&root) => {
                let start = found.len();
                let end = tree(rest, &mut Vec::new(), &mut found);
                for named in found.iter_mut().skip(start) {
                    before.clone_into(&mut named.before);
                    named.inline_modules = modules.len();
                }
                before = "";
                rest = end;
                continue;
            }
            _ => {}
        }
        before = &token.text;
        rest = after;
    }
    found
}

/// Reads one path, or all of a group's, and gives what follows.
fn tree<'a>(mut rest: &'a [Token], segments: &mut Vec<String>, found: &mut Vec<Named>) -> &'a [Token] {
    let outside = segments.len();
    let mut line = rest.first().map_or(0, |token| token.line);
    while let Some((token, after)) = rest.split_first() {
        line = token.line;
        if token.text == "{" {
            rest = group(after, segments, found);
            segments.truncate(outside);
            return rest;
        }
        segments.push(token.text.clone());
        rest = after;
        match rest {
            [sign, next, ..] if sign.text == "::" && is_segment(&next.text) => {
                rest = after.split_first().map_or(after, |(_, rest)| rest);
            }
            _ => break,
        }
    }
    found.push(Named { segments: segments.clone(), line, before: String::new(), inline_modules: 0 });
    segments.truncate(outside);
    rest
}

/// Reads the inside of `{…}` in a path, and gives what follows it.
fn group<'a>(mut rest: &'a [Token], segments: &mut Vec<String>, found: &mut Vec<Named>) -> &'a [Token] {
    while let Some((token, after)) = rest.split_first() {
        match token.text.as_str() {
            "}" => return after,
            "," | "::" => rest = after,
            // What a name is imported as does not matter.
            "as" => rest = after.split_first().map_or(after, |(_, rest)| rest),
            _ => rest = tree(rest, segments, found),
        }
    }
    rest
}

fn is_segment(text: &str) -> bool {
    text == "{" || text == "*" || text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn starts(tokens: &[Token], with: &[&str]) -> bool {
    tokens.len() >= with.len() && tokens.iter().zip(with).all(|(token, text)| token.text == *text)
}

/// What follows the item that `tokens` begin with: after its `;` or its closing brace.
fn after_item(mut tokens: &[Token]) -> &[Token] {
    let mut open = 0_usize;
    while let Some((token, after)) = tokens.split_first() {
        tokens = after;
        match token.text.as_str() {
            "{" | "(" | "[" => open += 1,
            "}" | ")" | "]" => {
                open = open.saturating_sub(1);
                if open == 0 && token.text == "}" {
                    return after;
                }
            }
            ";" if open == 0 => return after,
            _ => {}
        }
    }
    tokens
}

struct Lexer {
    rest: std::collections::VecDeque<char>,
    line: usize,
    tokens: Vec<Token>,
}

impl Lexer {
    fn run(mut self) -> Vec<Token> {
        while let Some(&next) = self.rest.front() {
            let line = self.line;
            let text = match next {
                _ if next.is_whitespace() => {
                    self.take();
                    continue;
                }
                '/' if self.at(1) == Some('/') => {
                    self.take_while(|next| next != '\n');
                    continue;
                }
                '/' if self.at(1) == Some('*') => {
                    self.block_comment();
                    continue;
                }
                '"' => self.string(),
                '\'' => self.quote(),
                _ if next.is_alphanumeric() || next == '_' => self.word(),
                ':' if self.at(1) == Some(':') => {
                    self.take();
                    self.take();
                    "::".to_owned()
                }
                _ => self.take().into_iter().collect(),
            };
            self.tokens.push(Token { text, line });
        }
        self.tokens
    }

    fn at(&self, place: usize) -> Option<char> {
        self.rest.get(place).copied()
    }

    fn take(&mut self) -> Option<char> {
        let taken = self.rest.pop_front();
        self.line += usize::from(taken == Some('\n'));
        taken
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while self.rest.front().is_some_and(|next| wanted(*next)) {
            taken.extend(self.take());
        }
        taken
    }

    fn block_comment(&mut self) {
        let mut open = 0_usize;
        while let Some(first) = self.take() {
            match (first, self.at(0)) {
                ('/', Some('*')) => open += 1,
                ('*', Some('/')) => open -= 1,
                _ => continue,
            }
            self.take();
            if open == 0 {
                return;
            }
        }
    }

    /// A string with escapes.
    fn string(&mut self) -> String {
        self.take();
        while let Some(next) = self.take() {
            match next {
                '\\' => {
                    self.take();
                }
                '"' => break,
                _ => {}
            }
        }
        String::new()
    }

    /// A string without escapes, which ends with as many `#` as it began with.
    fn raw_string(&mut self) -> String {
        let hashes = self.take_while(|next| next == '#').len();
        self.take();
        while let Some(next) = self.take() {
            if next == '"' && (0..hashes).all(|place| self.at(place) == Some('#')) {
                break;
            }
        }
        for _ in 0..hashes {
            self.take();
        }
        String::new()
    }

    /// A character or a lifetime.
    fn quote(&mut self) -> String {
        self.take();
        if self.at(0) == Some('\\') {
            self.take();
            self.take();
            self.take_while(|next| next != '\'');
            self.take();
        } else if self.at(1) == Some('\'') {
            self.take();
            self.take();
        } else {
            self.take_while(|next| next.is_alphanumeric() || next == '_');
        }
        String::new()
    }

    /// An identifier, a keyword, a number, or what turns out to be the prefix of a string.
    fn word(&mut self) -> String {
        let word = self.take_while(|next| next.is_alphanumeric() || next == '_');
        let raw_string = self.rest.iter().find(|next| **next != '#') == Some(&'"');
        match (word.as_str(), self.at(0)) {
            ("b" | "c", Some('"')) => self.string(),
            ("b", Some('\'')) => self.quote(),
            ("r" | "br" | "cr", Some('"' | '#')) if raw_string => self.raw_string(),
            ("r", Some('#')) => {
                self.take();
                self.word()
            }
            (number, _) if number.starts_with(|first: char| first.is_ascii_digit()) => String::new(),
            _ => word,
        }
    }
}
