//! Field mosaics: which parcel a place belongs to.
//!
//! Every farming district has its own direction and size of fields; rows of parcels are shifted against each
//! other and some parcels are halved, as they are where land was divided over generations.

use super::noise::{hash, share, single};

/// Edge of a farming district.
const DISTRICT_METRES: f32 = 5200.0;

/// The number of the parcel at a place; `bend` (metres) makes the borders of districts irregular.
pub(crate) fn parcel_at(seed: u32, x: f64, y: f64, bend: [f32; 2]) -> u32 {
    let bent = [single(x + f64::from(bend[0])), single(y + f64::from(bend[1]))];
    let district = bent.map(|metres| whole(metres / DISTRICT_METRES));
    let own = hash(seed, district[0], district[1]);
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
