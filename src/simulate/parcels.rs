//! Field mosaics: which parcel a place belongs to.
//!
//! Every farming district has its own direction and size of fields; rows of parcels are shifted against each
//! other and some parcels are halved, as they are where land was divided over generations.

use super::noise::{hash, share, single};

/// Mean edge of a farming district.
const DISTRICT_METRES: f32 = 5200.0;

/// The number of the parcel at a place; `bend` (metres) makes the borders of districts irregular.
pub(crate) fn parcel_at(seed: u32, x: f64, y: f64, bend: [f32; 2]) -> u32 {
    let bent = [single(x + f64::from(bend[0])), single(y + f64::from(bend[1]))];
    let own = district_at(seed, bent.map(|metres| metres / DISTRICT_METRES));
    let angle = (share(own) - 0.5) * 1.9;
    let (sine, cosine) = angle.sin_cos();
    let (across, along) = {
        let (x, y) = (single(x), single(y));
        (x * cosine + y * sine, y * cosine - x * sine)
    };
    let length = 180.0 + 420.0 * share(hash(own, 1, 0));
    let width = length * (0.3 + 0.6 * share(hash(own, 2, 0)));
    let row = whole(along / length);
    let shift = share(hash(own, row, 3)) * width;
    let place = (across + shift) / width;
    let column = whole(place);
    let parcel = hash(own, row, column);
    if share(hash(parcel, 4, 0)) > 0.45 {
        return parcel;
    }
    let second = place - place.floor() > 0.5;
    hash(parcel, 5, i32::from(second))
}

/// The number of the district whose middle is nearest; there is one in every unit square.
fn district_at(seed: u32, [x, y]: [f32; 2]) -> u32 {
    let (column, row) = (whole(x), whole(y));
    let mut nearest = (f32::INFINITY, 0);
    for (down, across) in (-1..=1).flat_map(|down| (-1..=1).map(move |across| (down, across))) {
        let own = hash(seed, column + across, row + down);
        let middle = |first: i32, bits: u32| first as f32 + 0.1 + 0.8 * share(bits);
        let east = middle(column + across, own) - x;
        let south = middle(row + down, own.rotate_left(16)) - y;
        let square = east * east + south * south;
        if square < nearest.0 {
            nearest = (square, own);
        }
    }
    nearest.1
}

fn whole(value: f32) -> i32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a country is far smaller than 2³¹ parcels"
    )]
    let whole = value.floor() as i32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn districts_are_as_many_as_squares_and_not_square() {
        let numbers = |step: f32| -> Vec<u32> {
            (0..10_000_u16)
                .map(|place| {
                    district_at(
                        9,
                        [f32::from(place % 100), f32::from(place / 100)].map(|place| place * step),
                    )
                })
                .collect()
        };
        let fine = numbers(0.1);
        let count = fine.iter().collect::<std::collections::BTreeSet<_>>().len();
        assert!((95..160).contains(&count), "{count} districts touch 10 × 10 squares");
        let straight = (0..100).filter(|row| fine[row * 100 + 9] != fine[row * 100 + 10]).count();
        assert!(
            straight < 60,
            "{straight} of 100 places along an edge of squares change the district"
        );
    }

    #[test]
    fn parcels_are_some_hectares_large() {
        let mut pixels: BTreeMap<u32, u32> = BTreeMap::new();
        for row in 0..400 {
            for column in 0..400 {
                let parcel =
                    parcel_at(3, 30.0 * f64::from(column), 30.0 * f64::from(row), [0.0, 0.0]);
                *pixels.entry(parcel).or_default() += 1;
            }
        }
        let mean = 160_000.0 / pixels.len() as f64 * 0.09;
        assert!((3.0..25.0).contains(&mean), "{mean} ha");
    }
}
