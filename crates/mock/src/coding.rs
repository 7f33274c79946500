//! Content codings, applied so that a client can decode each piece when it comes.

use std::io::{self, Write};

use bytes::Bytes;

/// Compresses piece by piece: after each one the client can decode all that has come.
pub(crate) fn encoded(coding: &str, pieces: &[Bytes]) -> io::Result<Vec<Bytes>> {
    match coding {
        "gzip" => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            let mut out = pieced(&mut encoder, pieces, |encoder| encoder.get_mut())?;
            out.push(encoder.finish()?.into());
            Ok(out)
        }
        "deflate" => {
            let level = flate2::Compression::fast();
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), level);
            let mut out = pieced(&mut encoder, pieces, |encoder| encoder.get_mut())?;
            out.push(encoder.finish()?.into());
            Ok(out)
        }
        "br" => {
            let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 4, 20);
            let mut out = pieced(&mut encoder, pieces, |encoder| encoder.get_mut())?;
            out.push(encoder.into_inner().into());
            Ok(out)
        }
        "zstd" => {
            let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1)?;
            let mut out = pieced(&mut encoder, pieces, |encoder| encoder.get_mut())?;
            out.push(encoder.finish()?.into());
            Ok(out)
        }
        _ => Ok(pieces.to_vec()), // an unknown coding is announced and not applied
    }
}

fn pieced<E: Write>(
    encoder: &mut E,
    pieces: &[Bytes],
    written: impl Fn(&mut E) -> &mut Vec<u8>,
) -> io::Result<Vec<Bytes>> {
    let mut out = Vec::with_capacity(pieces.len() + 1);
    for piece in pieces {
        encoder.write_all(piece)?;
        encoder.flush()?;
        out.push(Bytes::from(std::mem::take(written(encoder))));
    }
    Ok(out)
}
