//! Outlines as well-known binary: one polygon of one ring, or a point.

use crate::cell::{Outline, Point};

/// The most corners that an outline may have; a cell has four.
const MAX_CORNERS: usize = 4096;
const POINT: u32 = 1;
const POLYGON: u32 = 3;

/// The polygon of `outline`, its ring closed; the point where it is a single one.
pub(super) fn encode(outline: &Outline) -> Vec<u8> {
    if let [point] = outline.corners.as_slice() {
        return encode_point(*point);
    }
    let corners = outline.corners.len();
    let closed = if corners == 0 { 0 } else { corners + 1 };
    let mut bytes = Vec::with_capacity(13 + 16 * closed);
    bytes.push(1);
    bytes.extend_from_slice(&POLYGON.to_le_bytes());
    bytes.extend_from_slice(&1_u32.to_le_bytes());
    bytes.extend_from_slice(&u32::try_from(closed).unwrap_or(u32::MAX).to_le_bytes());
    for corner in outline.corners.iter().chain(outline.corners.first()) {
        bytes.extend_from_slice(&corner.x.to_le_bytes());
        bytes.extend_from_slice(&corner.y.to_le_bytes());
    }
    bytes
}

fn encode_point(point: Point) -> Vec<u8> {
    let mut bytes = vec![1];
    bytes.extend_from_slice(&POINT.to_le_bytes());
    bytes.extend_from_slice(&point.x.to_le_bytes());
    bytes.extend_from_slice(&point.y.to_le_bytes());
    bytes
}

/// The outline in `bytes`; says what was found instead where there is none.
pub(super) fn decode(bytes: &[u8]) -> Result<Outline, String> {
    let (&order, rest) = bytes.split_first().ok_or("it is empty")?;
    let mut words = match order {
        0 => Words { rest, little: false },
        1 => Words { rest, little: true },
        other => return Err(format!("byte order {other}; expected 0 or 1")),
    };
    match words.integer()? {
        POINT => single(&mut words),
        POLYGON => polygon(&mut words),
        kind => Err(format!(
            "geometry type {kind}; expected {POLYGON}, a flat polygon, or {POINT}, a point"
        )),
    }
}

fn single(words: &mut Words<'_>) -> Result<Outline, String> {
    let corners = vec![words.point()?];
    if !words.rest.is_empty() {
        return Err(format!("{} bytes after a point", words.rest.len()));
    }
    check_finite(&corners)?;
    Ok(Outline { corners })
}

fn polygon(words: &mut Words<'_>) -> Result<Outline, String> {
    let rings = words.integer()?;
    if rings != 1 {
        return Err(format!("{rings} rings; expected 1"));
    }
    let count = usize::try_from(words.integer()?).unwrap_or(usize::MAX);
    if count > MAX_CORNERS || words.rest.len() != count * 16 {
        return Err(format!("{count} corners in {} bytes", words.rest.len()));
    }
    let mut corners = Vec::with_capacity(count);
    for _ in 0..count {
        corners.push(words.point()?);
    }
    check_finite(&corners)?;
    if corners.len() > 1 && corners.first() == corners.last() {
        corners.pop();
    }
    Ok(Outline { corners })
}

fn check_finite(corners: &[Point]) -> Result<(), String> {
    if corners.iter().any(|corner| !corner.x.is_finite() || !corner.y.is_finite()) {
        return Err("a coordinate is not a finite number".into());
    }
    Ok(())
}

/// What is left to read, in the byte order that its first byte named.
struct Words<'a> {
    rest: &'a [u8],
    little: bool,
}

impl Words<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (&head, rest) = self.rest.split_first_chunk::<N>().ok_or("it ends too early")?;
        self.rest = rest;
        Ok(head)
    }

    fn integer(&mut self) -> Result<u32, String> {
        let bytes = self.take()?;
        Ok(if self.little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn number(&mut self) -> Result<f64, String> {
        let bytes = self.take()?;
        Ok(if self.little { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn point(&mut self) -> Result<Point, String> {
        Ok(Point { x: self.number()?, y: self.number()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn outlines_survive(corners in prop::collection::vec((-1e7..1e7, -1e7..1e7), 3..9)) {
            let corners = corners.into_iter().map(|(x, y)| Point { x, y }).collect();
            let outline = Outline { corners };
            prop_assert_eq!(decode(&encode(&outline)), Ok(outline));
        }

        #[test]
        fn arbitrary_bytes_are_refused_or_read_but_never_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..120)
        ) {
            let mut polygon = encode(&Outline::square(0.0, 0.0, 1.0));
            for (own, other) in polygon.iter_mut().zip(&bytes) {
                *own = *other;
            }
            let _ = decode(&bytes);
            let _ = decode(&polygon);
        }
    }

    #[test]
    fn points_survive_and_end_where_they_should() {
        let outline = Outline::point(-99.1, 19.4);
        let mut bytes = encode(&outline);
        assert_eq!(decode(&bytes), Ok(outline));
        bytes.push(0);
        assert_eq!(decode(&bytes), Err("1 bytes after a point".into()));
        assert!(decode(&encode(&Outline::point(f64::NAN, 0.0))).is_err());
    }

    #[test]
    fn big_endian_polygons_are_read() {
        let mut bytes = vec![0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1];
        bytes.extend_from_slice(&2.5_f64.to_be_bytes());
        bytes.extend_from_slice(&(-1.0_f64).to_be_bytes());
        assert_eq!(decode(&bytes).unwrap().corners, [Point { x: 2.5, y: -1.0 }]);
    }

    #[test]
    fn a_count_beyond_the_bytes_allocates_nothing() {
        let mut bytes = encode(&Outline::square(0.0, 0.0, 1.0));
        bytes[9..13].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(decode(&bytes), Err("4294967295 corners in 80 bytes".into()));
    }
}
