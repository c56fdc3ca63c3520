//! PNG pictures (RFC 2083) out of a stream, read by the package `png`: within bounds, and in shades of grey.

use std::io::{self, BufRead, Chain, Read, Seek, SeekFrom, Take};

use png::{ColorType, Decoder, DecodingError, Limits, Transformations};

use super::picture::{Picture, PictureError, brightness, size};

/// How many octets of a PNG file are read.
const MOST_FILE: u64 = 64 << 20;
/// How many octets the decoder may hold beside the pixels.
const MOST_HELD: usize = 16 << 20;
/// How many octets a row may have: four times as many as that of any camera.
const LONGEST_ROW: usize = 1 << 20;

/// The picture of a file whose first octets were read already. What stands behind it in the stream is left there.
///
/// # Errors
///
/// [`PictureError`] for what is no PNG, ends too early or is too large.
pub fn picture(begun: &[u8], stream: &mut impl BufRead) -> Result<Picture, PictureError> {
    let mut file = Forward(begun.chain(stream.take(MOST_FILE)));
    let read = decode(&mut file);
    match read {
        Err(PictureError::Short) if file.0.get_ref().1.limit() == 0 => Err(LONGER),
        read => read,
    }
}

fn decode(file: impl BufRead + Seek) -> Result<Picture, PictureError> {
    let mut decoder = Decoder::new_with_limits(file, Limits { bytes: MOST_HELD });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // A palette becomes its colours, what one colour leaves out becomes a cover, and every sample has eight bits.
    decoder.set_transformations(Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(error)?;
    let (width, height) = size(header.width.into(), header.height.into())?;
    if header.raw_row_length() > LONGEST_ROW {
        return Err(PictureError::Size { width: width as u64, height: height as u64 });
    }
    let mut reader = decoder.read_info().map_err(error)?;
    let mut pixels = vec![0; reader.output_buffer_size().ok_or(LONGER)?];
    let shown = reader.next_frame(&mut pixels).map_err(error)?;
    reader.finish().map_err(error)?;
    let covers = matches!(shown.color_type, ColorType::GrayscaleAlpha | ColorType::Rgba);
    let grey = brightness(&pixels, shown.color_type.samples(), covers).collect();
    Picture::of(width, height, grey).ok_or(PictureError::Form("it has other pixels than it says"))
}

/// A file of more than is read.
const LONGER: PictureError = PictureError::Form("longer than a picture is");

fn error(error: DecodingError) -> PictureError {
    match error {
        DecodingError::IoError(error) if error.kind() == io::ErrorKind::UnexpectedEof => PictureError::Short,
        DecodingError::IoError(error) => PictureError::Read(error),
        DecodingError::LimitsExceeded => LONGER,
        error => PictureError::Png(error),
    }
}

/// A stream that goes only forward, for a decoder that wants one that can go back and does not.
struct Forward<'b, R>(Chain<&'b [u8], Take<R>>);

impl<R: BufRead> Read for Forward<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl<R: BufRead> BufRead for Forward<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}

impl<R> Seek for Forward<'_, R> {
    fn seek(&mut self, _: SeekFrom) -> io::Result<u64> {
        Err(io::ErrorKind::NotSeekable.into())
    }
}
