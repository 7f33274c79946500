//! A recorded event stream cut into its frames, byte for byte, each with the moment it was whole.

use weir_core::exchange::Arrival;

use crate::model::{ChunkTiming, rfc3339};

/// The lengths of the frames of an event stream: each ends with the blank line behind it, whatever
/// ends its lines. What follows the last blank line is a frame too.
pub(super) fn lengths(stream: &[u8]) -> Vec<usize> {
    let mut lengths = Vec::new();
    let (mut start, mut at, mut line_start) = (0, 0, 0);
    while let Some(found) = stream
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'\n', b'\r', rest))
    {
        let end = at + found;
        let blank = end == line_start;
        at = end
            + if stream.get(end..end + 2) == Some(b"\r\n") {
                2
            } else {
                1
            };
        line_start = at;
        if blank {
            lengths.push(at - start);
            start = at;
        }
    }
    if start < stream.len() {
        lengths.push(stream.len() - start);
    }
    lengths
}

/// When each frame was whole, given when the bytes of the stream came. `ends` is where in the
/// stream the bytes of each arrival end.
pub(super) fn timings(
    lengths: &[usize],
    ends: &[usize],
    arrivals: &[Arrival],
    started_at_us: i64,
) -> Vec<ChunkTiming> {
    let mut arrived = 0;
    let mut pieces = ends.iter().zip(arrivals);
    let mut elapsed_us = arrivals.first().map_or(0, |a| a.elapsed_us);
    let mut end = 0;
    let mut timings = Vec::with_capacity(lengths.len());
    for (index, &byte_size) in lengths.iter().enumerate() {
        end += byte_size;
        while arrived < end {
            let Some((&until, arrival)) = pieces.next() else {
                break;
            };
            arrived = until;
            elapsed_us = arrival.elapsed_us;
        }
        let at = started_at_us.saturating_add(i64::try_from(elapsed_us).unwrap_or(i64::MAX));
        timings.push(ChunkTiming {
            index,
            timestamp: rfc3339(at),
            byte_size,
            elapsed_ms: crate::model::ms(elapsed_us),
        });
    }
    timings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_keep_every_byte_whatever_ends_the_lines() {
        for (stream, expected) in [
            (&b"event: a\ndata: 1\n\ndata: 2\n\n"[..], vec![18, 9]),
            (b"data: 1\r\n\r\n: ping\r\n\r\ndata: 2", vec![11, 10, 7]),
            (b"data: 1\r\rdata: 2\r\r", vec![9, 9]),
            (b"\n\ndata: 1\n", vec![1, 1, 8]),
            (b"", vec![]),
        ] {
            let found = lengths(stream);
            assert_eq!(found.iter().sum::<usize>(), stream.len());
            assert_eq!(found, expected, "{}", stream.escape_ascii());
        }
    }

    #[test]
    fn a_frame_has_come_when_its_last_byte_has() {
        let arrivals: Vec<Arrival> = [(5, 1000), (15, 2000), (10, 3000)]
            .map(|(size, elapsed_us)| Arrival { size, elapsed_us })
            .into();
        let found = timings(&[10, 10, 10], &[5, 20, 30], &arrivals, 0);
        let ms: Vec<u64> = found.iter().map(|t| t.elapsed_ms).collect();
        assert_eq!(ms, [2, 2, 3]);
        assert_eq!(found[2].timestamp, "1970-01-01T00:00:00.003Z");
    }
}
