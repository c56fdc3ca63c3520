//! Pictures as cameras and screens write them: PGM and PPM (netpbm, binary) and PNG (`png.rs`), one after the other in a stream.
//!
//! The rules of this file:
//! - How large a picture is, is known before anything is made for it; what is too large is not read.
//! - Colours are not looked at: what comes out is grey.

use std::io::{self, BufRead, Read as _};

use thiserror::Error;

use super::png;

/// How many pixels a picture may have.
pub const MOST_PIXELS: usize = 16_000_000;

/// Pictures of more pixels than this are made smaller: what a symbol needs is left.
const ENOUGH_PIXELS: usize = 4_000_000;

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
    /// Not as PNG files are.
    #[error("it is no whole picture: {0}")]
    Png(::png::DecodingError),
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
            [0x89, b'P'] => png::picture(&kind, &mut self.stream)?,
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

    /// What a PNG file begins with.
    const PNG: [u8; 8] = [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];

    /// A part of a PNG with its checksum (RFC 2083 §3.4).
    fn part(kind: [u8; 4], data: &[u8]) -> Vec<u8> {
        let step = |sum: u32, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
        let body = [&kind[..], data].concat();
        let sum = !body.iter().fold(u32::MAX, |sum, octet| (0..8).fold(sum ^ u32::from(*octet), step));
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], &body, &sum.to_be_bytes()].concat()
    }

    /// The part `IHDR`.
    fn head(width: u32, height: u32, depth: u8, colour: u8, interlaced: u8) -> Vec<u8> {
        let data = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, interlaced]];
        part(*b"IHDR", &data.concat())
    }

    /// A PNG of rows that have their filters already, in two parts.
    fn file(head: &[u8], rows: &[u8], more: &[u8]) -> Vec<u8> {
        let packed = miniz_oxide::deflate::compress_to_vec_zlib(rows, 6);
        let (one, other) = packed.split_at(packed.len() / 2);
        let text = part(*b"tEXt", b"Comment\0x");
        let (one, other) = (part(*b"IDAT", one), part(*b"IDAT", other));
        [&PNG[..], head, &text, more, &one, &other, &part(*b"IEND", b"")].concat()
    }

    fn png(width: u32, height: u32, depth: u8, colour: u8, rows: &[u8], palette: &[u8]) -> Vec<u8> {
        let palette = if palette.is_empty() { Vec::new() } else { part(*b"PLTE", palette) };
        file(&head(width, height, depth, colour, 0), rows, &palette)
    }

    #[test]
    fn pictures_follow_each_other_in_a_stream() {
        let grey = Picture::of(2, 2, vec![0, 255, 128, 64]).unwrap();
        let one = b"P5 # a comment\n2 2\n255\n\x00\xff\x80\x40";
        let wide = b"P5\n2 2 65535 \x00\x00\xff\xff\x80\x80\x40\x40";
        let colours = b"P6 1 1 255 \xff\x00\x00";
        let file = png(2, 2, 8, 0, &[0, 0, 255, 0, 128, 64], b"");
        // Whatever the stream gives at a time, nothing of the next picture is lost.
        let several = [&file[..], &file, one].concat();
        for size in [1, 7, 4_096] {
            let mut pictures = Pictures::of(io::BufReader::with_capacity(size, &several[..]));
            for _ in 0..3 {
                assert_eq!(pictures.next_picture().unwrap(), Some(grey.clone()), "{size}");
            }
            assert!(pictures.next_picture().unwrap().is_none());
        }
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
        assert_eq!(one(8, 4, &[0, 255, 0, 0], b""), [0, 255]);
        assert_eq!(one(8, 6, &[0, 0, 0, 255, 0, 0, 0, 0], b""), [0, 255]);
        assert_eq!(one(16, 6, &[0, 0, 0, 0, 0, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0], b""), [0, 255]);
        // Interlaced: one pixel, then the one beside it, then the row below. A palette of which one colour is not there.
        let interlaced = file(&head(2, 2, 8, 0, 1), &[0, 10, 0, 20, 0, 30, 40], b"");
        assert_eq!(all(&interlaced).unwrap(), [Picture::of(2, 2, vec![10, 20, 30, 40]).unwrap()]);
        let palette = [part(*b"PLTE", &[9, 9, 9, 77, 77, 77]), part(*b"tRNS", &[255, 0])].concat();
        assert_eq!(all(&file(&head(2, 1, 8, 3, 0), &[0, 0, 1], &palette)).unwrap()[0].grey, [9, 255]);
    }

    /// Zeros without an end, and how many were read.
    struct Zeros(u64);

    impl std::io::Read for Zeros {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            into.fill(0);
            self.0 += into.len() as u64;
            Ok(into.len())
        }
    }

    #[test]
    fn a_png_is_read_within_bounds() {
        // A part of which four billion octets are announced, and a stream that gives them.
        let begun = [&PNG[..], &head(2, 2, 8, 0, 0), &[0xff; 4], b"eXIf"].concat();
        let mut stream = io::BufReader::new(begun.chain(Zeros(0)));
        let error = Pictures::of(&mut stream).next_picture().unwrap_err();
        assert!(error.to_string().contains("longer than a picture is"), "{error}");
        assert!(stream.get_ref().get_ref().1.0 <= 65 << 20);
        // One of sixteen million pixels that nothing follows; a row that no camera has.
        let large = [&PNG[..], &head(4_000, 4_000, 8, 6, 0)].concat();
        assert!(matches!(all(&large), Err(PictureError::Short)));
        let wide = [&PNG[..], &head(16_000_000, 1, 16, 6, 0)].concat();
        assert!(matches!(all(&wide), Err(PictureError::Size { width: 16_000_000, height: 1 })));
        // An animation is its first picture.
        let still = part(*b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
        let animated = file(&head(1, 1, 8, 0, 0), &[0, 7], &still);
        assert_eq!(all(&animated).unwrap(), [Picture::of(1, 1, vec![7]).unwrap()]);
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
            (&png(2, 2, 8, 0, &[0, 0, 255, 0, 128], b""), "no whole picture"),
            (&png(2, 2, 8, 0, &[0, 0, 255, 5, 128, 64], b""), "no whole picture"),
            (&png(2, 2, 3, 0, b"", b""), "no whole picture"),
            (&png(2, 2, 8, 5, b"", b""), "no whole picture"),
            (&png(2, 2, 8, 3, &[0, 0, 0, 0, 0, 0], b""), "no whole picture"),
            (&[&PNG[..], &head(1 << 30, 1 << 30, 8, 0, 0)].concat(), "1073741824 by"),
            (&[&PNG[..], &part(*b"IDAT", b"")].concat(), "no whole picture"),
            (&[&PNG[..], &head(1, 1, 8, 0, 0), &part(*b"IEND", b"")].concat(), "no whole picture"),
            (b"\x89PNG\n\r\n\n", "no whole picture"),
        ] {
            assert!(said(octets).contains(wanted), "{}", said(octets));
        }
        let mut damaged = good.clone();
        damaged[20] ^= 1;
        assert!(said(&damaged).contains("no whole picture"), "{}", said(&damaged));
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
