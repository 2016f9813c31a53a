//! How QGIS draws a map: each class in its colour (QML, the format in which it keeps styles).

use tesela_datasets::class::{ClassId, ClassMap};

use super::columns::CLASS;
use super::palette::colour_of;

/// How a style begins.
const HEAD: &str = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n\
                    <qgis version=\"3.22.0\" styleCategories=\"Symbology\">\n";
/// Cells without a class.
const NO_CLASS: &str = "150,150,150,255";

/// The style of a layer whose column `class` names one of `classes`; of points, or else of polygons.
pub(super) fn qgis_style(classes: &ClassMap, points: bool) -> String {
    let mut categories = String::new();
    let mut symbols = String::new();
    for class in classes.ids() {
        let [red, green, blue] = colour_of(class);
        let colour = format!("{red},{green},{blue},255");
        let name = escape(classes.name(class));
        categories += &category(class.index(), &name, &name);
        symbols += &symbol(class.index(), &colour, points, "solid");
    }
    // QGIS takes the category without a value for everything else.
    categories += &category(classes.len(), "", "no class");
    symbols += &symbol(classes.len(), NO_CLASS, points, "b_diagonal");
    format!(
        "{HEAD}<renderer-v2 type=\"categorizedSymbol\" attr=\"{CLASS}\" enableorderby=\"0\" \
         forceraster=\"0\" symbollevels=\"0\">\n\
         <categories>\n{categories}</categories>\n<symbols>\n{symbols}</symbols>\n\
         </renderer-v2>\n</qgis>\n"
    )
}

/// The style of a raster whose values are the numbers of `classes`. A colour table of a TIFF always has 256 entries, all of which
/// QGIS would otherwise put into the legend.
pub(super) fn qgis_raster_style(classes: &ClassMap) -> String {
    let entry = |class: ClassId| {
        let [red, green, blue] = colour_of(class);
        format!(
            "<paletteEntry value=\"{}\" color=\"#{red:02x}{green:02x}{blue:02x}\" alpha=\"255\" \
             label=\"{}\"/>\n",
            class.index(),
            escape(classes.name(class))
        )
    };
    let entries: String = classes.ids().map(entry).collect();
    format!(
        "{HEAD}<pipe>\n<rasterrenderer type=\"paletted\" band=\"1\" opacity=\"1\" \
         alphaBand=\"-1\">\n<colorPalette>\n{entries}</colorPalette>\n</rasterrenderer>\n</pipe>\n\
         </qgis>\n"
    )
}

fn category(number: usize, value: &str, label: &str) -> String {
    format!(
        "<category symbol=\"{number}\" value=\"{value}\" label=\"{label}\" type=\"string\" \
         render=\"true\"/>\n"
    )
}

fn symbol(number: usize, colour: &str, points: bool, style: &str) -> String {
    let (kind, layer, options) = if points {
        let options =
            [("name", "circle"), ("color", colour), ("outline_style", "no"), ("size", "2")];
        ("marker", "SimpleMarker", options)
    } else {
        let options =
            [("style", style), ("color", colour), ("outline_style", "no"), ("offset", "0,0")];
        ("fill", "SimpleFill", options)
    };
    let option =
        |(name, value)| format!("<Option type=\"QString\" name=\"{name}\" value=\"{value}\"/>\n");
    format!(
        "<symbol type=\"{kind}\" name=\"{number}\" alpha=\"1\">\n\
         <layer class=\"{layer}\" enabled=\"1\" locked=\"0\" pass=\"0\">\n\
         <Option type=\"Map\">\n{}</Option>\n</layer>\n</symbol>\n",
        options.map(option).concat()
    )
}

/// `text` inside an attribute of XML.
fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_a_category_and_a_symbol() {
        let classes = ClassMap::new(["non-urban", "urban <\"&\">"]).unwrap();
        let style = qgis_style(&classes, false);
        assert_eq!(style.matches("<category ").count(), 3);
        assert_eq!(style.matches("<symbol ").count(), 3);
        assert!(style.contains("value=\"urban &lt;&quot;&amp;&quot;&gt;\""), "{style}");
        assert!(style.contains("value=\"213,94,0,255\""), "{style}");
    }

    #[test]
    fn a_raster_has_its_classes_and_no_other_value() {
        let classes = ClassMap::new(["non-urban", "urban <\"&\">"]).unwrap();
        let style = qgis_raster_style(&classes);
        let entries: Vec<&str> =
            style.lines().filter(|line| line.contains("<paletteEntry")).collect();
        assert_eq!(
            entries[1],
            "<paletteEntry value=\"1\" color=\"#d55e00\" alpha=\"255\" \
             label=\"urban &lt;&quot;&amp;&quot;&gt;\"/>"
        );
        assert_eq!(entries.len(), 2);
    }
}
