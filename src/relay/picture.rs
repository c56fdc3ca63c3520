//! Pictures as cameras and screens write them: PGM and PPM (netpbm, binary) and PNG (RFC 2083), one after the other in a stream.
//!
//! The rules of this file:
//! - How large a picture is, is known before anything is made for it; what is too large is not read.
//! - Colours are not looked at: what comes out is grey.

use std::io::{self, BufRead, Read as _};

use thiserror::Error;

use super::png::Header;

/// How many pixels a picture may have.
pub const MOST_PIXELS: usize = 16_000_000;

/// How many octets of a PNG file are read.
const MOST_FILE: u64 = 64 << 20;
/// Pictures of more pixels than this are made smaller: what a symbol needs is left.
const ENOUGH_PIXELS: usize = 4_000_000;
/// What a PNG file begins with.
const PNG: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

/// A picture in shades of grey, row after row; 0 is black.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

/// Why a picture was not read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PictureError {
    /// The system's.
    #[error("it could not be read")]
    Read(#[from] io::Error),
    /// It ends too early.
    #[error("it ends in the middle of a picture")]
    Short,
    /// Something else, or a form that is not read here.
    #[error("{0} is not read here; pictures are PGM, PPM or PNG")]
    Kind(&'static str),
    /// More than is looked at.
    #[error("{width} by {height} pixels; a picture has at most {MOST_PIXELS}, and none of its sides is 0")]
    Size {
        /// Pixels in a row.
        width: u64,
        /// Rows.
        height: u64,
    },
    /// Not as pictures of its kind are.
    #[error("it is no whole picture: {0}")]
    Form(&'static str),
}

impl Picture {
    /// A picture of octets, row after row; nothing if there are not as many as pixels, or too many, or none.
    pub fn of(width: usize, height: usize, grey: Vec<u8>) -> Option<Self> {
        let pixels = width.checked_mul(height)?;
        (pixels == grey.len() && (1..=MOST_PIXELS).contains(&pixels)).then_some(Self { width, height, grey })
    }

    /// Pixels in a row.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// A pixel; outside there is white.
    pub fn at(&self, x: usize, y: usize) -> u8 {
        let inside = x < self.width && y < self.height;
        self.grey.get(y * self.width + x).copied().filter(|_| inside).unwrap_or(u8::MAX)
    }

    /// The same with black for white.
    #[must_use]
    pub fn inverted(&self) -> Self {
        Self { grey: self.grey.iter().map(|grey| !grey).collect(), ..*self }
    }

    /// The same with as many pixels as are needed: several of a large one become their mean.
    #[must_use]
    pub fn reduced(self) -> Self {
        let by = (1..=4).find(|by| self.grey.len() / (by * by) <= ENOUGH_PIXELS).unwrap_or(4);
        let (width, height) = (self.width / by, self.height / by);
        if by == 1 || width == 0 || height == 0 {
            return self;
        }
        let mut grey = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let block =
                    (0..by * by).map(|place| usize::from(self.at(x * by + place % by, y * by + place / by)));
                grey.push(u8::try_from(block.sum::<usize>() / (by * by)).unwrap_or(u8::MAX));
            }
        }
        Self { width, height, grey }
    }
}

/// The pictures of a stream, one after the other.
#[derive(Debug)]
pub struct Pictures<R> {
    stream: R,
}

impl<R: BufRead> Pictures<R> {
    /// The pictures of a file, or of a camera's command.
    pub const fn of(stream: R) -> Self {
        Self { stream }
    }

