//! How QGIS draws a map: each class in its colour (QML, the format in which it keeps styles).

use tesela_datasets::class::ClassMap;

use super::columns::CLASS;
use super::palette::colour_of;

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
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n\
         <qgis version=\"3.22.0\" styleCategories=\"Symbology\">\n\
         <renderer-v2 type=\"categorizedSymbol\" attr=\"{CLASS}\" enableorderby=\"0\" \
         forceraster=\"0\" symbollevels=\"0\">\n\
         <categories>\n{categories}</categories>\n<symbols>\n{symbols}</symbols>\n\
         </renderer-v2>\n</qgis>\n"
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
}
