//! GeoTIFFs come back as they were written.

use super::*;
use proptest::prelude::*;

fn layout(width: usize, height: usize) -> GeoTiffLayout {
    GeoTiffLayout {
        bands: vec![BandLayout::named("red"), BandLayout::named("nir")],
        transform: [2_400_000.0, 30.0, 0.0, 1_100_000.0, 0.0, -30.0],
        crs: Some("EPSG:6372".into()),
        nodata: Some(-9999.0),
        ..GeoTiffLayout::new(width, height, SampleType::Int16)
    }
}

/// A number that tells pixels and bands apart.
fn sample(band: usize, row: usize, column: usize) -> i16 {
    i16::try_from((band * 7919 + row * 613 + column * 31) % 20_011).unwrap()
}

fn fill(writer: &mut GeoTiffWriter, window: Window) {
    for band in 0..2 {
        let samples: Vec<i16> = (0..window.height)
            .flat_map(|row| (0..window.width).map(move |column| (row, column)))
            .map(|(row, column)| sample(band, window.row + row, window.column + column))
            .collect();
        writer.write(band, window, &samples).unwrap();
    }
}

fn assert_filled(path: &Path, width: usize, height: usize) {
    let dataset = Dataset::open(path).unwrap();
    assert_eq!(dataset.raster_size(), (width, height));
    for band in 0..2 {
        let read = dataset.rasterband(band + 1).unwrap().read_band_as::<i16>().unwrap();
        for (index, &value) in read.data().iter().enumerate() {
            assert_eq!(value, sample(band, index / width, index % width));
        }
    }
}

proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]
        #[test]
        fn what_is_written_block_by_block_is_read_back(width in 1_usize..700, height in 1_usize..600) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("map.tif");
            let mut writer = GeoTiffWriter::create(&path, layout(width, height)).unwrap();
            let windows: Vec<Window> = writer.layout().windows(2).collect();
            for window in windows {
    fill(&mut writer, window);
}
            writer.finish().unwrap();
            assert_filled(&path, width, height);
        }

        #[test]
        fn what_is_written_in_strips_is_read_back(step in 1_usize..90, height in 1_usize..300) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("map.tif");
            let mut writer = GeoTiffWriter::create(&path, layout(70, height)).unwrap();
            for row in (0..height).step_by(step) {
                fill(&mut writer, Window { column: 0, row, width: 70, height: step.min(height - row) });
            }
            writer.finish().unwrap();
            assert_filled(&path, 70, height);
        }
    }

#[test]
fn place_and_meaning_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("classes.tif");
    let mut layout = GeoTiffLayout::new(3, 2, SampleType::UInt8);
    layout.transform = [2_400_000.0, 1000.0, 0.0, 1_100_000.0, 0.0, -1000.0];
    layout.crs = Some("EPSG:6372".into());
    layout.nodata = Some(255.0);
    layout.bands = vec![BandLayout {
        name: "class".into(),
        colours: vec![[230, 230, 200, 255], [200, 0, 0, 255]],
        categories: vec!["non-urban".into(), "urban & <new>".into()],
    }];
    let mut writer = GeoTiffWriter::create(&path, layout.clone()).unwrap();
    let all = Window { column: 0, row: 0, width: 3, height: 2 };
    writer.write(0, all, &[0_u8, 1, 1, 255, 0, 1]).unwrap();
    writer.finish().unwrap();

    let dataset = Dataset::open(&path).unwrap();
    assert_eq!(dataset.geo_transform().unwrap(), layout.transform);
    assert_eq!(dataset.spatial_ref().unwrap().auth_code().unwrap(), 6372);
    let band = dataset.rasterband(1).unwrap();
    assert_eq!(band.no_data_value(), Some(255.0));
    assert_eq!(band.description().unwrap(), "class");
    assert_eq!(band.color_table().unwrap().entry_as_rgb(1).unwrap().r, 200);
    assert_eq!(band.metadata_item("CLASS_1", "").as_deref(), Some("urban & <new>"));
    assert_eq!(band.read_band_as::<u8>().unwrap().data(), [0, 1, 1, 255, 0, 1]);
    let names = fs::read_to_string(folder.path().join("classes.tif.aux.xml")).unwrap();
    assert!(names.contains("<Category>urban &amp; &lt;new&gt;</Category>"), "{names}");
}

#[test]
fn dropped_unfinished_it_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer =
        GeoTiffWriter::create(&folder.path().join("map.tif"), layout(300, 300)).unwrap();
    fill(&mut writer, Window { column: 0, row: 0, width: 256, height: 256 });
    drop(writer);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn impossible_requests_are_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.tif");
    assert!(GeoTiffWriter::create(&path, layout(0, 5)).is_err());
    assert!(GeoTiffWriter::create(&folder.path().join("no/map.tif"), layout(5, 5)).is_err());
    let mut writer = GeoTiffWriter::create(&path, layout(10, 10)).unwrap();
    let window = Window { column: 8, row: 0, width: 4, height: 1 };
    let error = writer.write(0, window, &[0_i16; 4]).unwrap_err().to_string();
    assert!(error.contains("10 × 10"), "{error}");
    let window = Window { column: 0, row: 0, width: 2, height: 2 };
    assert!(writer.write(0, window, &[0_u8; 4]).is_err());
    assert!(writer.write(0, window, &[0_i16; 3]).is_err());
    assert!(writer.write(2, window, &[0_i16; 4]).is_err());
}

#[test]
fn a_file_that_lost_its_end_is_not_given_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("map.tif");
    let mut writer = GeoTiffWriter::create(&path, layout(300, 300)).unwrap();
    let windows: Vec<Window> = writer.layout().windows(1).collect();
    for window in windows {
        fill(&mut writer, window);
    }
    writer.dataset.take().unwrap().close().unwrap();
    let file = File::options().write(true).open(&writer.partial.0).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
    let error = writer.finish().unwrap_err();
    assert!(!path.exists(), "{error}");
}
