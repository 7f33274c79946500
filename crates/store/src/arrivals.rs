//! When each piece of a response came, in a few bytes a piece.

use weir_core::exchange::Arrival;

use crate::varint;

/// Sizes and times as varints, each time as the difference to the one before.
pub(crate) fn encode(arrivals: &[Arrival]) -> Vec<u8> {
    let mut out = Vec::with_capacity(arrivals.len() * 5);
    let mut last = 0;
    for arrival in arrivals {
        varint::put(&mut out, u64::from(arrival.size));
        varint::put(&mut out, arrival.elapsed_us.saturating_sub(last));
        last = last.max(arrival.elapsed_us);
    }
    out
}

/// Undoes [`encode`]; stops at what it cannot read.
pub(crate) fn decode(mut bytes: &[u8]) -> Vec<Arrival> {
    let mut arrivals = Vec::new();
    let mut elapsed_us = 0u64;
    while let (Some(size), Some(step)) = (varint::take(&mut bytes), varint::take(&mut bytes)) {
        elapsed_us = elapsed_us.saturating_add(step);
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        arrivals.push(Arrival { size, elapsed_us });
    }
    arrivals
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_come_back() {
        let arrivals: Vec<Arrival> = (0..1000u32)
            .map(|i| Arrival {
                size: i * 37,
                elapsed_us: u64::from(i) * u64::from(i) * 1000,
            })
            .collect();
        assert_eq!(decode(&encode(&arrivals)), arrivals);
        assert_eq!(decode(&[]), []);
    }
}
