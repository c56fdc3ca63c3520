//! What the terminal can show: colours or none, lines or signs.

use ratatui::style::{Color, Modifier, Style};

use super::document::Tone;

/// What the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether it has colours and may use them.
    pub colour: bool,
    /// Whether it can show what is not ASCII.
    pub unicode: bool,
}

impl Look {
    /// Neither colours nor lines: what every terminal can.
    pub const PLAIN: Self = Self { colour: false, unicode: false };

    /// What the environment says: `NO_COLOR` and the locale.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let said = |name| variable(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(said).unwrap_or_default();
        let unicode = ["utf-8", "utf8"].iter().any(|form| locale.to_ascii_lowercase().ends_with(form));
        let term = said("TERM").unwrap_or_default();
        let colour = said("NO_COLOR").is_none() && !term.starts_with("vt") && !term.ends_with("-m");
        Self { colour, unicode }
    }

    /// Whether a terminal of this name can show a screen at all.
    pub fn is_screen(term: Option<&str>) -> bool {
        !matches!(term.unwrap_or_default(), "" | "dumb" | "unknown" | "vt52" | "vt100" | "emacs")
    }

    /// How a tone looks.
    pub fn style(self, tone: Tone) -> Style {
        let style = match tone {
            Tone::Plain | Tone::Faint => Style::new(),
            _ => Style::new().add_modifier(Modifier::BOLD),
        };
        if !self.colour {
            return style;
        }
        match tone {
            Tone::Plain | Tone::Strong => style,
            Tone::Faint => style.fg(Color::Cyan),
            Tone::Good => style.fg(Color::Green),
            Tone::Look => style.fg(Color::Yellow),
            Tone::Bad => style.fg(Color::Red),
        }
    }

    /// How the bar at the top looks.
    pub const fn bar(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// A line across.
    pub const fn across(self) -> &'static str {
        if self.unicode { "─" } else { "-" }
    }

    /// A line down.
    pub const fn down(self) -> &'static str {
        if self.unicode { "│" } else { "|" }
    }

    /// Something that turns while the program is at work.
    pub fn turning(self, tick: u64) -> char {
        ['|', '/', '-', '\\'].get(usize::try_from(tick % 4).unwrap_or_default()).copied().unwrap_or('|')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(variables: &[(&str, &str)]) -> Look {
        let find = |name: &str| variables.iter().find(|(known, _)| *known == name);
        Look::of(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn no_color_takes_the_colours_and_nothing_else() {
        let with = look(&[("TERM", "xterm-256color"), ("LANG", "C.UTF-8")]);
        assert_eq!(with, Look { colour: true, unicode: true });
        let without = look(&[("TERM", "xterm-256color"), ("LANG", "C.UTF-8"), ("NO_COLOR", "1")]);
        assert_eq!(without, Look { colour: false, unicode: true });
        for tone in [Tone::Plain, Tone::Faint, Tone::Strong, Tone::Good, Tone::Look, Tone::Bad] {
            assert_eq!(without.style(tone).fg, None);
        }
    }

    #[test]
    fn a_locale_without_utf8_gets_signs() {
        assert!(!look(&[("TERM", "linux"), ("LANG", "C")]).unicode);
        assert!(!look(&[("LANG", "C.UTF-8"), ("LC_ALL", "C")]).unicode);
        assert!(!look(&[("TERM", "vt220")]).colour);
    }

    #[test]
    fn a_terminal_that_can_do_no_more_than_lines_gets_prompts() {
        for term in [None, Some(""), Some("dumb"), Some("vt100"), Some("unknown")] {
            assert!(!Look::is_screen(term), "{term:?}");
        }
        for term in ["linux", "xterm-256color", "screen", "tmux-256color", "vt220"] {
            assert!(Look::is_screen(Some(term)), "{term}");
        }
    }
}
