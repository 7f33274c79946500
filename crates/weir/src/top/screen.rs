//! The terminal: taken over while the screen is up, and given back however that ends.

use std::io::{self, BufWriter, Stdout, Write};

use crossterm::cursor::{Hide, MoveTo, Show};
use crossterm::style::{
    Attribute, Color as Ink, Print, SetAttribute, SetBackgroundColor, SetForegroundColor,
};
use crossterm::terminal::{self, Clear, EnterAlternateScreen, LeaveAlternateScreen};
use crossterm::{execute, queue};
use ratatui_core::backend::{Backend, ClearType, WindowSize};
use ratatui_core::buffer::Cell;
use ratatui_core::layout::{Position, Size};
use ratatui_core::style::{Color, Modifier};
use ratatui_core::terminal::Terminal;

use super::draw;
use super::state::State;

/// The terminal while it is ours.
pub(super) struct Screen {
    terminal: Terminal<Console>,
}

impl Screen {
    /// Takes the terminal over; a panic gives it back before it says anything.
    ///
    /// # Errors
    /// When it does not let itself.
    pub(super) fn open() -> io::Result<Self> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            give_back();
            before(panic);
        }));
        terminal::enable_raw_mode()?;
        let opened = execute!(io::stdout(), EnterAlternateScreen, Hide);
        let terminal = opened.and_then(|()| Terminal::new(Console::default()));
        if terminal.is_err() {
            give_back();
        }
        Ok(Self {
            terminal: terminal?,
        })
    }

    /// Shows what is known.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub(super) fn show(&mut self, state: &State) -> io::Result<()> {
        self.terminal
            .draw(|frame| draw::draw(state, frame.area(), frame.buffer_mut()))?;
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// As far as it can be; there is nobody to tell if it cannot.
fn give_back() {
    let _gone = execute!(io::stdout(), LeaveAlternateScreen, Show).is_err();
    let _gone = terminal::disable_raw_mode().is_err();
}

/// Draws cells on standard output.
#[derive(Debug)]
struct Console {
    out: BufWriter<Stdout>,
    /// Whether colours are wanted.
    colours: bool,
}

impl Default for Console {
    fn default() -> Self {
        Self {
            out: BufWriter::new(io::stdout()),
            colours: std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty()),
        }
    }
}

impl Console {
    fn style(&mut self, cell: &Cell) -> io::Result<()> {
        queue!(self.out, SetAttribute(Attribute::Reset))?;
        for (modifier, attribute) in [
            (Modifier::BOLD, Attribute::Bold),
            (Modifier::DIM, Attribute::Dim),
            (Modifier::REVERSED, Attribute::Reverse),
        ] {
            if cell.modifier.contains(modifier) {
                queue!(self.out, SetAttribute(attribute))?;
            }
        }
        if self.colours {
            queue!(self.out, SetForegroundColor(ink(cell.fg)))?;
            queue!(self.out, SetBackgroundColor(ink(cell.bg)))?;
        }
        Ok(())
    }
}

/// The colours that the screen uses.
fn ink(color: Color) -> Ink {
    match color {
        Color::Red => Ink::DarkRed,
        Color::Green => Ink::DarkGreen,
        Color::Yellow => Ink::DarkYellow,
        Color::Cyan => Ink::DarkCyan,
        Color::DarkGray => Ink::DarkGrey,
        _ => Ink::Reset,
    }
}

impl Backend for Console {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut next = None;
        let mut last: Option<&Cell> = None;
        for (x, y, cell) in content {
            if next != Some((x, y)) {
                queue!(self.out, MoveTo(x, y))?;
            }
            let same = |last: &Cell| {
                (last.fg, last.bg, last.modifier) == (cell.fg, cell.bg, cell.modifier)
            };
            if !last.is_some_and(same) {
                self.style(cell)?;
            }
            queue!(self.out, Print(cell.symbol()))?;
            next = Some((x + 1, y));
            last = Some(cell);
        }
        queue!(self.out, SetAttribute(Attribute::Reset))
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        execute!(self.out, Hide)
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        execute!(self.out, Show)
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        let (x, y) = crossterm::cursor::position()?;
        Ok(Position { x, y })
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let Position { x, y } = position.into();
        execute!(self.out, MoveTo(x, y))
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        execute!(
            self.out,
            Clear(match region {
                ClearType::All => terminal::ClearType::All,
                ClearType::AfterCursor => terminal::ClearType::FromCursorDown,
                ClearType::BeforeCursor => terminal::ClearType::FromCursorUp,
                ClearType::CurrentLine => terminal::ClearType::CurrentLine,
                ClearType::UntilNewLine => terminal::ClearType::UntilNewLine,
            })
        )
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = terminal::size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
