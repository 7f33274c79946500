//! What a picture of a size counts as, by its model: pixels for Claude, tiles or patches for the
//! rest.

use super::super::model::{Model, Vendor};

/// Longest side that Claude looks at, in pixels.
const CLAUDE_SIDE: u64 = 1568;
/// Pixels to one of Claude's tokens, and the most tokens of a picture.
const CLAUDE: (u64, u64) = (750, 1600);
/// Most patches of a picture.
const PATCHES: u64 = 1536;
/// What one picture is to Gemini 3, whatever its size.
const GEMINI_3: u64 = 1120;
/// What one tile is to Gemini before.
const GEMINI_TILE: u64 = 258;

/// How OpenAI's models count.
#[derive(Clone, Copy)]
enum Way {
    /// So many for the picture, and so many for each tile of 512 pixels.
    Tiles(u64, u64),
    /// So many for a hundred patches of 32 pixels.
    Patches(u64),
}

/// Tokens of a picture of `size` pixels, of which neither is 0; `low` is OpenAI's low detail.
pub(super) fn count(model: &Model<'_>, size: (u64, u64), low: bool) -> u64 {
    match model.vendor {
        Vendor::Anthropic => claude(size),
        Vendor::Google if model.name.starts_with("gemini-3") => GEMINI_3,
        Vendor::Google => gemini(size),
        Vendor::OpenAi | Vendor::Other => match way(model.name) {
            Way::Tiles(picture, _) if low => picture,
            Way::Tiles(picture, tile) => picture + tile * tiles(size),
            Way::Patches(hundred) => (patches(size) * hundred).div_ceil(100),
        },
    }
}

fn way(name: &str) -> Way {
    let ways = [
        ("gpt-4o-mini", Way::Tiles(2833, 5667)),
        ("gpt-4.1-mini", Way::Patches(162)),
        ("gpt-4.1-nano", Way::Patches(246)),
        ("o4-mini", Way::Patches(172)),
        ("o1", Way::Tiles(75, 150)),
        ("o3", Way::Tiles(75, 150)),
        ("gpt-5-mini", Way::Patches(162)),
        ("gpt-5-nano", Way::Patches(246)),
        ("gpt-5.", Way::Patches(120)),
        ("gpt-5", Way::Tiles(70, 140)),
    ];
    let known = ways
        .into_iter()
        .find(|(prefix, _)| name.starts_with(prefix));
    known.map_or(Way::Tiles(85, 170), |(_, way)| way)
}

fn claude(size: (u64, u64)) -> u64 {
    let (width, height) = within(size, CLAUDE_SIDE);
    (width * height).div_ceil(CLAUDE.0).min(CLAUDE.1)
}

/// Tiles of 512 pixels of a picture that fits into 2048 by 2048 and has a side of at most 768.
fn tiles(size: (u64, u64)) -> u64 {
    let (width, height) = within(size, 2048);
    let short = width.min(height);
    let (width, height) = if short > 768 {
        (scale(width, 768, short), scale(height, 768, short))
    } else {
        (width, height)
    };
    width.div_ceil(512) * height.div_ceil(512)
}

/// Patches of 32 pixels; a picture of more is scaled down to about the most.
fn patches(size: (u64, u64)) -> u64 {
    // Beyond this it is scaled down in any case, and the product might not fit.
    let (width, height) = within(size, 1 << 16);
    (width.div_ceil(32) * height.div_ceil(32)).min(PATCHES)
}

fn gemini((width, height): (u64, u64)) -> u64 {
    if width <= 384 && height <= 384 {
        return GEMINI_TILE;
    }
    let (width, height) = within((width, height), 3072);
    let unit = (width.min(height) * 2 / 3).clamp(256, 768);
    GEMINI_TILE * width.div_ceil(unit) * height.div_ceil(unit)
}

/// `size` scaled down so that no side is over `most`.
fn within((width, height): (u64, u64), most: u64) -> (u64, u64) {
    let long = width.max(height);
    if long <= most {
        return (width, height);
    }
    (scale(width, most, long), scale(height, most, long))
}

fn scale(side: u64, by: u64, of: u64) -> u64 {
    let scaled = u128::from(side) * u128::from(by) / u128::from(of.max(1));
    u64::try_from(scaled).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(model: &str, width: u64, height: u64) -> u64 {
        count(&Model::of(model), (width, height), false)
    }

    #[test]
    fn published_examples_come_out() {
        assert_eq!(of("claude-sonnet-4-5", 200, 200), 54);
        assert_eq!(of("claude-sonnet-4-5", 1000, 1000), 1334);
        assert_eq!(of("claude-sonnet-4-5", 9000, 9000), 1600);
        assert_eq!(of("gpt-4o", 1024, 1024), 765);
        assert_eq!(of("gpt-4o", 2048, 4096), 1105);
        assert_eq!(count(&Model::of("gpt-4o"), (4096, 8192), true), 85);
        assert_eq!(of("gpt-4o-mini", 128, 64), 8500);
        assert_eq!(of("gpt-4.1-mini", 1024, 1024), 1659);
        assert_eq!(of("o3", 128, 64), 225);
        assert_eq!(of("gemini-2.5-flash", 300, 300), 258);
        assert_eq!(of("gemini-2.5-flash", 960, 540), 258 * 6);
        assert_eq!(of("gemini-3-pro", 960, 540), 1120);
    }

    proptest! {
        #[test]
        fn any_size_counts_and_has_a_bound(width in 1..=u64::MAX, height in 1..=u64::MAX) {
            for model in ["claude", "gpt-4o", "gpt-4.1-mini", "gemini-2.5", "gemini-3", "other"] {
                let tokens = of(model, width, height);
                prop_assert!((1..1_000_000).contains(&tokens), "{} {}", model, tokens);
            }
        }
    }
}