    /// The next picture; nothing at the stream's end.
    ///
    /// # Errors
    ///
    /// [`PictureError`]; nothing behind it can be read then.
    pub fn next_picture(&mut self) -> Result<Option<Picture>, PictureError> {
        // White space between two pictures belongs to neither.
        loop {
            let space = match self.stream.fill_buf() {
                Ok([]) => return Ok(None),
                Ok(octets) => octets.iter().take_while(|octet| octet.is_ascii_whitespace()).count(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            if space == 0 {
                break;
            }
            self.stream.consume(space);
        }
        let mut kind = [0; 2];
        self.exactly(&mut kind)?;
        let picture = match &kind {
            b"P5" => self.netpbm(1)?,
            b"P6" => self.netpbm(3)?,
            [0x89, b'P'] => self.png()?,
            b"P1" | b"P2" | b"P3" | b"P4" | b"P7" => return Err(PictureError::Kind("this form of netpbm")),
            [0xff, 0xd8] => return Err(PictureError::Kind("a JPEG")),
            b"GI" => return Err(PictureError::Kind("a GIF")),
            b"RI" => return Err(PictureError::Kind("a WebP")),
            b"BM" => return Err(PictureError::Kind("a BMP")),
            _ => return Err(PictureError::Kind("what it begins with")),
        };
        Ok(Some(picture))
    }

    fn exactly(&mut self, into: &mut [u8]) -> Result<(), PictureError> {
        self.stream.read_exact(into).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => PictureError::Short,
            _ => PictureError::Read(error),
        })
    }

    fn octet(&mut self) -> Result<u8, PictureError> {
        let mut octet = [0];
        self.exactly(&mut octet)?;
        let [octet] = octet;
        Ok(octet)
    }

    /// So many octets; what is there is held, not what is announced.
    fn octets(&mut self, count: usize) -> Result<Vec<u8>, PictureError> {
        let mut octets = Vec::new();
        (&mut self.stream).take(count as u64).read_to_end(&mut octets)?;
        if octets.len() == count { Ok(octets) } else { Err(PictureError::Short) }
    }

    /// A number of a netpbm header, behind white space and comments.
    fn number(&mut self) -> Result<u64, PictureError> {
        let form = PictureError::Form("a number of its header");
        let mut skipped = 0;
        let mut octet = self.octet()?;
        while !octet.is_ascii_digit() {
            skipped += 1;
            match octet {
                b'#' => {
                    while self.octet()? != b'\n' {
                        skipped += 1;
                        if skipped > LONGEST_COMMENT {
                            return Err(form);
                        }
                    }
                }
                octet if octet.is_ascii_whitespace() && skipped <= LONGEST_COMMENT => {}
                _ => return Err(form),
            }
            octet = self.octet()?;
        }
        let mut number = 0;
        while octet.is_ascii_digit() {
            number = number * 10 + u64::from(octet - b'0');
            if number > u64::from(u32::MAX) {
                return Err(form);
            }
            octet = self.octet()?;
        }
        // One white space behind each number: behind the last one the pixels begin.
        if octet.is_ascii_whitespace() { Ok(number) } else { Err(form) }
    }

    /// PGM and PPM behind their first two octets.
    fn netpbm(&mut self, channels: usize) -> Result<Picture, PictureError> {
        let (width, height, most) = (self.number()?, self.number()?, self.number()?);
        let (width, height) = size(width, height)?;
        if !(1..=65_535).contains(&most) {
            return Err(PictureError::Form("how bright white is"));
        }
        let wide = usize::from(most > 255) + 1;
        // A row at a time: what is held is grey.
        let mut grey = Vec::new();
        for _ in 0..height {
            let row = self.octets(width * channels * wide)?;
            let samples = row.chunks_exact(wide).map(|sample| {
                let value = sample.iter().fold(0, |value, octet| value << 8 | u64::from(*octet));
                u8::try_from(value.min(most) * 255 / most).unwrap_or(u8::MAX)
            });
            grey.extend(brightness(&samples.collect::<Vec<_>>(), channels, false));
        }
        Ok(Picture { width, height, grey })
    }

    /// A PNG file behind its first two octets.
    fn png(&mut self) -> Result<Picture, PictureError> {
        let mut mark = [0; 6];
        self.exactly(&mut mark)?;
        if PNG.get(2..) != Some(&mark) {
            return Err(PictureError::Kind("what it begins with"));
        }
        let (mut header, mut packed, mut palette) = (None, Vec::new(), Vec::new());
        loop {
            let mut head = [0; 8];
            self.exactly(&mut head)?;
            let [a, b, c, d, kind @ ..] = head;
            let length = u64::from(u32::from_be_bytes([a, b, c, d]));
            if length + packed.len() as u64 > MOST_FILE {
                return Err(PictureError::Form("longer than a picture is"));
            }
            let data = self.octets(usize::try_from(length).unwrap_or(usize::MAX))?;
            // The checksum is not looked at: what a symbol says has its own.
            self.octets(4)?;
            match &kind {
                b"IHDR" if header.is_none() => header = Some(Header::read(&data)?),
                b"PLTE" => palette = data,
                b"IDAT" if header.is_some() => packed.extend(data),
                b"IEND" => break,
                [first, ..] if first.is_ascii_lowercase() => {}
                _ => {
                    return Err(PictureError::Form(
                        "a part of it is not known, or stands in the wrong place",
                    ));
                }
            }
        }
        header.ok_or(PictureError::Form("it does not say its size"))?.picture(&packed, &palette)
    }
}

