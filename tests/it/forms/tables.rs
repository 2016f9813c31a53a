//! Tables of a map.

use tesela::grid::{GridColumns, GridReader, GridRequest};
use tesela::map::{write_csv, write_geopackage};

use super::{Country, class_of, names_in};

#[test]
fn lines_of_csv_are_the_cells_without_their_outline() {
    let country = Country::new(4, 3);
    let out = country.path("map.csv");
    write_csv(&country.map(), &out).unwrap();
    let text = std::fs::read_to_string(&out).unwrap();
    let mut lines = text.lines();
    assert_eq!(
        lines.next().unwrap(),
        "cell_id,class,probability_non-urban,probability_urban & <new>,uncertainty,spread,\
         conformal_set,dissimilarity,inside_area_of_applicability,used_share,quality,trained_on"
    );
    let line = lines.next().unwrap();
    let start =
        "c1,urban & <new>,0.25,0.75,0.8112781,0.15,urban & <new>,1.5,true,0.5,partial,false";
    assert_eq!(line, start);
    let unseen = lines.find(|line| line.starts_with("c11,")).unwrap();
    assert_eq!(unseen, "c11,,,,,,non-urban;urban & <new>,,false,0,no-data,false");
    assert_eq!(text.lines().count(), 1 + country.cells().len());
    assert_eq!(names_in(country.folder.path()), ["map.csv", "map.parquet"]);
}

#[test]
fn the_geopackage_of_a_map_is_a_grid_whose_labels_are_its_classes() {
    let country = Country::new(40, 30);
    let out = country.path("map.gpkg");
    write_geopackage(&country.map(), &out).unwrap();
    let columns = GridColumns { label: Some("class".to_owned()), ..GridColumns::default() };
    // The table of styles beside the layer of cells asks for no choice.
    let request = GridRequest { columns, ..GridRequest::default() };
    let reader = GridReader::open(&out, &request).unwrap();
    assert_eq!(reader.crs().authority(), Some("EPSG:6372"));
    let classes = reader.classes().clone();
    let cells: Vec<_> = reader.flat_map(|batch| batch.unwrap()).collect();
    assert_eq!(cells.len(), country.cells().len());
    for (cell, number) in cells.iter().zip(country.cells()) {
        assert_eq!(cell.id.as_str(), format!("c{number}"));
        let class = cell.label.class().map(|class| classes.name(class));
        let expected = class_of(number).map(|class| ["non-urban", "urban & <new>"][class]);
        assert_eq!(class, expected);
    }
    assert_eq!(names_in(country.folder.path()), ["map.gpkg", "map.parquet"]);
}
