//! Tables for the terminal: aligned, without trailing space, in 80 columns.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::lines::clean;

/// The widest that a table gets.
const WIDTH: usize = 80;
/// The narrowest that a column is made.
const NARROWEST: usize = 6;
/// Between two columns.
const GAP: usize = 2;

/// Which way a column leans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lean {
    /// For words.
    Left,
    /// For numbers.
    Right,
}

/// The lines of a table: a head and rows, of which each has as many cells as the head. What does
/// not fit is cut, in the widest columns first.
pub(crate) fn table<const N: usize>(head: [(&str, Lean); N], rows: &[[String; N]]) -> String {
    let rows: Vec<[String; N]> = rows
        .iter()
        .map(|row| row.each_ref().map(|cell| clean(cell)))
        .collect();
    let mut widths = head.map(|(title, _)| title.width());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    narrow(&mut widths);
    let leans = head.map(|(_, lean)| lean);
    let titles = head.map(|(title, _)| title.to_owned());
    let mut lines = line(&titles, &widths, &leans);
    for row in &rows {
        lines.push('\n');
        lines.push_str(&line(row, &widths, &leans));
    }
    lines
}

fn narrow(widths: &mut [usize]) {
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > WIDTH {
        let Some(widest) = widths.iter_mut().max_by_key(|width| **width) else {
            return;
        };
        if *widest <= NARROWEST {
            return;
        }
        *widest -= 1;
    }
}

fn line(cells: &[String], widths: &[usize], leans: &[Lean]) -> String {
    let mut line = String::new();
    for ((cell, width), lean) in cells.iter().zip(widths).zip(leans) {
        let cell = cut(cell, *width);
        let pad = " ".repeat(width - cell.width());
        match lean {
            Lean::Left => line.extend([&*cell, &pad]),
            Lean::Right => line.extend([&*pad, &cell]),
        }
        line.push_str("  ");
    }
    line.trim_end().to_owned()
}

/// The text in at most so many columns, with an ellipsis where it is cut.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut left = width.saturating_sub(1);
    for char in text.chars() {
        let wide = char.width().unwrap_or(0);
        if wide > left {
            break;
        }
        left -= wide;
        kept.push(char);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells<const N: usize>(cells: [&str; N]) -> [String; N] {
        cells.map(str::to_owned)
    }

    #[test]
    fn words_lean_left_and_numbers_right() {
        let head = [("NAME", Lean::Left), ("REQS", Lean::Right)];
        let rows = [cells(["anthropic", "7"]), cells(["日本", "12345"])];
        let expected = "NAME        REQS\n\
                        anthropic      7\n\
                        日本       12345";
        assert_eq!(table(head, &rows), expected);
    }

    #[test]
    fn a_table_is_never_wider_than_the_terminal() {
        let head = ["A", "B", "C"].map(|title| (title, Lean::Left));
        let long = "x".repeat(60);
        let wide = "宽".repeat(40);
        let text = table(head, &[cells(["short", &long, &wide])]);
        for line in text.lines() {
            assert!(line.width() <= WIDTH, "{line}");
        }
        assert!(text.contains("short") && text.contains('…'));
    }

    #[test]
    fn nothing_in_a_cell_reaches_the_terminal_as_a_command() {
        let head = [("A", Lean::Left)];
        let text = table(head, &[cells(["a\u{1b}[2Jb\nc\u{9b}d"])]);
        assert_eq!(text.lines().count(), 2);
        assert!(!text.contains('\u{1b}') && !text.contains('\u{9b}'));
    }

    #[test]
    fn a_cut_says_that_it_is_one() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("abc", 0), "");
    }
}
