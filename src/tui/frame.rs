//! Where everything stands on the screen: 80 columns and 24 rows are enough, and more are used.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line as Spans, Span};

use super::desk::{Desk, LEAVE, Mode, Open, Page, Sure};
use super::document::{Row, Tone, cut, width_of, wrapped};
use super::look::Look;
use super::model::{Model, Progress};
use super::screen;
use super::talk::SecretKind;
use super::text::{one_line, said};
use crate::stage::{Expected, SIGNED, TokenState};

/// The size of the window, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    columns: u16,
    rows: u16,
}

impl Geometry {
    /// A window. One that does not know its size is taken for 80 by 24.
    pub const fn of(columns: u16, rows: u16) -> Self {
        if columns == 0 || rows == 0 { Self { columns: 80, rows: 24 } } else { Self { columns, rows } }
    }

    /// Whether there is room for everything that has to be seen at once.
    pub const fn is_enough(self) -> bool {
        self.columns >= FEWEST_COLUMNS && self.rows >= FEWEST_ROWS
    }

    /// Whether people, tokens and log have a side of their own.
    const fn is_wide(self) -> bool {
        self.columns >= 110 && self.rows >= 30
    }

    const fn left(self) -> u16 {
        if self.is_wide() { 32 } else { 26 }
    }

    const fn right(self) -> u16 {
        if self.is_wide() { 33 } else { 0 }
    }

    /// Rows below the middle: people, tokens, head, and the keys.
    const fn below(self) -> u16 {
        if self.is_wide() { 1 } else { 5 }
    }

    fn middle(self) -> Rect {
        let (top, left) = (1, self.left() + 2);
        let width = self.columns.saturating_sub(left + self.right());
        Rect::new(left, top, width, self.rows.saturating_sub(top + self.below()))
    }

    /// Columns of the document in the middle.
    pub fn width(self) -> usize {
        usize::from(self.middle().width.saturating_sub(1))
    }

    /// Rows of the document that are seen at once.
    pub fn window(self) -> usize {
        usize::from(self.middle().height.saturating_sub(ANSWER))
    }
}

/// Draws everything.
pub fn draw(desk: &Desk, look: Look, frame: &mut Frame<'_>) {
    let area = frame.area();
    let geometry = Geometry::of(area.width, area.height);
    if !geometry.is_enough() {
        let text = format!(
            "The window has {} columns and {} rows; {FEWEST_COLUMNS} and {FEWEST_ROWS} are wanted. What was typed is kept.",
            area.width, area.height
        );
        for (row, line) in (0..area.height).zip(wrapped(&text, usize::from(area.width))) {
            put(frame, 0, row, area.width, &Row::of(Tone::Strong, line), look);
        }
        return;
    }
    bar(desk, geometry, look, frame);
    if screen::is_locked(desk) {
        return middle(desk, geometry, look, frame);
    }
    steps(&desk.model, geometry, look, frame);
    middle(desk, geometry, look, frame);
    if geometry.is_wide() {
        side(&desk.model, geometry, look, frame);
    } else {
        below(&desk.model, geometry, look, frame);
    }
    keys(desk, geometry, look, frame);
}

/// The bar: what this is, whether it counts, and the ceremony's time.
fn bar(desk: &Desk, geometry: Geometry, look: Look, frame: &mut Frame<'_>) {
    let width = usize::from(geometry.columns);
    let clock = desk.model.clock().map(|(at, _)| at.to_string()).unwrap_or_default();
    let practice = if desk.model.is_practice() { "PRACTICE  " } else { "" };
    let right = format!("{practice}{clock} ");
    let title = desk.model.programme.as_ref().map_or("rootrite", |programme| programme.title.as_str());
    let left = cut(&format!(" {}", one_line(title)), width.saturating_sub(right.len() + 1));
    let gap = width.saturating_sub(width_of(&left) + right.len());
    let spans = Spans::from(Span::styled(format!("{left}{:gap$}{right}", ""), look.bar()));
    frame.buffer_mut().set_line(0, 0, &spans, geometry.columns);
}

