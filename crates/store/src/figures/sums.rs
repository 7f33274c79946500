//! The sums of some exchanges, and their bytes.

use weir_core::exchange::Tokens;
use weir_core::prices::{class, class_terms};
use weir_wire::dialect::Operation;

use super::Histogram;
use crate::summary::{State, Summary};
use crate::varint;

/// The format of the bytes.
const FORMAT: u64 = 1;

/// Sums of exchanges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Exchanges.
    pub requests: u64,
    /// Those that failed or did not end well.
    pub errors: u64,
    /// Milliseconds from start to end, of those that took any.
    pub duration_ms: u64,
    /// How many these are.
    pub timed: u64,
    /// Tokens, apart by the size of the prompt and the terms; ascending.
    pub bands: Vec<Band>,
    /// Times to the response headers, of answers by models.
    pub first_byte: Histogram,
    /// Times to the end, likewise.
    pub duration: Histogram,
    /// The longest silences within, likewise.
    pub gap: Histogram,
}

/// Sums of the tokens of exchanges on the same terms, whose prompts are of about one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Band {
    /// Which size and terms, as prices know them: a class.
    pub band: u8,
    /// Exchanges whose tokens the provider counted.
    pub requests: u64,
    /// In the order of [`Band::tokens`].
    counts: [u64; 8],
}

impl Band {
    fn of(tokens: &Tokens) -> Self {
        let some = |count: Option<u64>| count.unwrap_or(0);
        let (five, hour) = (some(tokens.cache_write_5m), some(tokens.cache_write_1h));
        Self {
            band: class(tokens),
            requests: 1,
            counts: [
                some(tokens.input),
                some(tokens.output),
                some(tokens.cache_read),
                // The parts may stand without their sum.
                some(tokens.cache_write).max(five.saturating_add(hour)),
                five,
                hour,
                some(tokens.reasoning).min(some(tokens.output)),
                some(tokens.web_search_requests),
            ],
        }
    }

    /// The sums as if they were the tokens of one exchange.
    pub(crate) fn tokens(&self) -> Tokens {
        let [input, output, read, write, five, hour, reasoning, searches] = self.counts;
        Tokens {
            input: Some(input),
            output: Some(output),
            cache_read: Some(read),
            cache_write: Some(write),
            cache_write_5m: Some(five),
            cache_write_1h: Some(hour),
            reasoning: Some(reasoning),
            web_search_requests: Some(searches),
            terms: class_terms(self.band),
        }
    }

    fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        for (sum, more) in self.counts.iter_mut().zip(other.counts) {
            *sum = sum.saturating_add(more);
        }
    }
}

impl Sums {
    /// Counts an exchange that has ended.
    pub(crate) fn add(&mut self, s: &Summary) {
        self.requests += 1;
        let failed = s.state != State::Complete || s.status.is_some_and(|status| status >= 400);
        self.errors += u64::from(failed);
        let ms = |us: Option<u64>| us.map(|us| us / 1000);
        if let Some(took) = ms(s.duration_us).filter(|took| *took > 0) {
            self.timed += 1;
            self.duration_ms = self.duration_ms.saturating_add(took);
        }
        if s.tokens.counted() {
            self.put(&Band::of(&s.tokens));
        }
        let by_model = matches!(s.operation, Operation::Generate | Operation::GenerateStream);
        if by_model && !failed {
            let spread = [
                (&mut self.first_byte, s.headers_us),
                (&mut self.duration, s.duration_us),
                (&mut self.gap, s.longest_gap_us),
            ];
            for (histogram, us) in spread {
                if let Some(ms) = ms(us) {
                    histogram.add(ms);
                }
            }
        }
    }

    /// Adds other sums.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.duration_ms = self.duration_ms.saturating_add(other.duration_ms);
        self.timed = self.timed.saturating_add(other.timed);
        other.bands.iter().for_each(|band| self.put(band));
        self.first_byte.merge(&other.first_byte);
        self.duration.merge(&other.duration);
        self.gap.merge(&other.gap);
    }

    fn put(&mut self, more: &Band) {
        match self.bands.binary_search_by_key(&more.band, |b| b.band) {
            Ok(at) => {
                if let Some(band) = self.bands.get_mut(at) {
                    band.add(more);
                }
            }
            Err(at) => self.bands.insert(at, *more),
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(96);
        let numbers = [
            FORMAT,
            self.requests,
            self.errors,
            self.duration_ms,
            self.timed,
        ];
        numbers.iter().for_each(|n| varint::put(&mut out, *n));
        varint::put(&mut out, self.bands.len() as u64);
        for band in &self.bands {
            varint::put(&mut out, u64::from(band.band));
            varint::put(&mut out, band.requests);
            band.counts.iter().for_each(|n| varint::put(&mut out, *n));
        }
        for histogram in [&self.first_byte, &self.duration, &self.gap] {
            histogram.encode(&mut out);
        }
        out
    }

    /// Adds what [`Self::encode`] wrote, with the times or without; none where it cannot be read.
    pub(crate) fn merge_encoded(&mut self, bytes: &[u8], times: bool) -> Option<()> {
        self.merge_and_see(bytes, times, |_| {})
    }

    /// The same; shows each band to `see`.
    pub(crate) fn merge_and_see(
        &mut self,
        mut bytes: &[u8],
        times: bool,
        mut see: impl FnMut(&Band),
    ) -> Option<()> {
        let bytes = &mut bytes;
        if varint::take(bytes)? != FORMAT {
            return None;
        }
        let sums = [
            &mut self.requests,
            &mut self.errors,
            &mut self.duration_ms,
            &mut self.timed,
        ];
        for sum in sums {
            *sum = sum.saturating_add(varint::take(bytes)?);
        }
        for _ in 0..varint::take(bytes)? {
            let mut band = Band {
                band: u8::try_from(varint::take(bytes)?).ok()?,
                requests: varint::take(bytes)?,
                ..Band::default()
            };
            for count in &mut band.counts {
                *count = varint::take(bytes)?;
            }
            see(&band);
            self.put(&band);
        }
        if times {
            self.first_byte.merge_encoded(bytes)?;
            self.duration.merge_encoded(bytes)?;
            self.gap.merge_encoded(bytes)?;
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(input: u64, write: u64, five: Option<u64>) -> Tokens {
        Tokens {
            input: Some(input),
            cache_write: Some(write),
            cache_write_5m: five,
            ..Tokens::default()
        }
    }

    #[test]
    fn prompts_of_other_sizes_stay_apart() {
        let mut sums = Sums::default();
        for input in [10, 300_000, 20] {
            sums.put(&Band::of(&tokens(input, 0, None)));
        }
        let found: Vec<_> = sums
            .bands
            .iter()
            .map(|b| (b.band, b.requests, b.tokens().input))
            .collect();
        assert_eq!(found, [(0, 2, Some(30)), (6, 1, Some(300_000))]);
    }

    proptest! {
        #[test]
        fn sums_come_back(list: Vec<(u32, u32, Option<u32>)>) {
            let mut sums = Sums::default();
            for (input, write, five) in &list {
                sums.put(&Band::of(&tokens(u64::from(*input), u64::from(*write), five.map(u64::from))));
                sums.gap.add(u64::from(*write));
            }
            sums.requests = list.len() as u64;
            let mut again = Sums::default();
            again.merge_encoded(&sums.encode(), true).unwrap();
            prop_assert_eq!(again, sums);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let read = Sums::default().merge_encoded(&bytes, true);
            prop_assert!(read.is_none() || !bytes.is_empty());
        }
    }
}
