//! The rows of a PNG file (RFC 2083): unpacked within a bound, without their filters, in shades of grey.

use super::picture::{Picture, PictureError, brightness, size};

/// How many octets the rows may have before they are grey.
const MOST_ROWS: usize = 64 << 20;

/// What a PNG file says of itself (RFC 2083 §4.1.1).
pub struct Header {
    width: usize,
    height: usize,
    depth: usize,
    palette: bool,
    covers: bool,
    channels: usize,
}

impl Header {
    /// Reads the part `IHDR`.
    ///
    /// # Errors
    ///
    /// [`PictureError`] for what is no PNG, one that is too large, or an interlaced one.
    pub fn read(data: &[u8]) -> Result<Self, PictureError> {
        let form = PictureError::Form("it does not say its size and kind as a PNG does");
        let Some((width, rest)) = data.split_first_chunk() else { return Err(form) };
        let Some((height, &[depth, colour, 0, 0, interlaced])) = rest.split_first_chunk() else {
            return Err(form);
        };
        let (width, height) = size(u32::from_be_bytes(*width).into(), u32::from_be_bytes(*height).into())?;
        if interlaced != 0 {
            return Err(PictureError::Kind("an interlaced PNG"));
        }
        let (channels, depths): (usize, &[u8]) = match colour {
            0 => (1, &[1, 2, 4, 8, 16]),
            2 => (3, &[8, 16]),
            3 => (1, &[1, 2, 4, 8]),
            4 => (2, &[8, 16]),
            6 => (4, &[8, 16]),
            _ => return Err(form),
        };
        if !depths.contains(&depth) {
            return Err(form);
        }
        let depth = usize::from(depth);
        Ok(Self { width, height, depth, palette: colour == 3, covers: colour >= 4, channels })
    }

    /// How many octets a row has.
    const fn row(&self) -> usize {
        (self.width * self.channels * self.depth).div_ceil(8)
    }

    /// The picture of the parts `IDAT` together, with the part `PLTE`.
    ///
    /// # Errors
    ///
    /// [`PictureError`] unless its rows are as many and as long as it says.
    pub fn picture(&self, packed: &[u8], palette: &[u8]) -> Result<Picture, PictureError> {
        let wanted = (self.row() + 1) * self.height;
        if wanted > MOST_ROWS {
            return Err(PictureError::Size { width: self.width as u64, height: self.height as u64 });
        }
        let rows = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, wanted)
            .map_err(|_| PictureError::Form("its rows cannot be unpacked"))?;
        if rows.len() != wanted {
            return Err(PictureError::Form("it has other rows than it says"));
        }
        // How far back the same sample of the pixel before it is.
        let back = (self.channels * self.depth).div_ceil(8);
        let mut grey = Vec::with_capacity(self.width * self.height);
        let mut above = vec![0; self.row()];
        for row in rows.chunks_exact(self.row() + 1) {
            let Some((filter, row)) = row.split_first() else { continue };
            let row = unfiltered(*filter, row, &above, back)?;
            grey.extend(self.grey(&row, palette));
            above = row;
        }
        Picture::of(self.width, self.height, grey).ok_or(PictureError::Form("it has other rows than it says"))
    }

    /// A row in shades of grey.
    fn grey(&self, row: &[u8], palette: &[u8]) -> Vec<u8> {
        let samples: Vec<u8> = match self.depth {
            8 => row.to_vec(),
            // The high octet of each: 256 shades are enough.
            16 => row.iter().step_by(2).copied().collect(),
            depth => {
                let most = (1_u16 << depth) - 1;
                let of = |octet: u8| {
                    (0..8 / depth).map(move |place| u16::from(octet) >> (8 - depth * (place + 1)) & most)
                };
                let samples = row.iter().flat_map(|octet| of(*octet)).take(self.width * self.channels);
                let scale = if self.palette { 1 } else { 255 / most };
                samples.map(|sample| u8::try_from(sample * scale).unwrap_or(u8::MAX)).collect()
            }
        };
        if !self.palette {
            return brightness(&samples, self.channels, self.covers).collect();
        }
        let shades: Vec<u8> = brightness(palette, 3, false).collect();
        samples.iter().map(|index| shades.get(usize::from(*index)).copied().unwrap_or(u8::MAX)).collect()
    }
}

/// A row without its filter (RFC 2083 §6).
fn unfiltered(filter: u8, row: &[u8], above: &[u8], back: usize) -> Result<Vec<u8>, PictureError> {
    let mut out: Vec<u8> = Vec::with_capacity(row.len());
    for (place, octet) in row.iter().enumerate() {
        let before =
            |row: &[u8]| place.checked_sub(back).and_then(|place| row.get(place)).copied().unwrap_or(0);
        let (left, corner) = (before(&out), before(above));
        let up = above.get(place).copied().unwrap_or(0);
        let guess = match filter {
            0 => 0,
            1 => left,
            2 => up,
            3 => left.midpoint(up),
            4 => paeth(left, up, corner),
            _ => return Err(PictureError::Form("a row has a filter that no PNG has")),
        };
        out.push(octet.wrapping_add(guess));
    }
    Ok(out)
}

/// RFC 2083 §6.6.
fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let far = |from: u8| (guess - i16::from(from)).abs();
    if far(left) <= far(up) && far(left) <= far(corner) {
        left
    } else if far(up) <= far(corner) {
        up
    } else {
        corner
    }
}