/// Acts and steps; the one that is being done is in sight.
fn steps(model: &Model, geometry: Geometry, look: Look, frame: &mut Frame<'_>) {
    let mut rows = Vec::new();
    let mut now = 0;
    for act in model.programme.iter().flat_map(|programme| &programme.acts) {
        rows.push(Row::of(Tone::Strong, format!(" {}", one_line(&act.title))));
        for step in &act.steps {
            let progress = model.progress(&step.number);
            if progress == Progress::Now
                || progress == Progress::Done && model.step.as_ref() == Some(&step.number)
            {
                now = rows.len();
            }
            let (mark, tone) = match progress {
                Progress::Done => ('x', Tone::Good),
                Progress::Now => ('>', Tone::Look),
                Progress::Later => (' ', Tone::Plain),
            };
            let mut text = format!("{mark} {:<4}{}", step.number, step.name);
            let time = match (progress, model.times(&step.number).took()) {
                (Progress::Done, Some(took)) => minutes(took),
                _ => format!("{} min", step.minutes),
            };
            let width = usize::from(geometry.left());
            if text.len() + time.len() < width {
                let gap = width - text.len() - time.len();
                text = format!("{text}{:gap$}{time}", "");
            }
            rows.push(Row::of(tone, text));
        }
    }
    let (done, all, left) = model.how_far();
    let middle = geometry.middle();
    let window = usize::from(middle.height.saturating_sub(2));
    let first = now.saturating_sub(window / 2).min(rows.len().saturating_sub(window));
    for (place, row) in (middle.y..middle.y + middle.height.saturating_sub(2)).zip(rows.iter().skip(first)) {
        put(frame, 0, place, geometry.left(), row, look);
    }
    let last = middle.y + middle.height - 1;
    let far = Row::of(Tone::Faint, format!(" {done}/{all} done, {left} min left"));
    put(frame, 0, last, geometry.left(), &far, look);
    for row in middle.y..middle.y + middle.height {
        put(frame, geometry.left(), row, 1, &Row::of(Tone::Plain, look.down()), look);
    }
}

/// The document, and below it who answers and what was typed.
fn middle(desk: &Desk, geometry: Geometry, look: Look, frame: &mut Frame<'_>) {
    let middle = geometry.middle();
    let laid = desk.document().lay(geometry.width());
    let (rows, window) = (&laid.rows, geometry.window());
    let first = desk.scroll().min(laid.last(window));
    let left = rows.len().saturating_sub(first + window);
    // What is wanted and what was wrong are seen whole: a long one takes rows of the document, which move up.
    let answers = Answer::of(desk, left, usize::from(middle.width.saturating_sub(1)), look);
    let grown = answers.rows().saturating_sub(usize::from(ANSWER - 1)).min(window / 2);
    let window = window - grown;
    let first = if left == 0 { first.max(rows.len().saturating_sub(window)) } else { first };
    for (place, row) in (middle.y..).zip(rows.iter().skip(first).take(window)) {
        put(frame, middle.x, place, middle.width, row, look);
    }
    let grown = u16::try_from(grown).unwrap_or_default();
    let rule = middle.y + middle.height - ANSWER - grown;
    let more = match (left, first) {
        (0, 0) => String::new(),
        (0, _) => " end; PageUp goes back ".to_owned(),
        (left, _) => format!(" {left} more rows "),
    };
    let line = look.across().repeat(usize::from(middle.width).saturating_sub(width_of(&more)));
    put(frame, middle.x, rule, middle.width, &Row(vec![(Tone::Plain, line), (Tone::Look, more)]), look);
    answers.put(Rect::new(middle.x, rule + 1, middle.width, ANSWER - 1 + grown), look, frame);
}

/// Who answers, what is wanted of them, and what was typed.
struct Answer {
    wanted: Vec<Row>,
    typed: Option<(String, usize)>,
}

impl Answer {
    fn of(desk: &Desk, left: usize, width: usize, look: Look) -> Self {
        let mut rows = Vec::new();
        // Whoever answers at the end of a long card sees what it is about.
        if let Some(Open::Question(question, _)) = desk.open()
            && desk.page().is_none()
            && desk.scroll() > 0
            && left == 0
        {
            let lines = wrapped(&one_line(&question.sentence), width);
            rows.extend(lines.into_iter().map(|line| Row::of(Tone::Strong, line)));
        }
        if let Some(note) = desk.note() {
            let lines = wrapped(&format!("! {}", one_line(note)), width);
            rows.extend(lines.into_iter().map(|line| Row::of(Tone::Bad, line)));
        }
        let (tone, wanted) = wanted(desk, left, look);
        rows.extend(wrapped(&wanted, width).into_iter().map(|line| Row::of(tone, line)));
        Self { wanted: rows, typed: typed(desk, width) }
    }

