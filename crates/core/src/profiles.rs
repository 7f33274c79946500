//! The table of what providers and models can do, read from TOML.

use weir_wire::translate::profile::{TABLE, Table, TableFault};

/// Why there is no table.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It is not TOML, or not a table of profiles.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// An entry sets what a profile does not have.
    #[error(transparent)]
    Entry(#[from] TableFault),
}

/// weir's own table with the operator's entries laid over it; `text` may be empty.
///
/// ```
/// let table = weir_core::profiles::table(
///     "[[profile]]\nhosts = [\"llm.example\"]\nset = { vision = false }",
/// )?;
/// assert!(!table.find("llm.example", "some-model").vision);
/// # Ok::<(), weir_core::profiles::Fault>(())
/// ```
///
/// # Errors
/// When `text` is no table; says where.
pub fn table(text: &str) -> Result<Table, Fault> {
    let mut table: Table = toml::from_str(TABLE)?;
    table.extend(toml::from_str(text)?)?;
    Ok(table)
}
