//! Lines of CSV that no spreadsheet takes for a formula.

use std::io;

use csv::{Terminator, WriterBuilder};

/// One line with its end.
///
/// # Errors
/// Never for cells in memory, as far as can be told; the writer may say so.
pub(crate) fn line(
    cells: impl IntoIterator<Item = String>,
    end: Terminator,
) -> io::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new().terminator(end).from_writer(Vec::new());
    let written = writer.write_record(cells.into_iter().map(safe));
    written.map_err(io::Error::other)?;
    let bytes = writer.into_inner();
    bytes.map_err(|error| io::Error::other(error.to_string()))
}

fn safe(cell: String) -> String {
    let is_number = cell.parse::<f64>().is_ok();
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number {
        return format!("'{cell}");
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_safe() {
        let quoted = |cell: &str| {
            let line = line([cell.to_owned()], Terminator::Any(b'\n')).unwrap();
            let line = String::from_utf8(line).unwrap();
            line.strip_suffix('\n').unwrap().to_owned()
        };
        assert_eq!(quoted("gpt-5.2"), "gpt-5.2");
        assert_eq!(quoted("-0.5"), "-0.5");
        assert_eq!(quoted("=1+1"), "'=1+1");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
    }
}