    fn rows(&self) -> usize {
        self.wanted.len() + usize::from(self.typed.is_some())
    }

    fn put(&self, area: Rect, look: Look, frame: &mut Frame<'_>) {
        let room = usize::from(area.height).saturating_sub(usize::from(self.typed.is_some()));
        // What is wanted matters more than what was wrong.
        let skipped = self.wanted.len().saturating_sub(room);
        let mut place = area.y;
        for row in self.wanted.iter().skip(skipped) {
            put(frame, area.x, place, area.width, row, look);
            place += 1;
        }
        if let Some((text, cursor)) = &self.typed {
            put(frame, area.x, place, area.width, &Row::of(Tone::Strong, text.as_str()), look);
            let column = u16::try_from(*cursor).unwrap_or_default();
            frame.set_cursor_position((area.x + column, place));
        }
    }
}

/// What is to be done next, in words.
fn wanted(desk: &Desk, left: usize, look: Look) -> (Tone, String) {
    if left > 0 && matches!(desk.mode(), Mode::Reading) {
        return (Tone::Look, "Enter: read on".to_owned());
    }
    match desk.mode() {
        Mode::Sure(Sure::Exception, _) => {
            return (
                Tone::Look,
                "Something is otherwise than the script says? Enter: tell it. Esc: back".into(),
            );
        }
        Mode::Sure(Sure::Pause, _) => {
            return (Tone::Look, "Pause, and log out of every token? Enter: pause. Esc: back".into());
        }
        Mode::Sure(Sure::Leave, _) => {
            let text = format!(
                "Stop here? It goes on later with `resume`. Type {LEAVE} and Enter to stop. Esc: back"
            );
            return (Tone::Bad, text);
        }
        _ => {}
    }
    if let Some(page) = desk.page() {
        let text = match (page, desk.open()) {
            (Page::Inspect(_), _) => "Left and Right: other cards. Enter: back",
            (_, Some(_)) => "Enter: go on to what is asked",
            (_, None) => "Enter: back",
        };
        return (Tone::Look, text.to_owned());
    }
    asked(desk, look)
}

/// The same for what is on the table.
fn asked(desk: &Desk, look: Look) -> (Tone, String) {
    match desk.open() {
        None => {
            let Some((waited, what)) = desk.work() else { return (Tone::Plain, String::new()) };
            let seconds = waited.as_secs();
            let turning = look.turning(u64::try_from(waited.as_millis() / 250).unwrap_or_default());
            (Tone::Plain, format!("{turning} {what} {seconds} s"))
        }
        Some(Open::Question(question, _)) => {
            let who = one_line(&said(&question.person));
            if !matches!(desk.mode(), Mode::Typing(_)) {
                let back = if desk.tells_exception() { ". Esc: back" } else { "" };
                return (Tone::Look, format!("Enter: {who} answers{back}"));
            }
            let how = match &question.expected {
                Expected::Word(word) => format!("type {word} to go on, no to decline"),
                Expected::Words(words) => {
                    let count = words.split(' ').count();
                    format!("type the first {count} words, no to decline. Tab completes one")
                }
                Expected::OneOf(words) => format!("type one of {}, or no to decline", words.join(", ")),
                Expected::Text => "type it in a line, no to decline".to_owned(),
                Expected::Exception => "type it in a line. Esc: back, nothing is recorded".to_owned(),
                Expected::Time => "type a time such as 2026-11-01T08:00:00Z, no to decline".to_owned(),
                Expected::Signature(_) => format!("type {SIGNED}, or where the signature is; no to decline"),
            };
            (tone_of(&question.expected), format!("{who}: {how}"))
        }
        Some(Open::Secret(question, _)) => {
            let who = one_line(&said(&question.person));
            if !matches!(desk.mode(), Mode::Hidden(_)) {
                return (Tone::Look, format!("Enter: {who} types, and nobody else looks"));
            }
            let empty = question.empty.map(|empty| format!("; an empty line {empty}")).unwrap_or_default();
            (Tone::Look, format!("{who}: type it{empty}. Enter ends it"))
        }
        Some(Open::Delivery { delivery, .. }) => {
            (Tone::Look, format!("Enter: {} sees it, and nobody else", one_line(&said(&delivery.person))))
        }
        Some(Open::Ended(_)) => (Tone::Look, "Enter: leave the screen".to_owned()),
    }
}

