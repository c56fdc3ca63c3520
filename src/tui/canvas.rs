//! How what is drawn gets to the terminal: the few control sequences that every one of them knows.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};

use ratatui::backend::{Backend, ClearType, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use ratatui::style::{Color, Modifier};
use rustix::termios::tcgetwinsize;

/// A terminal to draw on. What is drawn is sent as a whole by [`Backend::flush`].
pub struct Canvas {
    terminal: File,
    out: String,
}

impl Canvas {
    /// Draws on this terminal.
    pub const fn on(terminal: File) -> Self {
        Self { terminal, out: String::new() }
    }

    fn style(&mut self, cell: &Cell) {
        self.out.push_str("\x1b[0");
        for (modifier, code) in [(Modifier::BOLD, ";1"), (Modifier::REVERSED, ";7")] {
            if cell.modifier.contains(modifier) {
                self.out.push_str(code);
            }
        }
        let colour = match cell.fg {
            Color::Red => ";31",
            Color::Green => ";32",
            Color::Yellow => ";33",
            Color::Cyan => ";36",
            // Both said: a QR symbol is light on dark whatever the terminal's own colours are.
            Color::White => ";37;40",
            _ => "",
        };
        self.out.push_str(colour);
        self.out.push('m');
    }
}

impl Backend for Canvas {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut next = None;
        let mut style = None;
        for (column, row, cell) in content {
            if next != Some((column, row)) {
                // Writing to a string does not fail.
                let _ = write!(self.out, "\x1b[{};{}H", u32::from(row) + 1, u32::from(column) + 1);
            }
            let wanted = (cell.fg, cell.modifier);
            if style != Some(wanted) {
                self.style(cell);
                style = Some(wanted);
            }
            self.out.push_str(cell.symbol());
            // What takes two columns is followed by whatever the terminal makes of it.
            let narrow = cell.symbol().is_ascii() || matches!(cell.symbol(), "█" | "▀" | "▄");
            next = narrow.then_some((column.saturating_add(1), row));
        }
        if style.is_some() {
            self.out.push_str("\x1b[0m");
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.out.push_str("\x1b[?25l");
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.out.push_str("\x1b[?25h");
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        // Nothing here asks the terminal anything: its answer could not be told from what somebody types.
        Ok(Position::ORIGIN)
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        let _ = write!(self.out, "\x1b[{};{}H", u32::from(y) + 1, u32::from(x) + 1);
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.out.push_str("\x1b[0m\x1b[2J\x1b[H");
        Ok(())
    }

    fn clear_region(&mut self, _: ClearType) -> io::Result<()> {
        // Only the whole screen is ever drawn.
        self.clear()
    }

    fn size(&self) -> io::Result<Size> {
        let size = tcgetwinsize(&self.terminal)?;
        // A serial console does not know its size.
        let (columns, rows) =
            if size.ws_col == 0 || size.ws_row == 0 { (80, 24) } else { (size.ws_col, size.ws_row) };
        Ok(Size::new(columns.min(LARGEST), rows.min(LARGEST)))
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::ZERO })
    }

    fn flush(&mut self) -> io::Result<()> {
        let written = self.terminal.write_all(self.out.as_bytes());
        self.out.clear();
        written
    }
}

/// A window has no more columns or rows than this.
const LARGEST: u16 = 500;