/// How much of a netpbm header may be comments and white space.
const LONGEST_COMMENT: usize = 4_096;

/// A size that is looked at.
pub(super) fn size(width: u64, height: u64) -> Result<(usize, usize), PictureError> {
    let pixels = width.checked_mul(height).and_then(|pixels| usize::try_from(pixels).ok());
    match (pixels, usize::try_from(width), usize::try_from(height)) {
        (Some(1..=MOST_PIXELS), Ok(width), Ok(height)) => Ok((width, height)),
        _ => Err(PictureError::Size { width, height }),
    }
}

/// The brightness of pixels of one to four samples: grey or colours, the last one how much of it covers white.
pub(super) fn brightness(samples: &[u8], channels: usize, covers: bool) -> impl Iterator<Item = u8> {
    samples.chunks_exact(channels.max(1)).map(move |pixel| {
        let (colours, cover) = match pixel.split_last() {
            Some((cover, colours)) if covers => (colours, u32::from(*cover)),
            _ => (pixel, 255),
        };
        let grey = match colours {
            [red, green, blue] => {
                // ITU-R BT.601.
                (299 * u32::from(*red) + 587 * u32::from(*green) + 114 * u32::from(*blue)) / 1000
            }
            [grey, ..] => u32::from(*grey),
            [] => 255,
        };
        u8::try_from((grey * cover + 255 * (255 - cover)) / 255).unwrap_or(u8::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(octets: &[u8]) -> Result<Vec<Picture>, PictureError> {
        let mut pictures = Pictures::of(octets);
        let mut found = Vec::new();
        while let Some(picture) = pictures.next_picture()? {
            found.push(picture);
        }
        Ok(found)
    }

    fn part(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], &kind, data, &[0; 4]].concat()
    }

    /// A PNG of rows that have their filters already.
    fn png(width: u32, height: u32, depth: u8, colour: u8, rows: &[u8], palette: &[u8]) -> Vec<u8> {
        let head = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(rows, 6);
        let (one, other) = packed.split_at(packed.len() / 2);
        [
            &PNG[..],
            &part(*b"IHDR", &head),
            &part(*b"tEXt", b"x"),
            &part(*b"PLTE", palette),
            &part(*b"IDAT", one),
            &part(*b"IDAT", other),
            &part(*b"IEND", b""),
        ]
        .concat()
    }

    #[test]
    fn pictures_follow_each_other_in_a_stream() {
        let grey = Picture::of(2, 2, vec![0, 255, 128, 64]).unwrap();
        let one = b"P5 # a comment\n2 2\n255\n\x00\xff\x80\x40";
        let wide = b"P5\n2 2 65535 \x00\x00\xff\xff\x80\x80\x40\x40";
        let colours = b"P6 1 1 255 \xff\x00\x00";
        let file = png(2, 2, 8, 0, &[0, 0, 255, 0, 128, 64], b"");
        let stream = [&one[..], b"\n", wide, &file, &file, colours].concat();
        let found = all(&stream).unwrap();
        assert_eq!(found[..4], [grey.clone(), grey.clone(), grey.clone(), grey]);
        assert_eq!(found[4], Picture::of(1, 1, vec![76]).unwrap());
    }

    #[test]
    fn every_filter_and_kind_of_a_png_is_read() {
        for (filter, second) in [(0, [30, 40]), (1, [30, 10]), (2, [20, 20]), (3, [25, 15]), (4, [20, 10])] {
            let file = png(2, 2, 8, 0, &[&[0, 10, 20, filter][..], &second].concat(), b"");
            assert_eq!(all(&file).unwrap(), [Picture::of(2, 2, vec![10, 20, 30, 40]).unwrap()], "{filter}");
        }
        let one = |depth, colour, row: &[u8], palette: &[u8]| {
            all(&png(2, 1, depth, colour, &[&[0], row].concat(), palette)).unwrap().remove(0).grey
        };
        assert_eq!(one(1, 0, &[0b1000_0000], b""), [255, 0]);
        assert_eq!(one(2, 0, &[0b0110_0000], b""), [85, 170]);
        assert_eq!(one(4, 0, &[0xf0], b""), [255, 0]);
        assert_eq!(one(16, 0, &[9, 1, 200, 2], b""), [9, 200]);
        assert_eq!(one(8, 2, &[255, 255, 255, 0, 0, 0], b""), [255, 0]);
        assert_eq!(one(4, 3, &[0x10], &[9, 9, 9, 77, 77, 77]), [77, 9]);
        assert_eq!(one(8, 3, &[5, 0], &[9, 9, 9]), [255, 9]);
        assert_eq!(one(8, 4, &[0, 255, 0, 0], b""), [0, 255]);
        assert_eq!(one(8, 6, &[0, 0, 0, 255, 0, 0, 0, 0], b""), [0, 255]);
        assert_eq!(one(16, 6, &[0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0], b""), [0, 255]);
    }

    #[test]
    fn what_is_no_picture_says_why() {
        let good = png(2, 2, 8, 0, &[0, 0, 255, 0, 128, 64], b"");
        for end in 1..good.len() {
            assert!(matches!(all(&good[..end]), Err(PictureError::Short)), "{end}");
        }
        let said = |octets: &[u8]| all(octets).unwrap_err().to_string();
        assert!(said(b"\xff\xd8\xff\xe0").starts_with("a JPEG is not read here"));
        assert!(said(b"P4 1 1 \x00").contains("netpbm"));
        for (octets, wanted) in [
            (&b"P5 0 5 255 "[..], "0 by 5"),
            (b"P5 4000 4001 255 ", "4000 by 4001"),
            (b"P5 4294967295 4294967295 255 ", "4294967295 by"),
            (b"P5 4294967296 1 255 ", "a number of its header"),
            (b"P5 2 x", "a number of its header"),
            (b"P5 1 1 0 x", "how bright white is"),
            (b"P5 2 2 255 abc", "ends in the middle"),
            (&png(2, 2, 8, 0, &[0, 0, 255, 0, 128], b""), "other rows"),
            (&png(2, 2, 8, 0, &[0, 0, 255, 0, 128, 64, 1], b""), "unpacked"),
            (&png(2, 2, 8, 0, &[0, 0, 255, 5, 128, 64], b""), "filter"),
            (&png(2, 2, 3, 0, b"", b""), "size and kind"),
            (&png(2, 2, 8, 5, b"", b""), "size and kind"),
            (&png(1 << 31, 1 << 31, 8, 0, b"", b""), "2147483648 by"),
            (&[&PNG[..], &part(*b"IDAT", b"")].concat(), "wrong place"),
            (&[&PNG[..], &part(*b"IEND", b"")].concat(), "does not say its size"),
            (&[&PNG[..], &[0xff; 8]].concat(), "longer than"),
        ] {
            assert!(said(octets).contains(wanted), "{}", said(octets));
        }
        let interlaced = [&2_u32.to_be_bytes()[..], &2_u32.to_be_bytes(), &[8, 0, 0, 0, 1]].concat();
        assert!(said(&[&PNG[..], &part(*b"IHDR", &interlaced)].concat()).contains("interlaced"));
    }

    #[test]
    fn a_large_picture_becomes_the_mean_of_its_pixels() {
        let grey: Vec<u8> = (0..3000 * 3000).map(|place| if place % 2 == 0 { 0 } else { 200 }).collect();
        let picture = Picture::of(3000, 3000, grey).unwrap().reduced();
        assert_eq!((picture.width(), picture.height(), picture.at(700, 900)), (1500, 1500, 100));
        assert_eq!(picture.at(1500, 0), 255);
        let small = Picture::of(1, 1, vec![7]).unwrap();
        assert_eq!(small.clone().reduced(), small);
        assert_eq!(small.inverted().at(0, 0), 248);
    }
}