/// What cannot be undone is told apart.
const fn tone_of(expected: &Expected) -> Tone {
    match expected {
        Expected::Word(_) | Expected::Signature(_) => Tone::Bad,
        _ => Tone::Look,
    }
}

/// What was typed, and the cursor's column.
fn typed(desk: &Desk, width: usize) -> Option<(String, usize)> {
    let field = match desk.mode() {
        Mode::Reading | Mode::Sure(Sure::Exception | Sure::Pause, _) => return None,
        Mode::Hidden(field) => {
            let text = match (desk.open(), field.is_begun()) {
                (_, false) => "> (nothing typed yet; it is not shown)".to_owned(),
                (Some(Open::Secret(question, _)), true) if question.kind == SecretKind::Share => {
                    format!("> {}", screen::share::progress(field))
                }
                (_, true) => "> (typed; it is not shown)".to_owned(),
            };
            return Some((text, 2));
        }
        Mode::Typing(field) | Mode::Sure(Sure::Leave, field) => field,
    };
    let text = one_line(&field.text());
    let before: String = field.text().chars().take(field.cursor()).collect();
    let cursor = width_of(&one_line(&before));
    let room = width.saturating_sub(3);
    // The end that is being typed is in sight.
    let hidden = cursor.saturating_sub(room);
    let shown: String = text.chars().skip(hidden).collect();
    Some((format!("> {}", cut(&shown, room + 1)), 2 + cursor - hidden))
}

/// People, tokens and head in a row each.
fn below(model: &Model, geometry: Geometry, look: Look, frame: &mut Frame<'_>) {
    let (width, top) = (geometry.columns, geometry.rows.saturating_sub(geometry.below()));
    let line = look.across().repeat(usize::from(width));
    put(frame, 0, top, width, &Row::of(Tone::Plain, line), look);
    let rows = [Row(people(model)), Row(tokens(model)), Row(head(model))];
    for (place, row) in (top + 1..).zip(&rows) {
        put(frame, 0, place, width, row, look);
    }
}

fn people(model: &Model) -> Vec<(Tone, String)> {
    let all = model.programme.as_ref().map_or(0, |programme| programme.people.len());
    let mut parts = vec![
        (Tone::Faint, " people ".to_owned()),
        (Tone::Plain, format!("{} of {all}", model.present().len())),
    ];
    for (role, here, wanted) in model.quorum() {
        let tone = if here >= wanted { Tone::Good } else { Tone::Look };
        parts.push((tone, format!("  {role} {here}/{wanted}")));
    }
    parts
}

fn tokens(model: &Model) -> Vec<(Tone, String)> {
    let mut parts = vec![(Tone::Faint, " tokens ".to_owned())];
    for token in model.tokens() {
        let (tone, state) = state_of(token.state);
        let wrong = if token.wrong > 0 { format!(", {} wrong PINs", token.wrong) } else { String::new() };
        parts.push((tone, format!("{} {state}{wrong}  ", one_line(&token.name))));
    }
    parts
}

const fn state_of(state: TokenState) -> (Tone, &'static str) {
    match state {
        TokenState::Blank => (Tone::Faint, "blank"),
        TokenState::LoggedOut => (Tone::Plain, "out"),
        TokenState::LoggedIn => (Tone::Look, "IN"),
    }
}

fn head(model: &Model) -> Vec<(Tone, String)> {
    let (size, words) = head_words(model);
    let mut parts = vec![(Tone::Faint, format!(" head {size}: ")), (Tone::Plain, words)];
    if let Some((_, elapsed)) = model.clock() {
        parts.extend([(Tone::Faint, "  elapsed ".to_owned()), (Tone::Plain, hours(elapsed))]);
    }
    parts
}

fn head_words(model: &Model) -> (u64, String) {
    model.head().map_or((0, "nothing yet".to_owned()), |head| (head.size, head.root.first_words()))
}

