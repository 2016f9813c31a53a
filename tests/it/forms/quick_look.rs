//! The picture of a map.

use tesela::map::write_quick_look;

use super::{Country, class_of, names_in};

/// Where the country begins in a picture, in pixels.
const CORNER: (u32, u32) = (48, 164);

#[test]
fn cells_of_a_small_country_are_squares_in_the_colours_of_their_classes() {
    let country = Country::new(60, 50);
    let out = country.path("map.png");
    write_quick_look(&country.map(), &out).unwrap();
    let picture = image::open(&out).unwrap().to_rgb8();
    for number in 0..60 * 50 {
        let (column, row) = (number % 60, number / 60);
        let (x, y) = (CORNER.0 + column * 20 + 10, CORNER.1 + row * 20 + 10);
        let found = picture.get_pixel(x, y).0;
        match class_of(number as usize) {
            _ if number.is_multiple_of(7) => assert_eq!(found, [255; 3], "{number}"),
            Some(0) => assert_eq!(found, [220, 220, 210], "{number}"),
            Some(_) => assert_eq!(found, [213, 94, 0], "{number}"),
            None => assert!(found[2] > found[0], "{number}: {found:?}"),
        }
    }
    assert_eq!(names_in(country.folder.path()), ["map.parquet", "map.png"]);
}

#[test]
fn a_large_country_fits_and_its_towns_are_seen() {
    // Four cells a pixel, of which one may be urban.
    let country = Country::new(2400, 20);
    let out = country.path("map.png");
    write_quick_look(&country.map(), &out).unwrap();
    let picture = image::open(&out).unwrap().to_rgb8();
    assert!(picture.width() < 2000, "{}", picture.width());
    let mut towns = 0;
    for number in 0..2400 * 20_u32 {
        if class_of(number as usize) != Some(1) || number.is_multiple_of(7) {
            continue;
        }
        let (column, row) = (number % 2400, number / 2400);
        let (x, y) = (CORNER.0 + column / 2, CORNER.1 + row / 2);
        let [red, _, blue] = picture.get_pixel(x, y).0;
        assert!(red.abs_diff(blue) > 60, "cell {number} at {x}, {y}: {red} {blue}");
        towns += 1;
    }
    assert!(towns > 300);
}