/// The same at the side, with everybody by name.
fn side(model: &Model, geometry: Geometry, look: Look, frame: &mut Frame<'_>) {
    let heading = |text: &str| Row::of(Tone::Strong, text.to_owned());
    let mut rows = vec![heading("People")];
    for person in model.programme.iter().flat_map(|programme| &programme.people) {
        let here = model.present().contains(person);
        let (mark, tone) = if here { ('x', Tone::Good) } else { (' ', Tone::Plain) };
        rows.push(Row::of(tone, format!("{mark} {}", one_line(&said(person)))));
    }
    rows.extend([Row::default(), heading("Quorum")]);
    for (role, here, wanted) in model.quorum() {
        let tone = if here >= wanted { Tone::Good } else { Tone::Look };
        rows.push(Row::of(tone, format!("  {role} {here} of {wanted}")));
    }
    rows.extend([Row::default(), heading("Tokens")]);
    for token in model.tokens() {
        let (tone, state) = match token.state {
            TokenState::Blank => (Tone::Plain, "blank"),
            TokenState::LoggedOut => (Tone::Plain, "logged out"),
            TokenState::LoggedIn => (Tone::Look, "LOGGED IN"),
        };
        rows.push(Row::of(tone, format!("  {} {state}", one_line(&token.name))));
        if token.wrong > 0 {
            rows.push(Row::of(Tone::Bad, format!("    {} wrong PINs", token.wrong)));
        }
    }
    let (size, words) = head_words(model);
    rows.extend([Row::default(), heading("Log head"), Row::of(Tone::Plain, format!("  {size} records"))]);
    rows.extend(words.split(' ').map(|word| Row::of(Tone::Plain, format!("  {word}"))));
    if let Some((_, elapsed)) = model.clock() {
        rows.extend([
            Row::default(),
            heading("Since the start"),
            Row::of(Tone::Plain, format!("  {}", hours(elapsed))),
        ]);
    }
    let middle = geometry.middle();
    let column = geometry.columns - geometry.right();
    for row in middle.y..middle.y + middle.height {
        put(frame, column, row, 1, &Row::of(Tone::Plain, look.down()), look);
    }
    for (place, row) in (middle.y..middle.y + middle.height).zip(&rows) {
        put(frame, column + 2, place, geometry.right() - 2, row, look);
    }
}

/// Which keys do something.
fn keys(desk: &Desk, geometry: Geometry, look: Look, frame: &mut Frame<'_>) {
    let text = match desk.mode() {
        Mode::Reading => " ? help  e exception  p pause  l log  i inspect  b identity  q stop  PgUp PgDn",
        Mode::Typing(_) if desk.tells_exception() => " Enter: answer  Esc: back, nothing is recorded",
        Mode::Typing(_) | Mode::Hidden(_) => {
            " Enter: answer  Esc: what was typed goes; then e exception, p pause, ? help"
        }
        Mode::Sure(..) => " Esc: back",
    };
    let width = usize::from(geometry.columns);
    let text = format!("{text:width$}");
    let spans = Spans::from(Span::styled(text, look.bar()));
    frame.buffer_mut().set_line(0, geometry.rows - 1, &spans, geometry.columns);
}

/// Puts a row somewhere; what does not fit is marked.
fn put(frame: &mut Frame<'_>, column: u16, row: u16, width: u16, what: &Row, look: Look) {
    let mut room = usize::from(width);
    let mut spans = Vec::new();
    for (tone, text) in &what.0 {
        let text = cut(text, room);
        room = room.saturating_sub(width_of(&text));
        spans.push(Span::styled(text, look.style(*tone)));
    }
    let area = frame.area();
    if row < area.height && column < area.width {
        frame.buffer_mut().set_line(column, row, &Spans::from(spans), width.min(area.width - column));
    }
}

/// Minutes and seconds.
pub fn minutes(took: Duration) -> String {
    format!("{}:{:02}", took.as_secs() / 60, took.as_secs() % 60)
}

fn hours(took: Duration) -> String {
    let seconds = took.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Rows below the document: a rule, what is wanted, what was typed.
const ANSWER: u16 = 5;
/// The smallest window.
const FEWEST_COLUMNS: u16 = 72;
/// The smallest window.
const FEWEST_ROWS: u16 = 20;
